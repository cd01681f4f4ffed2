//! A policy that denies access to models.

use invoke_model_types::AccessDeniedException;

use crate::wildcard::matches;

/// The account id in the ARNs of the endpoint.
const ACCOUNT: &str = "123456789012";

/// An access policy that denies some models and allows all other models.
///
/// The policy has the effect of an IAM policy that explicitly denies `bedrock:InvokeModel`,
/// `bedrock:InvokeModelWithResponseStream` and `bedrock:CountTokens` for the denied models. The first two
/// actions also include `Converse` and `ConverseStream`.
///
/// ```
/// use invoke_model_local::AccessPolicy;
///
/// let claude = "arn:aws:bedrock:*::foundation-model/anthropic.*";
/// let policy = AccessPolicy::allow_all().deny(claude).deny("amazon.nova-pro-v1:0");
/// # let _ = policy;
/// ```
#[derive(Clone, Debug, Default)]
pub struct AccessPolicy {
    denied: Vec<String>,
}

impl AccessPolicy {
    /// Returns a policy that allows all models.
    pub fn allow_all() -> Self {
        Self::default()
    }

    /// Denies the resources that match a pattern. As in IAM policies, `*` matches any number of characters
    /// and `?` matches one character.
    ///
    /// A call is denied if the pattern matches the ARN of the invoked resource, the ARN of its foundation
    /// model, or the model id of the request. Therefore a call to an inference profile requires access to
    /// both the profile and its foundation model.
    pub fn deny(mut self, pattern: impl Into<String>) -> Self {
        self.denied.push(pattern.into());
        self
    }

    /// Returns `AccessDeniedException` with the message of the service if the policy denies the call.
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

/// Returns the ARN for a model id. The model id may be an ARN, the id of a foundation model, or the id of an
/// inference profile.
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
