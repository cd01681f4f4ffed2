//! Images and documents of a question.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Error of an image or a document that cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttachmentError {
    #[error("{flag}: cannot read {}: {error}", path.display())]
    Read { flag: &'static str, path: PathBuf, error: io::Error },

    #[error("{flag}: {} has no supported extension: use {}", path.display(), formats.join(", "))]
    Format { flag: &'static str, path: PathBuf, formats: &'static [&'static str] },
}

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ImageBlock.html>
const IMAGES: &[&str] = &["png", "jpeg", "gif", "webp"];
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html>
const DOCUMENTS: &[&str] = &["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"];

/// Returns a content block for each image and each document.
pub(super) fn blocks(images: &[PathBuf], documents: &[PathBuf]) -> Result<Vec<Value>, AttachmentError> {
    let mut blocks = Vec::new();
    for path in images {
        let format = format("--image", path, IMAGES)?;
        let bytes = read("--image", path)?;
        blocks.push(json!({ "image": { "format": format, "source": { "bytes": bytes } } }));
    }
    for (index, path) in documents.iter().enumerate() {
        let format = format("--document", path, DOCUMENTS)?;
        let (name, bytes) = (name(path, index), read("--document", path)?);
        blocks.push(json!({ "document": { "format": format, "name": name, "source": { "bytes": bytes } } }));
    }
    Ok(blocks)
}

/// Returns the format for the extension of a file.
fn format(
    flag: &'static str,
    path: &Path,
    formats: &'static [&'static str],
) -> Result<&'static str, AttachmentError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let extension = match extension.as_deref() {
        Some("jpg") => Some("jpeg"),
        Some("htm") => Some("html"),
        other => other,
    };
    let format = formats.iter().find(|format| Some(**format) == extension);
    format.copied().ok_or_else(|| AttachmentError::Format { flag, path: path.to_owned(), formats })
}

/// Returns the name of a document. The service accepts only letters, digits, single spaces, hyphens, parentheses
/// and brackets, and each name must be unique in a message.
fn name(path: &Path, index: usize) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_valid = |character: char| character.is_ascii_alphanumeric() || "-()[]".contains(character);
    let words: Vec<&str> =
        stem.split(|character| !is_valid(character)).filter(|word| !word.is_empty()).collect();
    match words.is_empty() {
        true => format!("document {}", index + 1),
        false => format!("{} {}", words.join(" "), index + 1),
    }
}

fn read(flag: &'static str, path: &Path) -> Result<String, AttachmentError> {
    let bytes = std::fs::read(path);
    let bytes = bytes.map_err(|error| AttachmentError::Read { flag, path: path.to_owned(), error })?;
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests;
