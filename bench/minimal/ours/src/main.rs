//! The smallest program that makes one call with `invoke-model-client`. The argument is the endpoint.

use invoke_model_client::{Client, Config, Credentials};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("usage: minimal-ours URL")?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let config = Config::builder()
            .region("us-east-1")
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None))
            .build()?;
        let response = Client::new(config)?.invoke_model().model_id("bench.small").body("{}").send().await?;
        println!("{}", response.body.len());
        Ok(())
    })
}
