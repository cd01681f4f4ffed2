//! Flags of the AWS CLI that have no effect in this command.

use clap::Args;

use crate::output::print_error;

/// Flags of the AWS CLI that this command accepts and ignores, so that existing scripts keep working.
///
/// Each flag accepts only values that request the normal behavior of this command. Other values are errors.
/// For example, `--cli-binary-format base64` means that the body is base64 text, but this command would send
/// the body without decoding it.
#[derive(Debug, Args)]
pub(crate) struct AwsCliFlags {
    #[arg(long, hide = true, value_parser = ["raw-in-base64-out"])]
    cli_binary_format: Option<String>,
    #[arg(long, hide = true, value_parser = ["json"])]
    output: Option<String>,
    #[arg(long, hide = true, value_parser = ["auto", "off", "on"])]
    color: Option<String>,
    #[arg(long, hide = true)]
    no_cli_pager: bool,
    #[arg(long, hide = true)]
    no_cli_auto_prompt: bool,
    #[arg(long, hide = true)]
    no_paginate: bool,
}

impl AwsCliFlags {
    /// Prints a note that lists the ignored flags. Prints nothing if no flag was ignored.
    pub(crate) fn print_note(&self) {
        let flags = [
            ("--cli-binary-format", self.cli_binary_format.is_some()),
            ("--output", self.output.is_some()),
            ("--color", self.color.is_some()),
            ("--no-cli-pager", self.no_cli_pager),
            ("--no-cli-auto-prompt", self.no_cli_auto_prompt),
            ("--no-paginate", self.no_paginate),
        ];
        let ignored: Vec<&str> = flags.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
        if !ignored.is_empty() {
            print_error(&format_args!(
                "note: ignored the AWS CLI flags that have no effect here: {}",
                ignored.join(", ")
            ));
        }
    }
}
