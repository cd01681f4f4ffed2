//! The response of a model, its rejection of a body, and the identifiers in a response.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::anthropic::thinking_signature;
use super::models::Model;
use super::tool_call::tool_call_id;

/// The response of a model to `InvokeModel`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelResponse {
    /// The media type of `body`. It is currently always `application/json`.
    pub content_type: &'static str,
    /// The JSON response of the vendor.
    pub body: Vec<u8>,
    /// The number of input tokens, as in the usage members of `body`. The number is 0 for image models.
    pub input_tokens: u64,
    /// The number of output tokens, as in the usage members of `body`. The number is 0 for models that
    /// do not generate text.
    pub output_tokens: u64,
    /// The maximum number of output tokens. For text models, this is the limit from the body. If the body
    /// has no limit, this is the default of the vendor, or 10,000 if the vendor has no default. The number
    /// is 0 for models that do not generate text.
    pub max_tokens: u64,
}

impl ModelResponse {
    pub(super) fn json(body: &Value, input_tokens: u64, output_tokens: u64) -> Self {
        let body = body.to_string().into_bytes();
        Self {
            content_type: "application/json",
            body,
            input_tokens,
            output_tokens,
            max_tokens: output_tokens,
        }
    }
}

/// The reason why a model rejects a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The body is invalid. The endpoint returns a `ValidationException` with this message.
    #[error("{0}")]
    Validation(String),
    /// The local endpoint failed. The endpoint returns an `InternalServerException` with this message.
    #[error("{0}")]
    Internal(String),
}

impl Rejection {
    /// Returns the error of the service for an invalid model id.
    pub(super) fn invalid_identifier() -> Self {
        Self::Validation("The provided model identifier is invalid.".to_owned())
    }

    /// Returns the error of the service for streaming from a model that does not generate text.
    pub(super) fn unsupported_for_streaming() -> Self {
        Self::Validation("The model is unsupported for streaming.".to_owned())
    }
}

/// The source of the identifiers in a response: the SHA-256 hash of the model and the body.
pub(super) struct ResponseIds([u8; 32]);

impl ResponseIds {
    pub(super) fn new(model: &Model, body: &Value) -> Self {
        let mut hash = Sha256::new();
        hash.update(model.id);
        hash.update([0]);
        hash.update(body.to_string());
        Self(hash.finalize().into())
    }

    /// Returns a UUID of version 8 for a member of the response. In this version, the application chooses the
    /// bits (RFC 9562 section 5.8). Different members have different UUIDs.
    pub(super) fn uuid(&self, member: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(member);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        let bits = u128::from_be_bytes(bytes);
        let (version, variant) = (0x8 << 76, 0b10 << 62);
        let bits = bits & !(0xf << 76) & !(0b11 << 62) | version | variant;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            bits >> 80 & 0xffff,
            bits >> 64 & 0xffff,
            bits >> 48 & 0xffff,
            bits & 0xffff_ffff_ffff
        )
    }

    /// Returns a seed from 1 to 4,294,967,295.
    pub(super) fn seed(&self) -> i64 {
        let [a, b, c, d, ..] = self.0;
        i64::from(u32::from_be_bytes([a, b, c, d])).max(1)
    }

    /// Returns 22 characters for the id of a tool call.
    pub(super) fn tool_call(&self) -> String {
        tool_call_id(&self.0)
    }

    /// Returns the signature of the thinking.
    pub(super) fn thinking_signature(&self) -> String {
        thinking_signature(&self.0)
    }

    /// Returns an identifier of 24 hexadecimal digits.
    pub(super) fn hex(&self) -> String {
        self.0[..12].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
