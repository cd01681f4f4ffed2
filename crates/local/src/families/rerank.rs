//! Cohere Rerank and Amazon Rerank. A request has a `query` and `documents`. The response has `results`, in
//! the order of decreasing relevance.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-use.html>
//! * <https://docs.cohere.com/reference/rerank>
//!
//! The relevance score is the cosine similarity of the embeddings of the query and the document
//! (`embedding.rs`), or 0 if the similarity is negative. Documents with the same score keep their order.

use serde::Deserialize;
use serde_json::{Value, json};

use super::response::{ModelResponse, Rejection};
use super::schema::{Integer, List, Text};
use super::validation_error::ValidationError;
use super::{embedding, json, tokens};

/// The number of dimensions of the embeddings.
const DIMENSIONS: usize = 256;

/// The default maximum number of tokens of a document. Only requests for Cohere models can set another
/// maximum.
const MAX_TOKENS_PER_DOCUMENT: i64 = 4_096;

/// The properties that differ by vendor.
pub(super) struct Reranker {
    /// `true` if the keys `api_version` and `max_tokens_per_doc` are allowed. In this case, `api_version` is
    /// required.
    has_api_version: bool,
}

pub(super) const AMAZON: Reranker = Reranker { has_api_version: false };
pub(super) const COHERE: Reranker = Reranker { has_api_version: true };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    query: Text<1, { usize::MAX }>,
    documents: List<String, 1, 1_000>,
    top_n: Option<Integer<1, { i64::MAX }>>,
    api_version: Option<Integer<1, 2>>,
    max_tokens_per_doc: Option<Integer<1, { i64::MAX }>>,
}

pub(super) fn respond(body: &Value, reranker: &Reranker) -> Result<ModelResponse, Rejection> {
    let request: Request = json::read(body)?;
    check(&request, reranker)?;
    let limit = request.max_tokens_per_doc.map_or(MAX_TOKENS_PER_DOCUMENT, |limit| limit.0).unsigned_abs();
    let query = embedding::normalized(embedding::text_vector(&request.query.0, DIMENSIONS));
    let mut input_tokens = tokens::count(&request.query.0);
    let mut scores = Vec::with_capacity(request.documents.0.len());
    for (index, document) in request.documents.0.iter().enumerate() {
        let document = tokens::first(document, limit);
        input_tokens += tokens::count(document);
        let vector = embedding::normalized(embedding::text_vector(document, DIMENSIONS));
        let similarity: f64 = query.iter().zip(&vector).map(|(x, y)| x * y).sum();
        scores.push((index, similarity.clamp(0.0, 1.0)));
    }
    scores.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let count = request.top_n.map_or(usize::MAX, |count| usize::try_from(count.0).unwrap_or(usize::MAX));
    let results: Vec<_> = scores
        .into_iter()
        .take(count)
        .map(|(index, score)| json!({"index": index, "relevance_score": embedding::rounded(&[score])[0]}))
        .collect();
    Ok(ModelResponse::json(&json!({"results": results}), input_tokens, 0))
}

fn check(request: &Request, reranker: &Reranker) -> Result<(), ValidationError> {
    let keys = [
        (request.api_version.is_some(), "api_version"),
        (request.max_tokens_per_doc.is_some(), "max_tokens_per_doc"),
    ];
    match keys.into_iter().find(|(is_set, _)| *is_set) {
        Some((_, key)) if !reranker.has_api_version => Err(ValidationError::extraneous(key)),
        _ if reranker.has_api_version && request.api_version.is_none() => {
            Err(ValidationError::missing("api_version"))
        }
        _ => Ok(()),
    }
}
