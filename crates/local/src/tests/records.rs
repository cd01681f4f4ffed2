//! Tests of the records of calls and connections.

use bytes::Bytes;
use http::Request;
use serde_json::json;

use crate::call_log::CallLog;
use crate::call_record::CallRecord;
use crate::connections::Connections;

fn check_bounds(lengths: &[usize], expected: usize) {
    let log = CallLog::new(CallLog::MAX_CALLS, None);
    let largest = Bytes::from(vec![0; CallLog::MAX_SIZE / 2]);
    let (parts, ()) = Request::new(()).into_parts();
    for length in lengths {
        log.push(CallRecord::new(&parts, largest.slice(..*length), String::new()));
    }
    assert_eq!(log.calls().len(), expected);
    log.clear();
    assert_eq!(log.calls().len(), 0);
}

#[test]
fn the_oldest_calls_are_dropped() {
    let (parts, ()) = Request::new(()).into_parts();
    let half = CallLog::MAX_SIZE / 2 - CallRecord::new(&parts, Bytes::new(), String::new()).size();
    check_bounds(&[half, half], 2);
    check_bounds(&[1, half, half], 2);
    check_bounds(&[half, half, 1], 2);
    check_bounds(&vec![0; CallLog::MAX_CALLS + 3], CallLog::MAX_CALLS);
}

fn sensitive_call() -> CallRecord {
    let request = Request::post("/model/m/invoke?X-Amz-Security-Token=secret-5&X-Amz-Signature=secret-6&a=b")
        .header("authorization", "Bearer secret-1")
        .header("x-amz-security-token", "secret-2")
        .header("x-amzn-bedrock-request-metadata", "{\"user\":\"secret-3\"}")
        .header("x-amzn-bedrock-request-metadata", "{\"user\":\"secret-7\"}")
        .header("cookie", "session=secret-8")
        .header("x-api-key", "secret-9")
        .header("accept", "a")
        .header("accept", "b");
    let (parts, ()) = request.body(()).unwrap().into_parts();
    CallRecord::new(&parts, Bytes::from_static(b"secret-4"), "id".to_owned())
}

#[test]
fn debug_redacts_credentials_and_sensitive_values() {
    let call = sensitive_call();
    assert_eq!(call.headers.len(), 8);
    assert_eq!(call.headers["authorization"], "Bearer secret-1");
    assert_eq!(call.body, "secret-4");
    assert!(!format!("{call:?}").contains("secret-"), "{call:?}");
}

#[test]
fn serialization_redacts_sensitive_values() {
    let expected = json!({
        "number": 0,
        "time": "1970-01-01T00:00:00Z",
        "operation": null,
        "method": "POST",
        "target": "/model/m/invoke?X-Amz-Security-Token=[redacted]&X-Amz-Signature=[redacted]&a=b",
        "model_id": null,
        "headers": {
            "accept": "a, b",
            "authorization": "[redacted]",
            "cookie": "[redacted]",
            "x-amz-security-token": "[redacted]",
            "x-amzn-bedrock-request-metadata": "[redacted], [redacted]",
            "x-api-key": "[redacted]",
        },
        "body_length": 8,
        "signed": false,
        "signature": "not_verified",
        "signature_error": null,
        "access_key_id": null,
        "signing_region": null,
        "signed_headers": [],
        "request_id": "id",
        "connection_id": 0,
        "worked_on": false,
        "bytes_sent": 0,
        "response_complete": false,
        "status": 0,
        "error_code": null,
        "input_tokens": null,
        "output_tokens": null,
        "stream": null,
        "first_byte_ms": null,
        "duration_ms": null,
    });
    assert_eq!(serde_json::to_value(sensitive_call()).unwrap(), expected);
}

#[test]
fn connections_are_serialized_with_their_counters() {
    let connections = Connections::default();
    let counter = connections.accept();
    counter.add_received(7);
    let stats = json!({
        "connections": 1,
        "bytes_received": 7,
        "request_heads": 0,
        "requests": 0,
        "worked_on": 0,
        "responses": 0,
        "bytes_sent": 0,
    });
    let expected = json!([{"id": 1, "is_open": true, "stats": stats}]);
    assert_eq!(serde_json::to_value(connections.records()).unwrap(), expected);
    drop(counter);
    assert!(!connections.records()[0].is_open);
}
