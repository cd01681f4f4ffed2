//! Serves one HTTP/2 connection. Only small calls are possible over HTTP/2.

use std::io;
use std::rc::Rc;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, SendResponse};
use http::header::CONNECTION;
use http::{Request, Response};
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::connection::Stream;
use crate::response::{self, Responses};

/// Maximum number of concurrent streams of a connection.
const MAX_STREAMS: u32 = 2_000;

/// Window of a connection. Its size has no effect on the rate of small calls, because they never fill it.
const WINDOW: u32 = 1 << 24;

pub(crate) async fn serve(stream: impl Stream, responses: Rc<Responses>) -> io::Result<()> {
    let mut settings = Builder::new();
    settings.max_concurrent_streams(MAX_STREAMS).initial_connection_window_size(WINDOW);
    let mut connection = settings.handshake::<_, Bytes>(stream).await.map_err(io::Error::other)?;
    let [connections, requests] = &responses.http2;
    connections.set(connections.get() + 1);
    let (head, body) = small(&responses)?;
    while let Some(accepted) = connection.accept().await {
        let (request, responder) = accepted.map_err(io::Error::other)?;
        requests.set(requests.get() + 1);
        let (response, head) = (responses.of(request.uri().path()), head.clone());
        let responding = respond(request, responder, response, head, body.clone());
        // An error of one stream does not affect the other streams.
        spawn_local(async move { responding.await.ok() });
    }
    Ok(())
}

async fn respond(
    request: Request<RecvStream>,
    mut responder: SendResponse<Bytes>,
    response: response::Response,
    head: Response<()>,
    body: Bytes,
) -> Result<(), h2::Error> {
    let mut received = request.into_body();
    while let Some(data) = received.data().await {
        received.flow_control().release_capacity(data?.len())?;
    }
    match response {
        response::Response::Held(barrier, _) => {
            barrier.wait().await;
        }
        response::Response::Whole(_, pause) if !pause.is_zero() => sleep(pause).await,
        _ => {}
    }
    responder.send_response(head, false)?.send_data(body, true)
}

/// Converts the small response of HTTP/1.1.
fn small(responses: &Responses) -> io::Result<(Response<()>, Bytes)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(&responses.small).map_err(io::Error::other)? else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let mut response = Response::builder();
    // "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields":
    // https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
    for header in
        parsed.headers.iter().filter(|header| !header.name.eq_ignore_ascii_case(CONNECTION.as_str()))
    {
        response = response.header(header.name, header.value);
    }
    Ok((response.body(()).map_err(io::Error::other)?, Bytes::copy_from_slice(&responses.small[length..])))
}
