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

use crate::client::{Client, SiteError};
use crate::config::{COUNT, FLAG, SECONDS, setting};
use crate::errors::seconds;
use crate::operation::{CallSettings, Classes, Site};

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
pub(crate) struct SiteTargets {
    failover: Failover,
    /// The site of each target by its name.
    sites: Vec<(String, Arc<Site>)>,
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

    /// Creates the site of this process from the sites of the targets.
    pub(crate) fn site(&self) -> Result<Site, SiteError> {
        let (mut rules, mut sites) = (self.rules.clone(), Vec::new());
        for Target { name, client, model_id } in &self.targets {
            let site = client.get().site()?;
            let mut target = FailoverTarget::new(name, site.client.clone());
            target.model_id.clone_from(model_id);
            rules = rules.target(target);
            sites.push((name.clone(), site));
        }
        let failover = rules.build().map_err(SiteError::Failover)?;
        // `build` rejects an empty list.
        let first = sites[0].1.clone();
        let uses_http2 = sites.iter().all(|(_, site)| site.uses_http2);
        Ok(first.with_targets(uses_http2, SiteTargets { failover, sites }))
    }
}

impl Site {
    /// Returns the sites of the clients to which calls can go.
    pub(crate) fn clients(self: &Arc<Self>) -> Vec<&Arc<Self>> {
        match &self.targets {
            Some(targets) => targets.sites.iter().map(|(_, site)| site).collect(),
            None => vec![self],
        }
    }

    /// Returns the site of a target, or this site if there is no such target.
    pub(crate) fn of_target<'a>(self: &'a Arc<Self>, name: &str) -> &'a Arc<Self> {
        let sites = self.targets.iter().flat_map(|targets| &targets.sites);
        sites.into_iter().find(|(other, _)| other == name).map_or(self, |(_, site)| site)
    }
}

impl SiteTargets {
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
    site: Arc<Site>,
    settings: CallSettings,
    input: O::Input,
    body: Option<Body>,
}

/// The output of a call.
pub(crate) struct Answer<T> {
    pub(crate) output: T,
    pub(crate) metadata: Metadata,
    /// The site of the client that answered.
    pub(crate) site: Arc<Site>,
    pub(crate) target: Option<Answered>,
}

/// The target that answered, and the targets that did not.
#[derive(Debug)]
pub(crate) struct Answered {
    name: String,
    others: Vec<OtherTarget>,
}

impl<O: Operation> Sending<O> {
    /// Creates a call. `body` is the payload, if it is not part of the input.
    pub(crate) fn new(site: &Arc<Site>, settings: CallSettings, input: O::Input, body: Option<Body>) -> Self {
        match &site.targets {
            None => Self::Client(site.call(&settings, input, body)),
            Some(targets) => {
                let call = FailoverCall { site: site.clone(), settings, input, body };
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
        let site = self.site.of_target(&target.name);
        site.call(&self.settings, self.input.clone(), self.body.clone())
    }
}

impl<T> Answer<T> {
    pub(crate) fn of_client(site: &Arc<Site>, output: T, metadata: Metadata) -> Self {
        Self { output, metadata, site: site.clone(), target: None }
    }

    pub(crate) fn of_target(site: &Arc<Site>, answer: FailoverOutput<T>) -> Self {
        let FailoverOutput { output, metadata, target, other_targets, .. } = answer;
        let site = site.of_target(&target).clone();
        Self { output, metadata, site, target: Some(Answered { name: target, others: other_targets }) }
    }
}

/// Sends a call to a client or to the targets of a failover. Returns an [`Answer`].
///
/// This is a macro, because a function cannot name the bound of `Failover::send_with`.
macro_rules! send {
    ($sending:expr, $site:expr, $send:ident, $send_with:ident) => {
        match $sending {
            Sending::Client(call) => match call.$send().await {
                Ok((output, metadata)) => Ok(Answer::of_client(&$site, output, metadata)),
                Err(error) => Err(error.into()),
            },
            // Boxed, because a call without targets would contain this large future, too.
            Sending::Failover(failover, call) => Box::pin(failover.$send_with(move |target| call.to(target)))
                .await
                .map(|answer| Answer::of_target(&$site, answer)),
        }
    };
}

pub(crate) use send;

impl Answered {
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
    site: &Arc<Site>,
) -> PyResult<Bound<'py, PyList>> {
    let others = error.other_targets().iter().map(|other| {
        let dict = PyDict::new(py);
        dict.set_item("target", &other.name)?;
        dict.set_item("reason", other.to_string())?;
        let failed = match &other.reason {
            OtherTargetReason::Failed(error) => Some(site.of_target(&other.name).exception(py, error)),
            _ => None,
        };
        dict.set_item("error", failed)?;
        Ok(dict)
    });
    PyList::new(py, others.collect::<PyResult<Vec<_>>>()?)
}
