//! Settings for services that deviate from the usual signing rules.

/// Rules of SigV4 that differ between AWS services. The default values are correct for all services except
/// Amazon S3.
///
/// ```
/// # use invoke_model_signing::SigningSettings;
/// let s3 = SigningSettings {
///     normalize_path: false,
///     double_encode_path: false,
///     content_sha256: true,
///     ..SigningSettings::default()
/// };
/// ```
///
/// The differences of Amazon S3 are described at
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningSettings {
    /// Removes `.`, `..` and empty segments from the signed path. Default: `true`.
    pub normalize_path: bool,

    /// Percent-encodes the signed path a second time, so `%3A` is signed as `%253A`. Default: `true`.
    pub double_encode_path: bool,

    /// Adds the header `x-amz-content-sha256` to requests that do not have it. Default: `false`.
    ///
    /// Verification checks the header whenever it is present.
    pub content_sha256: bool,

    /// Includes `x-amz-security-token` in the signature. Default: `true`.
    ///
    /// If `false`, the signer adds the header, but does not sign it. The verifier then accepts the header
    /// even if it is not signed.
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
