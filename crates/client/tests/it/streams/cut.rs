//! Frames cut and joined at every byte; streams that end, or are altered, at every byte.

use invoke_model_client::{ErrorKind, TruncationCause};
use proptest::prelude::*;

use super::*;

fn events() -> Vec<ResponseStream> {
    vec![chunk("{\"one\":1}"), unknown(), chunk(""), chunk("{\"two\":\"\u{fc}\"}")]
}

/// How many frames are whole in the first `length` bytes.
fn whole(frames: &[Vec<u8>], length: usize) -> usize {
    let ends = frames.iter().scan(0, |end, frame| {
        *end += frame.len();
        Some(*end)
    });
    ends.take_while(|end| *end <= length).count()
}

#[tokio::test]
async fn frames_may_be_cut_anywhere() {
    let bytes = frames(&events()).concat();
    for at in 0..=bytes.len() {
        let body = pieces([bytes[..at].to_vec(), bytes[at..].to_vec()]);
        assert_eq!(read(&mut answered(body).await.body).await.0, events(), "cut at {at}");
    }
    for size in [1, 2, 3, 7, 11, 12, 13, 16, 64, 1000] {
        let body = pieces(bytes.chunks(size).map(<[u8]>::to_vec));
        let (read, error) = read(&mut answered(body).await.body).await;
        assert_eq!((read, error.is_none()), (events(), true), "pieces of {size}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_no_end_wherever_it_is_lost() {
    let frames = frames(&events());
    let bytes = frames.concat();
    for at in 0..=bytes.len() {
        let (read, error) = read(&mut answered(lost_after(&bytes[..at])).await.body).await;
        let expected = whole(&frames, at);
        assert_eq!(read, events()[..expected], "lost at {at}");
        let error = error.unwrap();
        let ErrorKind::Truncated(truncated) = error.kind() else { panic!("lost at {at}: {error}") };
        assert!(matches!(truncated.cut, TruncationCause::Connection(_)), "lost at {at}: {error}");
        assert_eq!((truncated.received.events, truncated.received.bytes), (expected as u64, at as u64));
        assert_eq!(error.received(), Some(truncated.received));
        assert!(error.may_have_been_sent() && error.is_retryable());
    }
}

#[tokio::test]
async fn an_end_in_the_midst_of_a_frame_is_a_cut() {
    let frames = frames(&events());
    let bytes = frames.concat();
    for at in 0..bytes.len() {
        let (read, error) = read(&mut answered(pieces([bytes[..at].to_vec()])).await.body).await;
        let expected = whole(&frames, at);
        assert_eq!(read, events()[..expected], "ended at {at}");
        let left = at - frames[..expected].concat().len();
        let Some(error) = error else {
            assert_eq!(left, 0, "ended at {at}");
            continue;
        };
        let ErrorKind::Truncated(truncated) = error.kind() else { panic!("ended at {at}: {error}") };
        let TruncationCause::Frame { left: said } = truncated.cut else { panic!("ended at {at}: {error}") };
        assert_eq!((said, truncated.received.events), (left, expected as u64), "ended at {at}");
    }
}

#[tokio::test]
async fn no_altered_byte_passes() {
    let frames = frames(&events());
    let bytes = frames.concat();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 0x20;
        let (read, error) = read(&mut answered(pieces([altered])).await.body).await;
        assert_eq!(read, events()[..whole(&frames, at)], "altered at {at}");
        let error = error.unwrap_or_else(|| panic!("altered at {at}"));
        assert!(matches!(error.kind(), ErrorKind::Decode(_)), "altered at {at}: {error}");
    }
}

#[tokio::test]
async fn an_error_ends_the_stream_wherever_its_frame_is_cut() {
    let bytes = [frames(&[chunk("one")]).concat(), exception(&throttled())].concat();
    // What follows an error is not read.
    let more = frames(&[chunk("two")]).concat();
    for at in 0..=bytes.len() {
        let body = pieces([bytes[..at].to_vec(), [&bytes[at..], &more].concat()]);
        let (read, error) = read(&mut answered(body).await.body).await;
        assert_eq!(read, [chunk("one")], "cut at {at}");
        assert_eq!(error.unwrap().as_service_error(), Some(&throttled()), "cut at {at}");
    }
}

proptest! {
    /// Whatever the pieces are, and wherever they end: what is read is a beginning of what was sent, and only all of
    /// it is whole.
    #[test]
    fn a_stream_is_whole_or_says_that_it_is_not(
        texts in prop::collection::vec(".{0,200}", 0..8),
        sizes in prop::collection::vec(1usize..300, 1..20),
        missing in 0usize..400,
        lost: bool,
    ) {
        let sent: Vec<_> = texts.iter().map(|text| chunk(text)).collect();
        let bytes = frames(&sent).concat();
        let kept = bytes.len().saturating_sub(missing);
        let (mut rest, mut sizes) = (&bytes[..kept], sizes.into_iter().cycle());
        let mut parts = VecDeque::new();
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(sizes.next().unwrap().min(rest.len()));
            parts.push_back(Ok(Bytes::copy_from_slice(part)));
            rest = behind;
        }
        if lost {
            parts.push_back(Err(std::io::Error::other("lost")));
        }
        let body = ResponseBody::from_body(Pieces { pieces: parts, asked: Arc::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (read, error) = runtime.block_on(async { read(&mut answered(body).await.body).await });
        prop_assert_eq!(&read[..], &sent[..read.len()]);
        let ends_between_frames = frames(&read).concat().len() == kept;
        prop_assert_eq!(error.is_none(), !lost && ends_between_frames);
    }
}
