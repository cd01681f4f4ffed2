//! Tests of `load`.

use std::path::Path;

use serde_json::{Value, json};

use super::{ScenarioFile, built_in, parse};
use crate::scenario::Scenario;

/// Returns a file with one scenario. `change` can set and remove members of the scenario.
fn file(change: impl FnOnce(&mut Value)) -> String {
    let mut scenario = json!({
        "id": "first", "operation": "InvokeModel", "input": {"modelId": "a", "body": {"$text": "{}"}}, "expect": {}
    });
    change(&mut scenario);
    let rule = json!({"text": "A rule.", "link": "https://example.com/rule"});
    json!({"concern": "A concern", "rule": rule, "scenarios": [scenario]}).to_string()
}

fn load(text: &str) -> Result<Vec<Scenario>, String> {
    parse(Path::new("signing/concern.json"), text).map_err(|error| error.to_string())
}

#[test]
fn the_built_in_scenarios_are_valid() {
    let scenarios = built_in().unwrap();
    assert!(scenarios.len() >= 300, "{}", scenarios.len());
    assert!(scenarios.iter().all(|scenario| scenario.rule.link.starts_with("https://")));
}

#[test]
fn the_id_contains_the_group_and_the_concern() {
    let [scenario] = &load(&file(|_| ())).unwrap()[..] else { panic!() };
    assert_eq!(scenario.id, "signing/concern/first");
    assert_eq!(scenario.group(), "signing");
    assert_eq!(scenario.rule.text, "A rule.");
    assert_eq!(scenario.input["body"], json!({"$bytes": "e30="}));
}

#[test]
fn a_scenario_stands_for_one_scenario_per_row() {
    let text = file(|scenario| {
        scenario["rows"] = json!([{"id": "a", "n": 2, "t": "x"}, {"id": "b", "n": {"min": 1}, "t": 3}]);
        scenario["expect"] = json!({"attempts": "${n}", "request": {"target": "/${t}/${t}"}});
    });
    let scenarios = load(&text).unwrap();
    let ids: Vec<_> = scenarios.iter().map(|scenario| scenario.id.as_str()).collect();
    assert_eq!(ids, ["signing/concern/first/a", "signing/concern/first/b"]);
    assert!(scenarios[0].expect.attempts.unwrap().contains(2));
    assert!(scenarios[1].expect.attempts.unwrap().contains(9));
    assert!(scenarios[1].expect.request.as_ref().unwrap().target.as_ref().unwrap().matches("/3/3"));
    let expected = json!({
        "id": "signing/concern/first/b",
        "concern": "A concern",
        "rule": {"text": "A rule.", "link": "https://example.com/rule"},
        "operation": "InvokeModel",
        "input": {"modelId": "a", "body": {"$text": "{}"}},
        "expect": {"attempts": {"min": 1}, "request": {"target": "/3/3"}},
    });
    assert_eq!(scenarios[1].to_json(), expected);
}

