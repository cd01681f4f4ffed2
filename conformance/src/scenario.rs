//! Scenarios: the call that a client makes, the fault rules of the server, and the expected outcome. The folder
//! `scenarios` contains them as JSON. `docs/conformance.md` describes each member.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::expectation::Expectation;

/// A rule that clients must follow, with a link to the public page that states the rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rule {
    /// The rule in one or two sentences.
    pub text: String,
    /// The URL of the page that states the rule.
    pub link: String,
}

/// A call, the fault rules of the server, and the expected outcome.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Scenario {
    /// The id. It is unique within its file. When a file is loaded, the group and the name of the file are put before
    /// the id: `streams/chunks/empty-stream`.
    pub id: String,
    /// A sentence that describes the scenario, if its id and the concern of the file do not describe it.
    #[serde(default)]
    pub description: String,
    /// The concern of the file.
    #[serde(skip)]
    pub concern: String,
    /// The JSON of the scenario, with the values of its row.
    #[serde(skip)]
    pub source: Map<String, Value>,
    /// The rule. The default is the rule of the file.
    #[serde(default)]
    pub rule: Rule,
    /// The name of the operation, for example `InvokeModel`.
    pub operation: String,
    /// The members of the input by their wire names. Blobs and timestamps are tagged values.
    pub input: Map<String, Value>,
    /// The settings of the client.
    #[serde(default)]
    pub settings: Settings,
    /// The fault rules of the server.
    #[serde(default)]
    pub server: Script,
    /// The point at which the caller cancels the call.
    #[serde(default)]
    pub cancel: Option<Cancel>,
    /// The id of another scenario of the file. If the client does not pass it, this scenario would show nothing, so it is
    /// unsupported. A file contains the id without the group and the name of the file.
    #[serde(default)]
    pub requires: Option<String>,
    /// The expected outcome.
    pub expect: Expectation,
}

impl Scenario {
    /// Returns the scenario as JSON: its members with the values of its row, the id with the group and the name of the
    /// file, the concern, and the rule.
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("id".to_owned(), self.id.clone().into());
        members.insert("concern".to_owned(), self.concern.clone().into());
        members.insert("rule".to_owned(), json!(self.rule));
        let others = self.source.iter().filter(|(name, _)| !["id", "rule"].contains(&name.as_str()));
        members.extend(others.map(|(name, value)| (name.clone(), value.clone())));
        Value::Object(members)
    }

    /// Returns the group: the first part of the id.
    pub fn group(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }
}

/// The groups of scenarios. Each group is a folder of scenario files, except for `recorded`, which is made from
/// recorded exchanges.
pub const GROUPS: [&str; 12] = [
    "encoding",
    "signing",
    "endpoints",
    "responses",
    "errors",
    "streams",
    "retries",
    "timeouts",
    "cancellation",
    "credentials",
    "proxies",
    "recorded",
];

/// The fault rules of the server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Script {
    /// Fault rules. `docs/faults.md` and `docs/rules.md` describe their format.
    #[serde(default)]
    pub rules: Vec<Value>,
}

/// The point at which the caller cancels the call.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Cancel {
    /// After a number of milliseconds. If the client has not sent its request by then, the runner repeats the scenario
    /// with twice the time, up to eight seconds.
    AfterMs(u64),
    /// After a number of events.
    AfterEvents(u64),
}

/// Environment variables. `None` removes a variable.
pub type Environment = BTreeMap<String, Option<String>>;

