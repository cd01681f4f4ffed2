//! Tests each kind of difference with tiny models. Also tests listed deviations and our model.

use invoke_model_test_support::suites::find_or_skip;

use super::*;

/// A service with the operation `Put`. The input of `Put` is the structure `In`. Tests replace parts of this
/// text.
const BASE: &str = r##"{"smithy":"2.0","shapes":{
    "a#Service":{"type":"service","version":"1","resources":[{"target":"a#Thing"}],
      "traits":{"smithy.rules#endpointRuleSet":{"parameters":{"Region":{"documentation":"theirs"}},
        "rules":[{"conditions":[],"type":"tree"},{"conditions":[{"fn":"isSet"}],"type":"error"}]}}},
    "a#Thing":{"type":"resource","operations":[{"target":"a#Put"},{"target":"a#Drop"}]},
    "a#Put":{"type":"operation","input":{"target":"a#In"},"output":{"target":"smithy.api#Unit"},
      "errors":[{"target":"a#Bad"}],"traits":{"smithy.api#http":{"method":"PUT","uri":"/","code":200}}},
    "a#Drop":{"type":"operation","input":{"target":"a#DropIn"}},
    "a#DropIn":{"type":"structure"},
    "a#In":{"type":"structure","members":{
      "one":{"target":"a#Text","traits":{"smithy.api#documentation":"theirs"}},
      "two":{"target":"smithy.api#Long","traits":{}},
      "three":{"target":"a#Names"}}},
    "a#Names":{"type":"list","member":{"target":"smithy.api#String"}},
    "a#Text":{"type":"string","traits":{"smithy.api#length":{"max":9}}},
    "a#Bad":{"type":"structure","traits":{"smithy.api#error":"client"}}
}}"##;

fn model(text: &str) -> Model {
    Model::from_json(text).unwrap()
}

fn differences(ours: &str, operations: &[&str]) -> Vec<String> {
    let operations: Vec<String> = operations.iter().map(|name| (*name).to_owned()).collect();
    let found = diff(&model(ours), &model(BASE), &operations).unwrap();
    found.iter().map(ToString::to_string).collect()
}

/// Replaces `from` by `to` in `BASE`, and checks the printed lines for this model.
fn check(from: &str, to: &str, expected: &[&str]) {
    assert_eq!(BASE.matches(from).count(), 1, "`{from}` must occur once");
    assert_eq!(differences(&BASE.replace(from, to), &[]), expected);
}

#[test]
fn reports_nothing_for_equal_models() {
    assert_eq!(differences(BASE, &[]), [""; 0]);
}

