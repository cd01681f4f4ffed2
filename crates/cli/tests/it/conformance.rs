//! Tests of `invoke-model conformance`. The adapters are shell scripts.

use super::{check_failure, run, text};

/// An adapter that gives the same response to each scenario.
fn adapter(response: &str) -> String {
    let script = format!(
        r#"read line; echo "{{\"client\": \"sh\", \"version\": \"1\"}}"; while read line; do echo "{response}"; done"#
    );
    format!("sh -c '{script}'")
}

fn conformance(arguments: &[&str]) -> std::process::Output {
    run(&[&["conformance"], arguments].concat(), None, &[("PATH", "/usr/bin:/bin")])
}

#[test]
fn the_exit_code_states_whether_the_client_has_differences() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let unsupported = adapter(r#"{\"unsupported\": \"not here\"}"#);
    let arguments = ["--scenario", "errors/code/header/*", "--adapter"];
    let output = conformance(&[&arguments[..], &[&unsupported]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let expected = "\
client  group         passed  known  failed  unsupported  unreported
sh 1    errors             0      0       0            5           0
sh 1    all                0      0       0            5           0

5 unsupported:
    5 x \"not here\"

no scenario passed, so the run fails
";
    assert_eq!(text(&output.stdout), expected);

    let silent = adapter(r#"{\"output\": {}}"#);
    let (json, junit) = (path("a.json"), path("a.xml"));
    let files = ["--json", &json, "--junit", &junit, "--parallel", "2"];
    let output = conformance(&[&arguments[..], &[&silent], &files].concat());
    assert_eq!(output.status.code(), Some(1));
    let table = text(&output.stdout);
    assert!(
        table.contains("\nerrors/code/header/plain\n  concern: ")
            && table.contains("requests: expected 1, found 0")
    );
    assert_eq!(text(&output.stderr), "");
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["results"].as_array().unwrap().len(), 5);
    assert!(
        std::fs::read_to_string(&junit).unwrap().contains(r#"<testsuite name="sh 1" tests="5" failures="5""#)
    );

    let baseline = path("baseline.json");
    let differences = r#"{"client": "sh", "differences": [{"scenario": "errors/code/header/*", "reason": "It is a script"}]}"#;
    std::fs::write(&baseline, differences).unwrap();
    let output = conformance(&[&arguments[..], &[&silent, "--baseline", &baseline]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn a_file_without_scenarios_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("errors")).unwrap();
    let file = r#"{"concern": "A", "rule": {"text": "A", "link": "https://a"}, "scenarios": []}"#;
    std::fs::write(folder.path().join("errors/a.json"), file).unwrap();
    let folder = folder.path().to_str().unwrap();
    let output = conformance(&["--scenarios", folder, "--adapter", &adapter("{}")]);
    check_failure(
        &output,
        2,
        "--scenarios: errors/a.json: `scenarios` is empty: add a scenario, or remove the file",
    );
}

#[test]
fn files_are_opened_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let adapter = format!("sh -c 'echo started > {}'", log.display());
    for flag in ["--json", "--junit"] {
        let path = folder.path().join("no/such/file");
        let path = path.to_str().unwrap();
        let output = conformance(&["--adapter", &adapter, flag, path]);
        check_failure(&output, 2, &format!("{flag}: {path}: "));
    }
    assert!(!log.exists(), "the adapter was started");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_does_not_lose_the_results() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("a.xml");
    let adapter = adapter(r#"{\"unsupported\": \"not here\"}"#);
    let arguments =
        ["--scenario", "errors/code/header/*", "--adapter", &adapter, "--json", "/dev/full", "--junit"];
    let output = conformance(&[&arguments[..], &[junit.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("5 unsupported:"));
    let error = text(&output.stderr);
    assert!(error.contains("--json: cannot write the output: /dev/full: "), "{error}");
    assert!(std::fs::read_to_string(junit).unwrap().contains("tests=\"5\""));
}

#[test]
fn a_run_that_cannot_start_has_the_exit_code_2() {
    check_failure(
        &conformance(&["--adapter", "./no-such-program"]),
        2,
        "cannot start the adapter: ./no-such-program:",
    );
    check_failure(
        &conformance(&["--adapter", "sh -c 'exit 7'"]),
        2,
        "the adapter ended without a response (exit status: 7)",
    );
    let right = adapter("{}");
    check_failure(
        &conformance(&["--adapter", &right, "--scenario", "a/*"]),
        2,
        "no scenario matches `a/*`: the id",
    );
    check_failure(
        &conformance(&["--adapter", &right, "--scenarios", "no/such/folder"]),
        2,
        "--scenarios: no/such/folder: ",
    );
    check_failure(
        &conformance(&["--adapter", &right, "--recordings", "no/such/folder"]),
        2,
        "--recordings: no/such/folder: ",
    );
    check_failure(
        &conformance(&["--adapter", &right, "--baseline", "no/such/file"]),
        2,
        "--baseline: no/such/file: ",
    );
    for (arguments, words) in [
        (&[][..], "--adapter <COMMAND>"),
        (&["--adapter", "sh 'a"], "the command of the adapter has an unclosed quote: sh 'a"),
        (
            &["--adapter", "a", "--parallel", "0"],
            "'0' for '--parallel <N>': expected a whole number of at least 1",
        ),
        (
            &["--adapter", "a", "--limit", "0"],
            "'0' for '--limit <SECONDS>': expected a whole number of at least 1",
        ),
    ] {
        let output = conformance(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
}

#[test]
fn a_scenario_is_shown_with_the_values_of_its_row() {
    let output = conformance(&["--show", "errors/code/header/plain"]);
    let scenario: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(scenario["id"], "errors/code/header/plain");
    assert_eq!(scenario["operation"], "InvokeModel");
    assert!(scenario["expect"]["error"]["code"].is_string() && scenario["server"]["rules"][0].is_object());
    assert!(!text(&output.stdout).contains("${"), "{scenario}");
    check_failure(&conformance(&["--show", "a/b/c"]), 2, "no scenario matches `a/b/c`");
}

#[test]
fn the_schema_describes_files_of_scenarios() {
    let output = conformance(&["--schema"]);
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["properties"]["scenarios"].is_object(), "{schema}");
}

#[test]
fn debug_logs_the_lines_of_the_adapter() {
    let output = conformance(&[
        "--debug",
        "--scenario",
        "errors/code/header/plain",
        "--adapter",
        &adapter(r#"{\"unsupported\": \"not here\"}"#),
    ]);
    let log = text(&output.stderr);
    for part in [
        r#"request to the adapter scenario="" request={"kit":1}"#,
        r#"response of the adapter scenario="" response={"client": "sh", "version": "1"}"#,
        r#"request to the adapter scenario="errors/code/header/plain" request={"scenario":"errors/code/header/plain","#,
        r#"response of the adapter scenario="errors/code/header/plain" response={"unsupported": "not here"}"#,
    ] {
        assert!(log.contains(part), "{log}");
    }
}

#[test]
fn a_list_has_the_rule_of_each_scenario() {
    let output = conformance(&["--list", "--scenario", "errors/code/header/plain"]);
    let list = text(&output.stdout);
    assert!(
        list.starts_with("errors/code/header/plain\t") && list.ends_with("#operation-error-serialization\n"),
        "{list}"
    );
    assert!(text(&conformance(&["--list"]).stdout).lines().count() > 200);
}
