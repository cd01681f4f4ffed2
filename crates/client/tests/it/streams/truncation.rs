//! Tests of streams that are split, truncated or corrupted at every byte.

use invoke_model_client::{ErrorKind, TruncationCause};
use proptest::prelude::*;

use super::*;

fn events() -> Vec<ResponseStream> {
    vec![chunk("{\"one\":1}"), unknown(), chunk(""), chunk("{\"two\":\"\u{fc}\"}")]
}

/// Returns the number of complete frames in the first `length` bytes.
fn complete_frames(frames: &[Vec<u8>], length: usize) -> usize {
    let ends = frames.iter().scan(0, |end, frame| {
        *end += frame.len();
        Some(*end)
    });
    ends.take_while(|end| *end <= length).count()
}

#[tokio::test]
async fn frames_may_be_split_anywhere() {
    let bytes = frames(&events()).concat();
    for at in 0..=bytes.len() {
        let body = pieces([bytes[..at].to_vec(), bytes[at..].to_vec()]);
        assert_eq!(read(&mut call(body).await.events).await.0, events(), "split at {at}");
    }
    for size in [1, 2, 3, 7, 11, 12, 13, 16, 64, 1000] {
        let body = pieces(bytes.chunks(size).map(<[u8]>::to_vec));
        let (read, error) = read(&mut call(body).await.events).await;
        assert_eq!((read, error.is_none()), (events(), true), "pieces of {size}");
    }
}

#[tokio::test]
async fn reset_connection_is_a_truncation_at_every_byte() {
    let frames = frames(&events());
    let bytes = frames.concat();
    for at in 0..=bytes.len() {
        let (read, error) = read(&mut call(reset_after(&bytes[..at])).await.events).await;
        let expected = complete_frames(&frames, at);
        assert_eq!(read, events()[..expected], "reset at {at}");
        let error = error.unwrap();
        let ErrorKind::Truncated(truncated) = error.kind() else { panic!("reset at {at}: {error}") };
        assert!(matches!(truncated.cause, TruncationCause::Connection(_)), "reset at {at}: {error}");
        assert_eq!((truncated.received.events, truncated.received.bytes), (expected as u64, at as u64));
        assert_eq!(error.received(), Some(truncated.received));
        assert!(error.may_have_been_sent() && error.is_retryable());
    }
}

#[tokio::test]
async fn end_within_a_frame_is_a_truncation() {
    let frames = frames(&events());
    let bytes = frames.concat();
    for at in 0..bytes.len() {
        let (read, error) = read(&mut call(pieces([bytes[..at].to_vec()])).await.events).await;
        let expected = complete_frames(&frames, at);
        assert_eq!(read, events()[..expected], "ended at {at}");
        let incomplete = at - frames[..expected].concat().len();
        let Some(error) = error else {
            assert_eq!(incomplete, 0, "ended at {at}");
            continue;
        };
        let ErrorKind::Truncated(truncated) = error.kind() else { panic!("ended at {at}: {error}") };
        let TruncationCause::IncompleteFrame { received } = truncated.cause else {
            panic!("ended at {at}: {error}")
        };
        assert_eq!((received, truncated.received.events), (incomplete, expected as u64), "ended at {at}");
    }
}

#[tokio::test]
async fn every_corrupted_byte_is_detected() {
    let frames = frames(&events());
    let bytes = frames.concat();
    for at in 0..bytes.len() {
        let mut corrupted = bytes.clone();
        corrupted[at] ^= 0x20;
        let (read, error) = read(&mut call(pieces([corrupted])).await.events).await;
        assert_eq!(read, events()[..complete_frames(&frames, at)], "corrupted at {at}");
        let error = error.unwrap_or_else(|| panic!("corrupted at {at}"));
        assert!(matches!(error.kind(), ErrorKind::Decode(_)), "corrupted at {at}: {error}");
    }
}

#[tokio::test]
async fn exception_ends_the_stream_for_every_split_of_its_frame() {
    let bytes = [frames(&[chunk("one")]).concat(), exception(&throttled())].concat();
    // The client does not read events after an exception.
    let more = frames(&[chunk("two")]).concat();
    for at in 0..=bytes.len() {
        let body = pieces([bytes[..at].to_vec(), [&bytes[at..], &more].concat()]);
        let (read, error) = read(&mut call(body).await.events).await;
        assert_eq!(read, [chunk("one")], "split at {at}");
        assert_eq!(error.unwrap().as_service_error(), Some(&throttled()), "split at {at}");
    }
}

proptest! {
    /// Splits streams into random pieces. The received events must be a prefix of the sent events. The stream
    /// must be complete only if it ends between two frames and without a connection error.
    #[test]
    fn receives_a_prefix_and_detects_truncation(
        texts in prop::collection::vec(".{0,200}", 0..8),
        sizes in prop::collection::vec(1usize..300, 1..20),
        missing in 0usize..400,
        reset: bool,
    ) {
        let sent: Vec<_> = texts.iter().map(|text| chunk(text)).collect();
        let bytes = frames(&sent).concat();
        let kept = bytes.len().saturating_sub(missing);
        let (mut rest, mut sizes) = (&bytes[..kept], sizes.into_iter().cycle());
        let mut parts = VecDeque::new();
        while !rest.is_empty() {
            let (part, remaining) = rest.split_at(sizes.next().unwrap().min(rest.len()));
            parts.push_back(Ok(Bytes::copy_from_slice(part)));
            rest = remaining;
        }
        if reset {
            parts.push_back(Err(std::io::Error::other("reset")));
        }
        let body = ResponseBody::from_body(Pieces { pieces: parts, polls: Arc::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (read, error) = runtime.block_on(async { read(&mut call(body).await.events).await });
        prop_assert_eq!(&read[..], &sent[..read.len()]);
        let ends_between_frames = frames(&read).concat().len() == kept;
        prop_assert_eq!(error.is_none(), !reset && ends_between_frames);
    }
}
