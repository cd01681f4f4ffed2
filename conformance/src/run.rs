//! Runs scenarios against a client.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use invoke_model_local::wildcard::matches;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::adapter::{Adapter, AdapterAddress, AdapterError, Description, Report};
use crate::baseline::Baseline;
use crate::judge::Judge;
use crate::scenario::{Cancel, Environment, Scenario};
use crate::server::Servers;

/// A time before the cancellation that is long enough for every client to send its request.
const LATEST_CANCEL_MS: u64 = 8_000;

/// The outcome of a scenario for one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client behaved as expected.
    Passed,
    /// The client did not behave as expected, or the adapter failed. Each text is one difference.
    Failed(Vec<String>),
    /// The client did not behave as expected, and the baseline lists the scenario.
    Known {
        /// The reason in the baseline.
        reason: String,
        /// The differences.
        differences: Vec<String>,
    },
    /// The client behaved as expected, but the baseline lists the scenario.
    Fixed {
        /// The pattern of the entry in the baseline.
        pattern: String,
    },
    /// The client or its adapter cannot make the call, or the client did not pass the scenario that this one requires.
    /// The text is the reason.
    Unsupported(String),
}

impl Outcome {
    /// Returns the name of the outcome in reports.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Known { .. } => "known",
            Self::Fixed { .. } => "fixed",
            Self::Unsupported(_) => "unsupported",
        }
    }

    /// Returns `true` if a run with this outcome fails.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Fixed { .. })
    }
}

/// The result of one scenario.
#[derive(Clone, Debug)]
pub struct ScenarioResult {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The outcome.
    pub outcome: Outcome,
    /// The expected facts that were not compared, because the client does not report them.
    pub unreported: Vec<String>,
    /// The time to run the scenario, including the start of the servers and the wait for their records.
    pub duration: Duration,
}

/// The results of one client.
#[derive(Clone, Debug)]
pub struct ClientReport {
    /// The name of the client.
    pub client: String,
    /// The version of the client.
    pub version: String,
    /// The facts that the client never reports. They were not compared.
    pub unreported: Vec<String>,
    /// The results in the order of the scenarios.
    pub results: Vec<ScenarioResult>,
    /// The patterns of the baseline that match no scenario. Scenarios that the run did not select also count.
    pub unused_baseline: Vec<String>,
    /// The patterns of the baseline that have no effect, because earlier entries match the same scenarios. They do not
    /// fail the run.
    pub shadowed_baseline: Vec<String>,
}

impl ClientReport {
    /// Returns `true` if a scenario passed, or has a known difference. Otherwise, the run does not show that the
    /// adapter works.
    pub fn has_results(&self) -> bool {
        let is_result = |outcome: &Outcome| matches!(outcome, Outcome::Passed | Outcome::Known { .. });
        self.results.iter().any(|result| is_result(&result.outcome))
    }

    /// Returns `true` if no scenario failed, and if each entry of the baseline matches a scenario.
    pub fn is_success(&self) -> bool {
        self.unused_baseline.is_empty() && !self.results.iter().any(|result| result.outcome.is_failure())
    }
}

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The adapter.
    pub adapter: AdapterAddress,
    /// The known differences of the client.
    pub baseline: Baseline,
    /// Patterns for the ids of the scenarios to run. If there are no patterns, all scenarios are run.
    pub patterns: Vec<String>,
    /// The number of adapter processes that run at the same time. It does not apply to [`AdapterAddress::Tcp`], for
    /// which the runner opens one connection.
    pub parallel: usize,
    /// The time limit for one response of the adapter.
    pub limit: Duration,
}

