//! Values of attributes. The functions bound the number of different values, and remove account ids.

use std::sync::{Arc, Mutex, PoisonError};

use crate::metadata::FailureClass;

/// The value of an attribute whose actual value is not reported. The conventions define it for `error.type`.
pub(super) const OTHER: &str = "_OTHER";

/// The maximum length of a value in bytes.
const MAX_LENGTH: usize = 128;

/// The number of digits in an account id.
const ACCOUNT_ID_DIGITS: usize = 12;

/// Returns the value of `gen_ai.request.model` for a model id or an ARN.
///
/// Returns only the resource of an ARN: `arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a` becomes
/// `provisioned-model/a`. If the resource is the id of a model or of an inference profile that the service
/// defines, returns only the id. Returns `_OTHER` if the value does not look like the id of a model, because
/// it could then contain text of a user, or if it could contain an account id.
pub(super) fn model(id: &str) -> &str {
    let model = match id.strip_prefix("arn:") {
        // arn:partition:service:region:account:resource
        Some(arn) => arn.splitn(5, ':').nth(4).unwrap_or(OTHER),
        None => id,
    };
    let model = ["foundation-model/", "inference-profile/"]
        .iter()
        .find_map(|prefix| model.strip_prefix(prefix))
        .unwrap_or(model);
    plain(model)
}

/// Returns the value, or `_OTHER` if it is long, contains unusual characters, or could contain an account id.
pub(super) fn plain(value: &str) -> &str {
    if is_plain(value) { value } else { OTHER }
}

/// Returns `true` if a value is short, and contains only letters, digits and `.:/_-`, but no account id.
fn is_plain(value: &str) -> bool {
    let mut digits = 0;
    let is_allowed = |byte: u8| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits < ACCOUNT_ID_DIGITS && (byte.is_ascii_alphanumeric() || b".:/_-".contains(&byte))
    };
    !value.is_empty() && value.len() <= MAX_LENGTH && value.bytes().all(is_allowed)
}

/// Returns the value of `invoke_model.failure.class`.
pub(super) fn failure_class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::NotSent => "not_sent",
        FailureClass::Rejected => "rejected",
        FailureClass::ServerError => "server_error",
        FailureClass::Ambiguous => "ambiguous",
    }
}

/// The different values of an attribute, at most `N`. The attribute has the value `_OTHER` instead of each
/// further value.
#[derive(Debug, Default)]
pub(super) struct BoundedValues<const N: usize>(Mutex<Vec<Arc<str>>>);

impl<const N: usize> BoundedValues<N> {
    pub(super) fn get(&self, value: &str) -> Arc<str> {
        let value = plain(value);
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = values.iter().find(|known| ***known == *value) {
            return Arc::clone(known);
        }
        let is_full = values.len() >= N;
        let value: Arc<str> = if is_full { OTHER } else { value }.into();
        if !is_full {
            values.push(Arc::clone(&value));
        }
        value
    }
}
