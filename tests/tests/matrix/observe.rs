//! Runs a row.

use std::time::Duration;

use invoke_model_client::types::OperationError;
use invoke_model_client::{
    Client, Config, Credentials, Error, ErrorKind, EventReceiver, FailureClass,
    types::InvokeModelWithResponseStream,
};
use invoke_model_local::{LocalEndpoint, Stats};
use tokio::time::timeout;

use super::row::{Observed, Operation, Row};

const MODEL: &str = "meta.llama3-8b-instruct-v1:0";
const BODY: &str = r#"{"prompt":"one two three four"}"#;

/// Longer than any model thinks. Who still waits then, waits for ever.
const PATIENCE: Duration = Duration::from_secs(7200);

/// What a client made of a call: the outcome, its class, and the attempts.
type Made = (String, Option<FailureClass>, u32);

/// What comes of a row, in a runtime and with an endpoint of its own.
pub(crate) fn observe(row: &Row) -> Observed {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let local = LocalEndpoint::start().await.unwrap();
        row.rules.iter().for_each(|rule| local.inject(rule.clone()));
        let client = client(&local, row);
        let call = async {
            match row.operation {
                Operation::Whole => whole(&client).await,
                Operation::Stream => stream(&client).await,
            }
        };
        let waiting = || ("still waiting".to_owned(), None, 1);
        let (outcome, class, attempts) = timeout(PATIENCE, call).await.unwrap_or_else(|_| waiting());
        let Stats { connections, requests, worked_on, .. } = local.stats();
        Observed { outcome, class, attempts, connections, requests, worked_on }
    })
}

fn client(local: &LocalEndpoint, row: &Row) -> Client {
    let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
    let config = Config::builder().region(local.region()).endpoint_url(local.url());
    let config = config.credentials_provider(credentials);
    Client::new(config.retry_config(row.setting.retry_config()).timeout_config(row.setting.timeout_config()))
        .unwrap()
}

async fn whole(client: &Client) -> Made {
    match client.invoke_model().model_id(MODEL).body(BODY).send_with_metadata().await {
        Ok((_, metadata)) => ("answered".to_owned(), None, metadata.attempts),
        Err(error) => failed(&error),
    }
}

async fn stream(client: &Client) -> Made {
    let call = client.invoke_model_with_response_stream().model_id(MODEL).body(BODY);
    match call.send().await {
        Ok(answer) => read(answer.events).await,
        Err(error) => failed(&error),
    }
}

async fn read(mut events: EventReceiver<InvokeModelWithResponseStream>) -> Made {
    loop {
        match events.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => {
                assert!(events.is_complete());
                return ("answered".to_owned(), None, events.metadata().attempts);
            }
            Err(error) => return failed(&error),
        }
    }
}

fn failed<E: OperationError>(error: &Error<E>) -> Made {
    let outcome = match (error.code(), error.kind()) {
        (Some(code), _) => code.to_owned(),
        (None, ErrorKind::Service { response, .. }) => format!("HTTP {}", response.status().as_u16()),
        (None, ErrorKind::Transport(error)) => format!("{:?}", error.kind()),
        (None, ErrorKind::Parse { .. }) => "Parse".to_owned(),
        (None, ErrorKind::Truncated(_)) => "Truncated".to_owned(),
        (None, ErrorKind::Decode(_)) => "Frame".to_owned(),
        (None, ErrorKind::StreamException { .. }) => "Exception".to_owned(),
        (None, other) => format!("{other:?}"),
    };
    (outcome, Some(error.class()), error.attempts())
}