/// An error that prevents a run from starting.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The adapter cannot be started, or its first response is missing or invalid.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// The baseline belongs to another client.
    #[error("the baseline is for the client `{baseline}`, but the adapter is for `{adapter}`")]
    OtherClient {
        /// The client of the baseline.
        baseline: String,
        /// The client of the adapter.
        adapter: String,
    },
    /// A pattern matches no scenario.
    #[error("no scenario matches `{pattern}`: {advice}")]
    NoScenario {
        /// The pattern.
        pattern: String,
        /// The form of ids, and the patterns or groups that exist.
        advice: String,
    },
    /// The home folder of the adapters cannot be created.
    #[error("cannot create a temporary folder: {0}")]
    Folder(#[source] io::Error),
}

/// Runs scenarios against a client.
///
/// # Errors
/// Returns an error if a pattern matches no scenario, if the adapter cannot be started, or if the baseline is for
/// another client. A later failure of the adapter is the outcome of a scenario.
pub async fn run(scenarios: &[Arc<Scenario>], options: &Options) -> Result<ClientReport, RunError> {
    let unused_baseline = options.baseline.unused(scenarios);
    let shadowed_baseline = options.baseline.shadowed(scenarios);
    let scenarios = &select(scenarios, &options.patterns)?[..];
    let home = tempfile::tempdir().map_err(RunError::Folder)?;
    for name in ["config", "credentials"] {
        std::fs::write(home.path().join(name), "").map_err(RunError::Folder)?;
    }
    let first = Worker::start(options.clone(), home.path(), 0).await?;
    let description = first.description.clone();
    if !options.baseline.client.is_empty() && options.baseline.client != description.client {
        let (baseline, adapter) = (options.baseline.client.clone(), description.client);
        return Err(RunError::OtherClient { baseline, adapter });
    }
    let queue: VecDeque<_> = scenarios.iter().cloned().enumerate().collect();
    let queue = Arc::new(Mutex::new(queue));
    let parallel = match options.adapter {
        AdapterAddress::Command(_) => options.parallel.clamp(1, scenarios.len().max(1)),
        AdapterAddress::Tcp(_) => 1,
    };
    let mut workers = JoinSet::new();
    workers.spawn(first.work(Arc::clone(&queue)));
    for number in 1..parallel {
        let (options, queue, home) = (options.clone(), Arc::clone(&queue), home.path().to_owned());
        let description = description.clone();
        workers.spawn(async move {
            let worker = Worker { number, home, options, adapter: None, description };
            worker.work(queue).await
        });
    }
    let mut results = Results::new();
    while let Some(finished) = workers.join_next().await {
        // If a worker panics, its scenarios have no result, and fail.
        results.extend(finished.unwrap_or_default());
    }
    let results = scenarios.iter().enumerate().map(|(index, scenario)| {
        results.remove(&index).unwrap_or_else(|| {
            let lost = "the scenario has no outcome, because the runner panicked".to_owned();
            let (scenario, outcome) = (Arc::clone(scenario), Outcome::Failed(vec![lost]));
            ScenarioResult { scenario, outcome, unreported: Vec::new(), duration: Duration::ZERO }
        })
    });
    let mut results: Vec<_> = results.collect();
    apply_requirements(&mut results);
    let Description { client, version, unreported, .. } = description;
    Ok(ClientReport { client, version, unreported, results, unused_baseline, shadowed_baseline })
}

/// Returns the scenarios whose id matches a pattern. Without patterns, returns all scenarios.
///
/// # Errors
/// Returns an error with the first pattern that matches no scenario.
pub fn select(scenarios: &[Arc<Scenario>], patterns: &[String]) -> Result<Vec<Arc<Scenario>>, RunError> {
    let is_unused = |pattern: &&String| !scenarios.iter().any(|scenario| matches(pattern, &scenario.id));
    if let Some(pattern) = patterns.iter().find(is_unused) {
        return Err(RunError::NoScenario { pattern: pattern.clone(), advice: advice(scenarios, pattern) });
    }
    let is_selected = |scenario: &&Arc<Scenario>| {
        patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, &scenario.id))
    };
    Ok(scenarios.iter().filter(is_selected).cloned().collect())
}

