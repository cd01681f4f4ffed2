//! The state that the sender, the request body and the response of a call share.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use invoke_model_transport::{TransportError, TransportErrorKind};
use tokio::sync::{oneshot, watch};

use crate::error::{Error, ErrorKind};

/// The error text of a call that the caller cancelled by dropping the response.
pub(super) const RESPONSE_DROPPED: &str =
    "the call was cancelled, because the response was dropped before its end";

/// The state that the sender, the request body and the response of a call share.
pub(crate) struct Link {
    response: watch::Sender<ResponseState>,
    /// `true` if the sender has closed the input.
    is_closed: AtomicBool,
    /// The sender of the error with which the request body fails. This failure resets the HTTP/2 stream.
    cancel: Mutex<Option<oneshot::Sender<TransportError>>>,
    observer: Mutex<Option<Observer>>,
}

/// A function that receives the outcome of a call. The outcome is `Ok` if an event has arrived, or if the response
/// is complete without an event. If the call failed before, it is the error. The error is `None` if it cannot be
/// copied, or if the caller has cancelled the call.
pub(crate) type Observer = Box<dyn FnOnce(Result<(), Option<&Error>>) + Send>;

/// The state of the response.
enum ResponseState {
    /// The head has not arrived.
    Pending,
    /// The head has arrived, but no event.
    HeadReceived,
    /// The first event has arrived. Some events have not arrived yet.
    Receiving,
    /// All events have arrived.
    Complete,
    /// The response was an error, or its event stream failed. Contains `None` if the error cannot be copied.
    Failed(Option<Error>),
    /// The caller has cancelled the call. The text states the action that cancelled it.
    Cancelled(&'static str),
}

impl ResponseState {
    fn is_final(&self) -> bool {
        !matches!(self, Self::Pending | Self::HeadReceived | Self::Receiving)
    }
}

impl Link {
    /// Returns a link, and the receiver of the error that the request body must return.
    pub(crate) fn new() -> (Arc<Self>, oneshot::Receiver<TransportError>) {
        let (cancel, cancelled) = oneshot::channel();
        let (response, _) = watch::channel(ResponseState::Pending);
        let (cancel, observer) = (Mutex::new(Some(cancel)), Mutex::new(None));
        (Arc::new(Self { response, is_closed: AtomicBool::new(false), cancel, observer }), cancelled)
    }

    /// Passes the outcome of the call to `observer` when the outcome is known.
    pub(crate) fn observe(&self, observer: Observer) {
        *self.observer() = Some(observer);
        self.notify();
    }

    fn observer(&self) -> MutexGuard<'_, Option<Observer>> {
        self.observer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the observer, if the outcome of the call is known.
    fn notify(&self) {
        let (mut observer, state) = (self.observer(), self.response.borrow());
        let outcome = match &*state {
            ResponseState::Pending | ResponseState::HeadReceived => return,
            ResponseState::Receiving | ResponseState::Complete => Ok(()),
            ResponseState::Failed(error) => Err(error.as_ref()),
            ResponseState::Cancelled(_) => Err(None),
        };
        if let Some(observer) = observer.take() {
            observer(outcome);
        }
    }

    /// Records that the sender has closed the input.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Acquire)
    }

    /// Records that the head of a successful response has arrived.
    pub(crate) fn head_received(&self) {
        self.update(ResponseState::HeadReceived);
    }

    /// Records that the first event has arrived.
    pub(crate) fn event_received(&self) {
        self.update(ResponseState::Receiving);
    }

    /// Records the error of the call, and ends the request body. `error` is `None` if the error of the call
    /// cannot be copied.
    pub(crate) fn fail(&self, error: Option<Error>) {
        if self.update(ResponseState::Failed(error)) {
            self.end_body("the call has failed");
        }
    }

    /// Cancels the call. Has no effect if the call has ended. `reason` states the action of the caller.
    pub(super) fn cancel(&self, reason: &'static str) {
        if self.update(ResponseState::Cancelled(reason)) {
            self.end_body(reason);
        }
    }

    /// If the caller has cancelled the call, returns the reason that was passed to [`cancel`](Self::cancel).
    pub(crate) fn cancel_reason(&self) -> Option<&'static str> {
        match *self.response.borrow() {
            ResponseState::Cancelled(reason) => Some(reason),
            _ => None,
        }
    }

    /// Returns `true` if all events of the response have arrived.
    pub(super) fn is_complete(&self) -> bool {
        matches!(*self.response.borrow(), ResponseState::Complete)
    }

    /// Returns the error for an event that the caller sends after the call has failed or was cancelled.
    /// Returns `None` if the call has neither failed nor been cancelled.
    pub(super) fn failure(&self) -> Option<Stopped> {
        match &*self.response.borrow() {
            ResponseState::Failed(Some(error)) => Some(Stopped::Failed(error.copy())),
            ResponseState::Failed(None) => Some(Stopped::Input("the call has failed")),
            ResponseState::Cancelled(reason) => Some(Stopped::Input(reason)),
            _ => None,
        }
    }

    /// Waits until the head of the response has arrived or the call has ended. Then returns the reason why
    /// the request body ended before the caller closed the input.
    pub(super) async fn stopped(&self) -> Stopped {
        let mut response = self.response.subscribe();
        // The wait fails only if the link was dropped.
        let _ = response.wait_for(|state| !matches!(state, ResponseState::Pending)).await;
        drop(response);
        self.failure().unwrap_or(Stopped::Input(match self.is_complete() {
            true => "the service has ended the response, and reads no more events",
            false => {
                "the service has stopped reading events; receive the remaining events to find the reason"
            }
        }))
    }

    /// Changes the state if the current state is not final. Returns `true` if the state has changed.
    fn update(&self, next: ResponseState) -> bool {
        let is_changed = self.response.send_if_modified(|state| {
            if state.is_final() {
                return false;
            }
            *state = next;
            true
        });
        if is_changed {
            self.notify();
        }
        is_changed
    }

    fn end_body(&self, reason: &'static str) {
        let cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(cancel) = cancel {
            // `send` fails if the transport has already dropped the body.
            let _ = cancel.send(input_error(reason));
        }
    }
}

/// The reason why an event cannot be sent.
pub(super) enum Stopped {
    /// The call has failed with this error. Contains `None` if the error cannot be copied.
    Failed(Option<Error>),
    /// The call has failed or was cancelled, or the service reads no more events. The text states the reason.
    Input(&'static str),
}

impl Stopped {
    /// Returns the error of the call as `Ok`. If this error is not known, returns `Err` with an error kind
    /// that states why the input ended.
    pub(super) fn into_error(self) -> Result<Error, ErrorKind> {
        match self {
            Self::Failed(Some(error)) => Ok(error),
            Self::Failed(None) => Err(ErrorKind::Transport(input_error("the call has failed"))),
            Self::Input(reason) => Err(ErrorKind::Transport(input_error(reason))),
        }
    }
}

/// Returns the error of an input that ended before the caller closed it.
pub(super) fn input_error(reason: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::RequestBodyIncomplete, reason)
}

/// A guard that belongs to the response of a call. If the call has not ended, dropping the guard cancels it.
pub(crate) struct ReceivingGuard(Arc<Link>);

impl ReceivingGuard {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self(link)
    }

    pub(crate) fn link(&self) -> &Link {
        &self.0
    }

    /// Records that all events have arrived.
    pub(crate) fn complete(self) {
        self.0.update(ResponseState::Complete);
    }
}

impl Drop for ReceivingGuard {
    fn drop(&mut self) {
        self.0.cancel(RESPONSE_DROPPED);
    }
}
