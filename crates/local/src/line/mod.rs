//! A connection between its socket and HTTP: counts what passes, and breaks where a fault says so.
//!
//! hyper speaks HTTP over a reference to a [`MeteredSocket`]. Where the connection shall break, the line gives hyper an error in
//! place of the socket, so that hyper lets go; the socket is still there, and [`ConnectionEnd`] does with it what the fault says. So
//! faults below HTTP need no second HTTP server, and those above it know nothing of sockets.

mod io;
mod socket;

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::time::Sleep;

pub(crate) use socket::Socket;

use crate::answering::Answering;
use crate::connections::Tally;
use crate::endpoint::Endpoint;
use crate::fault::{ConnectionEnd, Drip, FaultPoint};

/// A connection.
pub(crate) struct MeteredSocket<S> {
    endpoint: Arc<Endpoint>,
    /// What has passed.
    pub(crate) tally: Tally,
    state: Mutex<State<S>>,
}

struct State<S> {
    socket: S,
    /// No byte has come since the last request was answered.
    is_fresh: bool,
    /// How many bytes of the request are still read, and what comes then.
    reading: Option<(u64, ConnectionEnd)>,
    writing: Writing,
    /// How the connection ends, once it does: nothing passes any more.
    end: Option<ConnectionEnd>,
    /// How it ends where hyper gives up by itself.
    otherwise: Option<ConnectionEnd>,
    /// What is written in the place of hyper.
    raw: Option<Bytes>,
}

/// The answer on its way.
#[derive(Default)]
struct Writing {
    answering: Option<Answering>,
    /// How many bytes are still written, and what comes then.
    cut: Option<Cut>,
    drip: Option<Dripping>,
}

struct Cut {
    place: Place,
    end: ConnectionEnd,
}

enum Place {
    /// After so many bytes.
    After(u64),
    /// After so many bytes of the body; of the four bytes that end the head, so many were seen.
    AfterHead { bytes: u64, seen: usize },
}

struct Dripping {
    drip: Drip,
    /// Until the next drop.
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> MeteredSocket<S> {
    pub(crate) fn new(socket: S, endpoint: Arc<Endpoint>, tally: Tally) -> Self {
        let state = State {
            socket,
            is_fresh: true,
            reading: None,
            writing: Writing::default(),
            end: None,
            otherwise: None,
            raw: None,
        };
        Self { endpoint, tally, state: Mutex::new(state) }
    }

    /// All of a request was read. Whether it may be answered: its connection is not to break before.
    pub(crate) fn request_read(&self) -> bool {
        let mut state = self.lock();
        if let Some((_, end)) = state.reading.take() {
            state.end.get_or_insert(end);
        }
        state.end.is_none()
    }

    /// Nothing passes any more.
    pub(crate) fn end(&self, end: ConnectionEnd) {
        self.lock().end(end);
    }

    /// What is written from now on is an answer.
    pub(crate) fn answer(
        &self,
        answering: Answering,
        broken: Option<(FaultPoint, ConnectionEnd)>,
        drip: Option<Drip>,
    ) {
        let cut = broken.and_then(|(at, end)| {
            let place = match at {
                FaultPoint::ResponseBytes(bytes) => Place::After(bytes),
                FaultPoint::BodyBytes(bytes) => Place::AfterHead { bytes, seen: 0 },
                FaultPoint::Request | FaultPoint::LastChunk => return None,
            };
            Some(Cut { place, end })
        });
        let mut state = self.lock();
        state.otherwise = broken.map(|(_, end)| end);
        let drip = drip.map(|drip| Dripping { drip, pause: None });
        state.writing = Writing { answering: Some(answering), cut, drip };
        if let Some(Cut { place: Place::After(0), end }) = state.writing.cut {
            state.end(end);
        }
    }

    /// These bytes are the answer. hyper is no longer asked.
    pub(crate) fn answer_raw(&self, bytes: Bytes) {
        self.lock().raw = Some(bytes);
    }

    /// Takes what is to be written when hyper has let go, and what comes then.
    fn raw(&self) -> Option<(Bytes, ConnectionEnd)> {
        let mut state = self.lock();
        let raw = state.raw.take().filter(|_| state.end.is_none())?;
        Some((raw, state.otherwise.unwrap_or(ConnectionEnd::Close)))
    }

    /// No more of the answer is made than was written.
    fn answer_made(&self) {
        if let Some(answering) = &self.lock().writing.answering {
            answering.made();
        }
    }

    /// The socket, how it is to end where that is said, and what counts it as open.
    pub(crate) fn into_parts(self) -> (S, Option<ConnectionEnd>, Tally) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        (state.socket, state.end.or(state.otherwise), self.tally)
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Socket> MeteredSocket<S> {
    /// Writes what hyper has let go for, if anything.
    pub(crate) async fn write_raw(&self) {
        let Some((bytes, end)) = self.raw() else { return };
        let mut line = self;
        if line.write_all(&bytes).await.is_ok() {
            self.answer_made();
            // It breaks where it shall.
            let _ = line.flush().await;
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
        if let Some(answering) = &self.writing.answering {
            answering.broken();
        }
    }
}

impl Writing {
    /// Whether bytes may pass as they come, as those of all answers do that nothing happens to.
    fn is_open(&self) -> bool {
        self.cut.is_none() && self.drip.is_none()
    }

    /// How many of the next bytes may be written at once.
    fn room(&self, next: &[u8]) -> usize {
        let left = match &self.cut {
            Some(Cut { place: Place::After(left), .. }) => *left,
            Some(Cut { place: Place::AfterHead { bytes, seen }, .. }) => {
                end_of_head(&mut seen.clone(), next).map_or(u64::MAX, |head| *bytes + head as u64)
            }
            None => u64::MAX,
        };
        let drop = self.drip.as_ref().map_or(usize::MAX, |dripping| dripping.drip.bytes.max(1));
        next.len().min(usize::try_from(left).unwrap_or(usize::MAX)).min(drop)
    }

    /// Takes note of bytes that were written; says how the connection ends if it does here.
    fn wrote(&mut self, bytes: &[u8]) -> Option<ConnectionEnd> {
        if let Some(answering) = &self.answering {
            answering.wrote(bytes.len());
        }
        let cut = self.cut.as_mut()?;
        cut.place = match &mut cut.place {
            Place::After(left) => Place::After(left.saturating_sub(bytes.len() as u64)),
            Place::AfterHead { bytes: left, seen } => match end_of_head(seen, bytes) {
                Some(head) => Place::After(left.saturating_sub((bytes.len() - head) as u64)),
                None => Place::AfterHead { bytes: *left, seen: *seen },
            },
        };
        matches!(cut.place, Place::After(0)).then_some(cut.end)
    }
}

/// Where the head ends in the next bytes, if it does, when so many bytes of its end were seen before them.
fn end_of_head(seen: &mut usize, next: &[u8]) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    for (at, &byte) in next.iter().enumerate() {
        *seen = if byte == END[*seen] { *seen + 1 } else { usize::from(byte == END[0]) };
        if *seen == END.len() {
            return Some(at + 1);
        }
    }
    None
}
