//! A gateway with its Redis server and its two regions.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::SystemTime;

use invoke_model_client::types::{
    ContentBlock, ConversationRole, Converse, ConverseStream, InferenceConfiguration, Message,
};
use invoke_model_client::{Call, Client, Config, Credentials, RetryConfig};
use invoke_model_local::{CallRecord, LocalEndpoint};
use tempfile::TempDir;

use crate::server::Server;

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

pub(crate) const MODEL: &str = "us.amazon.nova-lite-v1:0";

/// The API key of the tenant `search`. The budget of this tenant is large.
pub(crate) const SEARCH: &str = "key-of-search";

/// The API key of the tenant `trial`. The budget of this tenant is too small for one call.
pub(crate) const TRIAL: &str = "key-of-trial";

/// The API key of the tenant `slow`, which has one request a minute.
pub(crate) const SLOW: &str = "key-of-slow";

/// The maximum number of concurrent calls of a tenant.
pub(crate) const CONCURRENCY: usize = 4;

/// The prices of a token in billionths of the currency.
pub(crate) const INPUT_PRICE: u64 = 1_000;
pub(crate) const OUTPUT_PRICE: u64 = 4_000;

/// The configuration file, with words in upper case instead of the addresses.
const SETTINGS: &str = r#"
listen = "LISTEN"
redis_url = "REDIS"
redis_lease_seconds = 2

[[targets]]
name = "virginia"
region = "us-east-1"
endpoint_url = "VIRGINIA"

[[targets]]
name = "oregon"
region = "us-west-2"
endpoint_url = "OREGON"

[prices]
currency = "USD"
models."*" = { input = 0.001, output = 0.004 }

[tenants.search]
key_hashes = ["bf2e9972d8188c1d2c9315c5574b11d8633aa4cdb3a34b3eb6a03a457fcd0e6c"]
models = ["us.amazon.nova-lite-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"]
monthly_budget = 100.0
max_concurrency = 4
requests_per_minute = 100000
tokens_per_minute = 100000000

[tenants.trial]
key_hashes = ["3dfb31644d2f211cb9f95a142303b1b19c1ade944165d87fb9eb67b252496a44"]
models = ["us.amazon.nova-lite-v1:0"]
monthly_budget = 0.000001
max_concurrency = 4
requests_per_minute = 100000
tokens_per_minute = 100000000

[tenants.slow]
key_hashes = ["3f95eac8212e57b8673870ea7cac4bbd0cf177bf016aa056c9831b2603f89534"]
models = ["us.amazon.nova-lite-v1:0"]
monthly_budget = 100.0
max_concurrency = 4
requests_per_minute = 1
tokens_per_minute = 100000000
"#;

pub(crate) struct Platform {
    redis: Server,
    pub(crate) virginia: LocalEndpoint,
    pub(crate) oregon: LocalEndpoint,
    folder: TempDir,
    process: Process,
}

/// A gateway process. Dropping this value kills the process.
struct Process {
    child: Child,
    address: String,
    log: Arc<Mutex<String>>,
    /// The thread that reads the log.
    reader: Option<JoinHandle<()>>,
}

impl Platform {
    /// Starts everything. Returns `None` if no Redis server is installed.
    pub(crate) async fn start(test: &str) -> Option<Self> {
        let redis = Server::start(test)?;
        // With a clock that does not move, the latencies in all responses are equal.
        let now = SystemTime::now();
        let region = |name: &str| {
            let builder =
                LocalEndpoint::builder().credentials(KEY_ID, SECRET, None).max_recorded_calls(10_000);
            builder.region(name).clock(move || now).start()
        };
        let (virginia, oregon) = (region("us-east-1").await.unwrap(), region("us-west-2").await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let settings = settings("127.0.0.1:0", &redis, &virginia.url(), &oregon.url());
        let process = Process::start(&folder, &settings);
        Some(Self { redis, virginia, oregon, folder, process })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.process.address)
    }

    /// Kills the gateway, and returns its complete log.
    pub(crate) fn into_log(mut self) -> String {
        self.kill();
        self.process.reader.take().unwrap().join().unwrap();
        self.process.log.lock().unwrap().clone()
    }

    /// Returns a client of the gateway that makes one attempt.
    pub(crate) fn client(&self, key: &str) -> Client {
        let config = Config::builder().region("us-east-1").endpoint_url(self.url()).bearer_token(key);
        Client::new(config.retry_config(RetryConfig::disabled())).unwrap()
    }

    /// Returns a client of the first region.
    pub(crate) fn client_of_virginia(&self) -> Client {
        let config = Config::builder().region("us-east-1").endpoint_url(self.virginia.url());
        Client::new(config.credentials_provider(Credentials::new(KEY_ID, SECRET, None))).unwrap()
    }

    /// Returns the calls that the regions have received.
    pub(crate) fn calls(&self) -> Vec<CallRecord> {
        [self.virginia.calls(), self.oregon.calls()].concat()
    }

    /// Kills the gateway with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.child.kill().unwrap();
        self.process.child.wait().unwrap();
    }

    /// Starts the gateway again on the same port.
    pub(crate) fn restart(&mut self) {
        let urls = (self.virginia.url(), self.oregon.url());
        let settings = settings(&self.process.address, &self.redis, &urls.0, &urls.1);
        self.process = Process::start(&self.folder, &settings);
    }

    /// Sends SIGTERM to the gateway.
    pub(crate) fn terminate(&self) {
        let pid = self.process.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits until the gateway has ended.
    pub(crate) async fn wait(mut self) -> (ExitStatus, Server) {
        let status = tokio::task::spawn_blocking(move || (self.process.child.wait().unwrap(), self.redis));
        status.await.unwrap()
    }
}

impl Process {
    fn start(folder: &TempDir, settings: &str) -> Self {
        let file = folder.path().join("gateway.toml");
        std::fs::write(&file, settings).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_invoke-model-gateway"));
        command.arg(file).env_clear().env("AWS_ACCESS_KEY_ID", KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (log, (sender, receiver)) = (Arc::new(Mutex::new(String::new())), mpsc::channel());
        let copy = log.clone();
        // The gateway must always be able to write its log.
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("listening on http://") {
                    drop(sender.send(address.to_owned()));
                }
                copy.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let address = receiver.recv().unwrap_or_else(|_| panic!("{}", log.lock().unwrap()));
        Self { child, address, log, reader: Some(reader) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn settings(listen: &str, redis: &Server, virginia: &str, oregon: &str) -> String {
    let settings = SETTINGS.replace("LISTEN", listen).replace("REDIS", &redis.url());
    settings.replace("VIRGINIA", virginia).replace("OREGON", oregon)
}

/// Returns a call that asks the model to repeat a text.
pub(crate) fn converse(client: &Client, text: &str) -> Call<Converse> {
    client.converse().model_id(MODEL).messages(question(text)).inference_config(limit())
}

/// Returns the same call with an event stream.
pub(crate) fn converse_stream(client: &Client, text: &str) -> Call<ConverseStream> {
    client.converse_stream().model_id(MODEL).messages(question(text)).inference_config(limit())
}

fn question(text: &str) -> Message {
    Message::new(ConversationRole::USER, vec![ContentBlock::Text(text.to_owned())])
}

fn limit() -> InferenceConfiguration {
    InferenceConfiguration::builder().max_tokens(64).build()
}
