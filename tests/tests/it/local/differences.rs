//! Compares the responses of the local endpoint with the recorded responses to the same requests.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::Response;
use invoke_model_local::{GuardrailFile, LocalEndpoint};
use invoke_model_transport::HyperTransport;
use serde_json::Value;

use super::send;
use super::shape::Shape;
use crate::recorded::exchange::exchanges;

/// The operations whose responses are compared.
const OPERATIONS: [&str; 5] =
    ["ApplyGuardrail", "Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream"];

/// The expected differences, each with its reason. A text that ends with `*` stands for all differences that
/// begin with the text before the `*`.
const DIFFERENCES: &[(&str, &str)] = &[
    ("ApplyGuardrail: no member assessments[].automatedReasoningPolicy", NULL),
    ("ApplyGuardrail: no member assessments[].contentPolicy.filters[]*", "content filters use a model"),
    ("ApplyGuardrail: no member assessments[].contextualGroundingPolicy", NULL),
    ("ApplyGuardrail: no member assessments[].invocationMetrics.guardrailCoverage.images", NULL),
    ("ApplyGuardrail: no member assessments[].wordPolicy", NULL),
    ("ApplyGuardrail: no member blockedResponse", NOT_IN_THE_MODEL),
    ("ApplyGuardrail: no member guardrailCoverage.images", NULL),
    ("ApplyGuardrail: no member output*", NOT_IN_THE_MODEL),
    ("Converse: added member usage.cacheDetails*", NEWER),
    ("Converse: no member usage.cacheReadInputTokenCount", NOT_IN_THE_MODEL),
    ("Converse: no member usage.cacheWriteInputTokenCount", NOT_IN_THE_MODEL),
    ("Converse: no member usage.serverToolUsage", NOT_IN_THE_MODEL),
    (
        "Converse: status 400 Bad Request instead of 200 OK: The local endpoint does not have the system tool*",
        "a system tool runs code of the service",
    ),
    ("Converse: status 400 Bad Request instead of 200 OK: The provided model identifier*", NOT_SIMULATED),
    ("Converse: error \"The provided model identifier is invalid. The local*", ADDED_WORDS),
    ("ConverseStream: added member metadata usage.cacheReadInputTokens", NEWER),
    ("ConverseStream: added member metadata usage.cacheWriteInputTokens", NEWER),
    ("ConverseStream: no member metadata usage.serverToolUsage", NOT_IN_THE_MODEL),
    ("ConverseStream: error \"The provided model identifier is invalid. The local*", ADDED_WORDS),
    ("InvokeModel: added header x-amzn-bedrock-cache-read-input-token-count", NEWER),
    ("InvokeModel: added header x-amzn-bedrock-cache-write-input-token-count", NEWER),
    ("InvokeModel: added member usage.cacheReadInputTokenCount", NEWER),
    ("InvokeModel: added member usage.cacheWriteInputTokenCount", NEWER),
    ("InvokeModel: no member amazon-bedrock-*", NO_GUARDRAIL),
    ("InvokeModel: status 400 Bad Request instead of 200 OK: The provided model identifier*", NOT_SIMULATED),
    ("InvokeModel: error \"The provided model identifier is invalid. The local*", ADDED_WORDS),
    ("InvokeModelWithResponseStream: added member chunk amazon-bedrock-invocationMetrics.*", BLOCKED),
    ("InvokeModelWithResponseStream: added member chunk completionReason", BLOCKED),
    ("InvokeModelWithResponseStream: added member metadata *", NEWER),
    ("InvokeModelWithResponseStream: no member chunk amazon-bedrock-*", NO_GUARDRAIL),
    (
        "InvokeModelWithResponseStream: error \"The provided model identifier is invalid. The local*",
        ADDED_WORDS,
    ),
];

const NEWER: &str = "newer responses of the service have this member or header, but older recordings lack it";
const NULL: &str = "the service sends null if the guardrail has no such policy or the content has no images";
const NOT_IN_THE_MODEL: &str = "no published model of the API defines this member";
const NOT_SIMULATED: &str = "the endpoint does not simulate the model, or the id is not the id of a model";
const ADDED_WORDS: &str = "the endpoint adds the list of its models to the words of the service";
const NO_GUARDRAIL: &str = "the recordings lack the headers that name the guardrail";
const BLOCKED: &str = "a guardrail of the service blocked the input, so the model did not run";

/// The guardrails that the recorded requests name. Only the first guardrail has policies, because the
/// recordings do not show the policies of the other guardrails.
const GUARDRAILS: &str = r#"{"guardrails": [
    {
        "id": "274u1upxm897",
        "version": "1",
        "topics": [{"name": "InvestmentObjectives", "keywords": ["stock suggestions"]}],
        "pii": [{"type": "EMAIL", "action": "BLOCK"}, {"type": "PHONE", "action": "BLOCK"}]
    },
    {"id": "5zwrmdlsra2e"},
    {"id": "v9kpg6yrwhs2"},
    {"id": "xbgw7g293v7o"}
]}"#;

