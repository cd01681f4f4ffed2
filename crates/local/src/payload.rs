//! Request bodies, received in bounded memory.

use bytes::Bytes;
use invoke_model_signing::{PayloadHash, PayloadHasher};

use crate::bidirectional::RequestBody;

/// The maximum length of a body in the Smithy model, in bytes.
pub(crate) const MAX_LENGTH: usize = 25_000_000;

/// The SHA-256 of a body, and the first bytes of the body.
///
/// If a body is too long, the endpoint still reads the complete body, because the signature covers the hash
/// of all bytes. The endpoint keeps at most one byte more than the Smithy model allows. Because of this extra
/// byte, the later check of the length fails. Therefore the endpoint responds with `ValidationException`, as
/// the service does, and not with status 413. Memory use is bounded for bodies of any length.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) bytes: Bytes,
    pub(crate) hash: PayloadHash,
    /// The events of a bidirectional request. They are read while the response is sent.
    pub(crate) events: Option<RequestBody>,
}

impl Payload {
    /// Returns the payload of a bidirectional request.
    pub(crate) fn of_events(events: RequestBody) -> Self {
        Self { events: Some(events), ..Self::without_events() }
    }

    /// Returns the payload of a bidirectional request whose events are not read.
    pub(crate) fn without_events() -> Self {
        Self { bytes: Bytes::new(), hash: PayloadHash::streaming_events(), events: None }
    }
}

/// A collector for the frames of a body.
#[derive(Debug, Default)]
pub(crate) struct PayloadCollector {
    bytes: Vec<u8>,
    hasher: PayloadHasher,
}

impl PayloadCollector {
    pub(crate) fn update(&mut self, frame: &[u8]) {
        self.hasher.update(frame);
        let capacity = (MAX_LENGTH + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&frame[..frame.len().min(capacity)]);
    }

    pub(crate) fn finish(mut self) -> Payload {
        // The log keeps the body, so it must not keep the unused capacity.
        self.bytes.shrink_to_fit();
        Payload { bytes: self.bytes.into(), hash: self.hasher.finish(), events: None }
    }
}
