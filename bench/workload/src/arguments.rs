//! Command line of the client programs.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Arguments of every client program.
#[derive(Clone, Debug, Parser)]
pub struct Arguments {
    /// URL of the server.
    pub endpoint: String,
    /// Print `ready` after the warm-up, and wait for a line on standard input.
    #[arg(long)]
    pub wait: bool,
    /// Work to measure.
    #[command(subcommand)]
    pub work: Work,
}

/// Work to measure.
#[derive(Clone, Debug, Subcommand)]
pub enum Work {
    /// Small calls, one after the other.
    Calls {
        /// Number of calls.
        count: usize,
    },
    /// Small concurrent calls.
    AtOnce {
        /// Number of calls of each task.
        count: usize,
        /// Number of concurrent tasks.
        width: usize,
    },
    /// One call with a large request and a large response.
    Large,
    /// One call with a large request from a file and a large response.
    LargeFile {
        /// Path of the file.
        path: PathBuf,
    },
    /// Calls with request and response bodies of this size, one after the other.
    Bodies {
        /// Size of each body, in bytes.
        size: usize,
        /// Number of calls.
        count: usize,
    },
    /// Calls with streamed responses, one after the other.
    Stream {
        /// Number of events of each stream.
        events: usize,
        /// Number of calls.
        #[arg(default_value_t = 1)]
        count: usize,
    },
    /// Calls with streamed responses at the same time.
    Streams {
        /// Number of events of each stream.
        events: usize,
        /// Number of streams.
        width: usize,
    },
    /// One call with a streamed response, whose events the server sends one by one. Prints the median and the 99th
    /// percentile of the times from the write of an event to its arrival at the caller, in nanoseconds.
    Paced {
        /// Number of events.
        events: usize,
    },
    /// The first call of the process: one call with a streamed response of one event.
    FirstEvent,
    /// Calls of `Converse`, one after the other.
    Converse {
        /// Number of calls.
        count: usize,
    },
    /// One call of `ConverseStream`.
    ConverseStream {
        /// Number of events.
        events: usize,
    },
    /// Calls of `Converse` by its name, one after the other. Their input and output are JSON.
    ConverseByName {
        /// Number of calls.
        count: usize,
    },
    /// One call of `ConverseStream` by its name. Its input and its events are JSON.
    ConverseStreamByName {
        /// Number of events.
        events: usize,
    },
    /// Clients that have made a call and stay open.
    Idle {
        /// Number of clients.
        count: usize,
    },
    /// Concurrent calls that all wait for their responses at the same time.
    Waiting {
        /// Number of calls.
        count: usize,
    },
}
