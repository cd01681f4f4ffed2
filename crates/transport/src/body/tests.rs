//! Tests of bodies that are not created by an HTTP client.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::BodyExt;

use super::*;
use crate::error::TransportErrorKind;

struct Frames(VecDeque<io::Result<Frame<Bytes>>>);

impl Frames {
    fn response<const N: usize>(frames: [io::Result<Frame<Bytes>>; N]) -> ResponseBody {
        ResponseBody::from_body(Self(frames.into()))
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.0.pop_front())
    }
}

fn data(text: &'static str) -> io::Result<Frame<Bytes>> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn trailers() -> io::Result<Frame<Bytes>> {
    Ok(Frame::trailers(HeaderMap::new()))
}

#[test]
fn bodies_can_be_shared_between_threads() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<RequestBody>();
    check::<ResponseBody>();
}

#[tokio::test]
async fn a_body_of_one_frame_is_not_copied() {
    let sent = Bytes::from(vec![7; 1000]);
    let collected = ResponseBody::from(sent.clone()).collect().await.unwrap();
    assert_eq!(collected.as_ptr(), sent.as_ptr());
    let framed = Frames::response([Ok(Frame::data(sent.clone())), trailers()]).collect().await.unwrap();
    assert_eq!(framed.as_ptr(), sent.as_ptr());
    let request = RequestBody::from(sent.clone()).collect().await.unwrap().to_bytes();
    assert_eq!(request.as_ptr(), sent.as_ptr());
}

#[tokio::test]
async fn frames_are_concatenated() {
    let body = Frames::response([data("one"), data(""), data("two"), data("six"), trailers()]);
    assert_eq!(body.collect().await.unwrap(), "onetwosix");
    assert_eq!(Frames::response([]).collect().await.unwrap(), "");
    assert_eq!(Frames::response([trailers()]).collect().await.unwrap(), "");
}

#[tokio::test]
async fn a_chunk_is_never_empty() {
    let mut body = Frames::response([data(""), data("one"), trailers()]);
    assert_eq!(body.chunk().await.unwrap().unwrap(), "one");
    assert_eq!(body.chunk().await.unwrap(), None);
    assert_eq!(body.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_body_returns_no_data_after_an_error() {
    let error = || Err(io::Error::other("truncated"));
    let failed = Frames::response([data("one"), error(), data("two")]).collect().await.unwrap_err();
    assert_eq!(failed.kind(), TransportErrorKind::BodyIncomplete);
    assert_eq!(failed.to_string(), "response body incomplete: truncated");

    let mut body = Frames::response([error(), data("two")]);
    assert!(body.chunk().await.is_err());
    assert_eq!(body.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn an_in_memory_request_body_is_accessible_until_it_is_read() {
    let mut body = RequestBody::from(Bytes::from_static(b"{}"));
    assert_eq!(body.as_bytes().unwrap(), "{}");
    assert_eq!(body.size_hint().exact(), Some(2));
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "{}");
    assert!(body.as_bytes().is_none());
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none());
    assert!(RequestBody::from_body(Frames([data("{}")].into())).as_bytes().is_none());
}

#[test]
fn debug_shows_no_bytes() {
    let bytes = || Bytes::from_static(b"secret");
    let shown = format!("{:?} {:?}", RequestBody::from(bytes()), ResponseBody::from(bytes()));
    assert_eq!(
        shown,
        "RequestBody { form: \"in memory\", size: Some(6) } ResponseBody { remaining: Some(6) }"
    );
}
