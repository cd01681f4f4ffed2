//! Scenarios: the call that a client makes, the script of the server, and the expected outcome. The folder
//! `scenarios` contains them as JSON. `docs/conformance.md` describes each member.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::expectation::Expectation;

/// A rule that clients follow, with the public text that states the rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rule {
    /// The rule in one or two sentences.
    pub text: String,
    /// The URL of the text that states the rule.
    pub link: String,
}

/// A call, the script of the server, and the expected outcome.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Scenario {
    /// The id. In a file, it is unique within the file. The id of a loaded scenario begins with the group and
    /// the name of the file: `streams/chunks/two-events`.
    pub id: String,
    /// A sentence that describes the scenario, if its id and the concern of the file do not.
    #[serde(default)]
    pub description: String,
    /// The concern of the file.
    #[serde(skip)]
    pub concern: String,
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
    /// The script of the server.
    #[serde(default)]
    pub server: Script,
    /// The point at which the caller cancels the call.
    #[serde(default)]
    pub cancel: Option<Cancel>,
    /// The expected outcome.
    pub expect: Expectation,
}

impl Scenario {
    /// Returns the group: the first part of the id.
    pub fn group(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }
}

/// The groups of scenarios, which are the folders of their files. The group `recorded` has no folder: it is made
/// from a folder of recorded exchanges.
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

/// The script of the server.
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
    /// After a number of milliseconds.
    AfterMs(u64),
    /// After a number of events.
    AfterEvents(u64),
}

/// Environment variables. `None` removes a variable.
pub type Environment = BTreeMap<String, Option<String>>;

/// The settings of the client, and what the server accepts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The endpoint URL. `{endpoint}` is the URL of the server, and `{port}` its port. With `null`, the client
    /// resolves the endpoint.
    pub endpoint_url: Option<String>,
    /// The region. With `null`, the adapter sets no region.
    pub region: Option<String>,
    /// The region that signatures must contain. The default is `region`.
    pub signing_region: Option<String>,
    /// The credentials. With `null`, the client uses its default chain. The default is a key pair that the
    /// server accepts.
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
    /// The maximum backoff between two attempts, if the client can set it.
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
    /// The HTTP version that the client must use, for example `1.1`.
    pub http_version: Option<String>,
    /// The path under which the server accepts calls.
    pub base_path: String,
    /// Environment variables during the call. `null` removes a variable. `{endpoint}`, `{port}` and
    /// `{credentials_url}` are replaced. An adapter that cannot set them runs in a process of its own.
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
    /// The time from the start of the server until it rejects the credentials.
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
    /// The timeout of a connection attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<u64>,
    /// The timeout of the wait for the next bytes of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<u64>,
    /// The timeout of the operation with all attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<u64>,
}

/// The behavior of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ProxyBehavior {
    /// Connects every client to the server.
    Tunnel,
    /// Rejects every request with 502.
    Refuse,
    /// Connects clients that send the user and the password of the proxy URL. Rejects others with 407.
    Authenticate,
    /// Rejects every request with 407. The proxy URL contains no user.
    Demand,
    /// Does not respond.
    Stall,
}

/// A response of the server for container credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum CredentialsResponse {
    /// Credentials. Until they expire, the endpoint accepts them.
    Credentials(KeyPair),
    /// Any response.
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