/// Returns advice about a pattern that matches no scenario.
fn advice(scenarios: &[Arc<Scenario>], pattern: &str) -> String {
    let folder = format!("{}/", pattern.trim_end_matches('/'));
    let is_part = scenarios.iter().any(|scenario| scenario.id.starts_with(&folder));
    let group = pattern.split('/').next().unwrap_or_default();
    let groups: BTreeSet<_> = scenarios.iter().map(|scenario| scenario.group()).collect();
    let form = "the id of a scenario has the form GROUP/CONCERN/ID";
    match groups.iter().any(|known| matches(group, known)) {
        _ if is_part => format!("{form}; to run these scenarios, use `{folder}*`"),
        true => format!("{form}; to find it, use `--list`"),
        false => {
            let groups = groups.into_iter().collect::<Vec<_>>().join(", ");
            format!("{form}, and the groups are {groups}")
        }
    }
}

type Queue = Arc<Mutex<VecDeque<(usize, Arc<Scenario>)>>>;
type Results = BTreeMap<usize, ScenarioResult>;

/// Runs scenarios in sequence with one adapter.
struct Worker {
    number: usize,
    home: PathBuf,
    options: Options,
    /// The running adapter. `None` before the first scenario of most workers, and after a failure of the adapter.
    adapter: Option<Adapter>,
    description: Description,
}

impl Worker {
    async fn start(options: Options, home: &Path, number: usize) -> Result<Self, AdapterError> {
        let (adapter, description) =
            Adapter::start(&options.adapter, &Environment::new(), home, options.limit).await?;
        Ok(Self { number, home: home.to_owned(), options, adapter: Some(adapter), description })
    }

    async fn work(mut self, queue: Queue) -> Results {
        let mut results = Results::new();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((index, scenario)) = next else { break };
            #[expect(clippy::disallowed_methods, reason = "the report contains the time of each scenario")]
            let start = Instant::now();
            let (outcome, unreported) = match self.run(&scenario).await {
                Ok((outcome, unreported)) => (self.options.baseline.apply(&scenario.id, outcome), unreported),
                // A baseline lists differences of the client, and not failures of the adapter.
                Err(message) => (Outcome::Failed(vec![message]), Vec::new()),
            };
            let unreported = unreported.into_iter().map(str::to_owned).collect();
            results
                .insert(index, ScenarioResult { scenario, outcome, unreported, duration: start.elapsed() });
        }
        if let Some(adapter) = self.adapter {
            adapter.stop().await;
        }
        results
    }

    /// Runs one scenario. Returns the outcome, and the expected facts that the client does not report. Returns an error
    /// if the adapter or a server fails.
    ///
    /// If the call was cancelled before the client had sent its request, the outcome depends on the speed of the
    /// machine. Therefore the scenario then runs again, with twice the time before the cancellation.
    async fn run(&mut self, scenario: &Scenario) -> Result<(Outcome, Vec<&'static str>), String> {
        let mut cancel = scenario.cancel;
        loop {
            let run = self.run_once(scenario, cancel).await?;
            match cancel {
                Some(Cancel::AfterMs(time)) if run.is_cancelled_early && time < LATEST_CANCEL_MS => {
                    cancel = Some(Cancel::AfterMs(time * 2));
                }
                _ => return Ok((run.outcome, run.unreported)),
            }
        }
    }

    async fn run_once(&mut self, scenario: &Scenario, cancel: Option<Cancel>) -> Result<Run, String> {
        let servers = Servers::start(scenario).await?;
        let ca_file = self.home.join(format!("ca-{}.pem", self.number));
        let mut request = servers.request(scenario, cancel, &ca_file).map_err(|error| error.to_string())?;
        let environment =
            scenario.settings.environment.as_ref().map(|environment| servers.environment(environment));
        let environment = match environment {
            Some(environment) if self.description.environment => {
                request["environment"] = json!(environment);
                None
            }
            Some(_) if matches!(self.options.adapter, AdapterAddress::Tcp(_)) => {
                return Ok(Run::unsupported(
                    "the runner cannot set the environment of a running adapter".to_owned(),
                ));
            }
            environment => environment,
        };
        let (report, took) = measured(&servers, self.report(&request, environment.as_ref())).await;
        let report = report.map_err(|error| error.to_string())?;
        if let Some(reason) = report.unsupported {
            return Ok(Run::unsupported(reason));
        }
        let observation = servers.observe(&scenario.expect, took).await;
        let judge = Judge {
            observation: &observation,
            report: &report,
            unreported: &self.description.unreported,
            cancels: scenario.cancel.is_some(),
        };
        let differences = judge.differences(&scenario.expect);
        let outcome = if differences.is_empty() { Outcome::Passed } else { Outcome::Failed(differences) };
        let unreported = judge.unreported(&scenario.expect);
        let is_cancelled_early =
            report.cancelled && observation.calls.len() < scenario.expect.minimum_attempts() as usize;
        Ok(Run { outcome, unreported, is_cancelled_early })
    }

    /// Sends a request to the adapter of this worker, or to a new adapter if the scenario needs environment variables
    /// that the adapter does not set.
    async fn report(
        &mut self,
        request: &Value,
        environment: Option<&Environment>,
    ) -> Result<Report, AdapterError> {
        let running = if environment.is_none() { self.adapter.take() } else { None };
        let mut adapter = match running {
            Some(adapter) => adapter,
            None => self.start_adapter(environment.unwrap_or(&Environment::new())).await?,
        };
        let report = adapter.run(request).await;
        if report.is_ok() && environment.is_none() {
            self.adapter = Some(adapter);
        } else {
            adapter.stop().await;
        }
        report
    }

    /// Starts an adapter after the first one, which has described the client.
    async fn start_adapter(&self, environment: &Environment) -> Result<Adapter, AdapterError> {
        let Options { adapter, limit, .. } = &self.options;
        match Adapter::start(adapter, environment, &self.home, *limit).await {
            Ok((adapter, _)) => Ok(adapter),
            Err(AdapterError::Connect { address, error }) => Err(AdapterError::Reconnect { address, error }),
            Err(error) => Err(error),
        }
    }
}

