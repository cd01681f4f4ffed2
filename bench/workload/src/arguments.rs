//! What a client program is told.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The command line of every client program.
#[derive(Clone, Debug, Parser)]
pub struct Arguments {
    /// The server's URL.
    pub endpoint: String,
    /// Print `ready` after the warm-up, and wait for a line.
    #[arg(long)]
    pub wait: bool,
    /// What to do.
    #[command(subcommand)]
    pub work: Work,
}

/// What is measured.
#[derive(Clone, Debug, Subcommand)]
pub enum Work {
    /// Small calls, one after the other.
    Calls {
        /// How many.
        count: usize,
    },
    /// Small calls, several at once.
    AtOnce {
        /// How many for each of those at once.
        count: usize,
        /// How many at once.
        width: usize,
    },
    /// One call with a large request and a large answer.
    Large,
    /// The same, the request in a file.
    LargeFile {
        /// The file.
        path: PathBuf,
    },
    /// One stream.
    Stream {
        /// How many events are in it.
        events: usize,
    },
    /// Clients that have made a call, and are kept.
    Idle {
        /// How many.
        count: usize,
    },
    /// Calls that all wait for their answer at one moment.
    InFlight {
        /// How many.
        count: usize,
    },
}
