//! A test of the stage of a request that waits for a stream.

use h2::server::Builder;
use invoke_model_transport::RequestStage;

use super::server::{Http2Server, send_ok};
use super::{call, http2_only, post};
use crate::stages::check;

/// The server permits one stream. It responds to the first request, and never responds to later requests.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_stream_was_not_sent() {
    let server = Http2Server::start(|stream| async move {
        let mut connection =
            Builder::new().max_concurrent_streams(1).handshake::<_, bytes::Bytes>(stream).await.unwrap();
        let mut requests = Vec::new();
        while let Some(Ok((request, respond))) = connection.accept().await {
            if requests.is_empty() {
                send_ok(respond);
                requests.push((request, None));
            } else {
                requests.push((request, Some(respond)));
            }
        }
    })
    .await;
    let transport = http2_only().build();
    // The first call also receives the settings of the server.
    call(&transport, server.http()).await;
    check(&transport, || post(server.http()), RequestStage::Sending, "after 5s; raise").await;

    let held = tokio::spawn({
        let (transport, request) = (transport.clone(), post(server.http()));
        async move { invoke_model_transport::Transport::send(&transport, request).await.map(drop) }
    });
    tokio::task::yield_now().await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    check(&transport, || post(server.http()), RequestStage::Queued, "other requests used all").await;
    held.abort();
}
