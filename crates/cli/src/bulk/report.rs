//! The progress of a run: a bar on a terminal, otherwise lines.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use invoke_model_bulk::Progress;
use invoke_model_client::QuotaLimiter;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::output::{print_error, print_output};

/// The time between two updates of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(200);
/// The time between two lines.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Shows the progress of a run.
pub(super) struct Reporter {
    progress: Progress,
    limiter: QuotaLimiter,
    form: Form,
    start: Instant,
    /// The number of records with a result at the start of this run.
    done_before: u64,
    next: Instant,
}

enum Form {
    Bar(ProgressBar),
    Lines,
    Json,
}

impl Reporter {
    pub(super) fn new(progress: Progress, limiter: QuotaLimiter, json: bool) -> Self {
        let form = match (json, io::stderr().is_terminal()) {
            (true, _) => Form::Json,
            (false, true) => Form::Bar(bar(progress.counts().records)),
            (false, false) => Form::Lines,
        };
        let counts = progress.counts();
        let start = Instant::now();
        let mut reporter = Self {
            progress,
            limiter,
            form,
            start,
            done_before: counts.succeeded + counts.failed,
            next: start,
        };
        if counts.succeeded > 0 {
            let line = format!(
                "{} of {} records have an output of an earlier run",
                counts.succeeded, counts.records
            );
            reporter.print(&line);
        }
        reporter
    }

    /// Waits until the next report is due.
    pub(super) async fn next(&self) {
        sleep_until(self.next).await;
    }

    /// Shows the progress.
    pub(super) fn report(&mut self) {
        let interval = match &self.form {
            Form::Bar(bar) => {
                let counts = self.progress.counts();
                bar.set_position(counts.succeeded + counts.failed);
                bar.set_message(self.line());
                BAR_INTERVAL
            }
            Form::Lines => {
                print_error(&self.line());
                LINE_INTERVAL
            }
            Form::Json => {
                // The run continues if nobody reads its progress.
                let _ = print_output(format!("{}\n", self.json()).as_bytes());
                LINE_INTERVAL
            }
        };
        self.next = Instant::now() + interval;
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Form::Bar(bar) = &self.form {
            bar.finish_and_clear();
        }
    }

    /// Prints a line to standard error, above the bar.
    pub(super) fn print(&mut self, line: &str) {
        match &self.form {
            Form::Bar(bar) => bar.suspend(|| print_error(&line)),
            Form::Lines | Form::Json => print_error(&line),
        }
    }

    fn line(&self) -> String {
        let (counts, quota) = (self.progress.counts(), self.limiter.usage());
        let mut line = format!("{} of {} records", counts.succeeded + counts.failed, counts.records);
        // A write to a string does not fail.
        let mut add = |text: std::fmt::Arguments<'_>| _ = line.write_fmt(text);
        if counts.failed > 0 {
            add(format_args!(", {} errors", counts.failed));
        }
        if counts.throttled > 0 {
            add(format_args!(", {} throttled", counts.throttled));
        }
        add(format_args!(", {} calls in flight", counts.in_flight.saturating_sub(quota.waiting as u64)));
        if quota.waiting > 0 {
            add(format_args!(", {} waiting for the limits", quota.waiting));
        }
        // The limiter counts only if it has a limit for a minute.
        if quota.requests > 0 {
            add(format_args!(", {} requests and {} tokens in the last minute", quota.requests, quota.tokens));
        }
        add(format_args!(
            ", {} input and {} output tokens",
            counts.tokens.total_input(),
            counts.tokens.output
        ));
        if let Some(left) = self.time_left() {
            add(format_args!(", {} left", in_words(left)));
        }
        line
    }

    fn json(&self) -> serde_json::Value {
        let (counts, quota) = (self.progress.counts(), self.limiter.usage());
        json!({
            "event": "progress",
            "records": counts.records,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "inFlight": counts.in_flight.saturating_sub(quota.waiting as u64),
            "waiting": quota.waiting,
            "throttled": counts.throttled,
            "retries": counts.retries,
            "requestsInLastMinute": quota.requests,
            "tokensInLastMinute": quota.tokens,
            "inputTokens": counts.tokens.total_input(),
            "outputTokens": counts.tokens.output,
            "secondsLeft": self.time_left().map(|left| left.as_secs()),
        })
    }

    /// Estimates the remaining time from the speed of this run.
    fn time_left(&self) -> Option<Duration> {
        let counts = self.progress.counts();
        let done =
            (counts.succeeded + counts.failed).checked_sub(self.done_before).filter(|done| *done > 0)?;
        Duration::try_from_secs_f64(
            self.start.elapsed().as_secs_f64() / done as f64 * counts.remaining() as f64,
        )
        .ok()
    }
}

fn bar(records: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(records), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:20} {percent}% {wide_msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Returns a duration in the two largest units.
pub(super) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