/// The result of one call of a scenario.
struct Run {
    outcome: Outcome,
    /// The expected facts that the client does not report.
    unreported: Vec<&'static str>,
    /// `true` if the call was cancelled before the client had sent its request.
    is_cancelled_early: bool,
}

impl Run {
    fn unsupported(reason: String) -> Self {
        Self { outcome: Outcome::Unsupported(reason), unreported: Vec::new(), is_cancelled_early: false }
    }
}

/// Changes the outcome of each scenario that requires another scenario, if the run has a result of the other scenario,
/// and the client did not pass it.
fn apply_requirements(results: &mut [ScenarioResult]) {
    let passed: BTreeMap<_, _> = results
        .iter()
        .map(|result| (result.scenario.id.clone(), result.outcome == Outcome::Passed))
        .collect();
    for result in results {
        let Some(required) = &result.scenario.requires else { continue };
        if passed.get(required) == Some(&false) {
            let reason = format!("the scenario shows nothing, because the client did not pass `{required}`");
            result.outcome = Outcome::Unsupported(reason);
        }
    }
}

/// Waits for the response of an adapter. Also returns the time from the first connection of the client to the response.
async fn measured<T>(servers: &Servers, response: impl Future<Output = T>) -> (T, Option<Duration>) {
    let mut response = pin!(response);
    tokio::select! {
        biased;
        // A call can be shorter than the interval between two checks of the connections.
        response = &mut response => return (response, servers.is_connected().then_some(Duration::ZERO)),
        () = servers.connected() => {}
    }
    #[expect(clippy::disallowed_methods, reason = "scenarios limit the real time of a call")]
    let start = Instant::now();
    (response.await, Some(start.elapsed()))
}
