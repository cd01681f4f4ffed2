//! Failures of adapters. The adapters are shell scripts.

use super::*;

/// Describes an adapter, as the first response must.
const HELLO: &str = r#"read line; echo '{"client": "sh", "version": "1"}';"#;

fn sh(script: &str) -> AdapterAddress {
    AdapterAddress::Command(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()])
}

#[tokio::test]
async fn a_failure_of_the_adapter_is_the_outcome_of_one_scenario() {
    let script = r#"
        while read line; do case "$line" in
            *test/dies*) echo 'last words' >&2; exit 3;;
            *test/nothing*) exit 0;;
            *test/no-json*) echo hello;;
            *test/unknown*) echo '{"otput": {}}';;
            *test/two-lines*) printf '{"output": {}}\n{"output": {}}\n';;
            *test/part*) printf '{"output": {}}\n{"out';;
            *test/empty*) echo '{}';;
            *test/cancels*) echo '{"cancelled": true}';;
            *test/lies*) echo '{"output": {"inputTokens": 1}}';;
            *) echo '{"output": {}}';;
        esac; done"#;
    let expect = json!({"expect": {"attempts": 0, "output": {}}});
    let ids = [
        "a",
        "cancels",
        "dies",
        "dies2",
        "empty",
        "lies",
        "no-json",
        "nothing",
        "p",
        "part",
        "two-lines",
        "unknown",
        "z",
    ];
    let mut changes = ids.map(|id| (id, expect.clone())).to_vec();
    changes.push(("took", json!({"expect": {"attempts": 0, "took_ms": {"min": 1}}})));
    let report = run(&scenarios(&changes), &options(sh(&format!("{HELLO} {script}")))).await.unwrap();
    assert_eq!((report.client.as_str(), report.version.as_str()), ("sh", "1"));
    assert!(!report.is_success());
    for id in ["a", "p", "z"] {
        assert_eq!(*outcome(&report, id), Outcome::Passed, "{id}");
    }
    for (id, expected) in [
        (
            "dies",
            "the adapter ended without a response (exit status: 3); its standard error ends with:\nlast words",
        ),
        (
            "dies2",
            "the adapter ended without a response (exit status: 3); its standard error ends with:\nlast words",
        ),
        ("nothing", "the adapter ended without a response (exit status: 0)"),
        (
            "empty",
            "the adapter printed a line that is not a valid response: it has no `output`, `events`, `error`, `cancelled` \
             or `unsupported`; the line is `{}`",
        ),
        ("cancels", "expected a call that is not cancelled, found a cancelled call"),
        ("took", "time from the first connection to the result: the client did not connect"),
        ("lies", "output.inputTokens: expected no value, found 1"),
        (
            "two-lines",
            r#"the adapter printed two lines for one request; the second line is `{"output": {}}`"#,
        ),
        ("part", r#"the adapter printed two lines for one request; the second line is `{"out`"#),
        (
            "no-json",
            "the adapter printed a line that is not a valid response: it is not a JSON object; the line is `hello`",
        ),
    ] {
        assert_eq!(differences(&report, id), [expected], "{id}");
    }
    assert!(differences(&report, "unknown")[0].contains("unknown field `otput`"));
}

#[tokio::test]
async fn a_process_that_holds_the_output_does_not_hide_the_exit_of_the_adapter() {
    let script = r#"while read line; do case "$line" in
        *test/ends*) sleep 1000 & exit 3;;
        *test/responds*) echo '{"output": {}}'; sleep 1000 & exit 3;;
    esac; done"#;
    let expect = json!({"expect": {"attempts": 0}});
    let scenarios = scenarios(&["ends", "responds"].map(|id| (id, expect.clone())));
    let options = options(sh(&format!("{HELLO} {script}")));
    let run = tokio::time::timeout(options.limit, run(&scenarios, &options));
    let report = run.await.expect("the exit was noticed before the time limit").unwrap();
    assert_eq!(differences(&report, "ends"), ["the adapter ended without a response (exit status: 3)"]);
    assert_eq!(*outcome(&report, "responds"), Outcome::Passed);
}

