//! Several inputs of an embedding model in one request.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

use crate::model_family::ModelFamily;

/// The maximum number of texts in a request to Cohere Embed.
///
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html>
const MAX_TEXTS: usize = 96;

/// Inputs that share one request to a model that computes the embeddings of several texts. Such models are those of
/// Cohere Embed, with at most 96 texts.
///
/// ```
/// use invoke_model_families::EmbeddingBatch;
///
/// let model_id = "cohere.embed-english-v3";
/// let mut batch = EmbeddingBatch::new(model_id, br#"{"texts":["a"],"input_type":"search_query"}"#).unwrap();
/// assert!(batch.add(br#"{"texts":["b"],"input_type":"search_query"}"#));
/// assert!(!batch.add(br#"{"texts":["c"],"input_type":"search_document"}"#), "another setting");
/// assert_eq!(batch.body(), r#"{"input_type":"search_query","texts":["a","b"]}"#);
///
/// let responses = batch.split(br#"{"id":"1","embeddings":[[0.10],[0.20]],"texts":["a","b"]}"#).unwrap();
/// assert_eq!(responses[1], r#"{"embeddings":[[0.20]],"id":"1","texts":["b"]}"#);
/// ```
#[derive(Clone, Debug)]
pub struct EmbeddingBatch {
    /// The other members of the inputs. They are equal in all inputs.
    settings: BTreeMap<String, String>,
    texts: Vec<Box<RawValue>>,
    /// The number of texts of each input.
    sizes: Vec<usize>,
}

impl EmbeddingBatch {
    /// Returns the maximum number of inputs that share a request to this model. It is 1 if the model computes one embedding
    /// per request.
    pub fn max_inputs(model_id: &str) -> usize {
        if is_supported(model_id) { MAX_TEXTS } else { 1 }
    }

    /// Returns a batch with one input. Returns `None` if the model computes one embedding per request, or if the input has
    /// no texts. An input with images, for example, has no texts.
    pub fn new(model_id: &str, body: &[u8]) -> Option<Self> {
        let (settings, texts) = is_supported(model_id).then(|| parse(body)).flatten()?;
        Some(Self { settings, sizes: vec![texts.len()], texts })
    }

    /// Adds an input. Returns `false`, and changes nothing, if the input has other settings, or if the batch would contain
    /// more texts than the model accepts.
    pub fn add(&mut self, body: &[u8]) -> bool {
        let Some((settings, texts)) = parse(body) else { return false };
        if settings != self.settings || self.texts.len() + texts.len() > MAX_TEXTS {
            return false;
        }
        self.sizes.push(texts.len());
        self.texts.extend(texts);
        true
    }

    /// Returns the body of the request.
    pub fn body(&self) -> String {
        let texts = self.texts.iter().map(|text| text.get()).collect::<Vec<_>>().join(",");
        let texts = ("texts".to_owned(), format!("[{texts}]"));
        object(self.settings.clone().into_iter().chain([texts]).collect())
    }

    /// Returns the response of each input, in the order of the inputs. The numbers keep their text. Returns `None` if the
    /// response does not have one embedding for each text.
    pub fn split(&self, response: &[u8]) -> Option<Vec<String>> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_slice(response).ok()?;
        members.get("embeddings")?;
        let mut responses = vec![BTreeMap::new(); self.sizes.len()];
        for (name, value) in &members {
            let parts = match name.as_str() {
                "embeddings" => self.split_embeddings(value)?,
                "texts" => self.split_list(value)?,
                _ => vec![value.get().to_owned(); self.sizes.len()],
            };
            for (response, part) in responses.iter_mut().zip(parts) {
                response.insert(name.clone(), part);
            }
        }
        Some(responses.into_iter().map(object).collect())
    }

    /// Splits a list of embeddings, or an object with a list for each type of embedding.
    fn split_embeddings(&self, value: &RawValue) -> Option<Vec<String>> {
        if value.get().starts_with('[') {
            return self.split_list(value);
        }
        let types: BTreeMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
        let mut parts = vec![BTreeMap::new(); self.sizes.len()];
        for (name, list) in types {
            for (part, list) in parts.iter_mut().zip(self.split_list(list)?) {
                part.insert(name.clone(), list);
            }
        }
        Some(parts.into_iter().map(object).collect())
    }

    fn split_list(&self, value: &RawValue) -> Option<Vec<String>> {
        let items: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
        if items.len() != self.texts.len() {
            return None;
        }
        let mut items = items.into_iter().map(RawValue::get);
        let part = |size: &usize| format!("[{}]", items.by_ref().take(*size).collect::<Vec<_>>().join(","));
        Some(self.sizes.iter().map(part).collect())
    }
}

