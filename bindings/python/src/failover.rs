//! Calls that move to the next target if a target cannot process them.

use std::sync::Arc;
use std::time::Duration;

use invoke_model_client::{
    Body, Call, CircuitBreakerConfig, CircuitState, Error, Failover, FailoverBuilder, FailoverOutput,
    FailoverTarget, Metadata, OtherTarget, OtherTargetReason,
};
use invoke_model_protocol::Operation;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::client::{Client, ProcessClientError};
use crate::config::{COUNT, FLAG, SECONDS, setting};
use crate::errors::seconds;
use crate::operation::{CallSettings, Classes, ProcessClient};

/// The targets of a client, and the rules after which a call moves on.
pub(crate) struct Targets {
    targets: Vec<Target>,
    rules: FailoverBuilder,
}

struct Target {
    name: String,
    client: Py<Client>,
    model_id: Option<String>,
}

/// The failover of a process.
#[derive(Debug)]
pub(crate) struct ProcessTargets {
    failover: Failover,
    /// The client of each target by its name.
    process_clients: Vec<(String, Arc<ProcessClient>)>,
}

impl Targets {
    /// Reads the targets and the rules. `Client.failover` of `invoke_model` documents them.
    ///
    /// # Errors
    /// Returns an error if the list is empty, or a rule is invalid.
    pub(crate) fn read(
        targets: Vec<(String, Py<Client>, Option<String>)>,
        settings: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        if targets.is_empty() {
            return Err(PyValueError::new_err("targets: expected at least one target"));
        }
        let mut rules = Failover::builder();
        if let Some(yes) = setting(settings, "", "on_access_denied", FLAG)? {
            rules = rules.on_access_denied(yes);
        }
        if let Some(yes) = setting(settings, "", "on_server_error", FLAG)? {
            rules = rules.on_server_error(yes);
        }
        if let Some(yes) = setting(settings, "", "on_ambiguous", FLAG)? {
            rules = rules.on_ambiguous(yes);
        }
        if let Some(number) = setting(settings, "", "max_attempts_per_target", COUNT)? {
            rules = rules.max_attempts_per_target(number);
        }
        let mut breaker = CircuitBreakerConfig::default();
        if let Some(number) = setting(settings, "", "consecutive_failures", COUNT)? {
            breaker = breaker.consecutive_failures(number);
        }
        if let Some(time) = setting(settings, "", "open_duration", SECONDS)? {
            breaker = breaker.open_duration(seconds("open_duration", time)?);
        }
        if let Some(time) = setting(settings, "", "max_retry_after", SECONDS)? {
            breaker = breaker.max_retry_after(seconds("max_retry_after", time)?);
        }
        let target = |(name, client, model_id)| Target { name, client, model_id };
        let targets = targets.into_iter().map(target).collect();
        Ok(Self { targets, rules: rules.circuit_breaker(breaker) })
    }

    /// Returns the Python classes of the outputs. The list of targets is not empty.
    pub(crate) fn classes(&self) -> Arc<Classes> {
        self.targets[0].client.get().classes()
    }

    /// Creates the client of this process from the clients of the targets.
    pub(crate) fn process_client(&self) -> Result<ProcessClient, ProcessClientError> {
        let (mut rules, mut process_clients) = (self.rules.clone(), Vec::new());
        for Target { name, client, model_id } in &self.targets {
            let process_client = client.get().process_client()?;
            let mut target = FailoverTarget::new(name, process_client.client.clone());
            target.model_id.clone_from(model_id);
            rules = rules.target(target);
            process_clients.push((name.clone(), process_client));
        }
        let failover = rules.build().map_err(ProcessClientError::Failover)?;
        // `build` rejects an empty list.
        let first = process_clients[0].1.clone();
        let uses_http2 = process_clients.iter().all(|(_, process_client)| process_client.uses_http2);
        Ok(first.with_targets(uses_http2, ProcessTargets { failover, process_clients }))
    }
}

impl ProcessClient {
    /// Returns the clients to which calls can go.
    pub(crate) fn clients(self: &Arc<Self>) -> Vec<&Arc<Self>> {
        match &self.targets {
            Some(targets) => {
                targets.process_clients.iter().map(|(_, process_client)| process_client).collect()
            }
            None => vec![self],
        }
    }

    /// Returns the client of a target, or this client if there is no such target.
    pub(crate) fn of_target<'a>(self: &'a Arc<Self>, name: &str) -> &'a Arc<Self> {
        let process_clients = self.targets.iter().flat_map(|targets| &targets.process_clients);
        process_clients
            .into_iter()
            .find(|(other, _)| other == name)
            .map_or(self, |(_, process_client)| process_client)
    }
}

