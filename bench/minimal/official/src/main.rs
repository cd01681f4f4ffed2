//! The smallest program that makes one call with the official crate. The argument is the endpoint.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_bedrockruntime::primitives::Blob;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("usage: minimal-official URL")?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "static"))
            .build();
        let response = Client::from_conf(config)
            .invoke_model()
            .model_id("bench.small")
            .body(Blob::new("{}"))
            .send()
            .await?;
        println!("{}", response.body.as_ref().len());
        Ok(())
    })
}
