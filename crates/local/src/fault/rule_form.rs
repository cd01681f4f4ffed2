//! Fault rules in the format of fault files. `docs/faults.md` describes each member.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::call::Fault;
use super::effect::{ConnectionEnd, Drip, FaultPoint, Replacement, RetryAfter};
use super::error_form::{ErrorForm, StreamFaultForm, one_of};
use super::frame_form::{EncodedFrame, frames};
use super::header_form::Headers;
use super::model_reply::ModelReply;
use super::rule::{FaultRule, Schedule};
use super::when::{TextPattern, When};
use crate::json_form::{Base64, alternative, object_form, present};
use crate::numbered_list::numbered_list;
use crate::operation;
use crate::stream::PlannedStreamFault;

/// The JSON form of a rule.
#[derive(Clone, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    operation: Option<OperationName>,
    model: Option<String>,
    prompt: Option<TextPattern>,
    system: Option<TextPattern>,
    tool: Option<String>,
    tool_result: Option<String>,
    reply: Option<ModelReply>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replies: Vec<ModelReply>,
    first: Option<u64>,
    every: Option<u64>,
    #[serde(rename = "break")]
    disconnect: Option<BreakForm>,
    error: Option<ErrorForm>,
    status: Option<u16>,
    garbage: Option<String>,
    body: Option<String>,
    body_base64: Option<Base64>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    body_json: Option<Value>,
    #[serde(default, deserialize_with = "frames")]
    frames: Option<Vec<EncodedFrame>>,
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    headers: Headers<String>,
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

/// The name of an operation that the endpoint has.
#[derive(Clone, serde::Serialize)]
struct OperationName(&'static str);

impl<'de> Deserialize<'de> for OperationName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = operation::OPERATIONS.iter().find(|operation| operation.name == name);
        found.map(|operation| Self(operation.name)).ok_or_else(|| {
            D::Error::custom(format_args!(
                "unknown operation `{name}`, expected {}",
                one_of(&operation::names())
            ))
        })
    }
}

#[derive(Clone, serde::Deserialize, serde::Serialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct BreakForm {
    at: PointForm,
    by: ConnectionEnd,
}

object_form!(BreakForm, "an object with `at` and `by`", serialize);

/// All points at which a connection can end. [`FaultPoint`] has only the points that belong to a call.
#[derive(Clone, Copy, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum PointForm {
    Accept,
    RequestBytes(u64),
    Request,
    ResponseBytes(u64),
    BodyBytes(u64),
    LastChunk,
}

impl<'de> Deserialize<'de> for PointForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "\"accept\", \"request\", \"last_chunk\", {\"request_bytes\": N}, {\"response_bytes\": N} \
                        or {\"body_bytes\": N}; N is a number of bytes";
        alternative(deserializer, expected, |name, value| {
            let bytes = value.and_then(Value::as_u64);
            Ok(match (name, bytes) {
                ("accept", None) if value.is_none() => Some(Self::Accept),
                ("request", None) if value.is_none() => Some(Self::Request),
                ("last_chunk", None) if value.is_none() => Some(Self::LastChunk),
                ("request_bytes", Some(bytes)) => Some(Self::RequestBytes(bytes)),
                ("response_bytes", Some(bytes)) => Some(Self::ResponseBytes(bytes)),
                ("body_bytes", Some(bytes)) => Some(Self::BodyBytes(bytes)),
                _ => None,
            })
        })
    }
}

#[derive(Clone, Copy, serde::Deserialize, serde::Serialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct DripForm {
    bytes: usize,
    every_ms: u64,
}

object_form!(DripForm, "an object with `bytes` and `every_ms`", serialize);

#[derive(Clone, serde::Deserialize, serde::Serialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct BreakStreamForm {
    after_events: u64,
    by: StreamFaultForm,
}

object_form!(BreakStreamForm, "an object with `after_events` and `by`", serialize);

/// The rules that one rule of a file stands for. A rule with a list of replies stands for one rule per reply.
struct RuleSequence(Vec<FaultRule>);

impl<'de> Deserialize<'de> for RuleSequence {
    /// Validates the rule during deserialization, so errors contain a line and a column.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rule;

