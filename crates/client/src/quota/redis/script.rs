//! The script that runs on the server: its arguments and its results.

use std::sync::LazyLock;
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{RedisResult, Script, ScriptInvocation};

use crate::quota::budget::{BudgetPeriod, BudgetUnit, MAX_AMOUNT};
use crate::quota::limits::{QuotaKey, QuotaLimit};
use crate::quota::store::{QuotaOutcome, QuotaRequest};

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("quota.lua")));

/// The largest number of tokens that the script counts for one request. The numbers of Lua are `f64`, and
/// Redis writes larger sums with an exponent.
const MAX_TOKENS: u64 = 1_000_000_000_000;

/// The settings that all calls of the script share.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) namespace: String,
    pub(super) window: Duration,
    pub(super) lease: Duration,
    /// The time that the script uses instead of the clock of the server. Only tests set it.
    pub(super) now: Option<Duration>,
}

/// The result of the command `acquire`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Acquired {
    Admitted,
    /// `wait` is `None` if the request must wait for the end of another request.
    Blocked {
        key: usize,
        limit: QuotaLimit,
        wait: Option<Duration>,
    },
    /// The budget of the key does not admit the request.
    OverBudget {
        key: usize,
        used: u64,
    },
    Version {
        key: usize,
        found: String,
        expected: String,
    },
    /// A result that the script does not return.
    Unexpected(Vec<String>),
}

impl Settings {
    /// Decides about a request.
    pub(super) async fn acquire(
        &self,
        connection: &mut impl ConnectionLike,
        id: &str,
        request: &QuotaRequest,
    ) -> RedisResult<Acquired> {
        let mut call = self.call("acquire", id, request.keys.iter());
        call.arg(self.lease.as_micros()).arg(self.window.as_micros()).arg(request.tokens.min(MAX_TOKENS));
        for key in request.keys.iter() {
            let limits = &key.limits;
            call.arg(or_empty(limits.max_concurrency)).arg(or_empty(limits.requests_per_minute));
            call.arg(or_empty(limits.tokens_per_minute));
            let budget = limits.budget.as_ref();
            call.arg(or_empty(budget.map(|budget| budget.amount.min(MAX_AMOUNT))));
            call.arg(budget.map_or("", |budget| period(budget.period)));
            call.arg(or_empty(budget.map(|budget| request.reserved(budget.unit).min(MAX_AMOUNT))));
        }
        Ok(acquired(call.invoke_async(connection).await?))
    }

    /// Ends a request. Ignores a state of another version, because the acquisition reports it.
    pub(super) async fn end(
        &self,
        connection: &mut impl ConnectionLike,
        id: &str,
        request: &QuotaRequest,
        outcome: QuotaOutcome,
    ) -> RedisResult<()> {
        let mut call = self.call("end", id, request.keys.iter());
        match outcome {
            QuotaOutcome::Used { tokens, cost } => {
                call.arg(tokens.min(MAX_TOKENS));
                for key in request.keys.iter() {
                    let used = key.limits.budget.map(|budget| match budget.unit {
                        BudgetUnit::Tokens => tokens,
                        BudgetUnit::Money => cost,
                    });
                    call.arg(used.unwrap_or_default().min(MAX_AMOUNT));
                }
                &mut call
            }
            QuotaOutcome::NotSent => call.arg("not_sent"),
            QuotaOutcome::Unknown => call.arg("unknown"),
        };
        call.invoke_async::<Vec<String>>(connection).await.map(drop)
    }

    /// Renews the leases of a request.
    pub(super) async fn renew(
        &self,
        connection: &mut impl ConnectionLike,
        id: &str,
        request: &QuotaRequest,
    ) -> RedisResult<()> {
        let leased = request.keys.iter().filter(|key| key.limits.max_concurrency.is_some());
        let mut call = self.call("renew", id, leased);
        call.arg(self.lease.as_micros()).arg(self.window.as_micros());
        call.invoke_async::<Vec<String>>(connection).await.map(drop)
    }

    fn call<'k>(
        &self,
        command: &str,
        id: &str,
        keys: impl Iterator<Item = &'k QuotaKey>,
    ) -> ScriptInvocation<'static> {
        let mut call = SCRIPT.prepare_invoke();
        for key in keys {
            for part in ["counts", "requests", "leases"] {
                // A Redis Cluster stores keys with the same text between braces on the same node.
                call.key(format!("{{{}}}:{}:{part}", self.namespace, key.name));
            }
            // Budgets of another unit or period have another state.
            let budget = key.limits.budget.map(|budget| (unit(budget.unit), period(budget.period)));
            let (unit, period) = budget.unwrap_or(("tokens", "total"));
            call.key(format!("{{{}}}:{}:budget:{unit}:{period}", self.namespace, key.name));
        }
        call.arg(command).arg(or_empty(self.now.map(|now| now.as_micros()))).arg(id);
        call
    }
}

fn unit(unit: BudgetUnit) -> &'static str {
    match unit {
        BudgetUnit::Tokens => "tokens",
        BudgetUnit::Money => "money",
    }
}

fn period(period: BudgetPeriod) -> &'static str {
    match period {
        BudgetPeriod::Day => "day",
        BudgetPeriod::Month => "month",
        BudgetPeriod::Total => "total",
    }
}

fn or_empty(number: Option<impl ToString>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn acquired(result: Vec<String>) -> Acquired {
    let parsed = match &*result {
        [status] if status == "admitted" => Some(Acquired::Admitted),
        [status, key, limit, wait] if status == "blocked" => blocked(key, limit, wait),
        [status, key, used] if status == "over_budget" => {
            key.parse().ok().zip(used.parse().ok()).map(|(key, used)| Acquired::OverBudget { key, used })
        }
        [status, key, found, expected] if status == "version" => {
            let (found, expected) = (found.clone(), expected.clone());
            key.parse().ok().map(|key| Acquired::Version { key, found, expected })
        }
        _ => None,
    };
    parsed.unwrap_or(Acquired::Unexpected(result))
}

fn blocked(key: &str, limit: &str, wait: &str) -> Option<Acquired> {
    let limit = match limit {
        "concurrency" => QuotaLimit::Concurrency,
        "requests" => QuotaLimit::RequestsPerMinute,
        "tokens" => QuotaLimit::TokensPerMinute,
        _ => return None,
    };
    let wait = match wait {
        "" => None,
        micros => Some(Duration::from_micros(micros.parse().ok()?)),
    };
    Some(Acquired::Blocked { key: key.parse().ok()?, limit, wait })
}
