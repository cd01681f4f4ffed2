//! An answer that comes whole, printed.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use invoke_model_client::Call;
use invoke_model_client::types::{InvokeModel, InvokeModelOutput};
use serde_json::json;

use crate::exit::Failure;

pub(crate) async fn run(call: Call<InvokeModel>, outfile: Option<&Path>) -> Result<(), Failure> {
    let output = call.send().await.map_err(|error| Failure::call(&error))?;
    print(&output, outfile).map_err(|error| Failure::output(&error))
}

/// The body to standard output; or to a file, and the other members to standard output.
fn print(output: &InvokeModelOutput, outfile: Option<&Path>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if let Some(path) = outfile {
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