impl ProcessTargets {
    /// Returns the state of each target as a list of dictionaries.
    pub(crate) fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let status = self.failover.status().into_iter().map(|status| {
            let (state, remaining) = match status.state {
                CircuitState::Closed => ("closed", None),
                CircuitState::Open { remaining } => ("open", Some(remaining)),
                _ => ("half-open", None),
            };
            let dict = PyDict::new(py);
            dict.set_item("target", status.name)?;
            dict.set_item("state", state)?;
            dict.set_item("remaining", remaining.as_ref().map(Duration::as_secs_f64))?;
            dict.set_item("last_failure", status.last_failure.as_deref())?;
            Ok(dict)
        });
        PyList::new(py, status.collect::<PyResult<Vec<_>>>()?)
    }
}

/// A call to a client, or to the targets of a failover.
pub(crate) enum Sending<O: Operation> {
    Client(Call<O>),
    Failover(Failover, Box<FailoverCall<O>>),
}

/// A call to the targets of a failover.
pub(crate) struct FailoverCall<O: Operation> {
    process_client: Arc<ProcessClient>,
    settings: CallSettings,
    input: O::Input,
    body: Option<Body>,
}

/// The output of a call.
pub(crate) struct CallOutput<T> {
    pub(crate) output: T,
    pub(crate) metadata: Metadata,
    /// The client that responded.
    pub(crate) process_client: Arc<ProcessClient>,
    pub(crate) target: Option<RespondingTarget>,
}

/// The target that responded, and the targets that failed.
#[derive(Debug)]
pub(crate) struct RespondingTarget {
    name: String,
    others: Vec<OtherTarget>,
}

impl<O: Operation> Sending<O> {
    /// Creates a call. `body` is the payload, if it is not part of the input.
    pub(crate) fn new(
        process_client: &Arc<ProcessClient>,
        settings: CallSettings,
        input: O::Input,
        body: Option<Body>,
    ) -> Self {
        match &process_client.targets {
            None => Self::Client(process_client.call(&settings, input, body)),
            Some(targets) => {
                let call = FailoverCall { process_client: process_client.clone(), settings, input, body };
                Self::Failover(targets.failover.clone(), Box::new(call))
            }
        }
    }
}

impl<O: Operation> FailoverCall<O>
where
    O::Input: Clone,
{
    /// Returns the call to a target, with the settings of its client.
    pub(crate) fn to(&self, target: &FailoverTarget) -> Call<O> {
        let process_client = self.process_client.of_target(&target.name);
        process_client.call(&self.settings, self.input.clone(), self.body.clone())
    }
}

impl<T> CallOutput<T> {
    pub(crate) fn of_client(process_client: &Arc<ProcessClient>, output: T, metadata: Metadata) -> Self {
        Self { output, metadata, process_client: process_client.clone(), target: None }
    }

    pub(crate) fn of_target(process_client: &Arc<ProcessClient>, response: FailoverOutput<T>) -> Self {
        let FailoverOutput { output, metadata, target, other_targets, .. } = response;
        let process_client = process_client.of_target(&target).clone();
        Self {
            output,
            metadata,
            process_client,
            target: Some(RespondingTarget { name: target, others: other_targets }),
        }
    }
}

/// Sends a call to a client or to the targets of a failover. Returns a [`CallOutput`].
///
/// This is a macro, because a function cannot name the bound of `Failover::send_with`.
macro_rules! send {
    ($sending:expr, $process_client:expr, $send:ident, $send_with:ident) => {
        match $sending {
            Sending::Client(call) => match call.$send().await {
                Ok((output, metadata)) => Ok(CallOutput::of_client(&$process_client, output, metadata)),
                Err(error) => Err(error.into()),
            },
            // Boxed, because a call without targets would contain this large future, too.
            Sending::Failover(failover, call) => Box::pin(failover.$send_with(move |target| call.to(target)))
                .await
                .map(|response| CallOutput::of_target(&$process_client, response)),
        }
    };
}

pub(crate) use send;

impl RespondingTarget {
    /// Adds the targets to `ResponseMetadata`.
    pub(crate) fn add_to(&self, metadata: &Bound<'_, PyDict>) -> PyResult<()> {
        metadata.set_item("Target", &self.name)?;
        let others = self.others.iter().map(|other| {
            let dict = PyDict::new(metadata.py());
            dict.set_item("Target", &other.name)?;
            dict.set_item("Reason", other.to_string())?;
            Ok(dict)
        });
        metadata.set_item("OtherTargets", others.collect::<PyResult<Vec<_>>>()?)
    }
}

/// Returns the targets on which a call failed, and the targets that it skipped, as a list of dictionaries.
pub(crate) fn other_targets<'py>(
    py: Python<'py>,
    error: &Error,
    process_client: &Arc<ProcessClient>,
) -> PyResult<Bound<'py, PyList>> {
    let others = error.other_targets().iter().map(|other| {
        let dict = PyDict::new(py);
        dict.set_item("target", &other.name)?;
        dict.set_item("reason", other.to_string())?;
        let failed = match &other.reason {
            OtherTargetReason::Failed(error) => {
                Some(process_client.of_target(&other.name).exception(py, error))
            }
            _ => None,
        };
        dict.set_item("error", failed)?;
        Ok(dict)
    });
    PyList::new(py, others.collect::<PyResult<Vec<_>>>()?)
}