        impl<'de> Visitor<'de> for Rule {
            type Value = RuleSequence;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a fault rule")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                let form = RuleForm::deserialize(MapAccessDeserializer::new(members))?;
                let rules =
                    form.single_rules().and_then(|forms| forms.into_iter().map(RuleForm::rule).collect());
                rules.map(RuleSequence).map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_map(Rule)
    }
}

impl RuleForm {
    /// Returns this form, or one form for each of the `replies`. Each of these forms applies to one call.
    fn single_rules(mut self) -> Result<Vec<Self>, String> {
        let replies = std::mem::take(&mut self.replies);
        if replies.is_empty() {
            return Ok(vec![self]);
        }
        if self.reply.is_some() {
            return Err("`reply` and `replies` exclude each other: remove one of them".to_owned());
        }
        if self.first.is_some() || self.every.is_some() {
            return Err("`replies` gives each reply to one call: remove `first` and `every`".to_owned());
        }
        let single = |reply| Self { reply: Some(reply), first: Some(1), ..self.clone() };
        Ok(replies.into_iter().map(single).collect())
    }

    /// Returns the rule as JSON.
    fn source(&self) -> Result<Value, String> {
        let mut source = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Some(members) = source.as_object_mut() {
            members.retain(|name, value| !value.is_null() || name == "body_json");
        }
        Ok(source)
    }

    fn rule(self) -> Result<FaultRule, String> {
        let source = Some(Arc::new(self.source()?));
        let schedule = match (self.first, self.every) {
            (Some(_), Some(_)) => {
                return Err("`first` and `every` exclude each other: remove one of them".to_owned());
            }
            (Some(0), _) | (_, Some(0)) => return Err("`first` and `every` must be 1 or more".to_owned()),
            (Some(first), None) => Schedule::First(first),
            (None, Some(every)) => Schedule::Every(every),
            (None, None) => Schedule::All,
        };
        let rule = match &self.disconnect {
            Some(BreakForm { at: PointForm::Accept, by }) => {
                let by = *by;
                self.check_connection_rule("accept")?;
                FaultRule::reject_connection(by)
            }
            Some(BreakForm { at: PointForm::RequestBytes(bytes), by }) => {
                let (bytes, by) = (*bytes, *by);
                self.check_connection_rule("request_bytes")?;
                FaultRule::break_request(bytes, by)
            }
            _ => self.fault()?.into(),
        };
        Ok(FaultRule { schedule, source, ..rule })
    }

    /// Checks that a rule for connections has no members that require a call.
    fn check_connection_rule(self, point: &str) -> Result<(), String> {
        if self.operation.is_some() || self.model.is_some() {
            return Err(format!(
                "operation and model are not known at `{point}`: remove `operation` and `model`"
            ));
        }
        if self.prompt.is_some() || self.system.is_some() || self.tool.is_some() || self.tool_result.is_some()
        {
            return Err(format!(
                "the request is not known at `{point}`: remove `prompt`, `system`, `tool` and `tool_result`"
            ));
        }
        if self.has_effect() {
            return Err(format!(
                "the connection ends at `{point}`, before there is a call: remove all members except `break`, \
                 `first` and `every`"
            ));
        }
        Ok(())
    }

