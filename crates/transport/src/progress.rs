//! The progress of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(feature = "hyper")]
pub(crate) use tracked::track;

/// A request extension in which the transport reports how far the request is. Clones share the stage.
///
/// If a request is cancelled, or if a timeout expires, the stage shows whether the service can have received
/// the request. `RequestTimeouts` adds this extension to a request that does not have it.
///
/// `HyperTransport` reports every stage. If a transport does not report the stages, the stage stays
/// [`Unknown`](RequestStage::Unknown).
///
/// ```
/// use invoke_model_transport::{RequestBody, RequestProgress, RequestStage};
///
/// let progress = RequestProgress::default();
/// let mut request = http::Request::get("http://127.0.0.1/").body(RequestBody::default())?;
/// request.extensions_mut().insert(progress.clone());
/// assert_eq!(progress.stage(), RequestStage::NotStarted);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RequestProgress(Arc<AtomicU8>);

/// The stage of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestStage {
    /// The request was not passed to a transport.
    NotStarted,
    /// The request was passed to a transport that has not reported a stage.
    Unknown,
    /// The request waits for a connection, or for a stream of an HTTP/2 connection, because other requests
    /// use all of them.
    Queued,
    /// The transport resolves the name of the host or of the proxy.
    Resolving,
    /// The transport opens a TCP connection, or a tunnel through a proxy.
    Connecting,
    /// The transport performs a TLS handshake.
    TlsHandshake,
    /// The transport has begun to send the request, or has already sent it.
    Sending,
}

impl RequestStage {
    /// The stages, in their order.
    const ALL: [Self; 7] = [
        Self::NotStarted,
        Self::Unknown,
        Self::Queued,
        Self::Resolving,
        Self::Connecting,
        Self::TlsHandshake,
        Self::Sending,
    ];

    /// Returns `true` if the service may have received the request.
    #[must_use]
    pub const fn may_have_been_sent(self) -> bool {
        matches!(self, Self::Unknown | Self::Sending)
    }
}

impl RequestProgress {
    /// Returns the last stage that the request has reached.
    #[must_use]
    pub fn stage(&self) -> RequestStage {
        let stage = RequestStage::ALL.get(usize::from(self.0.load(Ordering::Acquire)));
        stage.copied().unwrap_or(RequestStage::Unknown)
    }

    /// Records that the request has reached `stage`. A request never returns to an earlier stage. Therefore a
    /// transport that sends a request again cannot hide that the request was sent before.
    pub fn reach(&self, stage: RequestStage) {
        self.0.fetch_max(stage as u8, Ordering::AcqRel);
    }
}

#[cfg(feature = "hyper")]
mod tracked {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http_body::{Body, Frame, SizeHint};

    use super::{RequestProgress, RequestStage};
    use crate::body::RequestBody;
    use crate::error::TransportError;

    /// Returns a body that records when a connection begins to send the request. A connection reads the body
    /// before it writes the first byte of the request. An empty body is not read.
    pub(crate) fn track(body: RequestBody, progress: RequestProgress) -> RequestBody {
        RequestBody::from_body(TrackedBody { body, progress })
    }

    struct TrackedBody {
        body: RequestBody,
        progress: RequestProgress,
    }

    impl Body for TrackedBody {
        type Data = Bytes;
        type Error = TransportError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
            self.progress.reach(RequestStage::Sending);
            Pin::new(&mut self.body).poll_frame(cx)
        }

        fn is_end_stream(&self) -> bool {
            self.body.is_end_stream()
        }

        fn size_hint(&self) -> SizeHint {
            self.body.size_hint()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reaches_the_stages_in_their_order() {
        let progress = RequestProgress::default();
        for stage in RequestStage::ALL {
            progress.clone().reach(stage);
            assert_eq!(progress.stage(), stage);
        }
        progress.reach(RequestStage::Queued);
        assert_eq!(
            progress.stage(),
            RequestStage::Sending,
            "the request does not return to an earlier stage"
        );
    }

    #[test]
    fn only_an_unknown_stage_and_a_request_in_transit_may_have_been_sent() {
        let sent = RequestStage::ALL.into_iter().filter(|stage| stage.may_have_been_sent());
        assert_eq!(sent.collect::<Vec<_>>(), [RequestStage::Unknown, RequestStage::Sending]);
    }
}