/// The settings of the client and the servers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The endpoint URL. `{endpoint}` is the URL of the server, and `{port}` is its port. With `null`, the client
    /// resolves the endpoint.
    pub endpoint_url: Option<String>,
    /// The region. With `null`, the adapter sets no region.
    pub region: Option<String>,
    /// The region that signatures must contain. The default is `region`.
    pub signing_region: Option<String>,
    /// The credentials. With `null`, the client uses its default credentials chain. The default is a key pair that
    /// the server accepts.
    pub credentials: Option<KeyPair>,
    /// The bearer token that the adapter passes to the client.
    pub bearer_token: Option<String>,
    /// The credentials that the server accepts, if they differ from `credentials`.
    pub known_credentials: Vec<KeyPair>,
    /// The bearer token that the server accepts, if it differs from `bearer_token`.
    pub known_bearer_token: Option<String>,
    /// The maximum number of attempts.
    pub max_attempts: u32,
    /// The retry mode: `standard` or `adaptive`.
    pub retry_mode: String,
    /// The maximum backoff between two attempts. An adapter can ignore this setting.
    pub max_backoff_ms: u64,
    /// The timeouts.
    pub timeouts_ms: Option<Timeouts>,
    /// The behavior of a proxy between the client and the server. By default, there is no proxy.
    pub proxy: Option<ProxyBehavior>,
    /// `true` if the server uses TLS.
    pub tls: bool,
    /// `true` if the client uses FIPS endpoints.
    pub use_fips: bool,
    /// `true` if the client uses dual-stack endpoints.
    pub use_dual_stack: bool,
    /// The HTTP version that the client must use: `1.1`, or `null` for any version.
    pub http_version: Option<String>,
    /// The path that the server expects before the path of an operation.
    pub base_path: String,
    /// Environment variables during the call. `null` removes a variable. `{endpoint}`, `{port}` and
    /// `{credentials_url}` are replaced. If the adapter cannot set them, the runner starts a separate process for the
    /// scenario.
    pub environment: Option<Environment>,
    /// The responses of the server for container credentials. The last response repeats.
    pub credentials_server: Vec<CredentialsResponse>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint_url: Some("{endpoint}".to_owned()),
            region: Some("us-east-1".to_owned()),
            signing_region: None,
            credentials: Some(KeyPair::default()),
            bearer_token: None,
            known_credentials: Vec::new(),
            known_bearer_token: None,
            max_attempts: 1,
            retry_mode: "standard".to_owned(),
            max_backoff_ms: 50,
            timeouts_ms: None,
            proxy: None,
            tls: false,
            use_fips: false,
            use_dual_stack: false,
            http_version: None,
            base_path: String::new(),
            environment: None,
            credentials_server: Vec::new(),
        }
    }
}

/// An access key, with an optional session token.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeyPair {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
    /// The time after which the server rejects the credentials. It starts when the server starts or, for credentials
    /// of `credentials_server`, when the response is sent.
    #[serde(default, skip_serializing)]
    pub expires_in_ms: Option<u64>,
}

impl Default for KeyPair {
    fn default() -> Self {
        Self {
            access_key_id: "KITACCESSKEYID".to_owned(),
            secret_access_key: "kit/secret/access/key".to_owned(),
            session_token: None,
            expires_in_ms: None,
        }
    }
}

/// Timeouts in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Timeouts {
    /// The timeout for connecting a socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<u64>,
    /// The maximum time to wait for the next bytes of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<u64>,
    /// The timeout of the operation, including all attempts and the backoff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<u64>,
}

/// The behavior of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ProxyBehavior {
    /// Connects all clients to the server.
    Tunnel,
    /// Rejects every request with 502.
    Refuse,
    /// Connects clients that send the user and the password of the proxy URL. Rejects other requests with 407.
    Authenticate,
    /// Rejects every request with 407, because the proxy URL contains no user.
    Demand,
    /// Does not respond.
    Stall,
}

/// A response of the server for container credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum CredentialsResponse {
    /// Credentials. The endpoint accepts them from the time of this response until they expire.
    Credentials(KeyPair),
    /// Any other response.
    Other {
        /// The status.
        status: u16,
        /// The body.
        #[serde(default)]
        body: String,
        /// The delay of the response.
        #[serde(default)]
        delay_ms: u64,
    },
}
