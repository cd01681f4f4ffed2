//! The flags `--dry-run` and `--explain`.

use std::future::Future;

use clap::Args;
use invoke_model_client::Explanation;

use crate::curl;
use crate::exit::Failure;
use crate::input::Source;
use crate::{print_error, print_output};

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
        explain: impl Future<Output = Result<Explanation, Failure>>,
        body: Option<&Source>,
    ) -> Result<bool, Failure> {
        if !self.dry_run && !self.explain {
            return Ok(true);
        }
        let explanation = explain.await?;
        if self.explain {
            print_error(&explanation);
        }
        if self.dry_run {
            let script = curl::script(&explanation, body);
            print_output(script.as_bytes())?;
        }
        Ok(!self.dry_run)
    }
}