fn is_supported(model_id: &str) -> bool {
    ModelFamily::from_model_id(model_id) == Some(ModelFamily::CohereEmbed)
}

/// The other members of an input, and its texts.
type Input = (BTreeMap<String, String>, Vec<Box<RawValue>>);

fn parse(body: &[u8]) -> Option<Input> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let texts: Vec<Box<RawValue>> = serde_json::from_str(members.remove("texts")?.get()).ok()?;
    let settings = members.into_iter().map(|(name, value)| (name, value.get().to_owned()));
    (1..=MAX_TEXTS).contains(&texts.len()).then(|| (settings.collect(), texts))
}

/// Returns a JSON object. The values are JSON text.
fn object(members: BTreeMap<String, String>) -> String {
    let name =
        |name: &str| to_raw_value(name).map_or_else(|_| "\"\"".to_owned(), |name| name.get().to_owned());
    let members = members.iter().map(|(member, value)| format!("{}:{value}", name(member)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "cohere.embed-v4:0";

    fn batch(bodies: &[&str]) -> EmbeddingBatch {
        let mut batch = EmbeddingBatch::new(MODEL, bodies[0].as_bytes()).unwrap();
        assert!(bodies[1..].iter().all(|body| batch.add(body.as_bytes())));
        batch
    }

    #[test]
    fn only_texts_of_cohere_are_batched() {
        let body = br#"{"texts":["a"]}"#;
        assert!(EmbeddingBatch::new("eu.cohere.embed-v4:0", body).is_some());
        assert!(EmbeddingBatch::new("amazon.titan-embed-text-v2:0", body).is_none());
        for body in [r#"{"images":["a"]}"#, r#"{"texts":[]}"#, "[]", r#"{"texts":"a"}"#] {
            assert!(EmbeddingBatch::new(MODEL, body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn responses_by_type_are_split() {
        let batch = batch(&[r#"{"texts":["a","b"]}"#, r#"{"texts":["c"]}"#]);
        let response =
            br#"{"embeddings":{"float":[[1.0],[2.50],[3]],"int8":[[1],[2],[3]]},"response_type":"x"}"#;
        assert_eq!(
            batch.split(response).unwrap(),
            [
                r#"{"embeddings":{"float":[[1.0],[2.50]],"int8":[[1],[2]]},"response_type":"x"}"#,
                r#"{"embeddings":{"float":[[3]],"int8":[[3]]},"response_type":"x"}"#,
            ]
        );
    }

    #[test]
    fn incomplete_responses_are_not_split() {
        let batch = batch(&[r#"{"texts":["a"]}"#, r#"{"texts":["b"]}"#]);
        for response in ["", "{}", r#"{"embeddings":[[1]]}"#, r#"{"embeddings":[[1],[2]],"texts":["a"]}"#] {
            assert_eq!(batch.split(response.as_bytes()), None, "{response}");
        }
    }

    #[test]
    fn a_batch_has_at_most_96_texts() {
        let mut batch = batch(&[r#"{"texts":["a"]}"#]);
        let added = (0..200).filter(|_| batch.add(br#"{"texts":["b"]}"#)).count();
        assert_eq!(added, 95);
    }
}
