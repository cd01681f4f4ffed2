//! Tests of `on_call`, and of the limits of a running endpoint.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::fault_connections::{self, call, stream_call};
use super::*;
use crate::{CallRecord, ConnectionEnd, Fault, FaultPoint, SignatureVerdict};

#[tokio::test]
async fn each_call_is_observed_after_its_end() {
    let calls = Arc::new(Mutex::new(Vec::<CallRecord>::new()));
    let observed = Arc::clone(&calls);
    let builder = builder().on_call(move |call| observed.lock().unwrap().push(call.clone()));
    let local = builder.start().await.unwrap();
    local.inject(Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Close).first(1));
    let mut unsigned = request(input(TITAN, BODY));
    unsigned.headers_mut().insert("connection", "close".parse().unwrap());
    for bytes in [call(), wire::wire(&unsigned)] {
        fault_connections::exchange(&local, &bytes).await.1.unwrap();
    }
    local.inject(Fault::new().break_at(FaultPoint::BodyBytes(9), ConnectionEnd::Close).first(1));
    fault_connections::exchange(&local, &stream_call()).await.1.unwrap();
    local.wait_for_calls().await;

    let calls = calls.lock().unwrap();
    let facts: Vec<_> = calls
        .iter()
        .map(|call| (call.number, call.operation, call.status, call.signature, call.response_complete))
        .collect();
    let expected = [
        (1, Some("InvokeModel"), 0, SignatureVerdict::NotVerified, false),
        (2, Some("InvokeModel"), 403, SignatureVerdict::Rejected, true),
        (3, Some("InvokeModelWithResponseStream"), 200, SignatureVerdict::Valid, false),
    ];
    assert_eq!(facts, expected);
    assert!(calls.iter().all(|call| call.time == now() && call.duration == Some(Duration::ZERO)));
    assert_eq!(calls[0].first_byte_after, None);
    assert_eq!(calls[1].first_byte_after, Some(Duration::ZERO));
    assert_eq!(calls[1].signature_error.as_deref(), Some("Missing Authentication Token"));
    assert!(calls[2].stream.unwrap().end.is_some());
}

#[test]
fn explanations_of_signatures_hide_request_metadata() {
    let endpoint = endpoint();
    let mut input = input(TITAN, BODY);
    input.request_metadata = Some("{\"user\":\"secret\"}".to_owned());
    let mut request = sign(request(input));
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    crate::call_record::mark_sensitive(request.headers_mut());
    let message = check_error(&endpoint, request, 403, "InvalidSignatureException");
    check_contains(&message, "x-amzn-bedrock-request-metadata:[redacted]");
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!(call.signature_error.as_ref(), Some(&message));
    assert!(!format!("{call:?}").contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn connections_above_the_limit_wait() {
    let local = builder().max_connections(1).start().await.unwrap();
    local.inject(Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).first(1));
    let mut first = super::wire::connect(&local).await;
    first.write_all(&call()).await.unwrap();
    let mut second = super::wire::connect(&local).await;
    second.write_all(&call()).await.unwrap();
    let hour = Duration::from_secs(3600);
    assert!(timeout(hour, second.read(&mut [0])).await.is_err(), "the first connection is still open");
    drop(first);
    super::wire::read(&mut second).await;
    assert_eq!(local.stats().connections, 2);
}

#[test]
fn the_log_keeps_the_latest_calls() {
    let endpoint = builder().max_recorded_calls(2).build_state();
    for _ in 0..3 {
        send(&endpoint, sign(request(input(TITAN, BODY))));
    }
    let numbers = |calls: Vec<CallRecord>| calls.iter().map(|call| call.number).collect::<Vec<_>>();
    assert_eq!(numbers(endpoint.log.calls()), [2, 3]);
    assert_eq!(numbers(endpoint.log.calls_after(2, 10)), [3]);
    assert_eq!(numbers(endpoint.log.calls_after(0, 1)), [3]);
    assert!(endpoint.log.calls_after(3, 10).is_empty());
    endpoint.log.clear();
    send(&endpoint, sign(request(input(TITAN, BODY))));
    assert_eq!(numbers(endpoint.log.calls_after(3, 10)), [4]);
}

#[tokio::test]
async fn an_endpoint_listens_on_other_addresses() {
    let local = builder().host([0, 0, 0, 0]).start().await.unwrap();
    assert_eq!(local.url(), format!("http://127.0.0.1:{}", local.address().port()));
    fault_connections::connect(&local).await;
    let error = builder().host([192, 0, 2, 1]).start().await.unwrap_err().to_string();
    check_contains(&error, "cannot listen on 192.0.2.1:0: ");
    check_contains(&error, "; choose an address of this machine");
}
