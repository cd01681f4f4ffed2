//! Probes of a local server: requests that Amazon Bedrock rejects, and a stream.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use invoke_model_types::{Converse, ConverseInput, InvokeModel, InvokeModelInput, Operation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::connection::is_complete;
use crate::request::{self, MODEL, Signing};

/// Longest time to wait for a response.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends all probes, each on a connection of its own. Returns a line for each probe: its name and the result.
pub(crate) async fn all(address: SocketAddr) -> String {
    let now = SystemTime::now();
    let signing = Signing::at(now);
    let yesterday = Signing::at(now - Duration::from_secs(24 * 3600));
    let invoke = |model: &str, body: &'static [u8], signing: &Signing| {
        let mut input = InvokeModelInput::new(model);
        input.body = Some(Bytes::from_static(body));
        request::signed::<InvokeModel>(input, signing)
    };
    let valid = bench_workload::REQUEST;
    let mut converse = ConverseInput::new(MODEL);
    converse.messages = Some(Vec::new());
    let unsigned = request::bytes(InvokeModel::serialize(InvokeModelInput::new(MODEL)).expect("a request"));
    let probes = [
        ("valid", invoke(MODEL, valid, &signing)),
        ("unsigned", unsigned),
        ("secret", invoke(MODEL, valid, &signing.with_secret("another secret"))),
        ("expired", invoke(MODEL, valid, &yesterday)),
        ("json", invoke(MODEL, b"{\"anthropic_version\"", &signing)),
        ("member", invoke(MODEL, br#"{"anthropic_version":"bedrock-2023-05-31"}"#, &signing)),
        ("messages", request::signed::<Converse>(converse, &signing)),
        ("model", invoke("vendor.no-such-model-v1:0", valid, &signing)),
        ("operation", unknown_operation(&signing)),
    ];
    let mut lines = String::new();
    for (name, request) in probes {
        let status = status(&response(address, &request).await);
        lines.push_str(&format!("{name} {status}\n"));
    }
    let stream = response(address, &request::stream(&signing)).await;
    lines.push_str(&format!("events {} {}\n", status(&stream), events(&stream)));
    lines
}

/// Returns a signed request of an operation that does not exist.
fn unknown_operation(signing: &Signing) -> Bytes {
    let mut input = InvokeModelInput::new(MODEL);
    input.body = Some(Bytes::from_static(bench_workload::REQUEST));
    let mut request = InvokeModel::serialize(input).expect("a request");
    let target = request.uri().path().replace("/invoke", "/no-such-operation");
    *request.uri_mut() = target.parse().expect("a target");
    request::bytes(signing.sign(request))
}

/// Returns all bytes of a response. Returns what has arrived if the server closes the connection or is too slow.
async fn response(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut response = Vec::new();
    let read = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request).await?;
        while !is_complete(&response) && stream.read_buf(&mut response).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    // A failure leaves an incomplete response, and its status is part of the result.
    let _ = timeout(PATIENCE, read).await;
    response
}

/// Returns the status of a response, or `none`.
fn status(response: &[u8]) -> String {
    let line = response.split(|byte| *byte == b'\r').next().unwrap_or_default();
    String::from_utf8_lossy(line).split(' ').nth(1).unwrap_or("none").to_owned()
}

/// Returns the number of frames of an event stream in a response. Frames start with their length:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html>
fn events(response: &[u8]) -> usize {
    let Some(head) = response.windows(4).position(|window| window == b"\r\n\r\n") else { return 0 };
    let (head, body) = response.split_at(head + 4);
    let chunked = String::from_utf8_lossy(head).to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { joined(body) } else { body.to_vec() };
    let (mut rest, mut count) = (body.as_slice(), 0);
    while let Some((length, _)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        if length < 16 || length > rest.len() {
            break;
        }
        rest = &rest[length..];
        count += 1;
    }
    count
}

/// Joins the chunks of a body: <https://www.rfc-editor.org/rfc/rfc9112#section-7.1>
fn joined(mut body: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size =
            str::from_utf8(&body[..end]).ok().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let Some(chunk) = size.and_then(|size| body.get(end + 2..end + 2 + size)) else { break };
        if chunk.is_empty() {
            break;
        }
        joined.extend_from_slice(chunk);
        body = body.get(end + 4 + chunk.len()..).unwrap_or_default();
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_frames_of_a_chunked_body() {
        let frame = [&20_u32.to_be_bytes()[..], &[0; 16]].concat();
        let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice();
        let check = |chunks: &[&[u8]], expected| {
            let body: Vec<u8> = chunks.iter().flat_map(|bytes| chunk(bytes)).collect();
            let response = [head, &body, b"0\r\n\r\n"].concat();
            assert_eq!((events(&response), status(&response).as_str()), (expected, "200"));
        };
        check(&[], 0);
        check(&[&frame, &frame], 2);
        check(&[&frame[..7], &frame[7..]], 1);
        check(&[b"not a frame of an event stream"], 0);
    }
}
