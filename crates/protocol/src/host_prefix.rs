//! What an operation puts before the host of an endpoint.
//! <https://smithy.io/2.0/spec/endpoint-traits.html#endpoint-trait>

use crate::{SerializeError, SerializeErrorKind};

/// Writes a host prefix.
#[derive(Clone, Debug, Default)]
pub struct HostPrefix(String);

impl HostPrefix {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A part that is the same for every input.
    pub fn literal(&mut self, literal: &str) {
        self.0.push_str(literal);
    }

    /// A member's value, which must be one label of a host name: 1 to 63 letters, digits and hyphens, no hyphen at
    /// either end (RFC 1123 section 2.1). Anything else could send the request to another host.
    ///
    /// # Errors
    /// The value is no such label.
    pub fn label(&mut self, member: &'static str, value: impl AsRef<str>) -> Result<(), SerializeError> {
        let label = value.as_ref();
        let is_label = (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-');
        if !is_label {
            return Err(SerializeError::new(member, SerializeErrorKind::HostLabel));
        }
        self.literal(label);
        Ok(())
    }

    /// The prefix.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_of_a_host_name() {
        let mut prefix = HostPrefix::new();
        prefix.literal("foo.");
        prefix.label("label", "b-4-R").unwrap();
        prefix.literal(".");
        assert_eq!(prefix.into_string(), "foo.b-4-R.");
        for other in ["", "a.b", "a/b", "a@b", "-a", "a-", "é", &"a".repeat(64)] {
            let error = HostPrefix::new().label("label", other).unwrap_err();
            assert_eq!(error.kind(), &SerializeErrorKind::HostLabel, "{other}");
        }
        HostPrefix::new().label("label", "a".repeat(63)).unwrap();
    }
}
