//! Tests of `StartAsyncInvoke`, `GetAsyncInvoke` and `ListAsyncInvokes`.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::converse::CLAUDE;
use super::*;
use crate::AccessPolicy;

const REEL: &str = "amazon.nova-reel-v1:1";

/// An endpoint with a clock that tests set. The value of the clock is the number of seconds after [`now`].
struct Endpoint {
    state: Arc<EndpointState>,
    clock: Arc<AtomicU64>,
}

impl Endpoint {
    fn new(builder: LocalEndpointBuilder) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let seconds = Arc::clone(&clock);
        let state = builder
            .clock(move || now() + Duration::from_secs(seconds.load(Ordering::Relaxed)))
            .async_invoke_duration(Duration::from_secs(10))
            .build_state();
        Self { state, clock }
    }

    fn set_clock(&self, seconds: u64) {
        self.clock.store(seconds, Ordering::Relaxed);
    }

    fn call(&self, request: Request<Bytes>) -> Value {
        let response = send(&self.state, request);
        let value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(response.status(), 200, "{value}");
        value
    }

    fn start(&self, body: &Value) -> String {
        self.call(post(body))["invocationArn"].as_str().unwrap().to_owned()
    }

    fn get(&self, arn: &str) -> Value {
        self.call(get(&format!("/async-invoke/{}", encoded(arn))))
    }

    /// Returns the last digits of the listed ARNs, and the token of the next page.
    fn list(&self, query: &str) -> (Vec<String>, Option<String>) {
        let value = self.call(get(&format!("/async-invoke{query}")));
        let jobs = value["asyncInvokeSummaries"].as_array().unwrap();
        let number =
            |job: &Value| job["invocationArn"].as_str().unwrap().rsplit_once("00").unwrap().1.to_owned();
        (jobs.iter().map(number).collect(), value["nextToken"].as_str().map(str::to_owned))
    }
}

fn endpoint() -> Endpoint {
    Endpoint::new(LocalEndpointBuilder::new())
}

fn encoded(text: &str) -> String {
    text.replace(':', "%3A").replace('/', "%2F")
}

fn post(body: &Value) -> Request<Bytes> {
    let request = Request::builder().method("POST").uri("/async-invoke").header("host", "127.0.0.1:8080");
    let request = request.header("content-type", "application/json");
    sign(request.body(Bytes::from(body.to_string())).unwrap())
}

fn get(target: &str) -> Request<Bytes> {
    let request = Request::builder().method("GET").uri(target).header("host", "127.0.0.1:8080");
    sign(request.body(Bytes::new()).unwrap())
}

fn reel() -> Value {
    json!({
        "clientRequestToken": "token-1",
        "modelId": REEL,
        "modelInput": {"taskType": "TEXT_VIDEO"},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://amzn-s3-demo-bucket/videos"}},
    })
}

/// Returns a request in which `member` has the value `value`. All other members are valid.
fn with(member: &str, value: Value) -> Value {
    let mut body = reel();
    body[member] = value;
    body
}

#[test]
fn a_job_runs_and_completes() {
    let endpoint = endpoint();
    let arn = endpoint.start(&reel());
    assert_eq!(arn, "arn:aws:bedrock:us-east-1:123456789012:async-invoke/000000000001");
    endpoint.set_clock(9);
    let mut expected = json!({
        "invocationArn": arn,
        "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-reel-v1:1",
        "clientRequestToken": "token-1",
        "status": "InProgress",
        "submitTime": "2015-08-30T12:36:00Z",
        "lastModifiedTime": "2015-08-30T12:36:00Z",
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://amzn-s3-demo-bucket/videos"}},
    });
    assert_eq!(endpoint.get(&arn), expected);
    endpoint.set_clock(10);
    expected["status"] = json!("Completed");
    expected["endTime"] = json!("2015-08-30T12:36:10Z");
    expected["lastModifiedTime"] = json!("2015-08-30T12:36:10Z");
    assert_eq!(endpoint.get(&arn), expected);
    let listed = endpoint.call(get("/async-invoke"));
    assert_eq!(listed, json!({"asyncInvokeSummaries": [expected]}));
    let calls = endpoint.state.log.calls();
    let billed: Vec<_> = calls.iter().map(|call| call.worked_on).collect();
    assert_eq!(billed, [true, false, false, false]);
}

