//! The sources of replies of `serve`: rules, the service, recorded exchanges, or a server with the API of OpenAI.

use std::path::PathBuf;

use clap::Args;
use http::{Method, Request};
use http_body_util::BodyExt;
use invoke_model_client::{
    Bytes, Client, ConfigBuilder, HyperTransport, RequestBody, ResponseBody, RetryConfig, Transport,
};
use invoke_model_local::{BoxError, FaultFile, Forward, ForwardFuture, ForwardedBody, LocalEndpointBuilder};

use crate::connection;
use crate::exit::Failure;
use crate::serve::read;

/// Arguments of `serve` that select the source of replies.
#[derive(Debug, Args)]
pub(crate) struct Backend {
    /// File with replies that depend on the operation, the model and the prompt; see docs/rules.md; the flag can be
    /// repeated
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// Forward all requests to the service, and write each exchange to a file in DIR
    #[arg(long, value_name = "DIR", conflicts_with_all = ["replay", "upstream"])]
    record: Option<PathBuf>,
    /// Replay the exchanges that --record wrote to DIR
    #[arg(long, value_name = "DIR", conflicts_with = "upstream")]
    replay: Option<PathBuf>,
    /// Let a server with the API of OpenAI generate replies, for example http://127.0.0.1:11434
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Name of the model on the server of --upstream [default: the model id of the call]
    #[arg(long, value_name = "NAME", requires = "upstream")]
    upstream_model: Option<String>,
}

impl Backend {
    /// Adds the rules and the source of replies to an endpoint. `region` is the region of the service.
    pub(crate) async fn configure(
        &self,
        mut builder: LocalEndpointBuilder,
        region: Option<&str>,
    ) -> Result<LocalEndpointBuilder, Failure> {
        for path in &self.rules {
            builder = builder.fault_file(read("--rules", path, FaultFile::from_json)?);
        }
        if let Some(folder) = &self.record {
            let service = Service::new(region).await?;
            if let Some(region) = service.client.config().region() {
                builder = builder.default_region(region);
            }
            builder = builder
                .record(folder, service)
                .map_err(|error| Failure::input(error).at(&format_args!("--record {}", folder.display())))?;
        }
        if let Some(folder) = &self.replay {
            builder = builder.replay(folder).map_err(|error| Failure::input(error).at(&"--replay"))?;
        }
        if let Some(url) = &self.upstream {
            builder = builder
                .upstream(url, self.upstream_model.clone(), Server(HyperTransport::new()))
                .map_err(|error| Failure::input(error).at(&"--upstream"))?;
        }
        Ok(builder)
    }
}

/// A server that gets requests unchanged.
#[derive(Debug)]
struct Server(HyperTransport);

impl Forward for Server {
    fn forward(&self, request: Request<Bytes>) -> ForwardFuture {
        let response = self.0.send(request.map(RequestBody::from));
        Box::pin(async move { Ok(response.await?.map(forwarded)) })
    }
}

/// The service. Requests are signed with the credentials of the environment.
#[derive(Debug)]
struct Service {
    client: Client,
    transport: HyperTransport,
}

impl Service {
    /// Creates the client, and loads its credentials. Without this check, each call would fail later.
    async fn new(region: Option<&str>) -> Result<Self, Failure> {
        let mut config = ConfigBuilder::from_env().retry_config(RetryConfig::disabled());
        if let Some(region) = region {
            config = config.region(region);
        }
        let client = Client::new(config).map_err(|error| connection::failure(error).at(&"--record"))?;
        let signed = client.request(Method::GET, "/").sign().await;
        signed.map_err(|error| Failure::call(error).at(&"--record: cannot sign requests to the service"))?;
        Ok(Self { client, transport: HyperTransport::new() })
    }
}

impl Forward for Service {
    fn forward(&self, request: Request<Bytes>) -> ForwardFuture {
        let (client, transport) = (self.client.clone(), self.transport.clone());
        Box::pin(async move {
            let request = signed(&client, request).await?;
            Ok(transport.send(request.map(RequestBody::from)).await?.map(forwarded))
        })
    }
}

/// Returns the request with the endpoint of the client, signed with the credentials of the client.
async fn signed(client: &Client, request: Request<Bytes>) -> Result<Request<Bytes>, BoxError> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut call = client.request(head.method.clone(), target).body(body);
    for (name, value) in &head.headers {
        call = call.header(name.as_str(), value.to_str()?);
    }
    call.sign().await.map_err(|error| error.to_string().into())
}

fn forwarded(body: ResponseBody) -> ForwardedBody {
    body.map_err(BoxError::from).boxed_unsync()
}
