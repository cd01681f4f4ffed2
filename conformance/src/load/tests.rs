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
    parse(Path::new("group/concern.json"), text).map_err(|error| error.to_string())
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
    assert_eq!(scenario.id, "group/concern/first");
    assert_eq!(scenario.group(), "group");
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
    assert_eq!(ids, ["group/concern/first/a", "group/concern/first/b"]);
    assert!(scenarios[0].expect.attempts.unwrap().contains(2));
    assert!(scenarios[1].expect.attempts.unwrap().contains(9));
    assert!(scenarios[1].expect.request.as_ref().unwrap().target.as_ref().unwrap().matches("/3/3"));
}

#[test]
fn errors_name_the_file_the_scenario_and_the_member() {
    let check = |change: &dyn Fn(&mut Value), expected: &str| {
        let error = load(&file(change)).unwrap_err();
        assert!(error.starts_with("group/concern.json: ") && error.contains(expected), "{error}");
    };
    check(&|scenario| scenario["exepct"] = json!({}), "scenario `first`: exepct: unknown field `exepct`");
    check(&|scenario| scenario["expect"]["attempts"] = json!("two"), "scenario `first`: expect.attempts: ");
    check(&|scenario| scenario["settings"] = json!({"regoin": 1}), "settings.regoin: unknown field `regoin`");
    check(&|scenario| scenario["id"] = json!("A b"), "the id \"A b\" must consist of");
    check(&|scenario| scenario["id"] = json!(null), "scenario 1: id: invalid type: null");
    check(&|scenario| scenario["input"]["body"] = json!({"$bytes": "?"}), "input: `$bytes` must be base64");
    check(&|scenario| scenario["expect"]["output"] = json!({"$text": 1}), "expect: `$text` must be a text");
    check(
        &|scenario| scenario["server"] = json!({"rules": [{"frist": 1}]}),
        "server: rule 1: unknown field `frist`",
    );
    check(&|scenario| scenario["rows"] = json!([]), "`rows` must be a list of objects");
    check(&|scenario| scenario["rows"] = json!([{"n": 1}]), "each row needs an `id`");
    check(&|scenario| scenario["rows"] = json!([{"id": "a", "n": 1}]), "row `a`: `n` is not used");
    let unknown = |scenario: &mut Value| {
        scenario["rows"] = json!([{"id": "a"}]);
        scenario["operation"] = json!("${o}");
    };
    check(&unknown, "row `a`: the row has no value for `${o}`");
    let twice = file(|_| ()).replace(
        "\"scenarios\":[",
        "\"scenarios\":[{\"id\":\"first\",\"operation\":\"InvokeModel\",\"input\":{},\"expect\":{}},",
    );
    assert!(load(&twice).unwrap_err().ends_with("duplicate id `first`"));
    assert!(load("{").unwrap_err().contains("line 1 column 1"));
    assert!(load(&file(|_| ()).replace("https://", "http://")).unwrap_err().contains("a link to https"));
}

#[test]
fn the_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenario.schema.json");
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(ScenarioFile)).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == schema, "run `UPDATE_SCHEMA=1 cargo test -p invoke-model-conformance`");
}
