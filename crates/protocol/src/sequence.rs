//! Sequences of calls: pages of a list, and waiters.

use std::fmt;

use crate::operation::Operation;

/// An operation that returns a list in pages.
/// <https://smithy.io/2.0/spec/behavior-traits.html#paginated-trait>
pub trait PaginatedOperation: Operation {
    /// Type of the items in the list.
    type Item;

    /// Returns the token of the next page, or `None` for the last page.
    fn next_token(output: &Self::Output) -> Option<&str>;

    /// Sets the token of the page that a call requests.
    fn set_token(input: &mut Self::Input, token: String);

    /// Returns the items of a page.
    fn items(output: Self::Output) -> Vec<Self::Item>;
}

/// Names of the members that contain the items and the tokens of pages.
/// <https://smithy.io/2.0/spec/behavior-traits.html#paginated-trait>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pagination {
    /// Member of the input that contains the token of the requested page.
    pub input_token: &'static str,
    /// Path to the member of the output that contains the token of the next page. A dot separates the names of
    /// nested members.
    pub output_token: &'static str,
    /// Path to the list in the output that contains the items.
    pub items: &'static str,
    /// Member of the input that contains the maximum number of items of a page, if there is such a member.
    pub page_size: Option<&'static str>,
}

/// A waiter: the rules for repeating a call, for example until a resource is ready.
/// <https://smithy.io/2.0/additional-specs/waiters.html>
pub struct Waiter<O: Operation> {
    /// Name of the waiter in the model.
    pub name: &'static str,
    /// Minimum delay between two calls, in seconds.
    pub min_delay_seconds: u64,
    /// Maximum delay between two calls, in seconds.
    pub max_delay_seconds: u64,
    /// Returns the state of the waiter after a call, or `None` if no rule of the waiter matches. The argument
    /// is the output of the call. If the call failed, the argument is the error code, or `None` if the error
    /// has no code.
    pub state: WaiterRules<<O as Operation>::Output>,
}

/// The rules of a [`Waiter`] for outputs of type `T`.
pub type WaiterRules<T> = fn(Result<&T, Option<&str>>) -> Option<WaiterState>;

impl<O: Operation> fmt::Debug for Waiter<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The state of a [`Waiter`] after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaiterState {
    /// The waiter ends with success.
    Success,
    /// The waiter ends with a failure.
    Failure,
    /// The waiter makes another call.
    Retry,
}
