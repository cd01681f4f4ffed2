//! Tests of the constraints that servers check, at any depth of an input.

use bytes::Bytes;
use invoke_model_protocol::ServerOperation;
use invoke_model_protocol::server::{self, Constraint, Rejection};
use invoke_model_tests::constraints::{Draw, DrawInput, Paint};
use serde_json::{Value, json};

const NAME: &str = "[Member must have length less than or equal to 8, Member must have length greater than or equal \
                    to 1, Member must satisfy regular expression pattern: [a-z]+]";

fn input(body: &Value) -> DrawInput {
    let request = http::Request::post("/draw").header("content-type", "application/json");
    Draw::parse_request(&request.body(Bytes::from(body.to_string())).unwrap()).unwrap()
}

/// Checks the violations of an input, without the words that are the same in all messages.
#[track_caller]
fn check(body: Value, expected: &[&str]) {
    let violations = Draw::violations(&input(&body));
    let found: Vec<String> =
        violations.iter().map(|found| format!("{}: {}", found.member, found.constraint)).collect();
    assert_eq!(found, expected);
}

#[test]
fn valid_inputs_have_no_violations() {
    check(json!({}), &[]);
    check(
        json!({
            "title": "abc",
            "root": {"name": "a", "left": {"name": "b", "children": [{"name": "c"}]}},
            "figures": [{"plain": ""}, {"nothing": {}}, {"circle": {"radius": 10, "corner": {"other": 1}}}],
            "tags": {"a": "1234"},
            "rows": [[], [0, 1]],
            "layers": {"Any key": {"name": "a"}},
            "modes": ["fast", null],
            "free": {"text": ""},
            "weights": {"slow": null, "fast": [0]},
            "palette": ["fast", "test"],
        }),
        &[],
    );
    check(json!({"figures": [{"novel": 1}]}), &[]);
}

#[test]
fn members_of_structures_are_checked() {
    check(
        json!({"title": ""}),
        &[
            "title: Member must have length greater than or equal to 1",
            "title: Member must satisfy regular expression pattern: [a-z]+",
        ],
    );
    let deep = json!({"name": "a", "left": {"name": "b", "children": [{"name": "c"}, {"name": "D"}]}});
    check(
        json!({"root": deep}),
        &["root.left.children.2.member.name: Member must satisfy regular expression pattern: [a-z]+"],
    );
}

#[test]
fn members_of_unions_are_checked() {
    check(
        json!({"figures": [{"plain": "a"}, {"label": ""}]}),
        &["figures.2.member.label: Member must have length greater than or equal to 1"],
    );
    let circle = |circle: Value| json!({"figures": [{"group": [{"circle": circle}]}]});
    let at = "figures.1.member.group.1.member.circle";
    let check_circle = |value: Value, expected: &str| check(circle(value), &[&format!("{at}.{expected}")]);
    check_circle(json!({"radius": 10.5}), "radius: Member must have value less than or equal to 10");
    check(
        circle(json!({"radius": "NaN", "icon": ""})),
        &[
            &format!("{at}.radius: Member must have value less than or equal to 10"),
            &format!("{at}.radius: Member must have value greater than or equal to 0"),
        ],
    );
    check_circle(
        json!({"radius": 1, "corner": {"mode": "medium"}}),
        "corner.mode: Member must satisfy enum value set: [fast, slow]",
    );
    check_circle(
        json!({"radius": 1, "icon": "AQIDBA=="}),
        "icon: Member must have length less than or equal to 3",
    );
}

#[test]
fn elements_are_reported_once_with_all_constraints() {
    let modes = "Member must satisfy constraint: [Member must satisfy enum value set: [fast, slow]]";
    check(json!({"modes": ["a", null, "b"]}), &[&format!("modes: {modes}")]);
    let row = "Member must satisfy constraint: [Member must have value greater than or equal to 0]";
    check(json!({"rows": [[1], [-1, -2]]}), &[&format!("rows.2.member: {row}")]);
    check(
        json!({"figures": [{"plain": ""}, {"plain": ""}, {"plain": ""}, {"label": ""}]}),
        &[
            "figures: Member must have length less than or equal to 3",
            "figures.4.member.label: Member must have length greater than or equal to 1",
        ],
    );
}

