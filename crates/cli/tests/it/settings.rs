//! Tests of the configuration file and of `invoke-model models`.

use std::path::Path;

use super::{check_failure, run, text};

const CONFIG: &str = "\
model = \"lite\"
embedding_model = \"titan\"
region = \"eu-north-1\"

[aliases]
lite = \"eu.amazon.nova-lite-v1:0\"
titan = \"amazon.titan-embed-text-v2:0\"
";

fn with_config(config: &str, check: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("invoke-model")).unwrap();
    std::fs::write(folder.path().join("invoke-model/config.toml"), config).unwrap();
    check(folder.path());
}

#[test]
fn file_has_aliases_defaults_and_a_region() {
    with_config(CONFIG, |folder| {
        let folder = folder.to_str().unwrap();
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("XDG_CONFIG_HOME", folder)];
        let check = |arguments: &[&str], environment: &[(&str, &str)], expected: &str| {
            let output = run(arguments, None, &[&keys[..], environment].concat());
            let shown = text(&output.stdout);
            assert!(shown.contains(expected), "{shown}{}", text(&output.stderr));
        };
        let chat = ["chat", "--dry-run", "hi"];
        let lite = ".amazonaws.com/model/eu.amazon.nova-lite-v1%3A0/converse-stream'";
        check(&chat, &[], &format!("'https://bedrock-runtime.eu-north-1{lite}"));
        check(&chat, &[("AWS_REGION", "eu-west-1")], &format!("'https://bedrock-runtime.eu-west-1{lite}"));
        let arn = "arn:aws:bedrock:eu-west-3::foundation-model/amazon.nova-lite-v1:0";
        check(&["chat", "--dry-run", "-m", arn, "hi"], &[], "'https://bedrock-runtime.eu-west-3.");
        check(&["invoke", "--dry-run", "-m", "titan"], &[], "/model/amazon.titan-embed-text-v2%3A0/invoke'");
        check(&["embed", "--local", "a"], &[], "{\"text\":\"a\",\"embedding\":[");
        check(&["models", "LITE"], &[], "\nlite                       alias      eu.amazon.nova-lite-v1:0\n");
    });
}

#[test]
fn mistake_has_its_line_and_column() {
    with_config("[aliases]\nhaiku = 3\n", |folder| {
        let path = folder.join("invoke-model/config.toml");
        let path = path.to_str().unwrap();
        let output = run(&["models"], None, &[("INVOKE_MODEL_CONFIG", path)]);
        check_failure(
            &output,
            3,
            &format!("error: {path}:2:9: invalid type: integer `3`, expected a string"),
        );
    });
}

#[test]
fn file_is_optional_unless_it_is_named() {
    let output = run(&["models"], None, &[("XDG_CONFIG_HOME", "/no/such")]);
    assert!(output.status.success());
    let output = run(&["models"], None, &[("INVOKE_MODEL_CONFIG", "/no/such")]);
    check_failure(&output, 3, "error: /no/such: cannot read the configuration file: ");
}

#[test]
fn models_have_a_family_and_commands() {
    let shown = text(&run(&["models"], None, &[]).stdout);
    let row = |id: &str| {
        let line = shown.lines().find(|line| line.starts_with(id)).unwrap();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("amazon.nova-lite-v1:0 "), "Nova chat, invoke, call");
    assert_eq!(row("cohere.embed-v4:0 "), "CohereEmbed embed, invoke, call");
    assert_eq!(row("amazon.nova-canvas-v1:0 "), "NovaCanvas invoke, call");
    assert!(shown.contains("aws bedrock list-foundation-models"), "{shown}");
}
