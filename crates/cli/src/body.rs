//! What `--body` names: text, a file, or standard input. Never base64.

use std::io::Read;

use invoke_model_client::Body;

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
#[error("--body -: standard input cannot be read: {0}")]
pub(crate) struct BodyError(#[from] std::io::Error);

/// Reads `-`, names the file of `@FILE`, `file://FILE` and `fileb://FILE`, and takes everything else as it is.
/// A file is read when the request is signed and when it is sent, never whole.
pub(crate) fn body(argument: &str) -> Result<Body, BodyError> {
    if argument == "-" {
        let mut input = Vec::new();
        std::io::stdin().lock().read_to_end(&mut input)?;
        return Ok(Body::from(input));
    }
    let path = ["@", "file://", "fileb://"].iter().find_map(|mark| argument.strip_prefix(mark));
    Ok(path.map_or_else(|| Body::from(argument.to_owned()), Body::from_path))
}
