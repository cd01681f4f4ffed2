//! Which required members of an input are not given yet.

use invoke_model_protocol::{SerializeError, SerializeErrorKind};

/// The required members of an input, by their names in the model, and which of them were given.
#[derive(Default)]
pub(super) struct Required {
    names: &'static [&'static str],
    /// A bit for each name. No input has more required members than bits: generated code names a handful.
    given: u64,
}

impl Required {
    pub(super) fn new(names: &'static [&'static str]) -> Self {
        Self { names, given: 0 }
    }

    pub(super) fn given(&mut self, index: usize) {
        self.given |= 1 << index;
    }

    /// # Errors
    /// The first member that was not given.
    pub(super) fn check(&self) -> Result<(), SerializeError> {
        let missing = self.names.iter().enumerate().find(|(index, _)| self.given & (1 << index) == 0);
        missing.map_or(Ok(()), |(_, name)| Err(SerializeError::new(name, SerializeErrorKind::Missing)))
    }
}
