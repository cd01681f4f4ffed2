//! When a fault happens.

use super::call::Fault;
use super::point::ConnectionEnd;

/// A fault, and the turns at which it happens.
///
/// Each rule counts for itself what reaches it: connections, requests or calls, those that no rule before it has taken. So
/// a list of rules reads as a script: where two throttled calls come first and one that is reset second, the third call
/// is reset and the fourth is answered.
#[derive(Debug, Clone)]
pub struct FaultRule {
    pub(super) stage: Stage,
    pub(super) turn: Turn,
}

/// What a rule waits for.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    /// A connection, which ends at once.
    Accept(ConnectionEnd),
    /// A request, of whichever call, and the bytes of it that are read before the connection ends.
    Read { bytes: u64, end: ConnectionEnd },
    /// A call.
    Call(Box<Fault>),
}

/// Which of them it takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    All,
    First(u64),
    Every(u64),
}

impl FaultRule {
    /// Connections end as soon as they are accepted.
    ///
    /// The kernel accepts for the endpoint, so that `connect` succeeds at the client: the first read or write fails. For
    /// a port that refuses, call [`LocalEndpoint::stop`](crate::LocalEndpoint::stop).
    pub fn refuse(end: ConnectionEnd) -> Self {
        Self { stage: Stage::Accept(end), turn: Turn::All }
    }

    /// Connections end when so many bytes of a request have been read, its head included; where it has fewer, all of
    /// them. With 0, a request has begun to arrive, and nothing of it is read.
    ///
    /// This is before anybody knows which call it is. A connection that has served others counts as well.
    pub fn break_request(bytes: u64, end: ConnectionEnd) -> Self {
        Self { stage: Stage::Read { bytes, end }, turn: Turn::All }
    }

    /// Only at the first so many turns.
    #[must_use]
    pub fn first(self, number: u64) -> Self {
        Self { turn: Turn::First(number), ..self }
    }

    /// Only at each turn of which the number, counted from 1, is a multiple: with 3 at the third, the sixth and so on. With 0
    /// never.
    #[must_use]
    pub fn every(self, number: u64) -> Self {
        Self { turn: Turn::Every(number), ..self }
    }
}

impl From<Fault> for FaultRule {
    /// FaultPoint all calls that the fault is for.
    fn from(fault: Fault) -> Self {
        Self { stage: Stage::Call(Box::new(fault)), turn: Turn::All }
    }
}

impl Turn {
    /// Whether the turn of that number, counted from 1, is one.
    pub(super) fn is(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::First(first) => number <= first,
            Self::Every(every) => every != 0 && number % every == 0,
        }
    }

    /// Whether no turn after that number is one.
    pub(super) fn is_over(self, number: u64) -> bool {
        match self {
            Self::First(first) => number >= first,
            Self::All | Self::Every(_) => false,
        }
    }
}
