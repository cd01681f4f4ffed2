//! Tests of a client with the default chain. Each test uses a scripted transport, an environment and a home
//! directory. The crate `invoke-model-credentials` tests the sources of the chain.

mod calls;
mod order;
mod profile;
mod redaction;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{Client, ConfigBuilder, Error};

use crate::fake::{Fake, now, response};

/// An expiry time in the far future.
const FAR: &str = "2099-01-01T00:00:00Z";

/// A home directory and environment variables.
struct Home {
    directory: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Home {
    /// Creates an empty home directory, sets a region, and disables instance metadata.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = Self { directory, variables: BTreeMap::new() };
        let path = home.path("").to_str().unwrap().to_owned();
        let home = home.set(if cfg!(windows) { "USERPROFILE" } else { "HOME" }, &path);
        home.set("AWS_REGION", "us-west-2").set("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// Writes `~/.aws/config`.
    fn config(text: &str) -> Self {
        Self::new().file(".aws/config", text)
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn unset(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn settings(&self, fake: &Fake) -> ConfigBuilder {
        let variables = self.variables.clone();
        let read = move |name: &str| variables.get(name).cloned();
        ConfigBuilder::from_env_with(read).transport(fake.clone()).time_source(now)
    }

    fn client(&self, fake: &Fake) -> Client {
        Client::new(self.settings(fake)).unwrap()
    }

    /// Makes a call that finds no credentials, and returns the text of the error.
    async fn error(&self, fake: &Fake) -> String {
        let error = call(&self.client(fake)).await.unwrap_err().to_string();
        let text = error.strip_prefix("InvokeModel: request not sent: no credentials: ").unwrap_or(&error);
        text.split(" (region ").next().unwrap().replace(self.path("").to_str().unwrap(), "HOME/")
    }
}

async fn call(client: &Client) -> Result<(), Error<InvokeModelError>> {
    client.invoke_model().model_id("a").body("{}").send().await.map(drop)
}

/// Creates a transport that returns `responses` in order.
fn responses(responses: &[(u16, &str)]) -> Fake {
    let fake = Fake::default();
    for (status, body) in responses {
        fake.push([Ok(response(*status, &[], Bytes::copy_from_slice(body.as_bytes()).into()))]);
    }
    fake
}

/// Returns the access key id in the `authorization` header of a request.
fn signer(request: &http::Request<Bytes>) -> String {
    let header = text(request, "authorization").unwrap();
    let (_, rest) = header.split_once("Credential=").unwrap_or_else(|| panic!("{header}"));
    rest.split('/').next().unwrap().to_owned()
}

/// Returns the value of a header as text.
fn text(request: &http::Request<Bytes>, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().unwrap().to_owned())
}

/// Returns a response of STS to `action`. The response contains credentials with the access key id `id`.
fn sts_response(action: &str, id: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>sts-secret</SecretAccessKey>\
         <SessionToken>sts-token-{id}</SessionToken><Expiration>{FAR}</Expiration>\
         </Credentials></{action}Result></{action}Response>"
    )
}

/// Returns a response of a container agent. The response contains credentials with the access key id `id`.
fn container_response(id: &str) -> String {
    format!(
        r#"{{"AccessKeyId":"{id}","SecretAccessKey":"agent-secret","Token":"agent-token","Expiration":"{FAR}"}}"#
    )
}