#[tokio::test]
async fn responses_differ_from_the_service_only_for_listed_reasons() {
    let Some(exchanges) = exchanges() else { return };
    let guardrails = GuardrailFile::from_json(GUARDRAILS).unwrap();
    let local = LocalEndpoint::builder().verify(false).guardrail_file(guardrails).start().await.unwrap();
    let transport = HyperTransport::new();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut compared = 0;
    for operation in OPERATIONS {
        for exchange in &exchanges[operation] {
            let recorded = exchange.response();
            let response = send(&transport, &local, exchange.request()).await;
            let differences = compare(&recorded, &response);
            compared += usize::from(recorded.status() == response.status());
            for difference in differences {
                found.entry(format!("{operation}: {difference}")).or_default().push(exchange.id.clone());
            }
        }
    }
    let is_listed = |listed: &str, difference: &str| match listed.strip_suffix('*') {
        Some(prefix) => difference.starts_with(prefix),
        None => difference == listed,
    };
    let new =
        found.iter().filter(|(found, _)| !DIFFERENCES.iter().any(|(listed, _)| is_listed(listed, found)));
    let new: Vec<_> = new.map(|(difference, ids)| format!("{difference} ({})", ids.join(" "))).collect();
    assert!(new.is_empty(), "these differences are not listed:\n{}", new.join("\n"));
    let gone = DIFFERENCES.iter().filter(|(listed, _)| !found.keys().any(|found| is_listed(listed, found)));
    let gone: Vec<_> = gone.map(|(listed, _)| *listed).collect();
    assert!(gone.is_empty(), "these differences do not occur any more:\n{}", gone.join("\n"));
    assert!(DIFFERENCES.iter().all(|(_, reason)| !reason.is_empty()));
    assert!(compared > 150, "only {compared} responses have the recorded status");
}

/// Returns the differences between a recorded response and a response of the local endpoint.
fn compare(recorded: &Response<Bytes>, local: &Response<Bytes>) -> Vec<String> {
    if recorded.status() != local.status() {
        let message = if local.status().is_success() { String::new() } else { message(local) };
        return vec![format!("status {} instead of {}: {message}", local.status(), recorded.status())];
    }
    if !recorded.status().is_success() {
        let (expected, found) = (message(recorded), message(local));
        let texts = (expected != found).then(|| format!("error {found:?} instead of {expected:?}"));
        let kind = |response: &Response<Bytes>| response.headers().get("x-amzn-errortype").cloned();
        let kinds = (kind(recorded).is_some() && kind(recorded) != kind(local))
            .then(|| format!("error type {:?} instead of {:?}", kind(local), kind(recorded)));
        return texts.into_iter().chain(kinds).collect();
    }
    let (expected, found) = (Shape::of(recorded), Shape::of(local));
    let mut differences = Vec::new();
    // Each recorder dropped either all headers of the service or none. Compares the headers only if the
    // recording has them.
    if expected.headers.contains("x-amzn-requestid") {
        let missing = expected.headers.difference(&found.headers).map(|name| format!("no header {name}"));
        let added = found.headers.difference(&expected.headers).map(|name| format!("added header {name}"));
        differences.extend(missing.chain(added));
    }
    if expected.event_headers != found.event_headers {
        differences
            .push(format!("event headers {:?} and not {:?}", found.event_headers, expected.event_headers));
    }
    differences.extend(found.order.as_ref().err().map(|violation| format!("order: {violation}")));
    differences
        .extend(expected.order.as_ref().err().map(|violation| format!("order of the service: {violation}")));
    let none = BTreeSet::new();
    let names: BTreeSet<_> = expected.members.keys().chain(found.members.keys()).collect();
    for name in names {
        let members = |shape: &Shape| shape.members.get(name).cloned().unwrap_or_else(|| none.clone());
        let (expected, found) = (members(&expected), members(&found));
        // Ignores an event that only one of the responses has, because a real model and a simulated model can
        // return different kinds of blocks.
        if expected.is_empty() || found.is_empty() {
            continue;
        }
        let path = |member: &str| format!("{name} {member}").trim_start().to_owned();
        let missing = unmatched(&expected, &found).map(|member| format!("no member {}", path(member)));
        let added = unmatched(&found, &expected).map(|member| format!("added member {}", path(member)));
        differences.extend(missing.chain(added).collect::<Vec<_>>());
    }
    differences
}

/// Returns the members of `these` that are not in `others`. Ignores the members of a block if `others` has no
/// block of the same kind.
fn unmatched<'a>(
    these: &'a BTreeSet<String>,
    others: &'a BTreeSet<String>,
) -> impl Iterator<Item = &'a String> {
    these.difference(others).filter(|member| match block(member) {
        Some(block) => others.iter().any(|other| other.starts_with(block)),
        None => true,
    })
}

/// Returns the prefix of a path that names a block and its kind, for example `output.message.content[].text`.
fn block(member: &str) -> Option<&str> {
    let prefixes = [
        "choices[].message.tool_calls",
        "content[].",
        "contentBlockDelta.delta.",
        "delta.",
        "output.message.content[].",
        "start.",
    ];
    let prefix = prefixes.into_iter().find(|prefix| member.starts_with(prefix))?;
    let kind = member[prefix.len()..].split(['.', '[']).next()?;
    member.get(..prefix.len() + kind.len())
}

fn message(response: &Response<Bytes>) -> String {
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    body["message"].as_str().unwrap_or_default().to_owned()
}