#[test]
fn errors_name_the_file_the_scenario_and_the_member() {
    let check = |change: &dyn Fn(&mut Value), expected: &str| {
        let error = load(&file(change)).unwrap_err();
        assert!(error.starts_with("signing/concern.json: ") && error.contains(expected), "{error}");
    };
    check(&|scenario| scenario["exepct"] = json!({}), "scenario `first`: exepct: unknown field `exepct`");
    check(&|scenario| scenario["expect"]["attempts"] = json!("two"), "scenario `first`: expect.attempts: ");
    check(&|scenario| scenario["settings"] = json!({"regoin": 1}), "settings.regoin: unknown field `regoin`");
    check(&|scenario| scenario["id"] = json!("A b"), "id: \"A b\" must consist of");
    check(&|scenario| scenario["id"] = json!(null), "scenario 1: id: invalid type: null");
    check(
        &|scenario| scenario["operation"] = json!("Invoke"),
        "operation: unknown operation `Invoke`, expected InvokeModel, ",
    );
    check(&|scenario| scenario["input"]["body"] = json!({"$bytes": "?"}), "input: `$bytes` must be base64");
    check(&|scenario| scenario["expect"]["output"] = json!({"$text": 1}), "expect: `$text` must be a text");
    check(&|scenario| scenario["input"]["a"] = json!({"$time": "noon"}), "input: `$time` must be a time");
    check(&|scenario| scenario["expect"]["events"] = json!([{"$time": 1}]), "expect: `$time` must be a time");
    check(
        &|scenario| scenario["server"] = json!({"rules": [{"frist": 1}]}),
        "server.rules: rule 1: unknown field `frist`",
    );
    check(
        &|scenario| scenario["id"] = json!("a/../b"),
        "id: \"a/../b\" must consist of a-z, 0-9, `-`, `.` and `_`, and its parts between `/` must not be empty",
    );
    check(&|scenario| scenario["id"] = json!("a//b"), "its parts between `/` must not be empty");
    check(
        &|scenario| scenario["settings"] = json!({"retry_mode": "legacy"}),
        "scenario `first`: settings.retry_mode: unknown retry mode `legacy`, expected one of standard, adaptive at line",
    );
    check(
        &|scenario| scenario["input"]["a"] = json!([{"$tiem": 1}]),
        "input: unknown tag `$tiem`, expected one of",
    );
    check(
        &|scenario| scenario["input"]["a"] = json!({"$any": true}),
        "input: unknown tag `$any`, expected one of",
    );
    let expect = |expect: Value, expected: &str| {
        check(
            &|scenario| scenario["expect"] = expect.clone(),
            &format!("scenario `first`: expect{expected}"),
        );
    };
    expect(json!({"output": {"a": {"$ayn": true}}}), ": unknown tag `$ayn`, expected one of $bytes, ");
    expect(
        json!({"request": {"body": {"$json": [{"$ayn": 1}]}}}),
        ": unknown tag `$ayn`, expected one of $bytes, ",
    );
    expect(json!({"events": [{"$ayn": true}]}), ": unknown tag `$ayn`");
    expect(
        json!({"error": {"class": "throttled"}}),
        ": unknown class `throttled`, expected one of service, ",
    );
    expect(json!({"error": {"class": ["service", "a"]}}), ": unknown class `a`, expected one of service, ");
    expect(
        json!({"error": {"class": {"contains": "x"}}}),
        ": no class contains `x`, the classes are service, ",
    );
    expect(json!({"either": [{}, {"error": {"class": "a"}}]}), ": unknown class `a`");
    expect(json!({"same": ["bdoy"]}), ": unknown name in `same` `bdoy`, expected one of body, accept, ");
    expect(
        json!({"either": []}),
        ".either: the list of alternatives is empty: add expectations, or remove it",
    );
    expect(json!({"either": [{"either": [{}]}]}), ".either: an alternative cannot have alternatives");
    for name in ["attempts", "connections", "credentials_requests", "frames_sent", "took_ms"] {
        expect(
            json!({name: {"min": 3, "max": 2}}),
            &format!(": {name}: `min` is 3, and `max` is 2: `min` must not be greater"),
        );
    }
    expect(json!({"delays_ms": [{"min": 1}, {"min": 3, "max": 2}]}), ": delays_ms: `min` is 3");
    expect(json!({"proxy": {"requests": {"min": 3, "max": 2}}}), ": proxy.requests: `min` is 3");
    check(
        &|scenario| scenario["requires"] = json!("second"),
        "scenario `signing/concern/first`: requires: there is no scenario `signing/concern/second`",
    );
    let empty =
        json!({"concern": "A", "rule": {"text": "A", "link": "https://a"}, "scenarios": []}).to_string();
    let expected = "signing/concern.json: `scenarios` is empty: add a scenario, or remove the file";
    assert_eq!(load(&empty).unwrap_err(), expected);
    check(&|scenario| scenario["rows"] = json!([]), "`rows` must be a list of objects");
    check(&|scenario| scenario["rows"] = json!([{"n": 1}]), "each row needs an `id`");
    check(
        &|scenario| scenario["rows"] = json!([{"id": "a", "n": 1}]),
        "row `a`: no text of the scenario contains ${n}: remove `n`",
    );
    let unknown = |scenario: &mut Value| {
        scenario["rows"] = json!([{"id": "a"}]);
        scenario["operation"] = json!("${o}");
    };
    check(&unknown, "row `a`: ${o} has no value: add `o` to each row");
    let twice = file(|_| ()).replace(
        "\"scenarios\":[",
        "\"scenarios\":[{\"id\":\"first\",\"operation\":\"InvokeModel\",\"input\":{},\"expect\":{}},",
    );
    assert!(load(&twice).unwrap_err().contains("id: the file has another scenario `first` at line 1"));
    assert!(load("{").unwrap_err().contains("line 1 column 1"));
    assert!(
        load(&file(|_| ()).replace("https://", "http://"))
            .unwrap_err()
            .contains("a `link` that begins with https://")
    );
}

