//! The program `invoke-model`.

use std::process::ExitCode;

fn main() -> ExitCode {
    invoke_model_cli::run(std::env::args_os()).into()
}
