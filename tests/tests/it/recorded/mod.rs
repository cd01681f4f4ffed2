//! Tests that use recorded requests to the real service, and the recorded responses.
//!
//! For each request and response, the tests compare three things: the values in the types, the values in the
//! recorded bytes, and the serialized bytes. The module [`crate::model`] reads the recorded bytes. The tests
//! work with any recording.

mod by_name;
pub(crate) mod exchange;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use bytes::Bytes;
use invoke_model_protocol::event_stream::{Decoder, EventStream, HeaderValue, Message};
use invoke_model_protocol::metrics::ResponseMetrics;
use invoke_model_protocol::{
    ErrorMetadata, Operation, OperationError, OutputEventStream, Request, Response, ResponseError,
    ServerOperation,
};
use invoke_model_types::{
    ApplyGuardrail, Converse, ConverseStream, CountTokens, GetAsyncInvoke, InvokeGuardrailChecks,
    InvokeModel, InvokeModelWithResponseStream, ListAsyncInvokes, StartAsyncInvoke,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::model::{Body, Known, Model, percent_decoded};
use exchange::{Exchange, exchanges};

/// Members that the service sends, but that no published model defines. Clients ignore them. The member `p`
/// of events is padding.
const UNDOCUMENTED: &[&str] = &[
    "ApplyGuardrailResponse$blockedResponse",
    "ApplyGuardrailResponse$output",
    "ContentBlockDeltaEvent$p",
    "ContentBlockStartEvent$p",
    "ContentBlockStopEvent$p",
    "ConverseStreamMetadataEvent$p",
    "MessageStartEvent$p",
    "MessageStopEvent$p",
    "PayloadPart$p",
    "TokenUsage$cacheReadInputTokenCount",
    "TokenUsage$cacheWriteInputTokenCount",
    "TokenUsage$serverToolUsage",
];

/// The part of an exchange that a test checks.
#[derive(Clone, Copy, Debug)]
enum Part {
    Request,
    Response,
    Events,
}

#[test]
fn requests_round_trip() {
    check_all(Part::Request);
}

#[test]
fn responses_and_errors_are_parsed_completely() {
    check_all(Part::Response);
}

#[test]
fn events_are_parsed_completely() {
    check_all(Part::Events);
}

#[test]
fn finds_differences_between_values() {
    let check = |expected: &str, found: &str| {
        covers("", &serde_json::from_str(expected).unwrap(), &serde_json::from_str(found).unwrap())
    };
    assert_eq!(
        check(r#"{"a":[1,{"b":null}]}"#, r#"{"a":[1.0,{"b":null}],"zero":{"list":[],"text":""}}"#),
        Ok(())
    );
    for (expected, found, difference) in [
        (r#"{"a":1}"#, "{}", ".a is missing"),
        ("{}", r#"{"a":1}"#, ".a: unexpected value 1"),
        (r#"{"a":{"b":1}}"#, r#"{"a":{"b":2}}"#, ".a.b: expected Number(1), found Number(2)"),
        (r#"["a"]"#, r#"["b"]"#, r#"[0]: expected String("a"), found String("b")"#),
        ("[1]", "[]", ": expected Array [Number(1)], found Array []"),
    ] {
        assert_eq!(check(expected, found), Err(difference.to_owned()));
    }
}

/// Checks a part of every exchange, and reports all failures together.
fn check_all(part: Part) {
    let Some(exchanges) = exchanges() else { return };
    let mut check = Check::new();
    for (operation, exchanges) in exchanges {
        assert!(!exchanges.is_empty(), "{operation}");
        for exchange in exchanges {
            let result = check.operation(&operation, &exchange, part);
            check.record(&operation, &exchange, result);
        }
    }
    check.finish();
}

/// The state of a test.
#[derive(Debug)]
struct Check {
    model: Model,
    unknown: BTreeSet<String>,
    failures: Vec<String>,
}

impl Check {
    fn new() -> Self {
        Self { model: Model::new(), unknown: BTreeSet::new(), failures: Vec::new() }
    }

    fn record(&mut self, operation: &str, exchange: &Exchange, result: Result<(), String>) {
        if let Err(failure) = result {
            self.failures.push(format!("{operation} {}: {failure}", exchange.id));
        }
    }

    /// Reports the failures of all exchanges together, and the members that the model lacks.
    fn finish(self) {
        let failures = self.failures;
        assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
        let new: Vec<_> = self.unknown.iter().filter(|name| !UNDOCUMENTED.contains(&name.as_str())).collect();
        assert!(new.is_empty(), "the model lacks these members: {new:?}");
    }

    fn operation(&mut self, name: &str, exchange: &Exchange, part: Part) -> Result<(), String> {
        match name {
            ApplyGuardrail::NAME => self.buffered::<ApplyGuardrail>(exchange, part),
            Converse::NAME => self.buffered::<Converse>(exchange, part),
            ConverseStream::NAME => self.streaming::<ConverseStream>(exchange, part),
            CountTokens::NAME => self.buffered::<CountTokens>(exchange, part),
            GetAsyncInvoke::NAME => self.buffered::<GetAsyncInvoke>(exchange, part),
            InvokeGuardrailChecks::NAME => self.buffered::<InvokeGuardrailChecks>(exchange, part),
            InvokeModel::NAME => self.buffered::<InvokeModel>(exchange, part),
            InvokeModelWithResponseStream::NAME => {
                self.streaming::<InvokeModelWithResponseStream>(exchange, part)
            }
            ListAsyncInvokes::NAME => self.buffered::<ListAsyncInvokes>(exchange, part),
            StartAsyncInvoke::NAME => self.buffered::<StartAsyncInvoke>(exchange, part),
            _ => Err("the operation is unknown".to_owned()),
        }
    }

    fn buffered<O: ServerOperation>(&mut self, exchange: &Exchange, part: Part) -> Result<(), String>
    where
        O::Input: Clone + Data,
        O::Output: Clone + Data,
    {
        let response = exchange.response();
        match part {
            Part::Request => self.request::<O>(exchange),
            Part::Response if O::is_success(response.status()) => self.output::<O>(&response),
            Part::Response => self.error::<O>(&response),
            Part::Events => Ok(()),
        }
    }

    fn streaming<O: ServerOperation + OutputEventStream>(
        &mut self,
        exchange: &Exchange,
        part: Part,
    ) -> Result<(), String>
    where
        O::Input: Clone + Data,
        O::Output: Clone + Data,
        O::Events: Debug + PartialEq,
    {
        let response = exchange.response();
        match part {
            Part::Events if O::is_success(response.status()) => self.events::<O>(response.body()),
            _ => self.buffered::<O>(exchange, part),
        }
    }

    /// Parses the request with the server code, and checks that the input contains the values that
    /// [`crate::model`] reads from the request. Also checks that serializing the input gives the same path,
    /// query and body.
    fn request<O: ServerOperation>(&mut self, exchange: &Exchange) -> Result<(), String>
    where
        O::Input: Clone + Data,
    {
        let request = exchange.request();
        let input = O::parse_request(&request).map_err(|error| format!("cannot parse: {error}"))?;
        let expected = self.model.input(O::NAME, &request);
        let expected = self.known(expected);
        json_form(&input, &expected)?;
        from_json(expected, &input)?;

        let serialized = O::serialize(input.clone()).map_err(|error| format!("cannot serialize: {error}"))?;
        self.same_request(O::NAME, &serialized, &request)?;
        let parsed = O::parse_request(&serialized).map_err(|error| format!("cannot parse again: {error}"))?;
        same("input", &parsed, &input)
    }

    /// Compares the method, path, query and body of a request with the recorded request.
    fn same_request(&mut self, operation: &str, found: &Request, recorded: &Request) -> Result<(), String> {
        same("method", found.method(), recorded.method())?;
        // Decodes the segments, because some recorded clients did not encode `:` in a label.
        let segments = |uri: &http::Uri| uri.path().split('/').map(percent_decoded).collect::<Vec<_>>();
        same("path", &segments(found.uri()), &segments(recorded.uri()))?;
        let parameters = |uri: &http::Uri| {
            let parameters = uri.query().unwrap_or_default().split('&');
            parameters.map(percent_decoded).collect::<BTreeSet<_>>()
        };
        same("query", &parameters(found.uri()), &parameters(recorded.uri()))?;
        let body = self.model.body(operation, "input", recorded.body());
        self.body(body, recorded.body(), found.body())
    }

    /// Checks that the output contains every recorded value. Also checks that the server code serializes the
    /// output into the same body.
    fn output<O: ServerOperation>(&mut self, response: &Response) -> Result<(), String>
    where
        O::Output: Clone + Data,
    {
        let output = O::parse_response(response).map_err(|error| format!("cannot parse: {error}"))?;
        let expected = self.model.output(O::NAME, response);
        let expected = self.known(expected);
        json_form(&output, &expected)?;
        let mut metrics = ResponseMetrics::default();
        for (name, value) in response.headers() {
            O::header_metric(name.as_str(), value, &mut metrics);
        }
        O::output_metrics(&output, &mut metrics);
        same("metrics", &named(&metrics), &self.model.metrics(O::NAME, response))?;

        let serialized =
            O::serialize_response(output.clone()).map_err(|error| format!("cannot serialize: {error}"))?;
        let body = self.model.body(O::NAME, "output", response.body());
        self.body(body, response.body(), serialized.body())?;
        let parsed = O::parse(&serialized).map_err(|error| format!("cannot parse again: {error}"))?;
        same("output", &parsed, &output)
    }

    /// Checks the code, the message and the request id of an error.
    fn error<O: ServerOperation>(&mut self, response: &Response) -> Result<(), String> {
        let Err(ResponseError::Service(error)) = O::parse_response(response) else {
            return Err("not parsed as an error".to_owned());
        };
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
        let code = header("x-amzn-errortype").map(|code| code.split(':').next().unwrap());
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        let modeled = self.model.error(O::NAME, response.status().as_u16(), code);
        same("code", &error.code(), &modeled.or(code))?;
        same("message", &error.message(), &body["message"].as_str())?;
        same("fault", &error.fault().is_some(), &modeled.is_some())?;
        let metadata = ErrorMetadata::from_response(response);
        same("request id", &metadata.request_id(), &header("x-amzn-requestid"))?;
        same("status", &metadata.status(), &response.status())
    }

    /// Checks the frames and events of a stream. Pushes the bytes in chunks of several sizes.
    fn events<O: OutputEventStream>(&mut self, body: &Bytes) -> Result<(), String>
    where
        O::Events: Debug + PartialEq,
    {
        let messages = decode(body, body.len())?;
        for size in [1, 7, 1024] {
            same("messages", &decode(body, size)?, &messages)?;
        }
        let frames = frames(body)?;
        same("number of messages", &messages.len(), &frames.len())?;
        for (message, frame) in messages.iter().zip(frames) {
            let mut encoded = Vec::new();
            message.encode(&mut encoded).map_err(|error| error.to_string())?;
            same("frame", &encoded.as_slice(), &frame)?;
            self.event::<O>(message)?;
        }
        Ok(())
    }

    fn event<O: OutputEventStream>(&mut self, message: &Message) -> Result<(), String>
    where
        O::Events: Debug + PartialEq,
    {
        let parsed = O::Events::parse(message).map_err(|error| format!("cannot parse an event: {error}"))?;
        let Some(HeaderValue::String(name)) = message.header(":event-type") else {
            return Err(format!("expected an event, found {parsed:?}"));
        };
        let event = parsed.map_err(|error| format!("the stream ends with an error: {error}"))?;
        let written = event.event().map_err(|error| format!("cannot serialize an event: {error}"))?;
        same("event type", &written.header(":event-type"), &Some(HeaderValue::String(name)))?;
        match self.model.event(O::NAME, name, message.payload()) {
            Some(expected) => {
                let expected = self.known(expected);
                let found: Value = serde_json::from_slice(written.payload()).unwrap();
                covers(name, &expected, &found)?;
                let mut metrics = ResponseMetrics::default();
                event.metrics(&mut metrics);
                same("metrics", &named(&metrics), &self.model.event_metrics(O::NAME, name, &expected))?;
            }
            None => same("payload of an unknown event", written.payload(), message.payload())?,
        }
        let parsed = O::Events::parse(&written).map_err(|error| format!("cannot parse again: {error}"))?;
        same("event", &parsed.ok(), &Some(event))
    }

    /// Compares a serialized body with the recorded body.
    fn body(&mut self, body: Body, recorded: &Bytes, found: &Bytes) -> Result<(), String> {
        match body {
            Body::Json(expected) => {
                let expected = self.known(expected);
                covers("body", &expected, &serde_json::from_slice(found).unwrap())
            }
            Body::Blob(_) | Body::Empty => same("body", found, recorded),
            // The serialized request or response does not contain the events.
            Body::Events => same("body", &found.len(), &0),
        }
    }

    /// Returns the value. Stores the names of unknown members. The test checks these names after the last
    /// exchange.
    fn known(&mut self, known: Known) -> Value {
        self.unknown.extend(known.unknown);
        known.value
    }
}

/// A type of `invoke-model-types` that tests can compare, and that serde can convert from and to JSON.
trait Data: Debug + PartialEq + Serialize + DeserializeOwned {}

impl<T: Debug + PartialEq + Serialize + DeserializeOwned> Data for T {}

/// Returns the metrics that are set. The keys are the names in the model.
fn named(metrics: &ResponseMetrics) -> BTreeMap<String, Value> {
    let named = [
        ("inputTokens", json!(metrics.input_tokens)),
        ("outputTokens", json!(metrics.output_tokens)),
        ("cacheReadInputTokens", json!(metrics.cache_read_input_tokens)),
        ("cacheWriteInputTokens", json!(metrics.cache_write_input_tokens)),
        ("latencyMilliseconds", json!(metrics.latency_ms)),
        ("stopReason", json!(metrics.stop_reason)),
    ];
    let set = named.into_iter().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Converts a value to JSON with serde, and checks that the JSON has the expected members with their names in
/// the model. Also checks that the JSON converts back to the same value.
fn json_form<T: Data>(value: &T, expected: &Value) -> Result<(), String> {
    // Converts the value to text first, because `serde_json::to_value` would convert a float into a double
    // with more digits.
    let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
    let form: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    covers("", expected, &form)?;
    from_json(form, value)
}

/// Converts JSON to a value with serde, and checks that the value is as expected.
fn from_json<T: Data>(form: Value, expected: &T) -> Result<(), String> {
    let read: T = serde_json::from_value(form).map_err(|error| format!("JSON form: {error}"))?;
    same("JSON form", &read, expected)
}

/// Checks that `found` has every expected value. `1` and `1.0` are equal. Other members are allowed only
/// with the zero value of their type, because a client sets missing required members to this value.
fn covers(path: &str, expected: &Value, found: &Value) -> Result<(), String> {
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) => {
            for (name, value) in left {
                let path = format!("{path}.{name}");
                covers(&path, value, right.get(name).ok_or_else(|| format!("{path} is missing"))?)?;
            }
            match right.iter().find(|(name, value)| !left.contains_key(*name) && !is_zero(value)) {
                Some((name, value)) => Err(format!("{path}.{name}: unexpected value {value}")),
                None => Ok(()),
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right).enumerate();
            pairs.try_for_each(|(index, (left, right))| covers(&format!("{path}[{index}]"), left, right))
        }
        (Value::Number(left), Value::Number(right))
            if left.is_f64() != right.is_f64() && left.as_f64() == right.as_f64() =>
        {
            Ok(())
        }
        _ => same(path, found, expected),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.values().all(is_zero),
    }
}

fn same<T: Debug + PartialEq>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what}: expected {expected:?}, found {found:?}")),
    }
}

/// Decodes the frames of a stream that arrives in chunks of `size` bytes.
pub(crate) fn decode(body: &Bytes, size: usize) -> Result<Vec<Message>, String> {
    let (mut decoder, mut messages) = (Decoder::new(), Vec::new());
    for chunk in body.chunks(size.max(1)) {
        decoder.push(chunk);
        while let Some(message) = decoder.decode().map_err(|error| error.to_string())? {
            messages.push(message);
        }
    }
    decoder.finish().map_err(|error| error.to_string())?;
    Ok(messages)
}

/// Splits a stream into frames by their lengths, and checks both checksums of each frame.
/// <https://smithy.io/2.0/aws/amazon-eventstream.html>
fn frames(body: &[u8]) -> Result<Vec<&[u8]>, String> {
    let (mut rest, mut frames) = (body, Vec::new());
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    while !rest.is_empty() {
        let (frame, tail) = rest.split_at(number(&rest[..4]) as usize);
        same("checksum of the prelude", &crc32fast::hash(&frame[..8]), &number(&frame[8..12]))?;
        let (content, checksum) = frame.split_at(frame.len() - 4);
        same("checksum of the frame", &crc32fast::hash(content), &number(checksum))?;
        frames.push(frame);
        rest = tail;
    }
    Ok(frames)
}
