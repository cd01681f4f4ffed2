//! Tests of tags, and of limits and budgets for the values of a tag.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use invoke_model_client::types::{ContentBlock, ConversationRole, Message};
use invoke_model_client::{
    Attempt, Budget, BudgetPeriod, Client, ConfigError, ErrorKind, Failover, FailoverTarget, FailureClass,
    Intercept, InterceptorContext, MemoryQuotaStore, PriceTable, QuotaError, QuotaLimiter, QuotaLimits,
};
use serde_json::{Value, json};

use crate::fake::{Fake, SendResult, response};

const ID: &str = "us.amazon.nova-lite-v1:0";

/// A body with at most 100 output tokens, and about 15 input tokens.
const BODY: &str = r#"{"messages":[],"inferenceConfig":{"maxTokens":100}}"#;

const METADATA: &str = "x-amzn-bedrock-request-metadata";

/// Returns a response that used 30 input tokens and 20 output tokens.
fn ok() -> SendResult {
    let headers = [("x-amzn-bedrock-input-token-count", "30"), ("x-amzn-bedrock-output-token-count", "20")];
    Ok(response(200, &headers, bytes::Bytes::from_static(b"{}").into()))
}

fn metadata_header(fake: &Fake) -> Value {
    serde_json::from_slice(fake.request().headers()[METADATA].as_bytes()).unwrap()
}

#[tokio::test]
async fn tags_reach_the_member_of_converse() {
    let fake = Fake::with(500, &[], "");
    let client = Client::new(fake.settings().tag("team", "search").tag("tenant", "none")).unwrap();
    assert_eq!(client.config().tags().len(), 2);
    let user = Message::builder().role(ConversationRole::USER).content(ContentBlock::Text("Hi".into()));
    let call = client.converse().model_id(ID).messages(user.build().unwrap());
    let _ =
        call.request_metadata("a", "b").request_metadata("tenant", "fake").tag("tenant", "acme").send().await;
    let body: Value = serde_json::from_slice(fake.request().body()).unwrap();
    assert_eq!(body["requestMetadata"], json!({"a": "b", "team": "search", "tenant": "acme"}));
}

#[tokio::test]
async fn tags_reach_the_header_of_invoke_model() {
    let fake = Fake::with_responses([ok()]);
    let call = fake.client().invoke_model().model_id(ID).body(BODY).tag("cost center", "a\tb");
    call.request_metadata(r#"{"a":"b"}"#).send().await.unwrap();
    assert_eq!(metadata_header(&fake), json!({"a": "b", "cost center": "a\tb"}));
}

#[tokio::test]
async fn tags_reach_calls_by_name() {
    let fake = Fake::with_responses([ok()]);
    let call = fake.client().operation("InvokeModel").unwrap().json(json!({"modelId": ID, "body": "e30="}));
    call.tag("team", "search").send().await.unwrap();
    assert_eq!(metadata_header(&fake), json!({"team": "search"}));
}

#[tokio::test]
async fn a_call_without_tags_has_no_metadata() {
    let fake = Fake::with_responses([ok()]);
    fake.client().invoke_model().model_id(ID).body(BODY).send().await.unwrap();
    assert!(!fake.request().headers().contains_key(METADATA));
}

#[tokio::test]
async fn interceptors_read_the_tags() {
    struct Tenants(Arc<Mutex<Vec<String>>>);

    impl Intercept for Tenants {
        fn name(&self) -> &str {
            "tenants"
        }

        fn after_attempt(&self, _attempt: &Attempt, context: &mut InterceptorContext) {
            self.0.lock().unwrap().push(context.tags()["tenant"].clone());
        }
    }

    let (fake, tenants) = (Fake::with_responses([ok()]), Arc::default());
    let client = Client::new(fake.settings().interceptor(Tenants(Arc::clone(&tenants)))).unwrap();
    client.invoke_model().model_id(ID).body(BODY).tag("tenant", "acme").send().await.unwrap();
    assert_eq!(*tenants.lock().unwrap(), ["acme"]);
}

#[tokio::test]
async fn invalid_tags_are_not_sent() {
    let fake = Fake::default();
    let call = fake.client().invoke_model().model_id(ID).body(BODY);
    let error = call.clone().tag("team", "a;b").send().await.unwrap_err();
    assert_eq!(error.class(), FailureClass::NotSent);
    let text = error.to_string();
    assert!(
        text.contains("request not sent: the value of the tag `team` must have at most 256 characters"),
        "{text}"
    );
    assert!(!text.contains("a;b"), "{text}");
    let many = (0..17).fold(call.clone(), |call, number| call.tag(number.to_string(), ""));
    let text = many.send().await.unwrap_err().to_string();
    assert!(text.contains("the call has 17 tags, but the service accepts at most 16"), "{text}");
    let text = call.request_metadata("not JSON").tag("a", "b").send().await.unwrap_err().to_string();
    assert!(text.contains("`requestMetadata` is not a JSON object of strings"), "{text}");
    assert!(fake.requests().is_empty());

    let Err(error) = Client::new(fake.settings().tag("", "a")) else { panic!() };
    assert!(matches!(error, ConfigError::Invalid { setting: "tags", .. }), "{error}");
}

/// Returns a client with a budget for each tenant.
fn client(fake: &Fake, budget: Budget, prices: Option<&str>) -> (Client, QuotaLimiter) {
    let store = MemoryQuotaStore::with_time_source(|| SystemTime::UNIX_EPOCH);
    let mut builder =
        QuotaLimiter::builder().memory_store(&store).key_of_tag("tenant", move |tenant| match tenant {
            "rich" => QuotaLimits::default(),
            _ => QuotaLimits::default().budget(budget),
        });
    if let Some(prices) = prices {
        builder = builder.price_table(PriceTable::from_json(prices).unwrap());
    }
    let limiter = builder.build();
    (Client::new(fake.settings().quota_limiter(limiter.clone())).unwrap(), limiter)
}

async fn ask(client: &Client, tenant: &str) -> Result<(), QuotaError> {
    let call = client.invoke_model().model_id(ID).body(BODY).tag("tenant", tenant);
    match call.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.into_kind() {
            ErrorKind::Quota(error) => Err(error),
            other => panic!("{other:?}"),
        },
    }
}

