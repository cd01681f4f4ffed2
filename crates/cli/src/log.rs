//! Logs on standard error.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::print_error;
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
        .with_writer(io::stderr);
    tracing_subscriber::registry().with(filter).with(format).init();
}
