//! Tests of event streams as bodies.

use invoke_model_client::{Failover, FailoverTarget, ResponseBody};

use super::{HEADERS, ID, call, chunk, exception, frames, pieces, reset_after, throttled, unknown};
use crate::fake::{Fake, response};

/// Reads the chunks of a body. The last result is `false` if the body ended with an error.
async fn read(mut body: ResponseBody) -> (Vec<Vec<u8>>, bool) {
    let mut chunks = Vec::new();
    loop {
        match body.chunk().await {
            Ok(Some(chunk)) => chunks.push(chunk.to_vec()),
            Ok(None) => return (chunks, true),
            Err(_) => return (chunks, false),
        }
    }
}

#[tokio::test]
async fn has_the_frames_of_the_service() {
    let sent = frames(&[chunk("one"), unknown(), chunk("two")]);
    // Each event becomes a chunk, although the frames arrive in other pieces.
    let body = call(pieces([sent.concat()])).await.events.into_body();
    assert_eq!(read(body).await, (sent.clone(), true));

    let fake = Fake::with_response(Ok(response(200, &HEADERS, pieces(sent.clone()))));
    let failover = Failover::builder().target(FailoverTarget::new("a", fake.client())).build().unwrap();
    let call = failover.client().invoke_model_with_response_stream().model_id(ID).body("{}");
    let answer = failover.send(call).await.unwrap();
    assert_eq!(
        read(answer.output.events.into_body()).await,
        (sent, true),
        "the failover has received an event"
    );
}

#[tokio::test]
async fn passes_an_error_of_the_service_on() {
    let sent = [frames(&[chunk("one")]), vec![exception(&throttled())]].concat();
    assert_eq!(read(call(pieces(sent.clone())).await.events.into_body()).await, (sent, true));
}

#[tokio::test]
async fn fails_if_the_stream_is_truncated() {
    let first = frames(&[chunk("one")]).concat();
    let cut = [&first[..], &first[..20]].concat();
    assert_eq!(read(call(pieces([cut])).await.events.into_body()).await, (vec![first.clone()], false));
    assert_eq!(read(call(reset_after(&first)).await.events.into_body()).await, (vec![first], false));
}
