//! The input of a conversation as a sequence of pieces: the number of tokens, and the prefixes that cache
//! points mark.
//!
//! The order of the pieces is tools, system prompt, messages:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>
//!
//! The tokens of texts are counted as in `InvokeModel`. An image or a video has a constant number of tokens,
//! and a binary document has one token for every eight bytes.

use invoke_model_types::{
    CachePointBlock, CacheTtl, ContentBlock, DocumentBlock, DocumentContentBlock, DocumentFormat,
    DocumentSource, ReasoningContentBlock, SystemContentBlock, Tool, ToolInputSchema, ToolResultBlock,
    ToolResultContentBlock,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Conversation;
use crate::families::{Model, count_tokens};

const IMAGE_TOKENS: u64 = 1_000;
const VIDEO_TOKENS: u64 = 2_000;

/// The number of bytes of a binary document that count as one token.
const BYTES_PER_TOKEN: u64 = 8;

/// The input of a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    /// The number of tokens of the complete input.
    pub(crate) tokens: u64,
    /// The prefixes that end at a cache point, in the order of their lengths.
    pub(crate) prefixes: Vec<Prefix>,
    /// The SHA-256 hash of the model and the complete input.
    pub(crate) digest: [u8; 32],
}

/// A prefix of the input that ends at a cache point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) digest: [u8; 32],
    pub(crate) tokens: u64,
    /// `true` if the cache keeps the prefix for one hour, instead of five minutes.
    pub(crate) is_long_lived: bool,
}

impl Prompt {
    pub(super) fn new(conversation: &Conversation, model: &Model) -> Self {
        let mut pieces = Pieces { hash: Sha256::new(), tokens: 0, prefixes: Vec::new() };
        pieces.hash.update(model.id);
        for tool in conversation.tools.iter().flat_map(|tools| &tools.tools) {
            match tool {
                Tool::CachePoint(point) => pieces.mark(point),
                tool => pieces.add(tool_tokens(tool), tool),
            }
        }
        for block in &conversation.system {
            match block {
                SystemContentBlock::CachePoint(point) => pieces.mark(point),
                SystemContentBlock::Text(text) => pieces.add(count_tokens(text), block),
                block => pieces.add(json_tokens(block), block),
            }
        }
        for message in &conversation.messages {
            pieces.hash.update(message.role.as_str());
            for block in &message.content {
                match block {
                    ContentBlock::CachePoint(point) => pieces.mark(point),
                    block => pieces.add(block_tokens(block), block),
                }
            }
        }
        let Pieces { hash, tokens, prefixes } = pieces;
        Self { tokens, prefixes, digest: hash.finalize().into() }
    }
}

struct Pieces {
    hash: Sha256,
    tokens: u64,
    prefixes: Vec<Prefix>,
}

impl Pieces {
    fn add(&mut self, tokens: u64, piece: &impl Serialize) {
        self.tokens += tokens;
        self.hash.update(serde_json::to_vec(piece).unwrap_or_default());
        self.hash.update([0]);
    }

    /// Ends a prefix. A cache point itself does not change the digest, so requests may move their cache
    /// points.
    fn mark(&mut self, point: &CachePointBlock) {
        let digest = self.hash.clone().finalize().into();
        let is_long_lived = point.ttl == Some(CacheTtl::ONE_HOUR);
        self.prefixes.push(Prefix { digest, tokens: self.tokens, is_long_lived });
    }
}

fn block_tokens(block: &ContentBlock) -> u64 {
    match block {
        ContentBlock::Text(text) => count_tokens(text),
        ContentBlock::Image(_) => IMAGE_TOKENS,
        ContentBlock::Video(_) => VIDEO_TOKENS,
        ContentBlock::Document(document) => document_tokens(document),
        ContentBlock::ToolUse(call) => count_tokens(&call.name) + count_tokens(&call.input.to_string()),
        ContentBlock::ToolResult(result) => result_tokens(result),
        ContentBlock::ReasoningContent(ReasoningContentBlock::ReasoningText(reasoning)) => {
            count_tokens(&reasoning.text)
        }
        block => json_tokens(block),
    }
}

fn result_tokens(result: &ToolResultBlock) -> u64 {
    let tokens = result.content.iter().map(|part| match part {
        ToolResultContentBlock::Text(text) => count_tokens(text),
        ToolResultContentBlock::Json(value) => count_tokens(&value.to_string()),
        ToolResultContentBlock::Image(_) => IMAGE_TOKENS,
        ToolResultContentBlock::Video(_) => VIDEO_TOKENS,
        ToolResultContentBlock::Document(document) => document_tokens(document),
        part => json_tokens(part),
    });
    tokens.sum()
}

fn document_tokens(document: &DocumentBlock) -> u64 {
    let name = count_tokens(&document.name);
    let is_text = [DocumentFormat::CSV, DocumentFormat::HTML, DocumentFormat::MD, DocumentFormat::TXT];
    let content = match &document.source {
        DocumentSource::Text(text) => count_tokens(text),
        DocumentSource::Bytes(bytes)
            if document.format.as_ref().is_some_and(|format| is_text.contains(format)) =>
        {
            count_tokens(&String::from_utf8_lossy(bytes))
        }
        DocumentSource::Bytes(bytes) => (bytes.len() as u64).div_ceil(BYTES_PER_TOKEN),
        DocumentSource::Content(parts) => parts
            .iter()
            .map(|part| match part {
                DocumentContentBlock::Text(text) => count_tokens(text),
                part => json_tokens(part),
            })
            .sum(),
        _ => 0,
    };
    name + content
}

fn tool_tokens(tool: &Tool) -> u64 {
    match tool {
        Tool::ToolSpec(tool) => {
            let schema = match &tool.input_schema {
                ToolInputSchema::Json(schema) => count_tokens(&schema.to_string()),
                _ => 0,
            };
            let description = tool.description.as_deref().map_or(0, count_tokens);
            count_tokens(&tool.name) + description + schema
        }
        tool => json_tokens(tool),
    }
}

fn json_tokens(piece: &impl Serialize) -> u64 {
    serde_json::to_string(piece).map_or(0, |text| count_tokens(&text))
}
