use aws_sdk_bedrockruntime as _;
use aws_config as _;
use aws_smithy_http_client as _;
use tokio as _;
fn main() {}
