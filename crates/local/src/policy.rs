//! Which models may be invoked.

use invoke_model_types::AccessDeniedException;

use crate::pattern::matches;

/// The account that everything here belongs to.
const ACCOUNT: &str = "123456789012";

/// An access policy: everything is allowed but `bedrock:InvokeModel` and `bedrock:InvokeModelWithResponseStream` on the
/// resources denied.
///
/// ```
/// use invoke_model_local::Policy;
///
/// let policy = Policy::allow_all().deny("arn:aws:bedrock:*::foundation-model/anthropic.*").deny("amazon.nova-pro-v1:0");
/// # let _ = policy;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Policy {
    denied: Vec<String>,
}

impl Policy {
    /// Denies nothing.
    pub fn allow_all() -> Self {
        Self::default()
    }

    /// Denies the resources of a pattern, in which `*` stands for any number of characters and `?` for one, as in
    /// IAM policies.
    ///
    /// The pattern is held against the ARN of what is invoked, against the ARN of the foundation model behind it
    /// (an inference profile needs leave for both), and against the model id as the caller gave it.
    pub fn deny(mut self, pattern: impl Into<String>) -> Self {
        self.denied.push(pattern.into());
        self
    }

    /// Refuses a denied resource, in the service's words.
    pub(crate) fn check(
        &self,
        operation: &str,
        model_id: &str,
        base_model_id: &str,
        region: &str,
    ) -> Result<(), AccessDeniedException> {
        let invoked = arn(model_id, base_model_id, region);
        let base = foundation_model(base_model_id, region);
        let denied = |resource: &str| self.denied.iter().any(|pattern| matches(pattern, resource));
        let resource = if denied(&invoked) || denied(model_id) {
            invoked
        } else if denied(&base) {
            base
        } else {
            return Ok(());
        };
        let mut error = AccessDeniedException::default();
        error.message = Some(format!(
            "User: arn:aws:iam::{ACCOUNT}:user/local is not authorized to perform: bedrock:{operation} on \
             resource: {resource} with an explicit deny in an identity-based policy"
        ));
        Err(error)
    }
}

/// The ARN of what a caller names by ARN, by the id of a foundation model, or by that of an inference profile.
fn arn(model_id: &str, base_model_id: &str, region: &str) -> String {
    if model_id.starts_with("arn:") {
        model_id.to_owned()
    } else if model_id == base_model_id {
        foundation_model(model_id, region)
    } else {
        format!("arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{model_id}")
    }
}

fn foundation_model(id: &str, region: &str) -> String {
    format!("arn:aws:bedrock:{region}::foundation-model/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(pattern: &str, model_id: &str) -> Option<String> {
        let base = "amazon.nova-lite-v1:0";
        let result = Policy::allow_all().deny(pattern).check("InvokeModel", model_id, base, "us-west-2");
        result.err().map(|error| error.to_string())
    }

    #[test]
    fn an_inference_profile_needs_leave_for_its_model_too() {
        let on_profile = denied("*inference-profile*", "us.amazon.nova-lite-v1:0").unwrap();
        assert!(
            on_profile.contains(
                " arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.amazon.nova-lite-v1:0 "
            ),
            "{on_profile}"
        );
        let on_model = denied("*foundation-model/amazon.*", "us.amazon.nova-lite-v1:0").unwrap();
        assert!(
            on_model.contains(" arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0 "),
            "{on_model}"
        );
        assert_eq!(denied("*inference-profile*", "amazon.nova-lite-v1:0"), None);
        assert!(denied("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0").is_some());
        assert!(denied("*:provisioned-model/*", "arn:aws:bedrock:us-west-2:1:provisioned-model/a").is_some());
    }
}
