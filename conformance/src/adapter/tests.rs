//! Tests of `adapter`.

use tokio::io::{DuplexStream, duplex};

use super::*;

/// Returns a connection to an adapter, and the side of the adapter.
fn connection() -> (Adapter, DuplexStream) {
    let (input, mut adapter_input) = duplex(4096);
    let (adapter_output, output) = duplex(4096);
    // The requests are not of interest.
    tokio::spawn(async move { tokio::io::copy(&mut adapter_input, &mut tokio::io::sink()).await });
    let adapter = Adapter {
        child: None,
        input: Some(Box::new(input)),
        output: Box::new(BufReader::new(output)),
        line: Vec::new(),
        stderr: Arc::default(),
        stderr_reader: None,
        limit: Duration::from_secs(60),
    };
    (adapter, adapter_output)
}

#[tokio::test]
async fn a_cancelled_read_keeps_the_part_of_a_line() {
    let (mut adapter, mut output) = connection();
    output.write_all(b"\n \n{\"a\"").await.unwrap();
    assert!(timeout(Duration::ZERO, adapter.read_line()).await.is_err());
    output.write_all(b": 1}\n{}\n").await.unwrap();
    assert_eq!(adapter.read_line().await.unwrap().as_deref(), Some("{\"a\": 1}"));
    assert_eq!(adapter.read_line().await.unwrap().as_deref(), Some("{}"));
    drop(output);
    assert_eq!(adapter.read_line().await.unwrap(), None);
}

#[tokio::test]
async fn a_late_line_is_not_the_next_response() {
    let (mut adapter, mut output) = connection();
    output.write_all(b"{}\n").await.unwrap();
    let error = adapter.run(&json!({})).await.unwrap_err();
    assert!(matches!(error, AdapterError::LateLine { line } if line == "{}"));
}
