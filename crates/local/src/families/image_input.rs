//! Images in request bodies: base64 and data URIs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::validation_error::ValidationError;

/// Decodes an image in base64.
pub(super) fn from_base64(image: &str) -> Result<Vec<u8>, ValidationError> {
    match STANDARD.decode(image) {
        Ok(bytes) if bytes.is_empty() => Err(ValidationError::new("the image is empty")),
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(ValidationError::new("expected base64")),
    }
}

/// Decodes an image in a data URI such as `data:image/png;base64,iVBOR..`. `media_types` contains the allowed
/// media types. <https://www.rfc-editor.org/rfc/rfc2397>
pub(super) fn from_data_uri(uri: &str, media_types: &[&str]) -> Result<Vec<u8>, ValidationError> {
    let parts = uri.strip_prefix("data:").and_then(|uri| uri.split_once(";base64,"));
    let Some((media_type, image)) = parts else {
        return Err(ValidationError::new("expected a data URI: data:<media type>;base64,<image>"));
    };
    if !media_types.contains(&media_type) {
        return Err(ValidationError::new(format_args!("{media_type} is not a valid enum value")));
    }
    from_base64(image)
}
