//! A folder, a local endpoint and a client for one test.

use std::collections::BTreeSet;
use std::fs;
use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use invoke_model_bulk::{Bulk, BulkBuilder, BulkError, RunEnd};
use invoke_model_client::{Client, Config, Credentials, QuotaLimiter, RetryConfig};
use invoke_model_local::LocalEndpoint;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const MODEL: &str = "amazon.titan-embed-text-v2:0";

pub(crate) struct Setup {
    pub(crate) local: LocalEndpoint,
    pub(crate) client: Client,
    folder: TempDir,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        Self::with_quota(QuotaLimiter::builder().build()).await
    }

    pub(crate) async fn with_quota(limiter: QuotaLimiter) -> Self {
        let local = LocalEndpoint::start().await.unwrap();
        let client = client(&local, &local.url(), limiter);
        Self { local, client, folder: tempfile::tempdir().unwrap() }
    }

    /// Returns a client of another endpoint.
    pub(crate) fn client_of(&self, url: &str) -> Client {
        client(&self.local, url, QuotaLimiter::builder().build())
    }

    /// Writes an input with the texts `text 0`, `text 1` and so on.
    pub(crate) fn write_texts(&self, number: usize) {
        let line = |index: usize| json!({"recordId": format!("id {index}"), "modelInput": {"inputText": format!("text {index}")}});
        self.write((0..number).map(line));
    }

    pub(crate) fn write(&self, lines: impl IntoIterator<Item = Value>) {
        let text: String = lines.into_iter().map(|line| format!("{line}\n")).collect();
        self.write_text(&text);
    }

    pub(crate) fn write_text(&self, text: &str) {
        fs::write(self.input(), text).unwrap();
    }

    pub(crate) fn input(&self) -> PathBuf {
        self.folder.path().join("in.jsonl")
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub(crate) fn builder() -> BulkBuilder {
        Bulk::builder(MODEL).max_concurrency(4).throttle_pause(Duration::from_millis(1))
    }

    pub(crate) fn open(&self, builder: BulkBuilder) -> Result<Bulk, BulkError> {
        builder.open(self.input(), self.output())
    }

    /// Runs until the end, and writes the output.
    pub(crate) async fn run(&self, builder: BulkBuilder) -> (Bulk, RunEnd) {
        let mut bulk = self.open(builder).unwrap();
        let end = bulk.run(&self.client, pending()).await.unwrap();
        bulk.write_output().unwrap();
        (bulk, end)
    }

    /// Returns the lines of the output.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.output().join("in.jsonl.out")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn manifest(&self) -> Value {
        serde_json::from_slice(&fs::read(self.output().join("manifest.json.out")).unwrap()).unwrap()
    }

    /// Returns the number of calls that the endpoint has worked on.
    pub(crate) fn worked_on(&self) -> u64 {
        self.local.stats().worked_on
    }

    /// Checks that the output contains each of the records of [`write_texts`](Self::write_texts) once, in the order of
    /// the input and with an output.
    pub(crate) fn check_complete(&self, number: usize) {
        let rows = self.rows();
        let ids: Vec<_> = rows.iter().map(|row| row["recordId"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids, (0..number).map(|index| format!("id {index}")).collect::<Vec<_>>());
        assert!(rows.iter().all(|row| row["modelOutput"]["embedding"].is_array()), "{rows:?}");
        let outputs: BTreeSet<_> = rows.iter().map(|row| row["modelOutput"].to_string()).collect();
        assert_eq!(outputs.len(), number, "each text has its own embedding");
    }
}

fn client(local: &LocalEndpoint, url: &str, limiter: QuotaLimiter) -> Client {
    let config = Config::builder()
        .region(local.region())
        .endpoint_url(url)
        .credentials_provider(Credentials::new(local.access_key_id(), local.secret_access_key(), None))
        .retry_config(RetryConfig::disabled())
        .quota_limiter(limiter);
    Client::new(config).unwrap()
}
