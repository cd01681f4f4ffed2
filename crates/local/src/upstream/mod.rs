//! Replies from a server with the chat completions API of OpenAI, such as Ollama, llama.cpp or vLLM.
//!
//! | module | |
//! |---|---|
//! | `request` | a conversation as a request of the API |
//! | `response` | a response of the API as a reply |
//! | `stream` | a stream of the API as parts of a reply |
//!
//! <https://platform.openai.com/docs/api-reference/chat>

mod request;
mod response;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use invoke_model_types::{ModelErrorException, ThrottlingException};
use tokio::sync::mpsc;

use crate::backend::{Forward, ForwardedBody};
use crate::conversation::{Conversation, PartReceiver, supports_thinking};
use crate::delivery::ResponseProgress;
use crate::families::{self, thinking_signature};
use crate::fault::ModelReply;
use crate::service_error::ServiceError;

/// The number of parts that the endpoint reads ahead of the client.
const READ_AHEAD: usize = 16;

/// A server with the API of OpenAI.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// The complete URL for chat completions.
    url: Uri,
    /// The name of the model in requests. By default, it is the model id of the call.
    model: Option<String>,
    client: Arc<dyn Forward>,
}

/// The error of a URL that is not valid for an upstream.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The URL is invalid, or its scheme is not `http` or `https`.
    #[error("{url:?} is not the URL of an upstream: it must begin with http:// or https://")]
    InvalidUrl {
        /// The URL.
        url: String,
    },

    /// The URL contains a user name or a password. Logs and errors show the URL, so it must not contain
    /// secrets.
    #[error("the URL of the upstream contains a user name or a password: remove the part before `@`")]
    UserInfo,
}

impl Upstream {
    /// Returns an upstream for a base URL, for example `http://127.0.0.1:11434` or
    /// `http://127.0.0.1:11434/v1`.
    pub(crate) fn new(
        url: &str,
        model: Option<String>,
        client: Arc<dyn Forward>,
    ) -> Result<Self, UpstreamError> {
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
        if authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
            return Err(UpstreamError::UserInfo);
        }
        let base = url.trim_end_matches('/');
        let base = base.strip_suffix("/chat/completions").unwrap_or(base);
        let version = if base.ends_with("/v1") { "" } else { "/v1" };
        let complete = format!("{base}{version}/chat/completions");
        let uri = complete.parse::<Uri>().ok().filter(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
        });
        let url = uri.ok_or_else(|| UpstreamError::InvalidUrl { url: url.to_owned() })?;
        Ok(Self { url, model, client })
    }

    /// Returns the complete reply to a conversation.
    ///
    /// # Errors
    /// Returns `ServiceUnavailableException` if the upstream cannot be reached, and `ModelErrorException` if its
    /// response is not a chat completion.
    pub(crate) async fn reply(
        &self,
        model_id: &str,
        conversation: &Conversation,
    ) -> Result<ModelReply, ServiceError> {
        let (_, body) = self.send(model_id, conversation, false).await?.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| self.model_error(&format!("its response is incomplete: {error}"), None))?;
        response::parse(&body.to_bytes()).map_err(|problem| self.model_error(&problem, None))
    }

    /// Returns the parts of the reply to a conversation, as they arrive. Sets the tokens of the progress at the end.
    ///
    /// # Errors
    /// Returns the errors of [`reply`](Self::reply) for the head of the response. Later errors end the parts with
    /// `ModelStreamErrorException`.
    pub(crate) async fn stream(
        &self,
        model_id: &str,
        conversation: &Conversation,
        progress: &Arc<ResponseProgress>,
    ) -> Result<PartReceiver, ServiceError> {
        let (head, body) = self.send(model_id, conversation, true).await?.into_parts();
        let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default();
        if !media_type.starts_with("text/event-stream") {
            let problem = format!("its stream has the content type {media_type:?}, not text/event-stream");
            return Err(self.model_error(&problem, None));
        }
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        let upstream = self.url.to_string();
        let signature = families::resolve(model_id).ok().flatten().filter(supports_thinking);
        let signature = signature.map(|model| thinking_signature(&conversation.prompt(&model).digest));
        // The task ends when the client disconnects, because the receiver is then dropped.
        tokio::spawn(stream::read(body, upstream, signature, Arc::clone(progress), sender));
        Ok(receiver)
    }

    async fn send(
        &self,
        model_id: &str,
        conversation: &Conversation,
        is_streaming: bool,
    ) -> Result<Response<ForwardedBody>, ServiceError> {
        let model = self.model.as_deref().unwrap_or(model_id);
        let body = request::body(model, conversation, is_streaming);
        let mut request = Request::new(Bytes::from(body.to_string()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        let accept = if is_streaming { "text/event-stream" } else { "application/json" };
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(accept));
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = self.client.forward(request).await.map_err(|error| {
            ServiceError::unavailable(format!(
                "--upstream {}: the upstream cannot be reached: {error}",
                self.url
            ))
        })?;
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response).await) }
    }

    /// Converts an error response of the upstream to an error of the service.
    async fn refused(&self, response: Response<ForwardedBody>) -> ServiceError {
        let status = response.status();
        let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let message = response::error_message(&body);
        let problem = format!("it responded with {status}: {message}");
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                let mut error = ThrottlingException::default();
                error.message = Some(format!("--upstream {}: {problem}", self.url));
                error.into()
            }
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                ServiceError::unavailable(format!("--upstream {}: {problem}", self.url))
            }
            _ => self.model_error(&problem, Some(status)),
        }
    }

    fn model_error(&self, problem: &str, status: Option<StatusCode>) -> ServiceError {
        let mut error = ModelErrorException::default();
        error.message = Some(format!("--upstream {}: {problem}", self.url));
        error.original_status_code = status.map(|status| i32::from(status.as_u16()));
        error.into()
    }
}
