//! The few rules in which AWS services differ.

/// How a service wants its requests signed. The default suits every service but S3.
///
/// ```
/// # use invoke_model_signing::SigningSettings;
/// let s3 = SigningSettings { normalize_path: false, double_encode_path: false, ..SigningSettings::default() };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningSettings {
    /// Removes `.`, `..` and empty segments from the path before it is signed. Default: true.
    pub normalize_path: bool,
    /// Percent-encodes the path as it goes on the wire once more, so that `%3A` is signed as `%253A`.
    /// Default: true.
    pub double_encode_path: bool,
    /// Adds `x-amz-content-sha256` to a request that does not have it. Default: false. Verification checks
    /// the field whenever it is present.
    pub content_sha256: bool,
    /// Signs `x-amz-security-token`. Default: true. When false, it is added after signing, and verification
    /// does not demand that it be signed.
    pub sign_session_token: bool,
}

impl Default for SigningSettings {
    fn default() -> Self {
        Self {
            normalize_path: true,
            double_encode_path: true,
            content_sha256: false,
            sign_session_token: true,
        }
    }
}
