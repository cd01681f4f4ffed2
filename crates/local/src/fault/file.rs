//! Faults as a file says them. `docs/faults.md` has each member with an example.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::call::{Drip, Fault, Instead};
use super::error::{ErrorForm, StreamFaultForm};
use super::point::{ConnectionEnd, FaultPoint};
use super::retry_after::RetryAfter;
use super::rule::{FaultRule, Turn};
use crate::stream::Planned;

/// A rule as it is written.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    operation: Option<Operation>,
    model: Option<String>,
    first: Option<u64>,
    every: Option<u64>,
    #[serde(rename = "break")]
    broken: Option<BreakForm>,
    error: Option<ErrorForm>,
    status: Option<u16>,
    garbage: Option<String>,
    body: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    retry_after: Option<RetryAfter>,
    content_length: Option<u64>,
    delay_ms: Option<u64>,
    pace_ms: Option<u64>,
    drip: Option<DripForm>,
    break_stream: Option<BreakStreamForm>,
    clock_skew_seconds: Option<i64>,
    date_skew_seconds: Option<i64>,
    worked_on: Option<bool>,
}

#[derive(serde::Deserialize)]
enum Operation {
    InvokeModel,
    InvokeModelWithResponseStream,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakForm {
    at: AtForm,
    by: ConnectionEnd,
}

/// Every place, of which [`FaultPoint`] has those that a call knows.
#[derive(serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum AtForm {
    Accept,
    RequestBytes(u64),
    Request,
    ResponseBytes(u64),
    BodyBytes(u64),
    LastChunk,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct DripForm {
    bytes: usize,
    every_ms: u64,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakStreamForm {
    after_events: u64,
    by: StreamFaultForm,
}

impl<'de> Deserialize<'de> for FaultRule {
    /// Checks a rule as long as the deserializer stands at it, so that a mistake has its place.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rule;

        impl<'de> Visitor<'de> for Rule {
            type Value = FaultRule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                let form = RuleForm::deserialize(MapAccessDeserializer::new(members))?;
                form.rule().map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_map(Rule)
    }
}

impl RuleForm {
    fn rule(self) -> Result<FaultRule, String> {
        let turn = match (self.first, self.every) {
            (Some(_), Some(_)) => return Err("has both `first` and `every`: say one of them".to_owned()),
            (Some(0), _) | (_, Some(0)) => return Err("`first` and `every` are 1 or more".to_owned()),
            (Some(first), None) => Turn::First(first),
            (None, Some(every)) => Turn::Every(every),
            (None, None) => Turn::All,
        };
        let rule = match &self.broken {
            Some(BreakForm { at: AtForm::Accept, by }) => {
                let by = *by;
                self.alone("accept")?;
                FaultRule::refuse(by)
            }
            Some(BreakForm { at: AtForm::RequestBytes(bytes), by }) => {
                let (bytes, by) = (*bytes, *by);
                self.alone("request_bytes")?;
                FaultRule::break_request(bytes, by)
            }
            _ => self.fault()?.into(),
        };
        Ok(FaultRule { turn, ..rule })
    }

    /// That nothing is said of a call, where none is known yet.
    fn alone(self, place: &str) -> Result<(), String> {
        if self.operation.is_some() || self.model.is_some() {
            return Err(format!(
                "breaks at `{place}`, where operation and model are not known yet: leave out `operation` and `model`"
            ));
        }
        if self.says_something() {
            return Err(format!(
                "breaks at `{place}`, so that no call comes of it: leave out all but `first` and `every`"
            ));
        }
        Ok(())
    }

    /// Whether anything happens to a call, beside that its connection breaks.
    fn says_something(&self) -> bool {
        !self.headers.is_empty()
            || [
                self.error.is_some(),
                self.status.is_some(),
                self.garbage.is_some(),
                self.body.is_some(),
                self.retry_after.is_some(),
                self.content_length.is_some(),
                self.delay_ms.is_some(),
                self.pace_ms.is_some(),
                self.drip.is_some(),
                self.break_stream.is_some(),
                self.clock_skew_seconds.is_some(),
                self.date_skew_seconds.is_some(),
                self.worked_on.is_some(),
            ]
            .contains(&true)
    }

    fn fault(self) -> Result<Fault, String> {
        if self.broken.is_none() && !self.says_something() {
            return Err(
                "says nothing that goes wrong: `break`, `error`, `status` and `delay_ms` are some that do"
                    .to_owned(),
            );
        }
        let instead = match (self.error, self.status, self.garbage) {
            (None, None, None) => None,
            (Some(error), None, None) => Some(Instead::Error(error.error()?)),
            (None, Some(status), None) => Some(Instead::Status(final_status(status)?)),
            (None, None, Some(garbage)) => Some(Instead::Garbage(garbage.into())),
            _ => {
                return Err(
                    "has more than one of `error`, `status` and `garbage`: say one of them".to_owned()
                );
            }
        };
        let operation = self.operation.map(|operation| match operation {
            Operation::InvokeModel => "InvokeModel".to_owned(),
            Operation::InvokeModelWithResponseStream => "InvokeModelWithResponseStream".to_owned(),
        });
        let stream = |BreakStreamForm { after_events, by }| {
            Ok::<_, String>(Planned { after_events, fault: by.fault()? })
        };
        Ok(Fault {
            operation,
            model: self.model,
            clock_skew: self.clock_skew_seconds.unwrap_or_default(),
            date_skew: self.date_skew_seconds.unwrap_or_default(),
            instead,
            body: self.body.map(Into::into),
            fields: self.headers.into_iter().map(field).collect::<Result<_, _>>()?,
            retry_after: self.retry_after,
            content_length: self.content_length,
            delay: self.delay_ms.map(Duration::from_millis).unwrap_or_default(),
            pace: self.pace_ms.map(Duration::from_millis),
            stream: self.break_stream.map(stream).transpose()?,
            drip: self
                .drip
                .map(|drip| Drip { bytes: drip.bytes, interval: Duration::from_millis(drip.every_ms) }),
            broken: self.broken.and_then(|broken| Some((broken.at.of_call()?, broken.by))),
            worked_on: self.worked_on,
        })
    }
}

impl AtForm {
    fn of_call(self) -> Option<FaultPoint> {
        Some(match self {
            Self::Accept | Self::RequestBytes(_) => return None,
            Self::Request => FaultPoint::Request,
            Self::ResponseBytes(bytes) => FaultPoint::ResponseBytes(bytes),
            Self::BodyBytes(bytes) => FaultPoint::BodyBytes(bytes),
            Self::LastChunk => FaultPoint::LastChunk,
        })
    }
}

/// A status that ends a call: 1xx does not (RFC 9110 section 15.2).
fn final_status(status: u16) -> Result<StatusCode, String> {
    let found = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational());
    found.ok_or_else(|| format!("`status` is {status}: give one from 200 to 999"))
}

fn field((name, value): (String, Option<String>)) -> Result<(HeaderName, Option<HeaderValue>), String> {
    let parsed = name.parse().map_err(|_| format!("`headers` has {name:?}, which is no name of a field"))?;
    let value = value.map(|value| {
        HeaderValue::from_str(&value)
            .map_err(|_| format!("`headers` has a value for {name:?} that no field can have"))
    });
    Ok((parsed, value.transpose()?))
}

/// Rules in their order. An error says which one it is of.
pub(super) fn rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FaultRule>, D::Error> {
    struct Rules;

    impl<'de> Visitor<'de> for Rules {
        type Value = Vec<FaultRule>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of rules")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut rules = Vec::new();
            loop {
                let number = rules.len() + 1;
                let rule = list.next_element();
                match rule.map_err(|error| A::Error::custom(format_args!("rule {number}: {error}")))? {
                    Some(rule) => rules.push(rule),
                    None => return Ok(rules),
                }
            }
        }
    }

    deserializer.deserialize_seq(Rules)
}
