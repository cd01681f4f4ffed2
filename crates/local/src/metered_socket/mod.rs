//! The layer between a socket and hyper. It counts bytes, and ends the connection at the point that a fault
//! specifies.
//!
//! hyper reads and writes through a [`SocketIo`], which contains the metered socket. To end the connection,
//! the metered socket returns an I/O error, and hyper stops serving the connection. The socket itself is
//! still open. Then [`ConnectionEnd::apply`] ends the connection as the fault specifies. Therefore one HTTP
//! server is sufficient for normal and for broken connections, and the request handler does not depend on
//! sockets.
//!
//! An HTTP/1.1 connection sends one response at a time, so the metered socket assigns bytes to responses. An
//! HTTP/2 connection sends several responses at a time. Therefore the metered socket only counts the bytes of
//! an HTTP/2 connection, and [`Http2Body`](crate::http2_body::Http2Body) counts the bytes of a response.

mod io;
mod socket;

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::time::Sleep;

use crate::client_activity::ClientActivity;
use crate::connections::ConnectionCounter;
use crate::delivery::ResponseDelivery;
use crate::fault::{ConnectionEnd, Drip, FaultPoint};
use crate::state::EndpointState;

pub(crate) use self::io::SocketIo;
pub(crate) use self::socket::Socket;

/// A socket that counts bytes and injects faults.
pub(crate) struct MeteredSocket<S> {
    endpoint: Arc<EndpointState>,
    pub(crate) counter: Arc<ConnectionCounter>,
    pub(crate) activity: Arc<ClientActivity>,
    state: Mutex<State<S>>,
}

struct State<S> {
    /// The socket, until the connection ends.
    socket: Option<S>,
    /// `true` until the first byte of the next request arrives.
    awaits_request: bool,
    /// A fault of the request. The first value is the number of bytes to read before the connection ends. The
    /// second value is the way in which the connection ends.
    read_fault: Option<(u64, ConnectionEnd)>,
    writing: Writing,
    /// The way in which the connection ends. Once this is set, all reads and writes fail.
    end: Option<ConnectionEnd>,
    /// The way in which the connection ends if hyper closes the connection.
    end_on_close: Option<ConnectionEnd>,
    /// A response that is written without hyper.
    raw_response: Option<Bytes>,
}

/// The response that is being written.
#[derive(Default)]
struct Writing {
    delivery: Option<ResponseDelivery>,
    cutoff: Option<Cutoff>,
    drip: Option<Dripping>,
}

/// The position in the response where the connection ends.
struct Cutoff {
    position: Position,
    end: ConnectionEnd,
}

enum Position {
    /// After a number of bytes.
    After(u64),
    /// After the head and a number of bytes of the body. A blank line ends the head. `matched` is the number
    /// of bytes of this line that have been written.
    AfterHead { bytes: u64, matched: usize },
}