#[tokio::test]
async fn each_tenant_has_its_own_budget_of_tokens() {
    let fake = Fake::with_responses([ok(), ok(), ok(), ok()]);
    let (client, _) = client(&fake, Budget::tokens(200, BudgetPeriod::Day), None);
    ask(&client, "acme").await.unwrap();
    ask(&client, "acme").await.unwrap();
    let error = ask(&client, "acme").await.unwrap_err();
    let QuotaError::OverBudget { key, used, reserved, .. } = &error else { panic!("{error}") };
    assert_eq!((&**key, *used), ("tenant=acme", 100), "each call used 50 tokens");
    assert!(used + reserved > 200, "{error}");
    let text = error.to_string();
    assert!(
        text.starts_with(
            "the budget of the key `tenant=acme` is 200 tokens per day (UTC), of which 100 tokens"
        ),
        "{text}"
    );
    ask(&client, "other").await.unwrap();
    ask(&client, "rich").await.unwrap();
    assert_eq!(fake.requests().len(), 4);
}

#[tokio::test]
async fn a_budget_in_money_uses_the_prices_of_the_model() {
    let prices = r#"{"currency":"USD","models":{"amazon.nova-*":{"input":1,"output":2}}}"#;
    // A call costs 30 * 0.001 + 20 * 0.002 USD, and reserves more than 0.2 USD.
    let fake = Fake::with_responses([ok(), ok()]);
    let (client, _) = client(&fake, Budget::money(0.3, BudgetPeriod::Total), Some(prices));
    ask(&client, "acme").await.unwrap();
    ask(&client, "acme").await.unwrap_or_else(|error| panic!("{error}"));
    let text = ask(&client, "acme").await.unwrap_err().to_string();
    assert!(
        text.starts_with(
            "the budget of the key `tenant=acme` is 0.3 USD in total, of which 0.14 USD are used"
        ),
        "{text}"
    );
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test]
async fn a_model_without_a_price_is_not_called() {
    let prices = r#"{"currency":"USD","models":{"anthropic.*":{"input":1,"output":2}}}"#;
    for prices in [Some(prices), None] {
        let fake = Fake::with_responses([ok()]);
        let (client, limiter) = client(&fake, Budget::money(1.0, BudgetPeriod::Month), prices);
        let error = ask(&client, "acme").await.unwrap_err();
        assert!(matches!(error, QuotaError::NoPrice { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with("the price table has no price for the model `us.amazon.nova-lite-v1:0`"),
            "{text}"
        );
        assert!(fake.requests().is_empty());
        assert_eq!((limiter.usage().in_flight, limiter.usage().waiting), (0, 0));
        // A tenant without a budget in money needs no price.
        ask(&client, "rich").await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_call_returns_its_reservation() {
    let rejected =
        || Ok(response(429, &[("x-amzn-errortype", "ThrottlingException")], bytes::Bytes::new().into()));
    let fake = Fake::with_responses([rejected(), rejected(), ok()]);
    let (client, _) = client(&fake, Budget::tokens(150, BudgetPeriod::Total), None);
    for _ in 0..2 {
        let call = client.invoke_model().model_id(ID).body(BODY).tag("tenant", "acme");
        assert!(call.send().await.unwrap_err().is_throttled());
    }
    ask(&client, "acme").await.unwrap();
    assert!(matches!(ask(&client, "acme").await, Err(QuotaError::OverBudget { used: 50, .. })));
}

#[tokio::test]
async fn a_new_day_has_a_new_budget() {
    let time = Arc::new(Mutex::new(SystemTime::UNIX_EPOCH));
    let clock = Arc::clone(&time);
    let store = MemoryQuotaStore::with_time_source(move || *clock.lock().unwrap());
    let builder = QuotaLimiter::builder().memory_store(&store).budget(Budget::tokens(150, BudgetPeriod::Day));
    let fake = Fake::with_responses([ok(), ok()]);
    let client = Client::new(fake.settings().quota_limiter(builder.build())).unwrap();
    ask(&client, "acme").await.unwrap();
    *time.lock().unwrap() += Duration::from_secs(86_399);
    assert!(matches!(ask(&client, "acme").await, Err(QuotaError::OverBudget { used: 50, .. })));
    *time.lock().unwrap() += Duration::from_secs(1);
    ask(&client, "acme").await.unwrap();
}

#[tokio::test]
async fn a_call_over_its_budget_does_not_move_to_another_target() {
    let (east, west) = (Fake::default(), Fake::with_responses([ok()]));
    let (limited, _) = client(&east, Budget::tokens(0, BudgetPeriod::Day), None);
    let free = Client::new(west.settings().region("us-west-2")).unwrap();
    let builder = Failover::builder()
        .target(FailoverTarget::new("east", limited))
        .target(FailoverTarget::new("west", free));
    let failover = builder.build().unwrap();
    let call = failover.client().invoke_model().model_id(ID).body(BODY).tag("tenant", "acme");
    let error = failover.send(call).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Quota(QuotaError::OverBudget { .. })), "{error}");
    assert!(east.requests().is_empty() && west.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waited_for_a_limit_of_its_tag_does_not_wait_at_another_target() {
    let (east, west) = (Fake::default(), Fake::default());
    // The first limit belongs to the tag, and the second one to the target.
    let check = async |of_tag: u32, of_target: u32, expected: Option<&str>| {
        let limiter = |target: &str, of_target| {
            let limits = move |_: &str| QuotaLimits::default().max_concurrency(of_tag);
            let own = QuotaLimits::default().requests_per_minute(of_target);
            let builder = QuotaLimiter::builder().key(target, own).max_wait(Duration::from_secs(3));
            builder.key_of_tag("tenant", limits).build()
        };
        let (first, second) = (limiter("east", of_target), limiter("west", 9));
        let client = |fake: &Fake, region: &str, limiter: &QuotaLimiter| {
            Client::new(fake.settings().region(region).quota_limiter(limiter.clone())).unwrap()
        };
        let builder = Failover::builder()
            .target(FailoverTarget::new("east", client(&east, "us-east-1", &first)))
            .target(FailoverTarget::new("west", client(&west, "us-west-2", &second)));
        let failover = builder.build().unwrap();
        // Another call holds the permit of the tag, and the permit of the first target.
        east.push_slow(Box::pin(std::future::pending()));
        west.push([ok()]);
        let call = || failover.client().invoke_model().model_id(ID).body(BODY).tag("tenant", "acme");
        let mut other = Box::pin(failover.send(call()));
        let start = tokio::time::Instant::now();
        let result = tokio::select! {
            biased;
            _ = &mut other => unreachable!("the response never arrives"),
            result = failover.send(call()) => result,
        };
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        let target = result.as_ref().ok().map(|output| output.target.as_str());
        assert_eq!(target, expected, "{:?}", result.as_ref().err());
        east.clear_responses();
        west.clear_responses();
        result.err()
    };
    let error = check(1, 9, None).await.unwrap();
    let ErrorKind::Quota(error) = error.kind() else { panic!("{error}") };
    assert!(matches!(error, QuotaError::TimedOut { of_tag: true, .. }), "{error}");
    check(9, 1, Some("west")).await;
}
