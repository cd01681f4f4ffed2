//! Amazon Nova Multimodal Embeddings, synchronous schema.
//!
//! <https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html>
//!
//! `embeddingPurpose` is validated but does not change the embedding. The endpoint cannot read objects from
//! Amazon S3. Segmented embeddings exist only in asynchronous calls.

use serde::Deserialize;
use serde_json::{Value, json};

use super::response::{ModelResponse, Rejection};
use super::schema::{check_length, dimensions};
use super::validation_error::ValidationError;
use super::{embedding, image_input, json, tokens};

/// The maximum number of tokens of a text.
const MAX_TOKENS: u64 = 8_192;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the version and the task are only validated")]
struct Request {
    schema_version: Option<SchemaVersion>,
    task_type: TaskType,
    single_embedding_params: Params,
}

#[derive(Deserialize)]
enum SchemaVersion {
    #[serde(rename = "nova-multimodal-embed-v1")]
    V1,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TaskType {
    SingleEmbedding,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Params {
    #[expect(dead_code, reason = "the purpose is only validated")]
    embedding_purpose: Purpose,
    embedding_dimension: Option<i64>,
    text: Option<Text>,
    image: Option<Image>,
    audio: Option<Audio>,
    video: Option<Video>,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Purpose {
    GenericIndex,
    GenericRetrieval,
    TextRetrieval,
    ImageRetrieval,
    VideoRetrieval,
    DocumentRetrieval,
    AudioRetrieval,
    Classification,
    Clustering,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Text {
    truncation_mode: TruncationMode,
    value: Option<String>,
    source: Option<Source>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum TruncationMode {
    Start,
    End,
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the format and the level of detail are only validated")]
struct Image {
    detail_level: Option<DetailLevel>,
    format: ImageFormat,
    source: Source,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum DetailLevel {
    StandardImage,
    DocumentImage,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ImageFormat {
    Png,
    Jpeg,
    Gif,
    Webp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the format is only validated")]
struct Audio {
    format: AudioFormat,
    source: Source,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum AudioFormat {
    Mp3,
    Wav,
    Ogg,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the format is only validated")]
struct Video {
    format: VideoFormat,
    source: Source,
    embedding_mode: EmbeddingMode,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum VideoFormat {
    Mp4,
    Mov,
    Mkv,
    Webm,
    Flv,
    Mpeg,
    Mpg,
    Wmv,
    #[serde(rename = "3gp")]
    ThreeGp,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum EmbeddingMode {
    AudioVideoCombined,
    AudioVideoSeparate,
}

/// The source of a file. A source has one of these members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Source {
    bytes: Option<String>,
    s3_location: Option<Value>,
}

pub(super) fn respond(body: &Value) -> Result<ModelResponse, Rejection> {
    if body["taskType"] == "SEGMENTED_EMBEDDING" {
        let problem = "SEGMENTED_EMBEDDING requires StartAsyncInvoke; use SINGLE_EMBEDDING";
        return Err(ValidationError::new(problem).at("taskType").into());
    }
    let request: Request = json::read(body)?;
    let at = |error: ValidationError| error.at("singleEmbeddingParams");
    let (embeddings, input_tokens) = embed(&request.single_embedding_params).map_err(at)?;
    Ok(ModelResponse::json(&json!({"embeddings": embeddings}), input_tokens, 0))
}

/// Returns the embeddings and the number of input tokens. Only text has tokens.
fn embed(params: &Params) -> Result<(Vec<Value>, u64), ValidationError> {
    let dimensions = dimensions(params.embedding_dimension, &[3_072, 1_024, 384, 256])
        .map_err(|error: ValidationError| error.at("embeddingDimension"))?;
    let embedding = |kind: &str, vector: Vec<f64>| {
        let vector = embedding::rounded(&embedding::normalized(vector));
        json!({"embeddingType": kind, "embedding": vector})
    };
    let file = |kind: &str, source: &Source, key: &'static str| -> Result<Value, ValidationError> {
        let bytes = source.bytes().map_err(|error| error.at("source").at(key))?;
        Ok(embedding(kind, embedding::image_vector(&bytes, dimensions)))
    };
    match params {
        Params { text: Some(text), image: None, audio: None, video: None, .. } => {
            let value = text.value().map_err(|error| error.at("text"))?;
            let kept = text.truncated(&value).map_err(|error| error.at("value").at("text"))?;
            let mut result = embedding("TEXT", embedding::text_vector(kept, dimensions));
            if kept.len() < value.len() {
                result["truncatedCharLength"] = json!(kept.chars().count());
            }
            Ok((vec![result], tokens::count(kept)))
        }
        Params { text: None, image: Some(image), audio: None, video: None, .. } => {
            Ok((vec![file("IMAGE", &image.source, "image")?], 0))
        }
        Params { text: None, image: None, audio: Some(audio), video: None, .. } => {
            Ok((vec![file("AUDIO", &audio.source, "audio")?], 0))
        }
        Params { text: None, image: None, audio: None, video: Some(video), .. } => {
            let kinds: &[&str] = match video.embedding_mode {
                EmbeddingMode::AudioVideoCombined => &["AUDIO_VIDEO_COMBINED"],
                EmbeddingMode::AudioVideoSeparate => &["VIDEO", "AUDIO"],
            };
            let embeddings = kinds.iter().map(|kind| file(kind, &video.source, "video"));
            Ok((embeddings.collect::<Result<_, _>>()?, 0))
        }
        _ => Err(ValidationError::new("expected exactly one of [text], [image], [audio] and [video]")),
    }
}

impl Text {
    /// Returns the text of the member that is set.
    fn value(&self) -> Result<String, ValidationError> {
        match (&self.value, &self.source) {
            (Some(value), None) => {
                check_length(value, 1, usize::MAX).map_err(|error: ValidationError| error.at("value"))?;
                Ok(value.clone())
            }
            (None, Some(source)) => {
                let bytes = source.bytes().map_err(|error| error.at("source"))?;
                String::from_utf8(bytes)
                    .map_err(|_| ValidationError::new("expected UTF-8").at("bytes").at("source"))
            }
            (None, None) => Err(ValidationError::missing("value")),
            (Some(_), Some(_)) => Err(ValidationError::new("only one of [value] and [source] is permitted")),
        }
    }

    /// Truncates `value` to the maximum number of tokens.
    fn truncated<'a>(&self, value: &'a str) -> Result<&'a str, ValidationError> {
        match self.truncation_mode {
            TruncationMode::Start => Ok(tokens::last(value, MAX_TOKENS)),
            TruncationMode::End => Ok(tokens::first(value, MAX_TOKENS)),
            TruncationMode::None => match tokens::count(value) {
                count if count > MAX_TOKENS => Err(ValidationError::new(format_args!(
                    "expected at most {MAX_TOKENS} tokens, actual: {count}; set truncationMode to START or END"
                ))),
                _ => Ok(value),
            },
        }
    }
}

impl Source {
    fn bytes(&self) -> Result<Vec<u8>, ValidationError> {
        match (&self.bytes, &self.s3_location) {
            (Some(bytes), None) => image_input::from_base64(bytes).map_err(|error| error.at("bytes")),
            (None, Some(_)) => {
                let problem = "the local endpoint cannot read objects from Amazon S3; use [bytes]";
                Err(ValidationError::new(problem).at("s3Location"))
            }
            (None, None) => Err(ValidationError::missing("bytes")),
            (Some(_), Some(_)) => {
                Err(ValidationError::new("only one of [bytes] and [s3Location] is permitted"))
            }
        }
    }
}