#[test]
fn reports_members() {
    check(r#""three":{"#, r#""four":{"#, &["+ a#In$four", "- a#In$three"]);
    check(
        r#""target":"smithy.api#Long""#,
        r#""target":"smithy.api#Short""#,
        &[r#"~ a#In$two target: "smithy.api#Long" -> "smithy.api#Short""#],
    );
    check(
        r#""member":{"target":"smithy.api#String"}"#,
        r#""member":{"target":"a#Text"}"#,
        &[r#"~ a#Names$member target: "smithy.api#String" -> "a#Text""#],
    );
}

#[test]
fn reports_the_order_of_shared_members() {
    check(
        r#""two":{"target":"smithy.api#Long","traits":{}},
      "three":{"target":"a#Names"}"#,
        r#""three":{"target":"a#Names"},"new":{"target":"a#Text"},"two":{"target":"smithy.api#Long"}"#,
        &[r#"~ a#In member order /1: "two" -> "three""#, "+ a#In$new"],
    );
}

#[test]
fn reports_a_shape_instead_of_its_members() {
    let ours = BASE.replace(r#""target":"a#Names""#, r#""target":"a#Map""#).replace(
        r##""a#Names":{"type":"list","member":{"target":"smithy.api#String"}}"##,
        r##""a#Map":{"type":"map","key":{"target":"a#Text"},"value":{"target":"a#Text"}}"##,
    );
    assert_eq!(
        differences(&ours, &[]),
        [r#"~ a#In$three target: "a#Names" -> "a#Map""#, "+ a#Map", "- a#Names"]
    );
}

#[test]
fn reports_shape_types() {
    check(r#""type":"string""#, r#""type":"blob""#, &[r#"~ a#Text type: "string" -> "blob""#]);
}

#[test]
fn reports_traits() {
    check(r#""traits":{}"#, r#""traits":{"smithy.api#required":{}}"#, &["+ a#In$two @smithy.api#required"]);
    check(r#""traits":{}"#, r#""traits":{"b#own":"value"}"#, &[r#"+ a#In$two @b#own: "value""#]);
    check(r#""smithy.api#length":{"max":9}"#, "", &[r#"- a#Text @smithy.api#length: {"max":9}"#]);
    check(r#"{"max":9}"#, r#"{"max":8}"#, &["~ a#Text @smithy.api#length /max: 9 -> 8"]);
    check(r#"{"max":9}"#, r#"{"max":9,"min":1}"#, &["~ a#Text @smithy.api#length /min: absent -> 1"]);
    check(
        r#""smithy.api#error":"client""#,
        r#""smithy.api#error":"server""#,
        &[r#"~ a#Bad @smithy.api#error: "client" -> "server""#],
    );
}

#[test]
fn shows_the_first_difference_of_a_long_value() {
    check(
        r#"{"fn":"isSet"}"#,
        r#"{"fn":"not","a/b":1}"#,
        &[r#"~ a#Service @smithy.rules#endpointRuleSet /rules/1/conditions/0/fn: "isSet" -> "not""#],
    );
    check(
        r#"{"fn":"isSet"}"#,
        r#"{"fn":"isSet","a/b~c":1}"#,
        &["~ a#Service @smithy.rules#endpointRuleSet /rules/1/conditions/0/a~1b~0c: absent -> 1"],
    );
    let long = format!(r#"{{"fn":"isSet"}},{{"argv":"{}"}}"#, "x".repeat(80));
    check(
        r#"{"fn":"isSet"}"#,
        &long,
        &["~ a#Service @smithy.rules#endpointRuleSet /rules/1/conditions/1: absent -> {..}"],
    );
}

#[test]
fn ignores_documentation() {
    let ours = BASE.replace("theirs", "ours");
    assert_ne!(ours, BASE);
    assert_eq!(differences(&ours, &[]), [""; 0]);
    assert_eq!(differences(&ours.replace(r#""documentation":"ours""#, ""), &[]), [""; 0]);
}

#[test]
fn ignores_trait_definitions() {
    check(
        r##""a#Names":"##,
        r##""b#own":{"type":"string","traits":{"smithy.api#trait":{}}},"a#Names":"##,
        &[],
    );
}

#[test]
fn reports_bindings_of_services_resources_and_operations() {
    check(r#""version":"1""#, r#""version":"2""#, &[r#"~ a#Service version: "1" -> "2""#]);
    check(
        r##"[{"target":"a#Thing"}]"##,
        r##"[],"operations":[{"target":"a#Put"}]"##,
        &["+ a#Service operation a#Put", "- a#Service resource a#Thing", "- a#Thing", "- a#Drop"],
    );
    check(
        r##"[{"target":"a#Put"},{"target":"a#Drop"}]"##,
        r##"[{"target":"a#Drop"}],"put":{"target":"a#Put"}"##,
        &["- a#Thing operation a#Put", "+ a#Thing put a#Put"],
    );
    check(r##""errors":[{"target":"a#Bad"}]"##, r#""errors":[]"#, &["- a#Bad", "- a#Put error a#Bad"]);
    check(
        r##""input":{"target":"a#In"}"##,
        r##""input":{"target":"a#DropIn"}"##,
        &["- a#In", "- a#Names", "+ a#Put input a#DropIn", "- a#Put input a#In", "- a#Text"],
    );
    check(r#""output":{"target":"smithy.api#Unit"},"#, "", &[]);
}

#[test]
fn reports_only_the_names_of_operations_that_our_model_lacks() {
    check(r##",{"target":"a#Drop"}"##, "", &["- a#Drop"]);
    assert_eq!(differences(&BASE.replace(r##",{"target":"a#Drop"}"##, ""), &["Put"]), [""; 0]);
    let ours = BASE.replace(r##""a#DropIn":{"##, r##""a#DropIn":{"members":{"x":{"target":"a#Text"}},"##);
    assert_eq!(differences(&ours, &[]), ["+ a#DropIn$x"]);
    assert_eq!(differences(&ours, &["Put"]), [""; 0]);
}

#[test]
fn reports_an_operation_that_only_our_model_has() {
    let ours = BASE.replace("a#Put", "a#Set");
    assert_eq!(
        differences(&ours, &["Set"]),
        ["+ a#Bad", "+ a#In", "+ a#Names", "+ a#Set", "+ a#Text", "+ a#Thing operation a#Set"]
    );
}

#[test]
fn selection_errors_name_the_model() {
    let error = |ours: &str, theirs: &str, operation: &str| {
        diff(&model(ours), &model(theirs), &[operation.to_owned()]).unwrap_err().to_string()
    };
    assert_eq!(
        error(BASE, BASE, "Get"),
        "our model: a#Service: has no operation `Get`: use one of Drop, Put"
    );
    assert_eq!(
        error(BASE, &BASE.replace("a#Service", "a#Other"), "Put"),
        "the other model: the model has no service `a#Service`: use one of a#Other"
    );
}

/// Runs the command on a folder with two models. If `listed` contains deviations, the folder also has a
/// README that lists these deviations.
fn run_with(listed: Option<&str>, operations: &[&str]) -> (String, Result<(), String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ours = BASE.replace(r#"{"max":9}"#, r#"{"max":8}"#);
    if let Some(lines) = listed {
        file("README.md", &format!("```sh\n+ a#No\n```\n\n```deviations\n{lines}\n```\n\nReason.\n+ a#No\n"));
    }
    let args = Args {
        file: file("theirs.json", BASE),
        model: Some(file("ours.json", &ours)),
        operations: operations.iter().map(|name| (*name).to_owned()).collect(),
    };
    let mut out = Vec::new();
    let result = run(&args, &mut out).map_err(|error| error.to_string());
    (String::from_utf8(out).unwrap(), result)
}

const LINE: &str = "~ a#Text @smithy.api#length /max: 9 -> 8";

#[test]
fn prints_listed_differences_and_passes() {
    assert_eq!(run_with(Some(LINE), &[]), (format!("{LINE}\n"), Ok(())));
}

#[test]
fn marks_unlisted_differences_and_fails() {
    for listed in [None, Some("")] {
        let (out, result) = run_with(listed, &[]);
        assert_eq!(out, format!("{LINE}  <- not listed\n"));
        assert!(result.unwrap_err().starts_with(
            "1 unlisted differences, 0 listed differences that do not occur: correct the model"
        ));
    }
}

#[test]
fn fails_on_stale_lines_if_all_operations_were_compared() {
    let listed = format!("{LINE}\n- a#Gone");
    let (out, result) = run_with(Some(&listed), &[]);
    assert_eq!(out, format!("{LINE}\n- a#Gone  <- listed, but does not occur\n"));
    assert!(result.unwrap_err().starts_with("0 unlisted differences, 1 listed differences"));
    assert_eq!(run_with(Some(&listed), &["Put"]), (format!("{LINE}\n"), Ok(())));
}

#[test]
fn deviations_from_botocore_have_their_own_list() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let readme =
        "```deviations\n- Get\n```\n\n```deviations-botocore\n+ service apiVersion: \"1\"\n+ Put\n```\n";
    file("README.md", readme);
    let args = Args {
        file: file("theirs.json", r#"{"operations":{"Get":{}},"shapes":{}}"#),
        model: Some(file("ours.json", BASE)),
        operations: Vec::new(),
    };
    let mut out = Vec::new();
    let error = run(&args, &mut out).unwrap_err().to_string();
    let lines = "+ service apiVersion: \"1\"\n+ Drop  <- not listed\n- Get  <- not listed\n+ Put\n";
    assert_eq!(String::from_utf8(out).unwrap(), lines);
    assert!(error.contains("correct the model, or the `deviations-botocore` block of "), "{error}");
}

#[test]
fn errors_name_a_file_that_is_missing_or_not_a_model() {
    let args = Args { file: "no/such.json".into(), model: None, operations: Vec::new() };
    assert!(run(&args, &mut Vec::new()).unwrap_err().to_string().starts_with("cannot read no/such.json: "));
    let no_model = our_model().with_file_name("README.md");
    let args = Args { file: no_model, ..args };
    let message = run(&args, &mut Vec::new()).unwrap_err().to_string();
    assert!(message.contains("README.md: the model is not JSON"), "{message}");
}

#[test]
fn our_model_differs_from_the_published_one_only_as_listed() {
    let Some(published) = find_or_skip("models/bedrock-runtime.json") else { return };
    let args = Args { file: published, model: None, operations: Vec::new() };
    let mut out = Vec::new();
    let result = run(&args, &mut out);
    assert!(result.is_ok(), "{}\n{}", result.unwrap_err(), String::from_utf8_lossy(&out));
}

#[test]
fn every_shape_and_member_of_our_model_is_documented() {
    const DOCUMENTATION: &str = "smithy.api#documentation";
    let model = load(&our_model()).unwrap();
    for (id, shape) in model.shapes() {
        assert!(shape.has(DOCUMENTATION), "{id}");
        // The documentation of a list or map also describes its elements, keys and values.
        for (name, member) in &shape.members {
            assert!(member.has(DOCUMENTATION), "{id}${name}");
        }
    }
}
