//! Tests of `invoke-model embed`.

use std::process::Output;

use serde_json::Value;

use super::{TITAN, check_failure, run, text};

fn embed(arguments: &[&str], input: &str) -> Output {
    let titan = ["embed", "--local", "-m", TITAN, "--dimensions", "256"];
    run(&[&titan[..], arguments].concat(), Some(input), &[])
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_line_has_an_embedding_in_the_order_of_the_input() {
    let texts: Vec<String> = (0..40).map(|number| format!("text {number}")).collect();
    let output = embed(&["--concurrency", "8"], &texts.join("\n"));
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let lines = lines(&output);
    let shown: Vec<&str> = lines.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(shown, texts);
    assert!(lines.iter().all(|line| line["embedding"].as_array().unwrap().len() == 256));
    assert_ne!(lines[0]["embedding"], lines[1]["embedding"]);
}

#[test]
fn arguments_are_texts() {
    let output = embed(&["--vectors-only", "-v", "one two", "three"], "not read");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), "3 input tokens\n"));
    let lines = lines(&output);
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.as_array().unwrap().len() == 256));
}

#[test]
fn cohere_models_are_supported() {
    for model in ["cohere.embed-english-v3", "cohere.embed-v4:0", "amazon.titan-embed-text-v1"] {
        let output = run(&["embed", "--local", "-m", model, "--vectors-only", "a"], None, &[]);
        assert!(output.status.success(), "{model}: {}", text(&output.stderr));
        assert!(lines(&output)[0].as_array().unwrap().len() >= 1024, "{model}");
    }
}

/// Titan rejects an empty text.
#[test]
fn failed_line_is_named() {
    let output = embed(&[], "a\n\nb\n");
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), lines(&output).len()), (Some(4), 1), "{error}");
    assert!(error.starts_with("error: line 2: InvokeModel: request failed: ValidationException"), "{error}");

    let output = embed(&["--keep-going"], "a\n\nb\n");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(4), error));
    let lines = lines(&output);
    assert_eq!((lines.len(), &lines[1]), (3, &serde_json::json!({ "text": "", "embedding": null })));
}

#[test]
fn failure_without_a_response_ends_the_command() {
    let arguments = ["embed", "-m", TITAN, "--keep-going"];
    let output = run(&arguments, Some("a\nb\n"), &[("AWS_REGION", "us-east-1")]);
    check_failure(&output, 3, "error: line 1: InvokeModel: request not sent: ");
}

#[test]
fn other_models_are_errors() {
    let output = run(&["embed", "--local", "-m", "amazon.nova-lite-v1:0", "a"], None, &[]);
    check_failure(
        &output,
        3,
        "`amazon.nova-lite-v1:0` is not a text embedding model of Amazon Titan or Cohere",
    );
}
