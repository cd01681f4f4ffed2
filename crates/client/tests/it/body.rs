//! Request bodies that are large or read from files.

use std::io::{Read, Write};
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use invoke_model_client::types::{InvokeModel, InvokeModelInput};
use invoke_model_client::{
    Body, BodyError, Call, Client, Credentials, CredentialsFuture, ErrorKind, Explanation,
    ProvideCredentials, QuotaLimiter, RetryConfig,
};
use invoke_model_signing::PayloadHash;

use crate::fake::{Fake, response};

const ID: &str = "amazon.titan-embed-text-v2:0";

#[tokio::test]
async fn signs_and_sends_a_large_file() {
    let content: Vec<u8> = (0..5_000_003_u32).map(|index| (index % 251) as u8).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&content).unwrap();
    let fake = Fake::ok();
    let client = fake.client();
    let call = || client.invoke_model().model_id(ID).body(Body::from_path(file.path()));
    let explanation = call().explain().await.unwrap();
    call().send().await.unwrap();

    let request = fake.request();
    assert!(request.body() == &content);
    assert_eq!(request.headers()["content-type"], "application/json");
    let hash = PayloadHash::of(&content);
    let signed = explanation.signed.unwrap();
    assert!(signed.canonical_request().as_str().ends_with(hash.as_str()));
    let authorization = request.headers()["authorization"].to_str().unwrap();
    assert!(authorization.ends_with(signed.signature()));
    assert!(explanation.request.body() == &content);
}

/// Returns a call with a body of 1 MiB.
fn large_call(client: &Client) -> Call<InvokeModel> {
    client.invoke_model().model_id(ID).body(vec![b'a'; 1 << 20])
}

/// Checks the signature of a call with a large body.
fn check_large_hash(explanation: &Explanation) {
    let hash = PayloadHash::of(&vec![b'a'; 1 << 20]);
    assert!(explanation.signed.as_ref().unwrap().canonical_request().as_str().ends_with(hash.as_str()));
}

#[test]
fn a_large_body_is_hashed_on_a_thread_for_blocking_work() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        // The only thread for blocking work waits for the end of `release`.
        let (release, released) = mpsc::channel::<()>();
        let occupied = tokio::task::spawn_blocking(move || released.recv());
        let fake = Fake::ok();
        let explaining = tokio::spawn(large_call(&fake.client()).explain());
        fake.client().invoke_model().model_id(ID).body("{}").send().await.unwrap();
        tokio::task::yield_now().await;
        assert!(!explaining.is_finished());
        let timed_out = large_call(&fake.client()).timeout(Duration::from_millis(1)).send().await;
        assert!(timed_out.unwrap_err().is_timeout());
        drop(release);
        check_large_hash(&explaining.await.unwrap().unwrap());
        assert!(occupied.await.unwrap().is_err());
    });
}

#[test]
fn a_request_with_a_large_body_can_be_signed_without_a_runtime() {
    let call = large_call(&Fake::default().client()).timeout(Duration::from_secs(1));
    let mut explaining = pin!(call.explain());
    let Poll::Ready(explanation) = explaining.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("pending")
    };
    check_large_hash(&explanation.unwrap());
}

#[tokio::test]
async fn sends_an_empty_file_as_an_empty_body() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let fake = Fake::ok();
    fake.client().invoke_model().model_id(ID).body(Body::from_path(file.path())).send().await.unwrap();
    assert!(fake.request().body().is_empty());
}

#[tokio::test]
async fn the_error_of_an_unreadable_file_contains_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let check = async |path: std::path::PathBuf, expected: &str| {
        let fake = Fake::default();
        let call = fake.client().invoke_model().model_id(ID).body(Body::from_path(&path));
        let error = call.send().await.unwrap_err();
        let expected = expected.replace("PATH", path.to_str().unwrap());
        assert_eq!(error.to_string(), format!("InvokeModel: request not sent: {expected}"));
        assert!(matches!(error.kind(), ErrorKind::Body(_)));
        assert!(fake.requests().is_empty());
    };
    let missing = folder.path().join("none.json");
    let cause = std::fs::metadata(&missing).unwrap_err();
    check(missing, &format!("`body`: cannot read PATH: {cause}")).await;
    let expected = "`body`: PATH is not a regular file; read it, and set `body` to its bytes";
    check(folder.path().to_owned(), expected).await;
}

#[tokio::test]
async fn a_later_body_replaces_a_file() {
    let fake = Fake::ok();
    let call = fake.client().invoke_model().model_id(ID).body(Body::from_path("none.json")).body("{}");
    call.send().await.unwrap();
    assert_eq!(fake.request().body(), "{}");
}

/// A credentials provider that overwrites a file. The client reads the file twice, and calls the provider
/// between the two reads.
struct OverwritingProvider(std::path::PathBuf, &'static str);

impl ProvideCredentials for OverwritingProvider {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        std::fs::write(&self.0, self.1).unwrap();
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None);
        Box::pin(std::future::ready(Ok(credentials)))
    }
}

