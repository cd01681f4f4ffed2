//! Checks single content blocks: text, images, documents, tool calls and results.

use std::collections::BTreeSet;
use std::fmt::Display;

use invoke_model_types::{
    AccessDeniedException, ContentBlock, ConversationRole, DocumentBlock, DocumentSource, ImageSource,
    Message, ReasoningContentBlock, ToolResultContentBlock, VideoSource,
};

use super::features::{Features, Reasoning};
use super::{invalid, model_error};
use crate::service_error::ServiceError;

/// The maximum number of documents in a request.
const MAX_DOCUMENTS: usize = 5;

/// Checks the block at `path`, for example `messages.0.content.1`.
pub(super) fn check(
    block: &ContentBlock,
    path: &str,
    role: &ConversationRole,
    features: &Features,
) -> Result<(), ServiceError> {
    let is_user = *role == ConversationRole::USER;
    match block {
        ContentBlock::Text(text) if text.is_empty() => Err(blank(path)),
        ContentBlock::Text(_) | ContentBlock::GuardContent(_) | ContentBlock::SearchResult(_) => Ok(()),
        ContentBlock::Image(image) => {
            supported(features.images, "image")?;
            check_image(&image.source, features)
        }
        ContentBlock::Document(document) => {
            supported(features.documents, "document")?;
            check_document(document)?;
            check_document_source(&document.source, path, features)
        }
        ContentBlock::Video(video) => {
            supported(features.video, "video")?;
            match video.source {
                VideoSource::S3Location(_) | VideoSource::Bytes(_) => Ok(()),
                _ => Err(unset(format_args!("{path}.video.source"))),
            }
        }
        ContentBlock::Audio(_) => supported(false, "audio"),
        ContentBlock::CachePoint(_) => check_cache_point(features),
        ContentBlock::ReasoningContent(_) if features.reasoning == Reasoning::Unsupported => {
            supported(false, "reasoningContent")
        }
        ContentBlock::ReasoningContent(_) | ContentBlock::CitationsContent(_) if is_user => {
            Err(invalid(format!(
                "The content block at {path} is not allowed in a message with the role user. Remove the content \
             block and try again."
            )))
        }
        ContentBlock::ReasoningContent(ReasoningContentBlock::ReasoningText(text))
            if features.reasoning == Reasoning::Claude
                && text.signature.as_deref().unwrap_or_default().is_empty() =>
        {
            Err(model_error(format_args!("{path}.thinking.signature: Field required")))
        }
        ContentBlock::ToolUse(_) => only_in(!is_user, "toolUse", "assistant", path),
        ContentBlock::ToolResult(result) => {
            only_in(is_user, "toolResult", "user", path)?;
            for (index, part) in result.content.iter().enumerate() {
                check_result(part, &format!("{path}.toolResult.content.{index}"), features)?;
            }
            Ok(())
        }
        ContentBlock::Unknown(_) => Err(unset(path)),
        _ => Ok(()),
    }
}

/// Checks a part of a tool result.
fn check_result(part: &ToolResultContentBlock, path: &str, features: &Features) -> Result<(), ServiceError> {
    match part {
        ToolResultContentBlock::Text(text) if text.is_empty() => Err(blank(path)),
        ToolResultContentBlock::Image(image) => {
            supported(features.images, "image")?;
            check_image(&image.source, features)
        }
        ToolResultContentBlock::Document(document) => {
            supported(features.documents, "document")?;
            // Do not check the source, because the service accepts documents in Amazon S3 as results of
            // tools, even for models that cannot read them.
            check_document(document)
        }
        ToolResultContentBlock::Video(_) => supported(features.video, "video"),
        ToolResultContentBlock::Unknown(_) => Err(unset(path)),
        _ => Ok(()),
    }
}

