//! `invoke-model invoke`: one call.

use std::io::Write;

use invoke_model_client::types::Operation;
use invoke_model_client::{Call, Client, ConfigBuilder, Credentials, RetryConfig};
use invoke_model_local::LocalEndpoint;

use crate::arguments::Invoke;
use crate::body::body;
use crate::exit::Failure;
use crate::{call, explain, stream, whole};

pub(crate) async fn run(arguments: &Invoke) -> Result<(), Failure> {
    let local = match arguments.local {
        true => Some(LocalEndpoint::start().await.map_err(|error| Failure::input(&error))?),
        false => None,
    };
    let client = client(arguments, local.as_ref())?;
    // Read once: standard input does not come a second time.
    let body = arguments.body.as_deref().map(body).transpose().map_err(|error| Failure::input(&error))?;
    if arguments.stream {
        let call = || call::streamed(&client, arguments, body.clone());
        if explained(call, arguments).await? == Next::Send {
            stream::run(call(), arguments.raw).await?;
        }
    } else {
        let call = || call::whole(&client, arguments, body.clone());
        if explained(call, arguments).await? == Next::Send {
            whole::run(call(), arguments.outfile.as_deref()).await?;
        }
    }
    Ok(())
}

fn client(arguments: &Invoke, local: Option<&LocalEndpoint>) -> Result<Client, Failure> {
    let mut config = ConfigBuilder::from_env();
    if let Some(region) = &arguments.region {
        config = config.region(region);
    }
    if let Some(profile) = &arguments.profile {
        config = config.profile_name(profile);
    }
    config = config.region_from_arn(&arguments.model_id);
    if let Some(url) = &arguments.endpoint_url {
        config = config.endpoint_url(url);
    }
    if let Some(local) = local {
        // Nothing of the environment: a call to the local endpoint is the same on every machine.
        let region = arguments.region.as_deref().unwrap_or(local.region());
        let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
        config = ConfigBuilder::default();
        config = config.region(region).endpoint_url(local.url()).credentials_provider(credentials);
        // What it refuses once, it refuses again.
        config = config.retry_config(RetryConfig::disabled());
    }
    Client::new(config).map_err(|error| Failure::input(&error))
}

/// What comes after the explanation.
#[derive(PartialEq)]
enum Next {
    Send,
    Nothing,
}

/// Prints what `--explain` and `--dry-run` ask for.
async fn explained<O: Operation>(call: impl Fn() -> Call<O>, arguments: &Invoke) -> Result<Next, Failure> {
    if !arguments.dry_run && !arguments.explain {
        return Ok(Next::Send);
    }
    let explained = call().explain().await.map_err(|error| Failure::call(&error))?;
    if arguments.explain {
        eprint!("{}", explain::settings(&explained));
    }
    if !arguments.dry_run {
        return Ok(Next::Send);
    }
    let text = explain::request(&explained);
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::output(&error))?;
    Ok(Next::Nothing)
}
