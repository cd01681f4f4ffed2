//! The configuration file. It contains no secrets.

use std::collections::BTreeMap;

use invoke_model_client::{Budget, BudgetPeriod, QuotaLimits};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The address and the port.
    pub(crate) listen: String,
    pub(crate) redis_url: String,
    /// The time after which the concurrent calls of a killed gateway no longer count.
    pub(crate) redis_lease_seconds: u64,
    /// A price table in the format of `PriceTable::from_json`.
    pub(crate) prices: serde_json::Value,
    /// The targets of each call, in order.
    pub(crate) targets: Vec<Target>,
    /// The tenants by name.
    pub(crate) tenants: BTreeMap<String, Tenant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) endpoint_url: Option<String>,
    /// The model that replaces the model of each call.
    pub(crate) model_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tenant {
    /// The SHA-256 hash of each API key, in lower-case hexadecimal digits.
    pub(crate) key_hashes: Vec<String>,
    pub(crate) models: Vec<String>,
    /// In the currency of the price table.
    monthly_budget: f64,
    max_concurrency: u32,
    requests_per_minute: u32,
    tokens_per_minute: u64,
}

impl Tenant {
    pub(crate) fn limits(&self) -> QuotaLimits {
        QuotaLimits::default()
            .budget(Budget::money(self.monthly_budget, BudgetPeriod::Month))
            .max_concurrency(self.max_concurrency)
            .requests_per_minute(self.requests_per_minute)
            .tokens_per_minute(self.tokens_per_minute)
    }
}
