//! The prefix that an operation adds to the host of the endpoint.
//!
//! <https://smithy.io/2.0/spec/endpoint-traits.html#endpoint-trait>

use crate::error::{SerializeError, SerializeErrorKind};

/// Builds a host prefix.
#[derive(Clone, Debug, Default)]
pub struct HostPrefix(String);

impl HostPrefix {
    /// Creates an empty prefix.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a constant part.
    pub fn literal(&mut self, literal: &str) {
        self.0.push_str(literal);
    }

    /// Appends the value of a member. The value must be one label of a host name ([RFC 1123, section 2.1]). A
    /// label has 1 to 63 letters, digits and hyphens, and no hyphen at its start or end. Other values could
    /// send the request to another host.
    ///
    /// # Errors
    /// Returns an error if the value is not one label of a host name.
    ///
    /// [RFC 1123, section 2.1]: https://www.rfc-editor.org/rfc/rfc1123#section-2
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

    /// Returns the prefix.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_host_name_labels() {
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
