//! Tests of responses with faults. The tests read the responses from a raw socket.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use invoke_model_types::{ModelErrorException, ModelNotReadyException, ThrottlingException};

use super::fault_connections::{call, connect, exchange, healthy_response, read_all, start, stream_call};
use super::streams::{LLAMA, PROMPT, chunk, messages};
use super::wire::{read, wire};
use super::*;
use crate::{ConnectionEnd, Fault, FaultPoint, RetryAfter, StreamFault};
use tokio::io::{AsyncWriteExt, BufReader};

/// Injects a fault into the first of two calls on one connection. Returns the head (in lower case) and the
/// body of each response.
async fn two_calls(fault: Fault) -> [(String, Vec<u8>); 2] {
    let local = start().await;
    local.inject(fault.first(1));
    let mut socket = BufReader::new(connect(&local).await);
    let mut responses = Vec::new();
    for _ in 0..2 {
        socket.write_all(&call()).await.unwrap();
        responses.push(read(&mut socket).await);
    }
    local.wait_for_calls().await;
    let calls = local.calls();
    assert!(calls.iter().all(|call| call.response_complete && call.connection_id == 1));
    let bytes_sent: u64 = calls.iter().map(|call| call.bytes_sent).sum();
    assert_eq!(
        bytes_sent,
        responses.iter().map(|(head, body)| head.len() + body.len()).sum::<usize>() as u64
    );
    assert!(responses[1].0.starts_with("http/1.1 200 ok\r\n"), "only the first call has the fault");
    responses.try_into().unwrap()
}