#[test]
fn a_keyword_of_json_schema_is_not_a_tag() {
    let schema = json!({"items": {"$ref": "#/$defs/A"}, "$defs": {"A": {"$comment": {"$ref": "B"}}}});
    let [scenario] = &load(&file(|scenario| scenario["input"]["a"] = schema.clone())).unwrap()[..] else {
        panic!()
    };
    assert_eq!(scenario.input["a"], schema);
}

#[test]
fn scenarios_can_compare_any_header_that_they_name() {
    let expect = json!({"same": ["body", "x-own"], "request": {"headers": {"x-own": {"$any": true}}}});
    load(&file(|scenario| scenario["expect"] = expect)).unwrap();
}

#[test]
fn errors_state_the_line_of_the_member() {
    let text = "{\n \"concern\": \"A\",\n \"rule\": {\"text\": \"A\", \"link\": \"https://a\"},\n \"scenarios\": [\n  {}, {\n   \
                \"id\": \"a\",\n   \"operation\": \"InvokeModel\",\n   \"input\": {},\n   \"settings\": {\n    \"region\": 5\n   }\n  }\n ]\n}";
    let error = load(text).unwrap_err();
    let lines: Vec<_> = error.lines().collect();
    let [first, second] = lines[..] else { panic!("{error}") };
    assert_eq!(first, "signing/concern.json: scenario 1: missing field `id` at line 5");
    let expected = "scenario `a`: settings.region: invalid type: integer `5`, expected a string at line 10";
    assert_eq!(second, format!("signing/concern.json: {expected}"));
    assert_eq!(
        parse(Path::new("sining/concern.json"), text).unwrap_err().to_string().split(';').next(),
        Some("sining/concern.json: the folder is not a group")
    );
}

#[test]
fn the_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenario.schema.json");
    let mut schema = serde_json::to_value(schemars::schema_for!(ScenarioFile)).unwrap();
    for (name, definition) in schema["$defs"].as_object_mut().unwrap() {
        if name != "Rule" {
            allow_names(definition);
        }
    }
    schema["$defs"]["Scenario"]["properties"]["rows"] = json!({
        "description": "The scenario is run once for each row. Each `${NAME}` is replaced by the value with this name in the row.",
        "type": "array",
        "minItems": 1,
        "items": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
    });
    schema["$defs"]["Name"] = json!({
        "description": "A `${NAME}` that is replaced by the value with this name in the row.",
        "type": "string",
        "pattern": r"^\$\{[A-Za-z0-9_-]+\}$",
    });
    let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "a developer sets this variable to write the file")]
    let is_update = std::env::var_os("UPDATE_SCHEMA").is_some();
    if is_update {
        std::fs::write(&path, &schema).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == schema, "run `UPDATE_SCHEMA=1 cargo test -p invoke-model-conformance`");
}

/// Allows each member of a schema to be a `${NAME}` that rows replace.
fn allow_names(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(allow_name);
            }
            ("items" | "additionalProperties", schema) if schema.is_object() => allow_name(schema),
            ("anyOf" | "oneOf", Value::Array(schemas)) => schemas.iter_mut().for_each(allow_names),
            _ => {}
        }
    }
}

fn allow_name(schema: &mut Value) {
    allow_names(schema);
    let accepts_text = *schema == json!(true) || schema["type"] == "string" && schema["enum"].is_null();
    if !accepts_text {
        let description = schema.as_object_mut().and_then(|members| members.shift_remove("description"));
        *schema = json!({"anyOf": [schema.take(), {"$ref": "#/$defs/Name"}]});
        if let Some(description) = description {
            schema["description"] = description;
        }
    }
}
