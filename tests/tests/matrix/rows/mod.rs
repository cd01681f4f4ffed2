//! The rows: a fault, a setting, and what comes of them.

mod answers;
mod connections;
mod streams;
mod times;

use invoke_model_client::FailureClass;
use invoke_model_local::FaultRule;

use super::row::{Observed, Operation, Row, Setting};

/// All rows, in the order of the page.
pub(crate) fn all() -> Vec<Row> {
    [answers::rows(), connections::rows(), times::rows(), streams::rows()].into_iter().flatten().collect()
}

/// A fault of one operation, for the rows that differ in their settings.
struct Fault {
    operation: Operation,
    words: &'static str,
    rules: Vec<FaultRule>,
}

fn whole<const N: usize>(words: &'static str, rules: [FaultRule; N]) -> Fault {
    Fault { operation: Operation::Whole, words, rules: rules.into() }
}

fn stream<const N: usize>(words: &'static str, rules: [FaultRule; N]) -> Fault {
    Fault { operation: Operation::Stream, words, rules: rules.into() }
}

/// What the endpoint saw: connections, requests, and those that it worked on.
type Seen = (u64, u64, u64);

impl Fault {
    /// The call is answered, at that attempt.
    fn answered(&self, setting: Setting, attempts: u32, seen: Seen) -> Row {
        self.row(setting, "answered", None, attempts, seen)
    }

    /// The call fails.
    fn fails(&self, setting: Setting, outcome: &str, class: FailureClass, attempts: u32, seen: Seen) -> Row {
        self.row(setting, outcome, Some(class), attempts, seen)
    }

    fn row(
        &self,
        setting: Setting,
        outcome: &str,
        class: Option<FailureClass>,
        attempts: u32,
        seen: Seen,
    ) -> Row {
        let (connections, requests, worked_on) = seen;
        let outcome = outcome.to_owned();
        Row {
            operation: self.operation,
            fault: self.words,
            rules: self.rules.clone(),
            setting,
            expected: Observed { outcome, class, attempts, connections, requests, worked_on },
        }
    }
}