#[test]
fn a_job_of_the_error_model_fails() {
    let endpoint = endpoint();
    let mut body = with("modelId", json!("local.error-v1"));
    body["modelInput"] = json!({"error": "ModelErrorException", "message": "no video"});
    let arn = endpoint.start(&body);
    let running = endpoint.get(&arn);
    assert_eq!((&running["status"], running.get("failureMessage")), (&json!("InProgress"), None));
    endpoint.set_clock(10);
    let failed = endpoint.get(&arn);
    assert_eq!((&failed["status"], &failed["failureMessage"]), (&json!("Failed"), &json!("no video")));
}

#[test]
fn a_token_starts_one_job() {
    let endpoint = endpoint();
    let arn = endpoint.start(&reel());
    assert_eq!(endpoint.start(&reel()), arn);
    let other = with("modelInput", json!({"taskType": "MULTI_SHOT_AUTOMATED"}));
    let message = check_error(&endpoint.state, post(&other), 400, "ConflictException");
    check_contains(&message, "The clientRequestToken belongs to a different request");
    assert_ne!(endpoint.start(&with("clientRequestToken", json!("token-2"))), arn);
    assert_eq!(endpoint.list("").0.len(), 2);
}

#[test]
fn every_form_of_a_model_id_starts_a_job() {
    let model_arn = |model_id: &str, input: Value| {
        let endpoint = endpoint();
        let mut body = with("modelId", json!(model_id));
        body["modelInput"] = input;
        let arn = endpoint.start(&body);
        endpoint.get(&arn)["modelArn"].as_str().unwrap().to_owned()
    };
    let foundation = |id: &str| format!("arn:aws:bedrock:us-east-1::foundation-model/{id}");
    let marengo = "twelvelabs.marengo-embed-2-7-v1:0";
    assert_eq!(model_arn(&format!("us.{marengo}"), json!({"inputType": "video"})), foundation(marengo));
    assert_eq!(model_arn("luma.ray-v2:0", json!({"prompt": "a"})), foundation("luma.ray-v2:0"));
    assert_eq!(model_arn(&foundation(REEL), json!({"taskType": "TEXT_VIDEO"})), foundation(REEL));
    let provisioned = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl";
    assert_eq!(model_arn(provisioned, json!({})), provisioned);
}

#[test]
fn invalid_requests_are_refused() {
    let check = |body: Value, status: u16, code: &str, part: &str| {
        check_contains(&check_error(&endpoint().state, post(&body), status, code), part);
    };
    let output = |uri: &str| json!({"s3OutputDataConfig": {"s3Uri": uri}});
    let invalid = "ValidationException";
    check(with("modelId", json!("no.such-model")), 400, invalid, "model identifier is invalid");
    check(with("modelId", json!(CLAUDE)), 400, invalid, "does not support asynchronous invocation");
    check(with("modelId", json!("a b")), 400, invalid, "modelId");
    let elsewhere = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-reel-v1:1";
    check(with("modelId", json!(elsewhere)), 400, invalid, "model identifier is invalid");
    check(with("modelInput", json!({})), 400, invalid, "required key [taskType] not found");
    check(with("modelInput", json!([1])), 400, invalid, "modelInput must be a JSON object");
    check(with("clientRequestToken", json!("a b")), 400, invalid, "clientRequestToken");
    for uri in ["http://bucket", "s3://", "s3://Bucket/a", "s3://-bucket", "s3://ab"] {
        check(with("outputDataConfig", output(uri)), 400, invalid, "s3Uri");
    }
    let mut owned = output("s3://bucket");
    owned["s3OutputDataConfig"]["bucketOwner"] = json!("1");
    check(with("outputDataConfig", owned), 400, invalid, "bucketOwner");
    check(with("tags", json!([{"key": "", "value": "a"}])), 400, invalid, "tags.1.member.key");
}

