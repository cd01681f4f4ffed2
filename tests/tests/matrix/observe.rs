//! Runs a row of the matrix, and returns the observed result.

use std::time::Duration;

use invoke_model_client::types::{
    ContentBlock, ConversationRole, ConverseTokensRequest, CountTokensInputShape,
    InvokeModelWithResponseStream, Message, OperationError,
};
use invoke_model_client::{
    Client, Config, Credentials, Error, ErrorKind, EventReceiver, FailureClass, HyperTransport, RetryConfig,
};
use invoke_model_local::{LocalEndpoint, Stats};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::row::{OCCUPIED, Observed, Operation, Row, Situation};

pub(crate) const MODEL: &str = "meta.llama3-8b-instruct-v1:0";
pub(crate) const BODY: &str = r#"{"prompt":"one two three four"}"#;

/// A model that supports `CountTokens`.
const CLAUDE: &str = "anthropic.claude-3-5-haiku-20241022-v1:0";

/// Maximum duration of a call. If a call takes longer, its outcome is `waits forever`, because no row
/// simulates such a slow model.
const MAX_DURATION: Duration = Duration::from_secs(7200);

/// Result of a call: its outcome, the class of its failure, and the number of attempts.
type CallResult = (String, Option<FailureClass>, u32);

/// Runs a row. Each row has a separate endpoint and a separate runtime.
pub(crate) fn observe(row: &Row) -> Observed {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let local = LocalEndpoint::start().await.unwrap();
        row.rules.iter().for_each(|rule| local.inject(rule.clone()));
        let client = client(&local, row);
        if row.situation == Situation::NoFreeConnection {
            occupy(&client, &local).await;
        }
        let before = local.stats();
        let call = async {
            match row.operation {
                Operation::InvokeModel => invoke_model(&client).await,
                Operation::InvokeModelWithResponseStream => invoke_model_with_response_stream(&client).await,
                Operation::CountTokens => count_tokens(&client).await,
            }
        };
        let waits_forever = || ("waits forever".to_owned(), None, 1);
        let (outcome, class, attempts) =
            timeout(MAX_DURATION, call).await.unwrap_or_else(|_| waits_forever());
        let Stats { connections, requests, worked_on: executed, .. } = local.stats();
        Observed {
            outcome,
            class,
            attempts,
            connections: connections - before.connections,
            requests: requests - before.requests,
            executed: executed - before.worked_on,
        }
    })
}

fn client(local: &LocalEndpoint, row: &Row) -> Client {
    let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
    let root = include_bytes!("../../../crates/transport/tests/data/root.pem").as_slice();
    let (url, transport) = match row.situation {
        Situation::Normal => (local.url(), HyperTransport::builder()),
        Situation::NoFreeConnection => (local.url(), HyperTransport::builder().max_connections_per_host(1)),
        Situation::Tls => (
            local.url().replace("http://", "https://"),
            HyperTransport::builder().root_certificates_pem(root).connect_timeout(Duration::from_secs(120)),
        ),
    };
    let config = Config::builder().region(local.region()).endpoint_url(url).transport(transport.build());
    let config = config.credentials_provider(credentials);
    Client::new(config.retry_config(row.setting.retry_config()).timeout_config(row.setting.timeout_config()))
        .unwrap()
}

/// Starts another call, and returns when the endpoint has received its request.
async fn occupy(client: &Client, local: &LocalEndpoint) {
    let call = client.invoke_model().model_id(MODEL).body(BODY).timeout(OCCUPIED);
    tokio::spawn(call.retry_config(RetryConfig::disabled()).send());
    while local.stats().requests == 0 {
        yield_now().await;
    }
}

async fn invoke_model(client: &Client) -> CallResult {
    match client.invoke_model().model_id(MODEL).body(BODY).send_with_metadata().await {
        Ok((_, metadata)) => success(metadata.attempts),
        Err(error) => failure(error),
    }
}

async fn invoke_model_with_response_stream(client: &Client) -> CallResult {
    let call = client.invoke_model_with_response_stream().model_id(MODEL).body(BODY);
    match call.send().await {
        Ok(response) => receive_all(response.events).await,
        Err(error) => failure(error),
    }
}

async fn count_tokens(client: &Client) -> CallResult {
    let message = Message::new(ConversationRole::USER, vec![ContentBlock::Text("one two".to_owned())]);
    let mut request = ConverseTokensRequest::default();
    request.messages = Some(vec![message]);
    let input = CountTokensInputShape::Converse(request);
    match client.count_tokens().model_id(CLAUDE).input(input).send_with_metadata().await {
        Ok((_, metadata)) => success(metadata.attempts),
        Err(error) => failure(error),
    }
}

async fn receive_all(mut events: EventReceiver<InvokeModelWithResponseStream>) -> CallResult {
    loop {
        match events.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => {
                assert!(events.is_complete());
                return success(events.metadata().attempts);
            }
            Err(error) => return failure(error),
        }
    }
}

fn success(attempts: u32) -> CallResult {
    ("success".to_owned(), None, attempts)
}

fn failure<E: OperationError>(error: Error<E>) -> CallResult {
    let error = Error::from(error);
    (outcome(&error), Some(error.class()), error.attempts())
}

/// Returns the error code of the service, or the kind of the failure.
pub(crate) fn outcome(error: &Error) -> String {
    match (error.code(), error.kind()) {
        (Some(code), _) => code.to_owned(),
        (None, ErrorKind::Service { response, .. }) => format!("HTTP {}", response.status().as_u16()),
        (None, ErrorKind::Transport(error)) => format!("{:?}", error.kind()),
        (None, ErrorKind::Parse { .. }) => "Parse".to_owned(),
        (None, ErrorKind::Truncated(_)) => "Truncated".to_owned(),
        (None, ErrorKind::Decode(_)) => "Decode".to_owned(),
        (None, ErrorKind::StreamException { .. }) => "StreamException".to_owned(),
        (None, other) => format!("{other:?}"),
    }
}
