//! Logs on standard error.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::output::{print_error, printable};
use crate::settings::variable;

/// Starts the logs that `RUST_LOG` selects. If `RUST_LOG` is unset, `debug` selects all logs of the level
/// `debug` or higher.
///
/// The spans of calls and attempts are logged when they end. Spans and events contain no secrets.
pub(crate) fn start(debug: bool) {
    let filter = match variable("RUST_LOG") {
        Some(text) => match text.parse::<Targets>() {
            Ok(filter) => filter,
            Err(error) => {
                print_error(&format_args!("note: ignored RUST_LOG: {error}"));
                return;
            }
        },
        None if debug => Targets::new().with_default(LevelFilter::DEBUG),
        None => return,
    };
    let format = tracing_subscriber::fmt::layer()
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(|| StandardError);
    tracing_subscriber::registry().with(filter).with(format).init();
}

/// A writer to standard error. Replaces unsafe characters with spaces. Ignores a failed write, because a
/// panic would replace the exit code.
struct StandardError;

impl Write for StandardError {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(printable(&String::from_utf8_lossy(text), ' ').as_bytes());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