#[test]
fn lists_with_unique_elements_are_checked() {
    check(json!({"palette": ["fast", "slow", "fast"]}), &["palette: Member must have unique values"]);
}

#[test]
fn keys_and_values_of_maps_are_checked() {
    let value = "Map value must satisfy constraint: [Member must have length less than or equal to 4]";
    check(
        json!({"tags": {"A": "12345", "b": "12345"}}),
        &[&format!("tags: Map keys must satisfy constraint: {NAME}"), &format!("tags: {value}")],
    );
    check(
        json!({"layers": {"Top": {"name": "A"}}}),
        &["layers.Top.member.name: Member must satisfy regular expression pattern: [a-z]+"],
    );
    check(
        json!({"weights": {"novel": [1], "fast": [-1]}}),
        &[
            "weights: Map keys must satisfy constraint: [Member must satisfy enum value set: [fast, slow]]",
            "weights.fast.member: Member must satisfy constraint: [Member must have value greater than or equal to 0]",
        ],
    );
}

#[test]
fn the_message_is_that_of_the_service() {
    let body = json!({"root": {"name": "A"}, "figures": [{"label": ""}]});
    assert_eq!(
        Draw::violations(&input(&body)).to_string(),
        "2 validation errors detected: Value at 'root.name' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: [a-z]+; Value at 'figures.1.member.label' failed to satisfy constraint: Member must have \
         length greater than or equal to 1"
    );
}

#[test]
fn the_message_is_bounded() {
    let children: Vec<Value> = (0..500).map(|_| json!({"name": "A"})).collect();
    let violations = Draw::violations(&input(&json!({"root": {"name": "a", "children": children}})));
    assert_eq!(violations.iter().count(), 100);
    let body = json!({"layers": {"k".repeat(10_000): {"name": "A"}}});
    let message = Draw::violations(&input(&body)).to_string();
    assert!(message.len() < 500, "{message}");
}

#[test]
fn only_shapes_of_inputs_with_constraints_have_checks() {
    let code = include_str!("../../../models/constraints/generated/shape/server.rs");
    let checked: Vec<&str> = code
        .lines()
        .filter_map(|line| line.strip_prefix("impl server::Constrained for ")?.strip_suffix(" {"))
        .collect();
    assert_eq!(checked, ["Circle", "Corner", "Figure", "Node"]);
}