#[tokio::test]
async fn long_lines_of_standard_error_are_shortened() {
    let script = r#"printf '%0200000d\nlast\n' 7 >&2; exit 3"#;
    let error = run(&scenarios(&[("a", json!({}))]), &options(sh(script))).await.unwrap_err().to_string();
    let expected = format!(
        "the adapter ended without a response (exit status: 3); its standard error ends with:\n{}.. (only the first \
         12800 bytes of the line are kept)\nlast",
        "0".repeat(12_800)
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn an_adapter_that_hangs_is_stopped_and_started_again() {
    let script = r#"while read line; do case "$line" in *test/hangs*) sleep 1000;; *) echo '{"output": {}}';; esac; done"#;
    let expect = json!({"expect": {"attempts": 0}});
    let scenarios = scenarios(&["hangs", "right"].map(|id| (id, expect.clone())));
    // A baseline does not change a failure of the adapter.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baseline.json");
    let known = r#"{"client": "sh", "differences": [{"scenario": "test/hangs", "reason": "slow"}]}"#;
    std::fs::write(&path, known).unwrap();
    let (limit, baseline) = (Duration::from_secs(2), Baseline::read(&path).unwrap());
    let options = Options { limit, baseline, ..options(sh(&format!("{HELLO} {script}"))) };
    let report = run(&scenarios, &options).await.unwrap();
    assert_eq!(
        differences(&report, "hangs"),
        [
            "the adapter printed no response to a call within 2 s; if it is slow, raise `--limit` or lower `--parallel`"
        ]
    );
    assert_eq!(*outcome(&report, "right"), Outcome::Passed);
}

#[tokio::test]
async fn an_adapter_that_does_not_describe_itself_ends_the_run() {
    let scenarios = scenarios(&[("a", json!({}))]);
    for (script, expected) in [
        (
            "echo why >&2; exit 4",
            "the adapter ended without a response (exit status: 4); its standard error ends with:\nwhy",
        ),
        ("read line; echo '{}'; read line", "missing field `client`"),
        ("read line; echo hello; read line", "the line is `hello`"),
    ] {
        let error = run(&scenarios, &options(sh(script))).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let missing = AdapterAddress::Command(vec!["./no-such-program".to_owned()]);
    let error = run(&scenarios, &options(missing)).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot start the adapter: ./no-such-program: "), "{error}");
}

#[tokio::test]
async fn adapters_have_ambient_credentials_that_no_server_accepts() {
    let script = r#"while read line; do
        echo "{\"error\": {\"class\": \"other\", \"message\": \"<$A> <$B> <$AWS_ACCESS_KEY_ID> <$AWS_REGION>\"}}"
    done"#;
    let check = |environment: Value, message: &str| {
        let settings = match environment {
            Value::Null => json!({}),
            environment => json!({"environment": environment}),
        };
        json!({"settings": settings, "expect": {"attempts": 0, "error": {"message": message}}})
    };
    let known = json!({"A": "{port}", "B": "b", "AWS_ACCESS_KEY_ID": null, "AWS_REGION": "eu-west-1"});
    let scenarios = scenarios(&[
        ("ambient", check(Value::Null, "<> <> <AMBIENTACCESSKEYID> <>")),
        ("scenario", check(known, "<{port}> <b> <> <eu-west-1>")),
    ]);
    let options = Options { parallel: 2, ..options(sh(&format!("{HELLO} {script}"))) };
    let report = run(&scenarios, &options).await.unwrap();
    assert_eq!(*outcome(&report, "ambient"), Outcome::Passed);
    let [difference] = differences(&report, "scenario") else { panic!() };
    let port = difference.split("found `<").nth(1).unwrap().split('>').next().unwrap();
    assert!(port.parse::<u16>().is_ok() && difference.ends_with("> <b> <> <eu-west-1>`"), "{difference}");
}
