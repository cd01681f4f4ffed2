//! Repeats a call until its result has a given state.

use std::fmt;
use std::time::Duration;

use invoke_model_protocol::{Operation, Waiter, WaiterState};
use tokio::time::{Instant, sleep, timeout_at};

use crate::call::{Call, Delivery};
use crate::error::Error;
use crate::random::random_fraction;

/// The reason why [`Call::wait_until`] ended without success. `?` and `From` convert it into an [`Error`], whose
/// kind is [`ErrorKind::Wait`](crate::ErrorKind::Wait) or the kind of the failed call. The conversion drops the output.
///
/// The output in [`Failed`](Self::Failed) states why the awaited work failed, for example in the member
/// `failureMessage` of [`GetAsyncInvoke`](crate::types::GetAsyncInvoke). This member is sensitive, so the text of
/// the error does not contain it:
///
/// ```no_run
/// # use std::time::Duration;
/// use invoke_model_client::types::GetAsyncInvoke;
/// use invoke_model_client::{Client, Error, WaitError};
///
/// # async fn run(client: Client, arn: String) -> Result<(), Error> {
/// let call = client.get_async_invoke().invocation_arn(arn);
/// match call.wait_until(&GetAsyncInvoke::COMPLETED, Duration::from_secs(600)).await {
///     Ok(invocation) => println!("{:?}", invocation.output_data_config),
///     Err(WaitError::Failed(invocation)) => println!("failed: {:?}", invocation.failure_message),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
pub enum WaitError<O: Operation> {
    /// The output has the failure state of the waiter.
    Failed(O::Output),
    /// The maximum wait is over. Contains the output of the last call, or `None` if the last call failed with
    /// an error after which the waiter makes another call.
    TimedOut(Option<O::Output>),
    /// A call failed.
    Call(Error<O::Error>),
}

impl<O: Operation> Call<O>
where
    O::Input: Clone,
    O::Delivery: Delivery<O, Output = O::Output>,
{
    /// Repeats the call until its output has the success state of a waiter, and returns this output. The type
    /// of an operation has a constant for each of its waiters.
    ///
    /// The delay between two calls grows from the minimum to the maximum delay of the waiter, with jitter.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use invoke_model_client::types::GetAsyncInvoke;
    /// use invoke_model_client::{Client, Error};
    ///
    /// # async fn run(client: Client, arn: String) -> Result<(), Error> {
    /// let call = client.get_async_invoke().invocation_arn(arn);
    /// let invocation = call.wait_until(&GetAsyncInvoke::COMPLETED, Duration::from_secs(600)).await?;
    /// println!("{:?}", invocation.output_data_config);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`WaitError`]. If a call fails after its own retries, the function returns the error of this call.
    /// If the waiter has a rule to make another call after this error code, the function continues instead.
    pub async fn wait_until(self, waiter: &Waiter<O>, max_wait: Duration) -> Result<O::Output, WaitError<O>> {
        // If the clock cannot represent the end of the wait, wait without a deadline.
        let deadline = Instant::now().checked_add(max_wait);
        let mut delays = Delays::new(waiter);
        let mut last = None;
        loop {
            let sending = self.clone().send();
            let result = match deadline {
                Some(deadline) => match timeout_at(deadline, sending).await {
                    Ok(result) => result,
                    Err(_) => return Err(WaitError::TimedOut(last)),
                },
                None => sending.await,
            };
            let state = match &result {
                Ok(output) => (waiter.state)(Ok(output)),
                Err(error) => (waiter.state)(Err(error.code())),
            };
            last = match (state, result) {
                (Some(WaiterState::Success), Ok(output)) => return Ok(output),
                (Some(WaiterState::Failure), Ok(output)) => return Err(WaitError::Failed(output)),
                (Some(WaiterState::Retry), Err(_)) => None,
                (_, Ok(output)) => Some(output),
                (_, Err(error)) => return Err(WaitError::Call(error)),
            };
            // The last call is made when the maximum wait is almost over, as the specification demands.
            let delay = delays.next(random_fraction());
            let remaining = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match remaining {
                Some(remaining) if remaining <= delays.min => return Err(WaitError::TimedOut(last)),
                Some(remaining) => sleep(delay.min(remaining - delays.min)).await,
                None => sleep(delay).await,
            }
        }
    }
}

/// The delays between the calls of a waiter.
/// <https://smithy.io/2.0/additional-specs/waiters.html#waiter-retries>
struct Delays {
    min: Duration,
    max: Duration,
    /// The upper bound of the next delay.
    bound: Duration,
}

impl Delays {
    fn new<O: Operation>(waiter: &Waiter<O>) -> Self {
        let min = Duration::from_secs(waiter.min_delay_seconds);
        Self { min, max: Duration::from_secs(waiter.max_delay_seconds).max(min), bound: min }
    }

    /// Returns the next delay. `random` is between 0 and 1.
    fn next(&mut self, random: f64) -> Duration {
        let delay = self.min + (self.bound - self.min).mul_f64(random);
        self.bound = (self.bound * 2).min(self.max);
        delay
    }
}

/// The reason why a waiter ended without success, although its calls succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaiterError {
    /// The output has the failure state of the waiter.
    #[error("the waiter ended, because the result is a failure")]
    Failed,
    /// The maximum wait is over.
    #[error("the maximum wait is over, but the result is not final: wait again")]
    TimedOut,
}

impl<O: Operation> From<WaitError<O>> for Error {
    fn from(error: WaitError<O>) -> Self {
        match error {
            WaitError::Failed(_) => Self::of_waiter(O::NAME, WaiterError::Failed),
            WaitError::TimedOut(_) => Self::of_waiter(O::NAME, WaiterError::TimedOut),
            WaitError::Call(error) => error.into(),
        }
    }
}

impl<O: Operation> fmt::Display for WaitError<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(_) => write!(f, "{}: {}", O::NAME, WaiterError::Failed),
            Self::TimedOut(_) => write!(f, "{}: {}", O::NAME, WaiterError::TimedOut),
            Self::Call(error) => write!(f, "{error}"),
        }
    }
}

impl<O: Operation> fmt::Debug for WaitError<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(_) => f.debug_tuple("Failed").finish_non_exhaustive(),
            Self::TimedOut(_) => f.debug_tuple("TimedOut").finish_non_exhaustive(),
            Self::Call(error) => f.debug_tuple("Call").field(error).finish(),
        }
    }
}

impl<O: Operation> std::error::Error for WaitError<O> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Delays;

    #[test]
    fn delays_grow_from_the_minimum_to_the_maximum() {
        let seconds = Duration::from_secs;
        let mut delays = Delays { min: seconds(5), max: seconds(60), bound: seconds(5) };
        let longest: Vec<u64> = (0..6).map(|_| delays.next(1.0).as_secs()).collect();
        assert_eq!(longest, [5, 10, 20, 40, 60, 60]);
        assert_eq!(delays.next(0.0), seconds(5));
    }
}
