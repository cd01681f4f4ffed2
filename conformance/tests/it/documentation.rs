//! Runs the adapter in `docs/conformance.md`.

use super::*;

#[tokio::test]
async fn the_adapter_of_the_documentation_runs() {
    let python = std::process::Command::new("python3").arg("--version").output();
    if !python.is_ok_and(|output| output.status.success()) {
        println!("not run: python3 is not installed");
        return;
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/conformance.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("<!-- adapter -->\n```python\n").unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter.py");
    std::fs::write(&path, program).unwrap();
    let words = ["python3".to_owned(), path.to_str().unwrap().to_owned()];
    let patterns = ["signing/*", "errors/code/*", "endpoints/custom/trailing-slash"].map(str::to_owned);
    let options = Options { patterns: patterns.into(), ..options(AdapterAddress::Command(words.into())) };
    let scenarios: Vec<_> = load::built_in().unwrap().into_iter().map(Arc::new).collect();
    let report = run(&scenarios, &options).await.unwrap();
    let number = |pattern: &str, is: fn(&Outcome) -> bool| {
        let results = report.results.iter();
        let results =
            results.filter(|result| invoke_model_local::wildcard::matches(pattern, &result.scenario.id));
        results.filter(|result| is(&result.outcome)).count()
    };
    // The statements of the page below the adapter.
    let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    assert!(number("signing/*", |outcome| *outcome == Outcome::Passed) >= 20);
    assert_eq!(number("signing/*", failed), 0, "{}", invoke_model_conformance::report::failures(&report));
    assert!(number("errors/code/*", failed) > 0);
    assert_eq!(number("endpoints/custom/trailing-slash", failed), 1);
}
