//! All rows.

mod connections;
mod responses;
mod streams;
mod times;

use invoke_model_client::FailureClass;
use invoke_model_local::FaultRule;

use super::row::{Observed, Operation, Row, Setting};

/// Returns all rows, in the order of the page.
pub(crate) fn all() -> Vec<Row> {
    [responses::rows(), connections::rows(), times::rows(), streams::rows()].into_iter().flatten().collect()
}

/// A fault of one operation, which makes rows with different settings.
struct Fault {
    operation: Operation,
    name: &'static str,
    rules: Vec<FaultRule>,
}

fn unary<const N: usize>(name: &'static str, rules: [FaultRule; N]) -> Fault {
    Fault { operation: Operation::Unary, name, rules: rules.into() }
}

fn stream<const N: usize>(name: &'static str, rules: [FaultRule; N]) -> Fault {
    Fault { operation: Operation::Stream, name, rules: rules.into() }
}

/// Counts of the endpoint: connections, requests and executed requests.
type Counts = (u64, u64, u64);

impl Fault {
    /// Expects success with this attempt.
    fn succeeds(&self, setting: Setting, attempts: u32, counts: Counts) -> Row {
        self.row(setting, "success", None, attempts, counts)
    }

    /// Expects a failure.
    fn fails(
        &self,
        setting: Setting,
        outcome: &str,
        class: FailureClass,
        attempts: u32,
        counts: Counts,
    ) -> Row {
        self.row(setting, outcome, Some(class), attempts, counts)
    }

    fn row(
        &self,
        setting: Setting,
        outcome: &str,
        class: Option<FailureClass>,
        attempts: u32,
        counts: Counts,
    ) -> Row {
        let (connections, requests, worked_on) = counts;
        let outcome = outcome.to_owned();
        Row {
            operation: self.operation,
            fault: self.name,
            rules: self.rules.clone(),
            setting,
            expected: Observed { outcome, class, attempts, connections, requests, worked_on },
        }
    }
}