#[tokio::test]
async fn a_file_that_changes_between_the_two_reads_is_never_sent_completely() {
    for later in ["{\"a\":2}", "{}", ""] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\"a\":1}").unwrap();
        let fake = Fake::default();
        // Creates a new client for each call, because a client calls its provider only once.
        let call = || {
            let provider = OverwritingProvider(file.path().to_owned(), later);
            let settings = fake.settings().credentials_provider(provider);
            let client = invoke_model_client::Client::new(settings).unwrap();
            client.invoke_model().model_id(ID).body(Body::from_path(file.path()))
        };
        let error = call().send().await.unwrap_err();
        let changed = format!("`body`: {} changed while it was sent", file.path().display());
        assert!(error.to_string().contains(&changed), "{error}");
        assert!(fake.requests().is_empty());

        std::fs::write(file.path(), "{\"a\":1}").unwrap();
        let error = call().sign().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Body(BodyError::Changed { .. })), "{error}");
    }
}

/// A reader that returns small parts, and records the largest part that was requested.
struct SlowReader(Arc<Mutex<usize>>, std::io::Cursor<Vec<u8>>);

impl Read for SlowReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut largest = self.0.lock().unwrap();
        *largest = buffer.len().max(*largest);
        let limit = buffer.len().min(1000);
        self.1.read(&mut buffer[..limit])
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_opens_a_reader() {
    let content: Vec<u8> = (0..300_000_u32).map(|index| (index % 251) as u8).collect();
    let (largest, opened) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let body = {
        let (content, largest, opened) = (content.clone(), largest.clone(), opened.clone());
        Body::from_reader("the archive", move || {
            *opened.lock().unwrap() += 1;
            Ok(SlowReader(largest.clone(), std::io::Cursor::new(content.clone())))
        })
    };
    let throttled = response(429, &[("x-amzn-errortype", "ThrottlingException")], Bytes::new().into());
    let fake = Fake::with_responses([Ok(throttled), Ok(response(200, &[], Bytes::new().into()))]);
    let input = InvokeModelInput::new(ID);
    let call = fake.client().call::<InvokeModel>(input).input_payload(body);
    call.retry_config(RetryConfig::standard()).send().await.unwrap();
    let requests = fake.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.body() == &content));
    assert_eq!((*largest.lock().unwrap(), *opened.lock().unwrap()), (64 * 1024, 3));
}

#[tokio::test]
async fn the_error_of_a_reader_contains_its_name() {
    let fake = Fake::default();
    let body =
        Body::from_reader("the archive", || Err::<std::io::Empty, _>(std::io::Error::other("is locked")));
    let error = fake.client().invoke_model().model_id(ID).body(body).send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "InvokeModel: request not sent: `body`: cannot read the archive: is locked"
    );
}

/// A reader that reports each read, and waits for the test before it returns.
struct WaitingReader {
    reads: mpsc::Sender<()>,
    released: Arc<Mutex<mpsc::Receiver<()>>>,
    /// The number of reads that are left before the end.
    left: usize,
}

impl Read for WaitingReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let _ = self.reads.send(());
        // Fails at once after the test has dropped its end of the channel.
        let _ = self.released.lock().unwrap().recv();
        let length = if self.left == 0 { 0 } else { buffer.len() };
        self.left = self.left.saturating_sub(1);
        Ok(length)
    }
}

#[tokio::test]
async fn a_cancelled_call_does_not_read_the_rest_of_its_body() {
    let (reads, read) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let released = Arc::new(Mutex::new(released));
    let body = Body::from_reader("the archive", move || {
        Ok(WaitingReader { reads: reads.clone(), released: released.clone(), left: 9 })
    });
    let call = tokio::spawn(Fake::default().client().invoke_model().model_id(ID).body(body).send());
    let read = tokio::task::spawn_blocking(move || read.recv().map(|()| read)).await.unwrap().unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(release);
    // The reader was dropped without another read. The channel ends with the last reader.
    assert!(tokio::task::spawn_blocking(move || read.recv()).await.unwrap().is_err());
}

/// Returns a body that can be opened a number of times. The next opening waits until the channel ends.
fn blocking_body(openings: usize) -> (mpsc::Sender<()>, Body) {
    let (release, released) = mpsc::channel();
    let state = Mutex::new((openings, released));
    let body = Body::from_reader("the archive", move || {
        let mut state = state.lock().unwrap();
        match state.0.checked_sub(1) {
            Some(left) => state.0 = left,
            None => drop(state.1.recv()),
        }
        Ok(&b"{}"[..])
    });
    (release, body)
}

#[tokio::test]
async fn the_operation_timeout_ends_a_call_whose_reader_blocks() {
    // A call with a token limit opens the reader for the hash, for the token estimate, and for the attempt.
    let limiter = QuotaLimiter::builder().tokens_per_minute(1_000).build();
    for openings in 0..3 {
        let fake = Fake::default();
        let client = Client::new(fake.settings().quota_limiter(limiter.clone())).unwrap();
        let (release, body) = blocking_body(openings);
        let call = client.invoke_model().model_id(ID).body(body).timeout(Duration::from_millis(200));
        let result = tokio::time::timeout(Duration::from_secs(60), call.send()).await;
        drop(release);
        let error = result.unwrap().unwrap_err();
        assert!(error.is_timeout(), "{openings}: {error}");
        assert!(fake.requests().is_empty());
    }
    for openings in 0..2 {
        let (release, body) = blocking_body(openings);
        let call = Fake::default().client().invoke_model().model_id(ID).body(body);
        let signing = call.timeout(Duration::from_millis(200)).sign();
        let result = tokio::time::timeout(Duration::from_secs(60), signing).await;
        drop(release);
        assert!(result.unwrap().unwrap_err().is_timeout());
    }
}
