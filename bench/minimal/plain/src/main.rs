//! The smallest program that makes one unsigned call with hyper-util. The argument is the endpoint.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1).ok_or("usage: minimal-plain URL")?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let request = hyper::Request::post(format!("{endpoint}/model/bench.small/invoke"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from_static(b"{}")))?;
        let response = Client::builder(TokioExecutor::new()).build_http().request(request).await?;
        println!("{}", response.into_body().collect().await?.to_bytes().len());
        Ok(())
    })
}
