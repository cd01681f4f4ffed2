//! The limits of a run as a quota limiter.

use std::time::Duration;

use invoke_model_client::families::output_token_weight;
use invoke_model_client::{Budget, BudgetPeriod, PriceTable, QuotaLimiter, QuotaLimiterBuilder, QuotaLimits};

use crate::progress::Progress;

/// The longest time that a call waits for the limits. After that, its record waits again.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// Limits for the requests, the tokens and the cost of a run. [`quota_limiter`](Self::quota_limiter) makes the limiter for
/// its client.
#[derive(Clone, Debug, Default)]
#[must_use = "limits do nothing until the limiter is set on the client"]
pub struct BulkLimits {
    limits: QuotaLimits,
    key: Option<String>,
    default_output_tokens: u64,
    max_tokens_total: Option<u64>,
    max_cost: Option<f64>,
    prices: Option<PriceTable>,
}

impl BulkLimits {
    /// Sets the maximum number of requests in 60 seconds.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.limits = self.limits.requests_per_minute(requests);
        self
    }

    /// Sets the maximum number of tokens in 60 seconds, as the quota of the service counts them.
    pub fn tokens_per_minute(mut self, tokens: u64) -> Self {
        self.limits = self.limits.tokens_per_minute(tokens);
        self
    }

    /// Sets the name of the limits. Default: the model id.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the number of output tokens to reserve for a record that does not set their maximum. Default: 0.
    pub fn default_output_tokens(mut self, tokens: u64) -> Self {
        self.default_output_tokens = tokens;
        self
    }

    /// Sets the maximum number of tokens of all records, including earlier runs.
    pub fn max_tokens_total(mut self, tokens: u64) -> Self {
        self.max_tokens_total = Some(tokens);
        self
    }

    /// Sets the maximum cost of all records, including earlier runs, in the currency of the price table. It replaces
    /// [`max_tokens_total`](Self::max_tokens_total). Without a [price table](Self::price_table), no record is sent.
    pub fn max_cost(mut self, amount: f64) -> Self {
        self.max_cost = Some(amount);
        self
    }

    /// Sets the prices of the models.
    pub fn price_table(mut self, prices: PriceTable) -> Self {
        self.prices = Some(prices);
        self
    }

    /// Returns a limiter. Its budget is the rest that earlier runs have not used. `progress` is the progress of the
    /// opened run.
    pub fn quota_limiter(&self, model_id: &str, progress: &Progress) -> QuotaLimiterBuilder {
        let weight = output_token_weight(model_id);
        let used = progress.counts().tokens.usage();
        // There is no limit for concurrent requests, because the run has one.
        let mut limits = self.limits;
        if let Some(tokens) = self.max_tokens_total {
            let left = tokens.saturating_sub(used.quota_tokens(weight).unwrap_or_default());
            limits = limits.budget(Budget::tokens(left, BudgetPeriod::Total));
        }
        if let Some(amount) = self.max_cost {
            let cost = self.prices.as_ref().and_then(|prices| prices.cost(model_id, &used));
            let left = f64::max(0.0, amount - cost.unwrap_or_default());
            limits = limits.budget(Budget::money(left, BudgetPeriod::Total));
        }
        let limiter = QuotaLimiter::builder()
            .output_token_weight(weight)
            .default_output_tokens(self.default_output_tokens)
            .max_wait(MAX_WAIT)
            .key(self.key.as_deref().unwrap_or(model_id), limits);
        match &self.prices {
            Some(prices) => limiter.price_table(prices.clone()),
            None => limiter,
        }
    }
}