    /// Returns `true` if the rule has an effect other than `break`.
    fn has_effect(&self) -> bool {
        !self.headers.is_empty()
            || [
                self.reply.is_some(),
                self.error.is_some(),
                self.status.is_some(),
                self.garbage.is_some(),
                self.body.is_some(),
                self.body_base64.is_some(),
                self.body_json.is_some(),
                self.frames.is_some(),
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
        if self.disconnect.is_none() && !self.has_effect() {
            return Err(
                "the rule has no effect: add a `reply`, or a fault such as `break`, `error`, `status` or `delay_ms`"
                    .to_owned(),
            );
        }
        let replaces_response =
            self.error.is_some() || self.status.is_some() || self.garbage.is_some() || self.frames.is_some();
        if self.reply.is_some() && replaces_response {
            return Err(
                "`reply` excludes `error`, `status`, `garbage` and `frames`: keep one of them".to_owned()
            );
        }
        if self.frames.is_some() && (self.error.is_some() || self.garbage.is_some()) {
            return Err("`frames` excludes `error` and `garbage`: keep one of them".to_owned());
        }
        let status = self.status.or(self.frames.is_some().then_some(200));
        let replacement = match (self.error, status, self.garbage) {
            (None, None, None) => None,
            (Some(error), None, None) => Some(Replacement::Error(error.error()?)),
            (None, Some(status), None) => Some(Replacement::Status(final_status(status)?)),
            (None, None, Some(garbage)) => Some(Replacement::Garbage(garbage.into())),
            _ => {
                return Err("`error`, `status` and `garbage` exclude each other: keep one of them".to_owned());
            }
        };
        let text = self.body.map(Bytes::from);
        let json = self.body_json.map(|value| Bytes::from(value.to_string()));
        let frames: Option<Arc<[Bytes]>> =
            self.frames.map(|frames| frames.into_iter().map(|frame| frame.bytes).collect());
        let mut bodies = [text, self.body_base64.map(|Base64(bytes)| bytes), json].into_iter().flatten();
        let body = bodies.next();
        if bodies.next().is_some() || (body.is_some() && frames.is_some()) {
            return Err(
                "`body`, `body_base64`, `body_json` and `frames` exclude each other: keep one of them"
                    .to_owned(),
            );
        }
        let stream_fault = |BreakStreamForm { after_events, by }| {
            Ok::<_, String>(PlannedStreamFault { after_events, fault: by.fault()? })
        };
        Ok(Fault {
            when: When {
                operation: self.operation.map(|OperationName(name)| name.to_owned()),
                model: self.model,
                prompt: self.prompt,
                system: self.system,
                tool: self.tool,
                tool_result: self.tool_result,
            },
            reply: self.reply,
            clock_skew: self.clock_skew_seconds.unwrap_or_default(),
            date_skew: self.date_skew_seconds.unwrap_or_default(),
            replacement,
            body,
            frames,
            headers: self.headers.0.into_iter().map(header).collect::<Result<_, _>>()?,
            retry_after: self.retry_after,
            content_length: self.content_length,
            delay: self.delay_ms.map(Duration::from_millis).unwrap_or_default(),
            pace: self.pace_ms.map(Duration::from_millis),
            stream_fault: self.break_stream.map(stream_fault).transpose()?,
            drip: self
                .drip
                .map(|drip| Drip { bytes: drip.bytes, interval: Duration::from_millis(drip.every_ms) }),
            disconnect: self.disconnect.and_then(|form| Some((form.at.call_point()?, form.by))),
            worked_on: self.worked_on,
        })
    }
}

impl PointForm {
    /// Returns the point of a call, or `None` for a point before the call begins.
    fn call_point(self) -> Option<FaultPoint> {
        Some(match self {
            Self::Accept | Self::RequestBytes(_) => return None,
            Self::Request => FaultPoint::Request,
            Self::ResponseBytes(bytes) => FaultPoint::ResponseBytes(bytes),
            Self::BodyBytes(bytes) => FaultPoint::BodyBytes(bytes),
            Self::LastChunk => FaultPoint::LastChunk,
        })
    }
}

/// Parses the status of a final response. Rejects 1xx statuses, because 1xx responses are interim (RFC 9110
/// section 15.2).
fn final_status(status: u16) -> Result<StatusCode, String> {
    let found = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational());
    found.ok_or_else(|| format!("`status` is {status}: it must be 200 to 999"))
}

fn header((name, value): (String, Option<String>)) -> Result<(HeaderName, Option<HeaderValue>), String> {
    let parsed = name.parse().map_err(|_| format!("`headers`: {name:?} is not a valid header name"))?;
    let value = value.map(|value| {
        HeaderValue::from_str(&value)
            .map_err(|_| format!("`headers`: the value of {name:?} is not a valid header value"))
    });
    Ok((parsed, value.transpose()?))
}

/// Deserializes a list of rules. Errors contain the number of the invalid rule.
pub(super) fn rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FaultRule>, D::Error> {
    let sequences: Vec<RuleSequence> = numbered_list(deserializer, "rule")?;
    Ok(sequences.into_iter().flat_map(|RuleSequence(rules)| rules).collect())
}
