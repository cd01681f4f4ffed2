//! Tests of the metrics of bidirectional calls.

use super::*;
use crate::metrics::{Metrics, OPEN_CONNECTIONS};

/// Returns each series of the call: the name, `error.type`, and the count of a histogram or the value of a counter.
fn summary(metrics: &Metrics) -> Vec<String> {
    let summary = |line: String| {
        let words: Vec<_> = line.split(' ').collect();
        let error = words.iter().find_map(|word| word.strip_prefix("error.type="));
        let count = words[2..].iter().find(|word| !word.contains('=')).copied().unwrap_or_default();
        [words[0], error.unwrap_or("-"), count].join(" ")
    };
    let lines = metrics.lines().into_iter().filter(|line| !line.starts_with(OPEN_CONNECTIONS));
    lines.map(summary).collect()
}

#[tokio::test]
async fn a_complete_call() {
    let (server, metrics) = (echo_server(Clock::default()).await, Metrics::new());
    let settings = settings(&server, &Clock::default()).meter_provider(metrics.provider());
    let stream = call(settings).send().await.unwrap();
    let mut sender = stream.sender;
    for text in ["one", "two", "three"] {
        sender.send(input(text)).await.unwrap();
    }
    sender.close().await.unwrap();
    read(&mut stream.response.await.unwrap().events).await;
    assert_eq!(
        summary(&metrics),
        [
            "gen_ai.client.operation.duration - 1x",
            "gen_ai.client.operation.time_per_output_chunk - 2x",
            "gen_ai.client.operation.time_to_first_chunk - 1x",
            "invoke_model.client.attempts - 1",
        ]
    );
}

#[tokio::test]
async fn a_dropped_call() {
    let (server, metrics) = (echo_server(Clock::default()).await, Metrics::new());
    let settings = settings(&server, &Clock::default()).meter_provider(metrics.provider());
    let stream = call(settings).send().await.unwrap();
    drop(stream.response.await.unwrap());
    assert_eq!(
        summary(&metrics),
        ["gen_ai.client.operation.duration cancelled 1x", "invoke_model.client.attempts - 1"]
    );
}
