//! Tests of `adapter`.

use tokio::io::{AsyncBufReadExt, DuplexStream, duplex};

use super::*;

/// Returns a connection to an adapter, and the side of the adapter.
fn connection() -> (Adapter, DuplexStream) {
    let (input, mut adapter_input) = duplex(4096);
    let (adapter_output, output) = duplex(4096);
    // The requests are not of interest.
    tokio::spawn(async move { tokio::io::copy(&mut adapter_input, &mut tokio::io::sink()).await });
    let adapter = Adapter::new(input, output, Duration::from_secs(60));
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

#[tokio::test]
async fn a_line_that_is_too_long_is_not_read() {
    let (mut adapter, mut output) = connection();
    adapter.max_line = 8;
    output.write_all(b"12345678\n").await.unwrap();
    assert_eq!(adapter.read_line().await.unwrap().as_deref(), Some("12345678"));
    output.write_all(b"123456789").await.unwrap();
    let error = adapter.read_line().await.unwrap_err().to_string();
    let expected = "the adapter printed a line of more than 8 bytes; the line begins with `12345678`";
    assert_eq!(error, expected);
    assert_eq!(connection().0.max_line, 64_000_000);
}

#[tokio::test]
async fn a_line_before_the_description_has_its_own_error() {
    let check = async |before: &str, response: &'static str| {
        let (input, adapter_input) = duplex(4096);
        let (mut adapter_output, output) = duplex(4096);
        adapter_output.write_all(before.as_bytes()).await.unwrap();
        tokio::spawn(async move {
            BufReader::new(adapter_input).read_line(&mut String::new()).await.unwrap();
            adapter_output.write_all(response.as_bytes()).await.unwrap();
            pending::<()>().await;
        });
        let described = Adapter::new(input, output, Duration::from_secs(60)).describe().await;
        described.map(|description| description.client).map_err(|error| error.to_string())
    };
    let description = "{\"client\": \"a\"}\n";
    assert_eq!(check("", description).await, Ok("a".to_owned()));
    let error = "the adapter printed a line before its description, which must be its first line; the line is `banner`; \
                 print everything except responses to standard error";
    let error = Err(error.to_owned());
    assert_eq!(check("banner\n", description).await, error);
    assert_eq!(check("", "banner\n").await, error);
    assert_eq!(check("", "banner\n{\"client\": \"a\"}\n").await, error);
    let error = check("", "{\"client\": \"a\"}\nsecond\n").await.unwrap_err();
    assert_eq!(error, "the adapter printed two lines for one request; the second line is `second`");
}

#[test]
fn errors_of_responses_name_the_member() {
    let check = |line: &str, expected: &str| {
        let error = parse::<Report>(line).unwrap_err().to_string();
        let prefix = "the adapter printed a line that is not a valid response: ";
        assert_eq!(error, format!("{prefix}{expected}; the line is `{line}`"));
    };
    check(
        r#"{"error": {"class": "other", "code": 5}}"#,
        "error.code: invalid type: integer `5`, expected a string",
    );
    check(r#"{"events": {}}"#, "events: invalid type: map, expected a sequence");
    check(r#"{"error": {"class": "other"}"#, "EOF while parsing an object at line 1 column 28");
    check("[]", "it is not a JSON object");
    check(
        r#"{"error": {"class": "throttled"}}"#,
        "error.class: unknown class `throttled`, expected one of service, stream, timeout, connection, response, \
         input, credentials, other",
    );
    check(
        r#"{"output": {}, "unreported": ["output", "request_id"]}"#,
        "unreported: unknown fact `request_id`, expected one of output, events, error.class, error.code, \
         error.message, error.status, error.request_id",
    );
    check(
        r#"{"output": {}, "unreported": ["error.class"]}"#,
        "unreported: `error.class` can only be in the first response: if the client never reports classes, list it there",
    );
    let error = parse::<Description>(r#"{"client": "a", "unreported": ["a"]}"#).unwrap_err().to_string();
    assert!(error.contains("unreported: unknown fact `a`"), "{error}");
}

#[tokio::test]
async fn errors_of_a_hung_adapter_state_the_line_without_a_response() {
    let check = async |request: Value, expected: &str| {
        let (mut adapter, _output) = connection();
        adapter.limit = Duration::from_millis(1);
        let error = adapter.exchange(&request).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check(
        json!({"kit": 1}),
        "the adapter printed no response to the first line after its start within 0.001 s",
    )
    .await;
    check(json!({"scenario": "a"}), "the adapter printed no response to a call within 0.001 s").await;
}