struct Dripping {
    drip: Drip,
    /// The delay before the next write.
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> MeteredSocket<S> {
    pub(crate) fn new(
        socket: S,
        endpoint: Arc<EndpointState>,
        counter: ConnectionCounter,
        activity: Arc<ClientActivity>,
    ) -> Self {
        let state = State {
            socket: Some(socket),
            awaits_request: true,
            read_fault: None,
            writing: Writing::default(),
            end: None,
            end_on_close: None,
            raw_response: None,
        };
        Self { endpoint, counter: Arc::new(counter), activity, state: Mutex::new(state) }
    }

    /// Records that a request was read completely. Returns `false` if the connection ends without a response.
    pub(crate) fn finish_request(&self) -> bool {
        let mut state = self.lock();
        if let Some((_, end)) = state.read_fault.take() {
            state.end.get_or_insert(end);
        }
        state.end.is_none()
    }

    /// Ends the connection: all reads and writes fail from now on.
    pub(crate) fn end(&self, end: ConnectionEnd) {
        self.lock().end(end);
    }

    /// Starts a response: all bytes that are written from now on belong to this response.
    pub(crate) fn start_response(
        &self,
        delivery: ResponseDelivery,
        disconnect: Option<(FaultPoint, ConnectionEnd)>,
        drip: Option<Drip>,
    ) {
        let cutoff = disconnect.and_then(|(point, end)| {
            let position = match point {
                FaultPoint::ResponseBytes(bytes) => Position::After(bytes),
                FaultPoint::BodyBytes(bytes) => Position::AfterHead { bytes, matched: 0 },
                FaultPoint::Request | FaultPoint::LastChunk => return None,
            };
            Some(Cutoff { position, end })
        });
        let mut state = self.lock();
        state.end_on_close = disconnect.map(|(_, end)| end);
        let drip = drip.map(|drip| Dripping { drip, pause: None });
        state.writing = Writing { delivery: Some(delivery), cutoff, drip };
        if let Some(Cutoff { position: Position::After(0), end }) = state.writing.cutoff {
            state.end(end);
        }
    }

    /// Sets a response that is written after hyper has closed the connection.
    pub(crate) fn set_raw_response(&self, bytes: Bytes) {
        self.lock().raw_response = Some(bytes);
    }

    /// Takes the raw response, and the way in which the connection ends after this response.
    fn take_raw_response(&self) -> Option<(Bytes, ConnectionEnd)> {
        let mut state = self.lock();
        let raw = state.raw_response.take().filter(|_| state.end.is_none())?;
        Some((raw, state.end_on_close.unwrap_or(ConnectionEnd::Close)))
    }

    /// Records that the last byte of the response was generated.
    fn set_generated(&self) {
        if let Some(delivery) = &self.lock().writing.delivery {
            delivery.set_generated();
        }
    }

    /// Takes the socket, and the way in which a fault ends the connection. The second value is `None` if no
    /// fault ends the connection. All reads and writes fail from now on.
    pub(crate) fn take_socket(&self) -> Option<(S, Option<ConnectionEnd>)> {
        let mut state = self.lock();
        // Drop the delivery, because the connection sends no more bytes of the response.
        state.writing = Writing::default();
        let end = state.end.or(state.end_on_close);
        Some((state.socket.take()?, end))
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Socket> MeteredSocket<S> {
    /// Writes the raw response, if there is one.
    pub(crate) async fn write_raw_response(&self) {
        let Some((bytes, end)) = self.take_raw_response() else { return };
        let mut writer = self;
        if writer.write_all(&bytes).await.is_ok() {
            self.set_generated();
            // An error means that a fault has ended the connection.
            let _ = writer.flush().await;
        }
        let mut state = self.lock();
        if state.end.is_none() {
            state.end(end);
        }
    }
}

impl<S> State<S> {
    fn end(&mut self, end: ConnectionEnd) {
        self.end = Some(end);
        if let Some(delivery) = &self.writing.delivery {
            delivery.set_broken();
        }
    }
}

impl Writing {
    /// Returns `true` if no fault restricts the writes. Then all bytes may be written at once.
    fn is_unrestricted(&self) -> bool {
        self.cutoff.is_none() && self.drip.is_none()
    }

    /// Returns the number of bytes of `next` that may be written at once.
    fn allowed(&self, next: &[u8]) -> usize {
        let remaining = match &self.cutoff {
            Some(Cutoff { position: Position::After(remaining), .. }) => *remaining,
            Some(Cutoff { position: Position::AfterHead { bytes, matched }, .. }) => {
                end_of_head(&mut matched.clone(), next).map_or(u64::MAX, |head| *bytes + head as u64)
            }
            None => u64::MAX,
        };
        let drip = self.drip.as_ref().map_or(usize::MAX, |dripping| dripping.drip.bytes.max(1));
        next.len().min(usize::try_from(remaining).unwrap_or(usize::MAX)).min(drip)
    }

    /// Records bytes that were written. If the connection must end after these bytes, returns the way in
    /// which the connection ends.
    fn record(&mut self, bytes: &[u8]) -> Option<ConnectionEnd> {
        if let Some(delivery) = &self.delivery {
            delivery.add_sent(bytes.len());
        }
        let cutoff = self.cutoff.as_mut()?;
        cutoff.position = match &mut cutoff.position {
            Position::After(remaining) => Position::After(remaining.saturating_sub(bytes.len() as u64)),
            Position::AfterHead { bytes: remaining, matched } => match end_of_head(matched, bytes) {
                Some(head) => Position::After(remaining.saturating_sub((bytes.len() - head) as u64)),
                None => Position::AfterHead { bytes: *remaining, matched: *matched },
            },
        };
        matches!(cutoff.position, Position::After(0)).then_some(cutoff.end)
    }
}

/// Searches the next bytes for the end of the head. Returns the offset of the first byte after the head.
///
/// A blank line ends the head. `matched` is the number of bytes of this line that previous calls have found.
/// This function updates `matched`.
fn end_of_head(matched: &mut usize, next: &[u8]) -> Option<usize> {
    const BLANK_LINE: &[u8] = b"\r\n\r\n";
    for (index, &byte) in next.iter().enumerate() {
        *matched =
            if byte == BLANK_LINE[*matched] { *matched + 1 } else { usize::from(byte == BLANK_LINE[0]) };
        if *matched == BLANK_LINE.len() {
            return Some(index + 1);
        }
    }
    None
}
