//! Tests of `report`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::load::scenario;

fn report() -> ClientReport {
    let result = |id: &str, outcome| {
        let rule = json!({"text": "A rule.", "link": "https://example.com"});
        let value = json!({"id": id, "rule": rule, "operation": "InvokeModel", "input": {}, "expect": {}});
        let mut scenario = scenario(&value).unwrap();
        if id == "encoding/a/3" {
            scenario.concern = "A concern".to_owned();
            scenario.description = "A description".to_owned();
        }
        let unreported = if id == "errors/a/2" { vec!["output".to_owned()] } else { Vec::new() };
        let (scenario, duration) = (Arc::new(scenario), Duration::from_millis(1500));
        ScenarioResult { scenario, outcome, unreported, duration }
    };
    let known = Outcome::Known { reason: "By design".to_owned(), differences: vec!["c".to_owned()] };
    ClientReport {
        client: "tiny".to_owned(),
        version: "1.0".to_owned(),
        unreported: vec!["output".to_owned()],
        results: vec![
            result("errors/a/1", Outcome::Passed),
            result("errors/a/2", known),
            result("encoding/a/3", Outcome::Failed(vec!["<a>".to_owned(), "b\nc".to_owned()])),
            result("encoding/a/4", Outcome::Fixed { pattern: "encoding/*".to_owned() }),
            result("signing/a/5", Outcome::Passed),
            result("errors/a/6", Outcome::Unsupported("No".to_owned())),
        ],
        unused_baseline: vec!["errors/b".to_owned()],
        shadowed_baseline: vec!["errors/a/2".to_owned()],
    }
}

#[test]
fn the_table_has_a_line_for_each_group() {
    let expected = "\
client    group         passed  known  failed  unsupported  unreported
tiny 1.0  encoding           0      0       2            0           0
tiny 1.0  signing            1      0       0            0           0
tiny 1.0  errors             1      1       0            1           1
tiny 1.0  all                2      1       2            1           1
";
    assert_eq!(table(&[report()]), expected);
}

#[test]
fn failures_have_their_rule_and_their_differences() {
    let expected = "
encoding/a/3
  concern: A concern
  description: A description
  rule: A rule. (https://example.com)
  - <a>
  - b
    c

encoding/a/4
  rule: A rule. (https://example.com)
  - the scenario passes: replace the entry `encoding/*` of the baseline with the ids of the scenarios that still differ

baseline: no scenario matches the entry `errors/b`: remove it

baseline: the entry `errors/a/2` has no effect, because entries before it match the same scenarios: remove one of them
";
    assert_eq!(failures(&report()), expected);
}

#[test]
fn long_differences_are_shortened_only_in_texts() {
    let mut report = report();
    let difference = format!("{}\n{}", "a".repeat(400), "b".repeat(400));
    report.results[2].outcome = Outcome::Failed(vec![difference.clone()]);
    let text = failures(&report);
    assert!(text.contains(&format!("  - {}\n    {}..\n", "a".repeat(400), "b".repeat(199))), "{text}");
    assert_eq!(json(&report)["results"][2]["differences"], json!([difference]));
    assert!(junit(&[report]).contains(&difference));
}

#[test]
fn the_coverage_has_the_most_frequent_reasons() {
    let mut report = report();
    let expected = "
not compared, because the client does not report them (number of scenarios): output (1)

1 unsupported:
    1 x \"No\"
";
    assert_eq!(coverage(&report), expected);
    for number in (0..12_u32).flat_map(|number| [number].repeat(if number == 5 { 3 } else { 1 })) {
        let outcome = Outcome::Unsupported(format!("reason {number:02}"));
        report.results.push(ScenarioResult { outcome, ..report.results[0].clone() });
    }
    let text = coverage(&report);
    let (_, text) = text.split_once("\n\n").unwrap();
    assert!(
        text.starts_with("15 unsupported:\n    3 x \"reason 05\"\n    1 x \"No\"\n    1 x \"reason 00\"\n"),
        "{text}"
    );
    assert!(text.ends_with("    1 x \"reason 08\"\n    3 x 3 other reasons\n"), "{text}");
    report.unreported.clear();
    report.results.truncate(5);
    assert_eq!(
        coverage(&report),
        "\nnot compared, because the client does not report them (number of scenarios): output (1)\n"
    );
    report.results.remove(1);
    assert_eq!(coverage(&report), "");
}

#[test]
fn a_fixed_scenario_with_its_own_entry_names_the_entry() {
    assert_eq!(fixed("a/b/c", "a/b/c"), "the scenario passes: remove the entry `a/b/c` from the baseline");
}

#[test]
fn the_matrix_has_a_line_for_each_client() {
    let other =
        ClientReport { client: "other".to_owned(), results: report().results[4..5].to_vec(), ..report() };
    let expected = "\
| client | encoding | signing | errors |
|---|---|---|---|
| tiny 1.0 | 0 / 2 / 0 | 1 | 1 / 1 / 1 |
| other 1.0 | not run | 1 | not run |
";
    assert_eq!(matrix(&[report(), other]), expected);
}

#[test]
fn json_has_every_result() {
    let json = json(&report());
    assert_eq!(json["unreported"], json!(["output"]));
    let known = json!({
        "scenario": "errors/a/2", "outcome": "known", "milliseconds": 1500,
        "rule": {"text": "A rule.", "link": "https://example.com"}, "reason": "By design", "differences": ["c"],
        "unreported": ["output"],
    });
    assert_eq!(json["results"][1], known);
    assert_eq!(json["results"].as_array().map(Vec::len), Some(6));
}

#[test]
fn junit_has_a_test_for_each_scenario() {
    let text = junit(&[report()]);
    let start = r#"<testsuites>
  <testsuite name="tiny 1.0" tests="7" failures="3" skipped="2">
    <testcase classname="tiny.errors" name="errors/a/1" time="1.500"/>
    <testcase classname="tiny.errors" name="errors/a/2" time="1.500">
      <properties>
        <property name="unreported" value="output"/>
      </properties>
      <skipped message="known difference: By design">known difference: By design</skipped>
    </testcase>
    <testcase classname="tiny.encoding" name="encoding/a/3" time="1.500">
      <failure message="&lt;a&gt;">&lt;a&gt;
b
c</failure>
"#;
    assert_eq!(&text[..start.len().min(text.len())], start);
    let end = r#"
    <testcase classname="tiny.baseline" name="errors/b">
      <failure message="no scenario matches the entry `errors/b`: remove it">no scenario matches the entry `errors/b`: remove it</failure>
    </testcase>
  </testsuite>
</testsuites>
"#;
    assert!(text.ends_with(end), "{text}");
}
