//! The flags `--dry-run` and `--explain`.

use std::future::Future;

use clap::Args;
use invoke_model_client::Explanation;

use crate::connection::Session;
use crate::curl;
use crate::exit::Failure;
use crate::input::Source;
use crate::output::{print_error, print_output};
use crate::words;

/// Flags that show the request of a call.
#[derive(Debug, Args)]
pub(crate) struct Inspection {
    /// Print a shell script that sends the request with curl, without secrets; send nothing. For model ids with a
    /// colon, the script needs curl 8.14 or newer
    #[arg(long)]
    dry_run: bool,
    /// First print the request, the source of each setting and the canonical request to standard error
    #[arg(long)]
    explain: bool,
}

impl Inspection {
    /// Prints what the flags request. If no flag is set, does not poll `explain`. `body` is the source of the
    /// body, if the body is the content of an argument. Returns `false` if the call must not be sent.
    pub(crate) async fn print(
        &self,
        session: &Session,
        explain: impl Future<Output = Result<Explanation, Failure>>,
        body: Option<&Source>,
    ) -> Result<bool, Failure> {
        if !self.dry_run && !self.explain {
            return Ok(true);
        }
        let explanation = explain.await?;
        if self.explain {
            print_error(&words::of_command(&explanation.to_string()));
        }
        if self.dry_run {
            let mut script = curl::script(&explanation, body);
            if let Some(port) = session.local_port() {
                // The endpoint stops with this command, so the script needs another endpoint on this port.
                let note = format!(
                    "the endpoint of --local has stopped; before you run the script, run `invoke-model serve --port \
                     {port}` in another shell, and set the variables that it prints"
                );
                print_error(&format_args!("note: {note}"));
                script = format!("# Note: {note}.\n{script}");
            }
            print_output(script.as_bytes())?;
        }
        Ok(!self.dry_run)
    }
}