#[test]
fn the_access_policy_applies() {
    let endpoint = Endpoint::new(builder().policy(AccessPolicy::allow_all().deny("amazon.nova-reel*")));
    let message = check_error(&endpoint.state, post(&reel()), 403, "AccessDeniedException");
    check_contains(&message, "bedrock:InvokeModel");
}

#[test]
fn an_unknown_job_is_invalid() {
    let endpoint = endpoint();
    endpoint.start(&reel());
    for arn in [
        "arn:aws:bedrock:us-east-1:123456789012:async-invoke/000000000002",
        "arn:aws:bedrock:eu-west-1:123456789012:async-invoke/000000000001",
    ] {
        let request = get(&format!("/async-invoke/{}", encoded(arn)));
        let message = check_error(&endpoint.state, request, 400, "ValidationException");
        check_contains(&message, "does not exist in the region us-east-1");
    }
    check_error(&endpoint.state, get("/async-invoke/no-arn"), 400, "ValidationException");
}

/// Starts five jobs, one every 20 seconds.
fn five_jobs() -> Endpoint {
    let endpoint = endpoint();
    for number in 0..5 {
        endpoint.set_clock(number * 20);
        endpoint.start(&with("clientRequestToken", json!(format!("token-{number}"))));
    }
    endpoint
}

#[test]
fn jobs_are_filtered_and_sorted() {
    let endpoint = five_jobs();
    let check = |query: &str, expected: &[&str]| {
        let numbers: Vec<_> =
            endpoint.list(query).0.iter().map(|number| number.trim_start_matches('0').to_owned()).collect();
        assert_eq!(numbers, expected, "{query}");
    };
    check("", &["5", "4", "3", "2", "1"]);
    check("?sortOrder=Descending&sortBy=SubmissionTime", &["5", "4", "3", "2", "1"]);
    check("?sortOrder=Ascending", &["1", "2", "3", "4", "5"]);
    check("?statusEquals=InProgress", &["5"]);
    check("?statusEquals=Completed", &["4", "3", "2", "1"]);
    check("?statusEquals=Failed", &[]);
    check("?submitTimeAfter=2015-08-30T12%3A36%3A20Z", &["5", "4", "3"]);
    check("?submitTimeBefore=2015-08-30T12%3A36%3A20Z", &["1"]);
    check("?submitTimeAfter=2015-08-30T12%3A36%3A00Z&submitTimeBefore=2015-08-30T12%3A37%3A00Z", &["3", "2"]);
}

#[test]
fn lists_have_pages() {
    for (order, first, last) in [("Ascending", '1', '5'), ("Descending", '5', '1')] {
        let endpoint = five_jobs();
        let mut query = format!("?sortOrder={order}&maxResults=2");
        let (page, token) = endpoint.list(&query);
        assert!(page.len() == 2 && page[0].ends_with(first), "{page:?}");
        // A job that starts after the first page was listed does not change the later pages.
        endpoint.start(&with("clientRequestToken", json!("late")));
        query.push_str(&format!("&nextToken={}", token.unwrap()));
        let (page, token) = endpoint.list(&query);
        assert!(page.len() == 2 && page[0].ends_with('3'), "{page:?}");
        let query = format!("?sortOrder={order}&maxResults=1&nextToken={}", token.unwrap());
        assert!(endpoint.list(&query).0[0].ends_with(last));
    }
    let (all, token) = five_jobs().list("?maxResults=5");
    assert_eq!((all.len(), token), (5, None));
}

#[test]
fn invalid_lists_are_refused() {
    let endpoint = five_jobs();
    let token = endpoint.list("?maxResults=2").1.unwrap();
    let check = |query: &str, part: &str| {
        let request = get(&format!("/async-invoke?{query}"));
        check_contains(&check_error(&endpoint.state, request, 400, "ValidationException"), part);
    };
    check("nextToken=abc", "The nextToken is invalid");
    check("nextToken=0000-1", "The nextToken is invalid");
    check(&format!("nextToken={token}&sortOrder=Ascending"), "repeat the other members");
    check("maxResults=0", "maxResults");
    check("maxResults=1001", "maxResults");
    check("statusEquals=Done", "statusEquals");
    check("sortOrder=Random", "sortOrder");
    check("submitTimeAfter=yesterday", "submitTimeAfter");
}
