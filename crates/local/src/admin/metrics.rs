//! The counters of the endpoint in the text format of Prometheus.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::fmt::{Display, Write};

use crate::call_totals::{CallGroup, GroupTotals};
use crate::state::EndpointState;

/// Returns all metrics.
pub(super) fn write(state: &EndpointState) -> String {
    let mut text = String::new();
    let stats = state.connections.stats();
    for (name, help, value) in [
        ("connections_total", "Connections that were accepted.", stats.connections),
        ("received_bytes_total", "Bytes that were received.", stats.bytes_received),
        ("sent_bytes_total", "Bytes that were sent.", stats.bytes_sent),
        ("requests_total", "Requests that were received completely.", stats.requests),
        ("worked_on_total", "Requests that the service would bill.", stats.worked_on),
        ("responses_total", "Responses that were sent completely.", stats.responses),
    ] {
        family(&mut text, name, help, "counter");
        sample(&mut text, name, None, value);
    }
    for (name, help, value) in [
        ("calls_in_progress", "Calls whose response has not been sent yet.", state.calls.count()),
        ("streams_in_progress", "Streams that are being sent.", state.streams.count()),
    ] {
        family(&mut text, name, help, "gauge");
        sample(&mut text, name, None, value);
    }
    write_groups(&mut text, state);
    text
}

/// Writes the sums over groups of calls.
fn write_groups(text: &mut String, state: &EndpointState) {
    let totals = state.log.totals();
    let mut groups = |name: &str, help: &str, value: &dyn Fn(&GroupTotals) -> f64| {
        family(text, name, help, "counter");
        for (group, totals) in &totals {
            sample(text, name, Some(group), value(totals));
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "all numbers of Prometheus are 64-bit floats")]
    let float = |number: u64| number as f64;
    groups("calls_total", "Calls that have ended.", &|totals| float(totals.calls));
    groups("input_tokens_total", "Input tokens of calls.", &|totals| float(totals.input_tokens));
    groups("output_tokens_total", "Output tokens of calls.", &|totals| float(totals.output_tokens));
    let help = "Time from the arrival of a request until its response was sent.";
    groups("call_duration_seconds_total", help, &|totals| totals.duration.as_secs_f64());
}

/// Writes the head of a metric. Ignores errors, because writing to a `String` cannot fail.
fn family(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ =
        write!(text, "# HELP invoke_model_local_{name} {help}\n# TYPE invoke_model_local_{name} {kind}\n");
}

fn sample(text: &mut String, name: &str, group: Option<&CallGroup>, value: impl Display) {
    let labels = group.map(|group| {
        let CallGroup { operation, status, error_code } = group;
        let (operation, code) = (operation.unwrap_or_default(), error_code.as_deref().unwrap_or_default());
        format!("{{operation=\"{}\",status=\"{status}\",error=\"{}\"}}", escape(operation), escape(code))
    });
    let _ = writeln!(text, "invoke_model_local_{name}{} {value}", labels.unwrap_or_default());
}

/// Escapes the value of a label.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
