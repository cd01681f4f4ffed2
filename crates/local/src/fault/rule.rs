//! Fault rules. A rule consists of a fault and a schedule.

use std::sync::Arc;

use serde_json::Value;

use super::call::Fault;
use super::effect::ConnectionEnd;
use super::model_reply::ModelReply;

/// A fault and its schedule. The schedule selects the matching connections, requests or calls to which the
/// rule applies.
///
/// If an earlier rule applies to a connection, request or call, later rules do not count it. Therefore the
/// rules of a list apply one after the other. For example, assume that the first rule throttles two calls and
/// that the second rule resets one call. Then the endpoint throttles the first two calls and resets the third
/// call, and the fourth call succeeds.
#[derive(Clone, Debug)]
pub struct FaultRule {
    pub(super) stage: Stage,
    pub(super) schedule: Schedule,
    /// The JSON form of the rule, if the rule is from a fault file.
    pub(super) source: Option<Arc<Value>>,
}

/// The stage of processing at which a rule applies.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// The connection ends immediately after the endpoint accepts it.
    Accept(ConnectionEnd),
    /// The connection ends when the endpoint has read a number of bytes of a request.
    Request { bytes: u64, end: ConnectionEnd },
    /// The fault affects a call after the endpoint has read the complete request.
    Call(Box<Fault>),
}

/// The selection of the matching connections, requests or calls to which a rule applies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Schedule {
    All,
    First(u64),
    Every(u64),
}

impl FaultRule {
    /// Returns a rule that ends connections as soon as they are accepted.
    ///
    /// The kernel accepts connections on behalf of the endpoint. Therefore `connect` succeeds in the client,
    /// and the connection ends afterwards. To test refused connections, call
    /// [`LocalEndpoint::stop`](crate::LocalEndpoint::stop).
    pub fn reject_connection(end: ConnectionEnd) -> Self {
        Stage::Accept(end).into()
    }

    /// Returns a rule that ends connections after a number of bytes of a request.
    ///
    /// The number includes the head of the request. If the request is shorter, the connection ends after the
    /// complete request. With 0, the connection ends when the first byte of a request arrives.
    ///
    /// The rule applies before the endpoint has parsed the operation and the model. The rule also applies to
    /// connections that have served other requests.
    pub fn break_request(bytes: u64, end: ConnectionEnd) -> Self {
        Stage::Request { bytes, end }.into()
    }

    /// Returns the JSON form of the rule, if the rule is from a fault file.
    pub(crate) fn source(&self) -> Option<&Arc<Value>> {
        self.source.as_ref()
    }

    /// Limits the rule to the first `number` matching connections, requests or calls.
    #[must_use]
    pub fn first(self, number: u64) -> Self {
        Self { schedule: Schedule::First(number), ..self }
    }

    /// Limits the rule to every `number`th matching connection, request or call. With 3, the rule applies to
    /// the third, the sixth and so on. With 0, the rule never applies.
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

    /// Returns a rule that applies this fault to every `number`th matching call. With 3, the fault applies to
    /// the third call, the sixth call and so on. With 0, the fault never applies.
    pub fn every(self, number: u64) -> FaultRule {
        FaultRule::from(self).every(number)
    }
}

impl From<Fault> for FaultRule {
    /// Returns a rule that applies a fault to all matching calls.
    fn from(fault: Fault) -> Self {
        Stage::Call(Box::new(fault)).into()
    }
}

impl From<Stage> for FaultRule {
    fn from(stage: Stage) -> Self {
        Self { stage, schedule: Schedule::All, source: None }
    }
}

impl From<ModelReply> for FaultRule {
    /// Returns a rule that gives a reply to all calls.
    fn from(reply: ModelReply) -> Self {
        Fault::new().reply(reply).into()
    }
}

impl Schedule {
    /// Returns `true` if the rule applies to the match with this number, counted from 1.
    pub(super) fn includes(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::First(first) => number <= first,
            Self::Every(every) => every != 0 && number % every == 0,
        }
    }

    /// Returns `true` if the rule cannot apply to any match after the match with this number.
    pub(super) fn is_exhausted(self, number: u64) -> bool {
        match self {
            Self::First(first) => number >= first,
            Self::All | Self::Every(_) => false,
        }
    }
}
