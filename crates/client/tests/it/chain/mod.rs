//! The default chain, over a transport that answers from a script, in an environment and a home of its own.

mod machines;
mod order;
mod profiles;
mod roles;
mod secrets;
mod sso;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{Client, ConfigBuilder, Error, Explanation};

use crate::fake::{Fake, now, response};

/// Long after any clock on which this runs.
const FAR: &str = "2099-01-01T00:00:00Z";

/// A user's folder, and the variables that a program of that user sees.
struct Home {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Home {
    /// With a region, without instance metadata.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder, variables: BTreeMap::new() };
        let path = home.path("").to_str().unwrap().to_owned();
        let home = home.set(if cfg!(windows) { "USERPROFILE" } else { "HOME" }, &path);
        home.set("AWS_REGION", "us-west-2").set("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// With this in `~/.aws/config`.
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
        self.folder.path().join(name)
    }

    fn settings(&self, fake: &Fake) -> ConfigBuilder {
        let variables = self.variables.clone();
        let read = move |name: &str| variables.get(name).cloned();
        ConfigBuilder::from_env_with(read).transport(fake.clone()).time_source(now)
    }

    fn client(&self, fake: &Fake) -> Client {
        Client::new(self.settings(fake)).unwrap()
    }

    /// One call: who signed it, and with which session token.
    async fn call(&self, fake: &Fake) -> (String, Option<String>) {
        fake.push([Ok(response(
            200,
            &[("content-type", "application/json")],
            Bytes::from_static(b"{}").into(),
        ))]);
        call(&self.client(fake)).await.unwrap_or_else(|error| panic!("{error}"));
        let last = fake.requests().pop().unwrap();
        assert!(last.uri().host().unwrap().starts_with("bedrock-runtime."));
        (signer(&last), text(&last, "x-amz-security-token"))
    }

    /// Why there are no credentials. Nothing is sent to the service.
    async fn error(&self, fake: &Fake) -> String {
        let error = call(&self.client(fake)).await.unwrap_err().to_string();
        let words = error.strip_prefix("InvokeModel was not sent: no credentials: ").unwrap_or(&error);
        words.split(" (region ").next().unwrap().replace(self.path("").to_str().unwrap(), "HOME/")
    }

    async fn explained(&self, fake: &Fake) -> Explanation {
        self.client(fake).invoke_model().model_id("a").body("{}").explain().await.unwrap()
    }

    /// The link that gave the credentials.
    async fn link(&self, fake: &Fake) -> String {
        self.explained(fake).await.link.unwrap().to_string()
    }
}

async fn call(client: &Client) -> Result<(), Error<InvokeModelError>> {
    client.invoke_model().model_id("a").body("{}").send().await.map(drop)
}

/// A service that gives these answers in order.
fn answers(answers: &[(u16, &str)]) -> Fake {
    let fake = Fake::default();
    for (status, body) in answers {
        fake.push([Ok(response(*status, &[], Bytes::copy_from_slice(body.as_bytes()).into()))]);
    }
    fake
}

/// The access key id in the `authorization` of a request.
fn signer(request: &http::Request<Bytes>) -> String {
    let field = text(request, "authorization").unwrap();
    let (_, rest) = field.split_once("Credential=").unwrap_or_else(|| panic!("{field}"));
    rest.split('/').next().unwrap().to_owned()
}

fn text(request: &http::Request<Bytes>, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().unwrap().to_owned())
}

/// What STS answers.
fn assumed(action: &str, id: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>sts-secret</SecretAccessKey>\
         <SessionToken>sts-token-{id}</SessionToken><Expiration>{FAR}</Expiration>\
         </Credentials></{action}Result></{action}Response>"
    )
}

/// What the agent of a container answers.
fn contained(id: &str) -> String {
    format!(
        r#"{{"AccessKeyId":"{id}","SecretAccessKey":"agent-secret","Token":"agent-token","Expiration":"{FAR}"}}"#
    )
}

/// What instance metadata answers.
fn instance(id: &str) -> String {
    format!(
        r#"{{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"{id}","SecretAccessKey":"imds-secret",
        "Token":"imds-token","Expiration":"{FAR}"}}"#
    )
}
