//! The rows of the matrix.

mod connections;
mod delays;
mod idempotent;
mod responses;
mod streams;

use invoke_model_client::FailureClass;
use invoke_model_local::FaultRule;

use super::row::{Observed, Operation, Row, Setting, Situation};

/// Returns all rows, in the order of the page.
pub(crate) fn all() -> Vec<Row> {
    let groups =
        [responses::rows(), connections::rows(), delays::rows(), streams::rows(), idempotent::rows()];
    groups.into_iter().flatten().collect()
}

/// A fault of one operation. Several rows may contain the same fault, with different settings.
struct RowFault {
    operation: Operation,
    description: &'static str,
    rules: Vec<FaultRule>,
    situation: Situation,
}

/// Returns a fault of `InvokeModel`.
fn invoke<const N: usize>(description: &'static str, rules: [FaultRule; N]) -> RowFault {
    RowFault {
        operation: Operation::InvokeModel,
        description,
        rules: rules.into(),
        situation: Situation::Normal,
    }
}

/// Returns a fault of `InvokeModelWithResponseStream`.
fn stream<const N: usize>(description: &'static str, rules: [FaultRule; N]) -> RowFault {
    let operation = Operation::InvokeModelWithResponseStream;
    RowFault { operation, description, rules: rules.into(), situation: Situation::Normal }
}

/// Returns a fault of `CountTokens`.
fn count_tokens<const N: usize>(description: &'static str, rules: [FaultRule; N]) -> RowFault {
    let operation = Operation::CountTokens;
    RowFault { operation, description, rules: rules.into(), situation: Situation::Normal }
}

/// Numbers that the endpoint counted: connections, requests, and executed requests.
type Seen = (u64, u64, u64);

impl RowFault {
    /// Sets the situation in which the call starts.
    fn in_situation(self, situation: Situation) -> Self {
        Self { situation, ..self }
    }

    /// Returns a row in which the call succeeds after `attempts` attempts.
    fn succeeds(&self, setting: Setting, attempts: u32, seen: Seen) -> Row {
        self.row(setting, "success", None, attempts, seen)
    }

    /// Returns a row in which the call fails.
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
        let (connections, requests, executed) = seen;
        let outcome = outcome.to_owned();
        Row {
            operation: self.operation,
            fault: self.description,
            rules: self.rules.clone(),
            situation: self.situation,
            setting,
            expected: Observed { outcome, class, attempts, connections, requests, executed },
        }
    }
}
