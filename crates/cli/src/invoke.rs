//! `invoke-model invoke`: one call.

use std::fs;
use std::io::Write;

use invoke_model_client::types::{InvokeModel, InvokeModelOutput};
use invoke_model_client::{Body, Call, Client, ConfigBuilder, Credentials};
use invoke_model_local::Local;
use serde_json::json;

use crate::arguments::Invoke;
use crate::body::body;
use crate::exit::Failure;
use crate::explain;

pub(crate) async fn run(arguments: &Invoke) -> Result<(), Failure> {
    let local = match arguments.local {
        true => Some(Local::start().await.map_err(|error| Failure::input(&error))?),
        false => None,
    };
    let client = client(arguments, local.as_ref())?;
    // Read once: standard input does not come a second time.
    let body = arguments.body.as_deref().map(body).transpose().map_err(|error| Failure::input(&error))?;
    if arguments.dry_run || arguments.explain {
        let explained =
            call(&client, arguments, body.clone()).explain().await.map_err(|error| Failure::call(&error))?;
        if arguments.explain {
            eprint!("{}", explain::settings(&explained));
        }
        if arguments.dry_run {
            let text = explain::request(&explained);
            return std::io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::output(&error));
        }
    }
    let output = call(&client, arguments, body).send().await.map_err(|error| Failure::call(&error))?;
    print(&output, arguments).map_err(|error| Failure::output(&error))
}

fn client(arguments: &Invoke, local: Option<&Local>) -> Result<Client, Failure> {
    let mut config = ConfigBuilder::from_env();
    if let Some(region) = &arguments.region {
        config = config.region(region);
    }
    if let Some(url) = &arguments.endpoint_url {
        config = config.endpoint_url(url);
    }
    if let Some(local) = local {
        // Nothing of the environment: a call to the local endpoint is the same on every machine.
        let region = arguments.region.as_deref().unwrap_or(local.region());
        let credentials =
            Credentials::new(local.access_key_id(), local.secret_access_key(), None, None, "local endpoint");
        config = ConfigBuilder::default();
        config = config.region(region).endpoint_url(local.url()).credentials_provider(credentials);
    }
    Client::new(config).map_err(|error| Failure::input(&error))
}

/// The call with every member that a flag gives.
fn call(client: &Client, arguments: &Invoke, body: Option<Body>) -> Call<InvokeModel> {
    type Setter = fn(Call<InvokeModel>, &String) -> Call<InvokeModel>;
    let setters: [(&Option<String>, Setter); 8] = [
        (&arguments.content_type, |call, value| call.content_type(value)),
        (&arguments.accept, |call, value| call.accept(value)),
        (&arguments.trace, |call, value| call.trace(value.as_str())),
        (&arguments.guardrail_identifier, |call, value| call.guardrail_identifier(value)),
        (&arguments.guardrail_version, |call, value| call.guardrail_version(value)),
        (&arguments.performance_config_latency, |call, value| {
            call.performance_config_latency(value.as_str())
        }),
        (&arguments.service_tier, |call, value| call.service_tier(value.as_str())),
        (&arguments.request_metadata, |call, value| call.request_metadata(value)),
    ];
    let mut call = client.invoke_model().model_id(&arguments.model_id);
    for (value, set) in setters {
        if let Some(value) = value {
            call = set(call, value);
        }
    }
    if let Some(body) = body {
        call = call.body(body);
    }
    call
}

/// The body to standard output; or to a file, and the other members to standard output.
fn print(output: &InvokeModelOutput, arguments: &Invoke) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if let Some(path) = &arguments.outfile {
        fs::write(path, &output.body)?;
        let mut members = json!({ "contentType": output.content_type });
        if let Some(latency) = &output.performance_config_latency {
            members["performanceConfigLatency"] = json!(latency);
        }
        if let Some(tier) = &output.service_tier {
            members["serviceTier"] = json!(tier);
        }
        return writeln!(out, "{members:#}");
    }
    out.write_all(&output.body)?;
    if !output.body.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    out.flush()
}
