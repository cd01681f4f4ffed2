//! Fault rules: a fault, and when it happens.

use super::call::Fault;
use super::effect::ConnectionEnd;

/// A fault, and the occasions at which it happens.
///
/// Each rule counts the connections, requests or calls that match it and that no earlier rule has taken.
/// Therefore a list of rules reads as a script: if the first rule throttles two calls and the second rule
/// resets one, then the third call is reset and the fourth succeeds.
#[derive(Clone, Debug)]
pub struct FaultRule {
    pub(super) stage: Stage,
    pub(super) schedule: Schedule,
}

/// The stage of processing at which a rule applies.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// A connection is accepted, and ends.
    Accept(ConnectionEnd),
    /// A request begins. The connection ends after a number of its bytes.
    Request { bytes: u64, end: ConnectionEnd },
    /// A call was read completely.
    Call(Box<Fault>),
}

/// The occasions at which a rule applies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Schedule {
    All,
    First(u64),
    Every(u64),
}

impl FaultRule {
    /// Returns a rule that ends connections as soon as they are accepted.
    ///
    /// The kernel accepts connections on behalf of the endpoint, so `connect` succeeds in the client and the
    /// first read or write fails. To test refused connections, call
    /// [`LocalEndpoint::stop`](crate::LocalEndpoint::stop).
    pub fn reject_connection(end: ConnectionEnd) -> Self {
        Self { stage: Stage::Accept(end), schedule: Schedule::All }
    }

    /// Returns a rule that ends connections after a number of bytes of a request, including its head. A
    /// shorter request is read completely. With 0, the connection ends when a request begins to arrive.
    ///
    /// The rule applies before the operation and the model are known, and also to connections that have
    /// served other requests.
    pub fn break_request(bytes: u64, end: ConnectionEnd) -> Self {
        Self { stage: Stage::Request { bytes, end }, schedule: Schedule::All }
    }

    /// Limits the rule to the first `number` occasions.
    #[must_use]
    pub fn first(self, number: u64) -> Self {
        Self { schedule: Schedule::First(number), ..self }
    }

    /// Limits the rule to every `number`th occasion: with 3 to the third, the sixth and so on; with 0 it
    /// never applies.
    #[must_use]
    pub fn every(self, number: u64) -> Self {
        Self { schedule: Schedule::Every(number), ..self }
    }
}

impl Fault {
    /// Returns a rule that applies this fault to the first `number` matching calls.
    pub fn first(self, number: u64) -> FaultRule {
        FaultRule::from(self).first(number)
    }

    /// Returns a rule that applies this fault to every `number`th matching call: with 3 to the third, the
    /// sixth and so on.
    pub fn every(self, number: u64) -> FaultRule {
        FaultRule::from(self).every(number)
    }
}

impl From<Fault> for FaultRule {
    /// Returns a rule that applies a fault to all matching calls.
    fn from(fault: Fault) -> Self {
        Self { stage: Stage::Call(Box::new(fault)), schedule: Schedule::All }
    }
}

impl Schedule {
    /// Returns `true` if the rule applies at an occasion, counted from 1.
    pub(super) fn includes(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::First(first) => number <= first,
            Self::Every(every) => every != 0 && number % every == 0,
        }
    }

    /// Returns `true` if the rule applies at no occasion after `number`.
    pub(super) fn is_exhausted(self, number: u64) -> bool {
        match self {
            Self::First(first) => number >= first,
            Self::All | Self::Every(_) => false,
        }
    }
}
