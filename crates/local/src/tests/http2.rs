//! Tests of HTTP/2 connections with prior knowledge.

use bytes::Buf;
use h2::Reason;
use h2::client::SendRequest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::fault_connections::{connect, start};
use super::streams::{LLAMA, PROMPT};
use super::*;
use crate::{ConnectionEnd, Fault, FaultPoint, FaultRule, LocalEndpoint, StreamEnd, StreamFault};

pub(super) async fn handshake<T>(socket: T) -> SendRequest<Bytes>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Sends a signed request. Returns the response, and the length of each received piece of its body.
pub(super) async fn exchange(
    client: &SendRequest<Bytes>,
    request: Request<Bytes>,
) -> Result<(Response<Bytes>, Vec<usize>), h2::Error> {
    let (mut parts, body) = request.into_parts();
    let host = parts.headers.remove("host").unwrap();
    parts.uri = format!("http://{}{}", host.to_str().unwrap(), parts.uri).parse().unwrap();
    let mut client = client.clone().ready().await?;
    let (response, mut sender) = client.send_request(Request::from_parts(parts, ()), false)?;
    sender.send_data(body, true)?;
    let (head, mut body) = response.await?.into_parts();
    let (mut bytes, mut pieces) = (Vec::new(), Vec::new());
    while let Some(mut piece) = body.data().await.transpose()? {
        body.flow_control().release_capacity(piece.len())?;
        pieces.push(piece.len());
        bytes.extend_from_slice(&piece.copy_to_bytes(piece.len()));
    }
    Ok((Response::from_parts(head, bytes.into()), pieces))
}

async fn client(local: &LocalEndpoint) -> SendRequest<Bytes> {
    handshake(connect(local).await).await
}

fn invoke() -> Request<Bytes> {
    sign(request(input(TITAN, BODY)))
}

fn reason<T: std::fmt::Debug>(result: Result<T, h2::Error>) -> Option<Reason> {
    result.unwrap_err().reason()
}

#[tokio::test]
async fn one_connection_serves_calls_at_the_same_time() {
    let local = start().await;
    let client = client(&local).await;
    let (embedding, stream) =
        tokio::join!(exchange(&client, invoke()), exchange(&client, streaming(LLAMA, PROMPT)));
    let (embedding, _) = embedding.unwrap();
    assert_eq!((embedding.status().as_u16(), embedding.version()), (200, http::Version::HTTP_2));
    assert_eq!(embedding.headers()["date"], "Sun, 30 Aug 2015 12:36:00 GMT");
    assert!(!stream.unwrap().0.body().is_empty());
    local.wait_for_calls().await;
    let stats = local.stats();
    assert_eq!((stats.connections, stats.request_heads, stats.requests), (1, 2, 2));
    assert_eq!((stats.worked_on, stats.responses), (2, 2));
    let calls = local.calls();
    assert!(calls.iter().all(|call| call.signed && call.response_complete && call.connection_id == 1));
    let bytes: u64 = calls.iter().map(|call| call.bytes_sent).sum();
    assert!(bytes > embedding.body().len() as u64 && bytes < stats.bytes_sent, "{bytes}");
    let call = calls.iter().find(|call| call.model_id.as_deref() == Some(TITAN)).unwrap();
    assert_eq!(call.bytes_sent, embedding.body().len() as u64);
    assert_eq!(call.target, "/model/amazon.titan-embed-text-v2%3A0/invoke");
}

#[tokio::test]
async fn requests_for_records_are_not_recorded() {
    let local = start().await;
    let health = Request::get("/_local/health").header("host", "localhost").body(Bytes::new()).unwrap();
    let (response, _) = exchange(&client(&local).await, health).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert!(response.body().starts_with(b"{\"status\":\"ok\""));
    let stats = local.stats();
    assert_eq!((stats.connections, stats.request_heads, stats.requests, stats.responses), (1, 0, 0, 0));
}

#[tokio::test]
async fn a_signature_covers_the_authority() {
    let local = start().await;
    let client = client(&local).await;
    let mut other = invoke();
    other.headers_mut().insert("host", "localhost:8080".parse().unwrap());
    let (response, _) = exchange(&client, other).await.unwrap();
    assert_eq!(response.status().as_u16(), 403);
    check_contains(std::str::from_utf8(response.body()).unwrap(), "host:localhost:8080");
}