#[test]
fn missing_members_are_found_at_any_depth() {
    let check = |body: &str, expected: &[&str]| {
        let request = http::Request::post("/draw").body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let missing = Draw::missing_members(&request);
        assert!(missing.iter().all(|missing| missing.constraint == Constraint::Required), "{missing}");
        let found: Vec<&str> = missing.iter().map(|missing| missing.member.as_str()).collect();
        assert_eq!(found, expected, "{body}");
    };
    check("", &[]);
    check("{", &[]);
    check("[]", &[]);
    check(r#"{"root":{"name":"a"},"free":{}}"#, &[]);
    check(r#"{"root":{"name":null}}"#, &["root.name"]);
    check(
        r#"{"root":{"left":{"name":"","children":[{},{"name":"a"},{"left":null}]}}}"#,
        &["root.name", "root.left.children.1.member.name", "root.left.children.3.member.name"],
    );
    check(
        r#"{"figures":[{"plain":""},{"group":[{"circle":{"corner":{"other":1}}}]}]}"#,
        &["figures.2.member.group.1.member.circle.radius"],
    );
    check(r#"{"layers":{"Top":{}},"rows":[[]],"root":1}"#, &["layers.Top.member.name"]);
    let request = http::Request::post("/draw").body(Bytes::from_static(br#"{"root":{}}"#)).unwrap();
    assert_eq!(
        Draw::missing_members(&request).to_string(),
        "1 validation error detected: Value at 'root.name' failed to satisfy constraint: Member must not be null"
    );
}

/// Sends a request to a server that follows the server frameworks of Smithy. Returns the status, the error code and the
/// body of its response, or `None` if it accepts the request.
fn rejection(request: http::request::Builder, body: &str) -> Option<(u16, String, Value)> {
    let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let rejection: Rejection = match request.uri().path() {
        "/draw" => server::parse::<Draw>(&request).err()?,
        _ => server::parse::<Paint>(&request).err()?,
    };
    let response = rejection.response();
    let code = response.headers()["x-amzn-errortype"].to_str().unwrap().to_owned();
    Some((response.status().as_u16(), code, serde_json::from_slice(response.body()).unwrap()))
}

#[test]
fn servers_of_the_framework_reject_values_that_clients_accept() {
    let check = |body: Value, message: &str| {
        input(&body);
        let request = http::Request::post("/draw").header("content-type", "application/json");
        let expected = (400, "SerializationException".to_owned(), json!({"message": message}));
        assert_eq!(rejection(request, &body.to_string()), Some(expected), "{body}");
    };
    let null = "the list or map contains a null: remove it";
    check(json!({"palette": ["fast", null]}), &format!("`/palette`: {null}"));
    check(json!({"rows": [[], [null]]}), &format!("`/rows/1`: {null}"));
    check(json!({"layers": {"Top": null}}), &format!("`/layers`: {null}"));
    check(
        json!({"figures": [{"group": [{"novel": 1}]}]}),
        "`/figures/0/group/0`: the union has a member that is not in the model",
    );
    check(
        json!({"until": "2019-12-16T23:48:18+01:00"}),
        "`/until`: the timestamp must have the form 1985-04-12T23:20:50.52Z, with `Z` and without an offset",
    );
    let request = || http::Request::post("/draw").header("content-type", "application/json");
    let valid = json!({"palette": ["fast"], "modes": [null], "until": "2019-12-16T23:48:18Z"});
    assert_eq!(rejection(request(), &valid.to_string()), None);
}

#[test]
fn servers_of_the_framework_list_the_invalid_members() {
    let request = http::Request::post("/draw").header("content-type", "application/json");
    let body = json!({"title": "A", "tags": {"B": "ok"}, "modes": ["a"], "palette": ["fast", "fast"]});
    let (status, code, found) = rejection(request, &body.to_string()).unwrap();
    assert_eq!((status, code.as_str()), (400, "ValidationException"));
    let field = |path: &str, constraint: &str| {
        let message = format!("Value at '{path}' failed to satisfy constraint: {constraint}");
        json!({"message": message, "path": path})
    };
    let pattern = "Member must satisfy regular expression pattern: ^[a-z]+$";
    assert_eq!(
        found["fieldList"],
        json!([
            field("/title", pattern),
            field("/tags", pattern),
            field("/modes/0", "Member must satisfy enum value set: [fast, slow]"),
            field("/palette", "Member must have unique values"),
        ])
    );
    let message = found["message"].as_str().unwrap();
    assert!(
        message.starts_with("4 validation errors detected. Value at '/title' failed to satisfy"),
        "{message}"
    );
}

#[test]
fn servers_of_the_framework_check_headers_and_query() {
    let check = |request: http::request::Builder, expected: Option<(u16, &str)>| {
        let found = rejection(request, "PNG").map(|(status, code, _)| (status, code));
        assert_eq!(found, expected.map(|(status, code)| (status, code.to_owned())));
    };
    let request = |uri: &str| http::Request::post(uri).header("content-type", "image/png");
    let at = "/paint?at=1985-04-12T23:20:50Z";
    check(request(at).header("x-token", "a").header("accept", "text/*"), None);
    check(
        request(at).header("x-token", "a").header("accept", "application/json"),
        Some((406, "NotAcceptableException")),
    );
    check(http::Request::post(at).header("x-token", "a"), Some((415, "UnsupportedMediaTypeException")));
    check(request(at), Some((400, "ValidationException")));
    check(request("/paint").header("x-token", "a"), Some((400, "ValidationException")));
    let offset = "/paint?at=1985-04-12T23:20:50%2B01:00";
    check(request(offset).header("x-token", "a"), Some((400, "SerializationException")));
}