#[tokio::test]
async fn an_error_has_its_members_and_added_headers() {
    let mut error = ModelErrorException::default();
    error.original_status_code = Some(503);
    error.resource_name = Some("m".to_owned());
    let name = HeaderName::from_static("x-more");
    let [(head, body), _] = two_calls(Fault::error(error).header(name, HeaderValue::from_static("1"))).await;
    assert!(head.starts_with("http/1.1 424 "), "{head}");
    check_contains(
        &head,
        "\r\nx-amzn-errortype: modelerrorexception:http://internal.amazon.com/coral/com.amazon.bedrock/\r\n",
    );
    check_contains(&head, "\r\nx-more: 1\r\n");
    assert_eq!(body, br#"{"originalStatusCode":503,"resourceName":"m"}"#);
}

#[tokio::test]
async fn a_response_has_a_retry_hint() {
    for (retry_after, expected) in [
        (RetryAfter::Seconds(7), "\r\nretry-after: 7\r\n"),
        (RetryAfter::DateIn(60), "\r\nretry-after: sun, 30 aug 2015 12:37:00 gmt\r\n"),
        (RetryAfter::Milliseconds(1_500), "\r\nx-amz-retry-after: 1500\r\n"),
    ] {
        let fault = Fault::error(ThrottlingException::default()).retry_after(retry_after);
        let [(head, _), (next, _)] = two_calls(fault).await;
        assert!(head.starts_with("http/1.1 429 "), "{head}");
        check_contains(&head, expected);
        assert!(!next.contains("retry-after"), "{next}");
    }
}

#[tokio::test]
async fn a_rule_for_the_first_calls_does_not_affect_later_calls() {
    let local = start().await;
    local.inject(Fault::error(ModelNotReadyException::default()).model("amazon.titan-*").first(5));
    let mut socket = BufReader::new(connect(&local).await);
    for number in 0..7 {
        socket.write_all(&call()).await.unwrap();
        let (head, _) = read(&mut socket).await;
        assert!(head.starts_with(if number < 5 { "http/1.1 429 " } else { "http/1.1 200 " }), "{head}");
    }
    assert_eq!(local.stats().worked_on, 2);
}

#[tokio::test]
async fn a_status_replaces_the_response_like_a_proxy() {
    for (status, worked_on) in [(500, true), (502, true), (503, false), (504, true), (403, false)] {
        let page = "<html><body>No backend</body></html>";
        let fault = Fault::status(StatusCode::from_u16(status).unwrap()).body(page);
        let local = start().await;
        local.inject(fault.header(CONTENT_TYPE, HeaderValue::from_static("text/html")));
        let mut socket = BufReader::new(connect(&local).await);
        socket.write_all(&call()).await.unwrap();
        let (head, body) = read(&mut socket).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
        check_contains(&head, "\r\ncontent-type: text/html\r\n");
        assert!(!head.contains("x-amzn-"), "{head}");
        assert_eq!(body, page.as_bytes());
        let call = local.calls().pop().unwrap();
        assert_eq!((call.status, call.error_code, call.worked_on), (status, None, worked_on));
    }
}

#[tokio::test]
async fn a_fault_can_set_whether_a_call_was_worked_on() {
    let local = start().await;
    local.inject(Fault::status(StatusCode::BAD_GATEWAY).worked_on(false).first(1));
    local.inject(Fault::error(ThrottlingException::default()).worked_on(true).first(1));
    let mut socket = BufReader::new(connect(&local).await);
    for _ in 0..2 {
        socket.write_all(&call()).await.unwrap();
        read(&mut socket).await;
    }
    let worked_on: Vec<_> = local.calls().iter().map(|call| call.worked_on).collect();
    assert_eq!(worked_on, [false, true]);
    assert_eq!(local.stats().worked_on, 1);
}

#[tokio::test]
async fn a_success_can_have_another_body_or_no_content_type() {
    let [(head, body), _] = two_calls(Fault::new().body("not JSON")).await;
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    check_contains(&head, "\r\ncontent-type: application/json\r\n");
    assert_eq!(body, b"not JSON");

    let [(head, body), (_, healthy_body)] = two_calls(Fault::new().without_header(CONTENT_TYPE)).await;
    assert!(!head.contains("content-type"), "{head}");
    assert_eq!(body, healthy_body);
}

#[tokio::test(start_paused = true)]
async fn garbage_replaces_the_response() {
    let local = start().await;
    local.inject(Fault::garbage("SSH-2.0-nothing\r\n").first(1));
    local.inject(
        Fault::garbage(vec![0xff; 100])
            .break_at(FaultPoint::ResponseBytes(30), ConnectionEnd::Reset)
            .first(1),
    );
    let (read, ended) = exchange(&local, &call()).await;
    ended.unwrap();
    assert_eq!(read, b"SSH-2.0-nothing\r\n");
    let (read, ended) = exchange(&local, &call()).await;
    assert!(ended.is_err());
    assert!(read.len() <= 30, "a reset may discard unread bytes");
    let calls = local.calls();
    assert_eq!((calls[0].status, calls[0].bytes_sent, calls[0].response_complete), (0, 17, true));
    assert_eq!((calls[1].status, calls[1].bytes_sent, calls[1].response_complete), (0, 30, false));
}

/// Returns the body of a response whose `Content-Length` is set by a fault.
async fn body_with_length(request: &[u8], length: u64) -> Vec<u8> {
    let local = start().await;
    local.inject(Fault::new().content_length(length));
    let (read, ended) = exchange(&local, request).await;
    ended.unwrap();
    let end = read.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    check_contains(&head, &format!("\r\ncontent-length: {length}\r\n"));
    assert_eq!(head.matches("content-length").count(), 1, "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    local.wait_for_calls().await;
    assert_eq!(local.calls()[0].bytes_sent, read.len() as u64);
    read[end..].to_vec()
}

#[tokio::test(start_paused = true)]
async fn a_wrong_content_length_does_not_change_the_body() {
    let healthy = healthy_response(&call()).await;
    let body = &healthy[healthy.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4..];
    // Tests a length that is one byte too long, a length that is one byte too short, and zero.
    for length in [body.len() + 1, body.len() - 1, 0] {
        assert_eq!(body_with_length(&call(), length as u64).await, body, "the body must be complete");
    }
    let frames = frames(head(&endpoint(), streaming(LLAMA, PROMPT)).into_body()).0;
    assert_eq!(body_with_length(&stream_call(), 1 << 20).await, frames.concat());
}

#[tokio::test]
async fn a_rule_can_break_a_stream() {
    let local = start().await;
    let fault = Fault::new().break_stream(2, StreamFault::Error(ThrottlingException::default().into()));
    local.inject(fault.operation("InvokeModelWithResponseStream").first(1));
    let mut socket = BufReader::new(connect(&local).await);
    socket.write_all(&call()).await.unwrap();
    assert!(read(&mut socket).await.0.starts_with("http/1.1 200 "));
    for expected in [3, 5] {
        socket.write_all(&wire(&streaming(LLAMA, PROMPT))).await.unwrap();
        super::stream_wire::read_head(&mut socket).await;
        let chunks = super::stream_wire::read_chunks(&mut socket).await;
        assert_eq!(chunks.len(), expected);
        assert_eq!(chunk(&messages(&chunks[..1])[0])["generation"], "You");
    }
}

#[tokio::test]
async fn the_date_is_read_from_the_clock_of_the_endpoint() {
    for (fault, expected) in [
        (Fault::new(), "\r\ndate: sun, 30 aug 2015 12:36:00 gmt\r\n"),
        (Fault::new().date_skew(3 * 3_600), "\r\ndate: sun, 30 aug 2015 15:36:00 gmt\r\n"),
        (Fault::new().date_skew(-60), "\r\ndate: sun, 30 aug 2015 12:35:00 gmt\r\n"),
    ] {
        let [(head, _), _] = two_calls(fault).await;
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        check_contains(&head, expected);
        assert_eq!(head.matches("\r\ndate: ").count(), 1, "{head}");
    }
    let [(head, _), _] = two_calls(Fault::new().without_header(http::header::DATE)).await;
    assert!(!head.contains("\r\ndate: "), "{head}");
}

#[tokio::test]
async fn a_skewed_clock_rejects_signatures_and_sets_the_date() {
    let [(head, body), _] = two_calls(Fault::new().clock_skew(-2 * 3_600)).await;
    assert!(head.starts_with("http/1.1 403 "), "{head}");
    check_contains(&head, "\r\nx-amzn-errortype: invalidsignatureexception:http://");
    check_contains(&head, "\r\ndate: sun, 30 aug 2015 10:36:00 gmt\r\n");
    check_contains(std::str::from_utf8(&body).unwrap(), "Signature not yet current");

    // A request that is signed with the time of the skewed clock is accepted.
    let local = start().await;
    local.inject(Fault::new().clock_skew(-2 * 3_600));
    let earlier = now() - Duration::from_secs(2 * 3_600);
    let signer = Signer::new("us-east-1", "bedrock");
    let signed = sign_as(request(input(TITAN, BODY)), &credentials(), &signer, earlier);
    let mut socket = BufReader::new(connect(&local).await);
    socket.write_all(&wire(&signed)).await.unwrap();
    assert!(read(&mut socket).await.0.starts_with("http/1.1 200 "));
}

#[tokio::test]
async fn faults_can_be_cleared() {
    let local =
        builder().fault_rules([Fault::error(ThrottlingException::default()).into()]).start().await.unwrap();
    let mut socket = BufReader::new(connect(&local).await);
    for expected in ["http/1.1 429 ", "http/1.1 200 "] {
        socket.write_all(&call()).await.unwrap();
        let (head, _) = read(&mut socket).await;
        assert!(head.starts_with(expected), "{head}");
        local.clear_faults();
    }
    drop(socket);
    let mut idle = connect(&local).await;
    idle.shutdown().await.unwrap();
    assert_eq!(read_all(&mut idle).await.0, b"");
}