/// Injects a fault into a call. Checks that the fault resets the HTTP/2 stream of the call, but does not end
/// the connection. `expected` contains the values of `status`, `bytes_sent` and `worked_on` in the record.
async fn check_reset(rule: impl Into<FaultRule>, request: Request<Bytes>, expected: (u16, u64, bool)) {
    let local = start().await;
    let client = client(&local).await;
    local.inject(rule.into().first(1));
    assert_eq!(reason(exchange(&client, request).await), Some(Reason::INTERNAL_ERROR));
    local.wait_for_calls().await;
    let call = local.calls().pop().unwrap();
    assert_eq!((call.status, call.bytes_sent, call.worked_on), expected, "{call:?}");
    assert!(!call.response_complete);
    assert!(call.stream.is_none_or(|stream| stream.end == Some(StreamEnd::Broken)), "{call:?}");
    assert!(call.duration.is_some());
    exchange(&client, invoke()).await.unwrap();
    local.wait_for_calls().await;
    assert_eq!((local.stats().connections, local.stats().responses), (1, 1));
}

#[tokio::test]
async fn faults_of_the_connection_reset_the_stream() {
    let at = |point| Fault::new().break_at(point, ConnectionEnd::Reset);
    check_reset(at(FaultPoint::Request), invoke(), (0, 0, false)).await;
    check_reset(at(FaultPoint::ResponseBytes(0)), invoke(), (200, 0, true)).await;
    check_reset(at(FaultPoint::ResponseBytes(10)), invoke(), (200, 10, true)).await;
    check_reset(at(FaultPoint::BodyBytes(0)), invoke(), (200, 0, true)).await;
    check_reset(at(FaultPoint::BodyBytes(7)), streaming(LLAMA, PROMPT), (200, 7, true)).await;
    check_reset(Fault::garbage("not HTTP"), invoke(), (0, 0, true)).await;
    let truncated = Fault::new().break_stream(0, StreamFault::Truncate { bytes: 5 });
    check_reset(truncated, streaming(LLAMA, PROMPT), (200, 5, true)).await;
    let local = start().await;
    let (healthy, _) = exchange(&client(&local).await, invoke()).await.unwrap();
    check_reset(at(FaultPoint::LastChunk), invoke(), (200, healthy.body().len() as u64, true)).await;
}

#[tokio::test]
async fn a_response_that_is_shorter_than_the_fault_is_complete() {
    let local = start().await;
    local.inject(Fault::new().break_at(FaultPoint::BodyBytes(1 << 20), ConnectionEnd::Reset));
    exchange(&client(&local).await, invoke()).await.unwrap();
    local.wait_for_calls().await;
    assert!(local.calls()[0].response_complete);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_stream_does_not_stall_the_connection() {
    for point in [FaultPoint::Request, FaultPoint::ResponseBytes(0), FaultPoint::BodyBytes(4)] {
        let local = start().await;
        let client = client(&local).await;
        local.inject(Fault::new().break_at(point, ConnectionEnd::Stall).first(1));
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(timeout(day, exchange(&client, invoke())).await.is_err(), "{point:?}");
        exchange(&client, invoke()).await.unwrap();
    }
}

#[tokio::test]
async fn request_faults_end_the_connection() {
    for bytes in [0, 30, 1 << 20] {
        let local = start().await;
        local.inject(FaultRule::break_request(bytes, ConnectionEnd::Close).first(1));
        let socket = connect(&local).await;
        let failed = match h2::client::handshake(socket).await {
            Ok((client, connection)) => {
                tokio::spawn(connection);
                exchange(&client, invoke()).await.is_err()
            }
            Err(_) => true,
        };
        assert!(failed, "after {bytes}");
        assert_eq!(local.stats().requests, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_is_sent_in_pieces() {
    let local = start().await;
    local.inject(Fault::new().drip(100, Duration::from_secs(1)));
    let start = tokio::time::Instant::now();
    let (response, pieces) = exchange(&client(&local).await, invoke()).await.unwrap();
    assert!(pieces.iter().all(|&length| length <= 100) && pieces.len() > 10);
    assert_eq!(pieces.len(), response.body().len().div_ceil(100));
    assert_eq!(start.elapsed().as_secs(), pieces.len() as u64 - 1);
}

#[tokio::test]
async fn a_client_that_resets_a_stream_is_noticed() {
    let local = builder().pace(Duration::from_secs(3600)).start().await.unwrap();
    let client = client(&local).await;
    let stream = exchange(&client, streaming(LLAMA, PROMPT));
    // Dropping the future resets the stream.
    tokio::select! {
        _ = stream => panic!("the stream must not end"),
        () = async { while local.calls().is_empty() { tokio::task::yield_now().await } } => {}
    }
    local.wait_for_calls().await;
    let call = local.calls().pop().unwrap();
    assert!(!call.response_complete);
    assert_eq!(call.stream.unwrap().end, Some(StreamEnd::Abandoned));
}

#[tokio::test]
async fn stopping_waits_for_a_stream() {
    let local = builder().pace(Duration::from_millis(1)).start().await.unwrap();
    let client = client(&local).await;
    let call = tokio::spawn(async move { exchange(&client, streaming(LLAMA, PROMPT)).await });
    while local.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(local.stop().await);
    call.await.unwrap().unwrap();
}