/// Checks that the model accepts a video in the result of a tool. Nova 2 models reject the complete result.
pub(super) fn check_video_result(
    block: &ContentBlock,
    message: usize,
    index: usize,
    features: &Features,
) -> Result<(), ServiceError> {
    let ContentBlock::ToolResult(result) = block else { return Ok(()) };
    let has_video = result.content.iter().any(|part| matches!(part, ToolResultContentBlock::Video(_)));
    if !has_video || features.video_results {
        return Ok(());
    }
    Err(model_error(format_args!(
        "Malformed input request: #/messages/{message}/content/{index}: extraneous key [toolResult] is not \
         permitted, please reformat your input and try again."
    )))
}

/// Checks the number and the names of all documents, and that a message with a document also has text.
pub(super) fn check_documents(messages: &[Message]) -> Result<(), ServiceError> {
    let mut names = BTreeSet::new();
    for message in messages {
        let mut documents = 0;
        for block in &message.content {
            if let ContentBlock::Document(document) = block {
                documents += 1;
                if !names.insert(document.name.as_str()) {
                    return Err(invalid("Messages can't contain duplicate document names."));
                }
            }
        }
        let has_text = message.content.iter().any(|block| matches!(block, ContentBlock::Text(_)));
        if documents > 0 && !has_text {
            return Err(invalid("A text block must be included when using documents."));
        }
    }
    if names.len() > MAX_DOCUMENTS {
        return Err(invalid(format!("You can't include more than {MAX_DOCUMENTS} documents in a request.")));
    }
    Ok(())
}

/// Checks that the model supports prompt caching.
pub(super) fn check_cache_point(features: &Features) -> Result<(), ServiceError> {
    if features.prompt_cache {
        return Ok(());
    }
    let mut error = AccessDeniedException::default();
    error.message = Some(
        "You invoked an unsupported model or your request did not allow prompt caching. See the documentation \
         for more information."
            .to_owned(),
    );
    Err(error.into())
}

/// Returns the error for a union that has no known member.
pub(super) fn unset(path: impl Display) -> ServiceError {
    invalid(format!("The content block at {path} has no known member: set one member of the union"))
}

fn blank(path: &str) -> ServiceError {
    invalid(format!(
        "The text field in the ContentBlock object at {path} is blank. Add text to the text field, and try again."
    ))
}

fn supported(is_supported: bool, kind: &str) -> Result<(), ServiceError> {
    if is_supported {
        return Ok(());
    }
    Err(invalid(format!(
        "This model doesn't support the {kind} content block that you provided. Update the content block and try \
         again."
    )))
}

fn only_in(is_in: bool, kind: &str, role: &str, path: &str) -> Result<(), ServiceError> {
    if is_in {
        return Ok(());
    }
    Err(invalid(format!(
        "The {kind} block at {path} is not allowed in this message. Add {kind} blocks only to messages with the \
         role {role}."
    )))
}

fn check_image(source: &ImageSource, features: &Features) -> Result<(), ServiceError> {
    match source {
        ImageSource::Bytes(bytes) if bytes.is_empty() => {
            Err(invalid("The image in a content block is empty. Add the bytes of an image and try again."))
        }
        ImageSource::Bytes(_) => Ok(()),
        // The endpoint does not read the object, because the content of images has no effect.
        ImageSource::S3Location(_) if features.s3 => Ok(()),
        _ => Err(invalid("This model doesn't support the s3Uri field. Remove s3Uri and try again.")),
    }
}

fn check_document(document: &DocumentBlock) -> Result<(), ServiceError> {
    let name = &document.name;
    // The service also accepts underscores, although its message does not list them.
    let is_valid =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '(' | ')' | '[' | ']');
    if !name.chars().all(is_valid) || name.contains("  ") {
        return Err(invalid(
            "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, \
             parentheses, and square brackets. The name can't contain more than one consecutive whitespace \
             character. Check that the file name conforms to these restrictions and retry your request.",
        ));
    }
    Ok(())
}

fn check_document_source(
    source: &DocumentSource,
    path: &str,
    features: &Features,
) -> Result<(), ServiceError> {
    match source {
        DocumentSource::Bytes(_) | DocumentSource::Text(_) | DocumentSource::Content(_) => Ok(()),
        DocumentSource::S3Location(_) if features.s3 => Ok(()),
        _ => Err(model_error(format_args!("{path}.document.source.type: Field required"))),
    }
}
