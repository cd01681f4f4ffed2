//! The builder of a quota limiter.

use std::sync::Arc;
#[cfg(feature = "opentelemetry")]
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::budget::Budget;
use super::limits::{DEFAULT_KEY, QuotaKey, QuotaLimits};
use super::memory::MemoryQuotaStore;
use super::prices::PriceTable;
use super::store::QuotaStore;
use super::tagged::TagKey;
use super::{Backend, QuotaLimiter, Settings};

/// A builder of a [`QuotaLimiter`]. The limiter enforces only the limits that are set.
#[derive(Clone, Debug)]
#[must_use]
pub struct QuotaLimiterBuilder {
    limits: QuotaLimits,
    keys: Vec<QuotaKey>,
    tag_keys: Vec<TagKey>,
    prices: Option<PriceTable>,
    store: Store,
    output_token_weight: u32,
    default_output_tokens: u64,
    max_wait: Duration,
    #[cfg(feature = "opentelemetry")]
    name: Arc<str>,
}

#[derive(Clone, Debug)]
enum Store {
    Memory(MemoryQuotaStore),
    Shared(Arc<dyn QuotaStore>),
}

impl QuotaLimiterBuilder {
    /// Sets the maximum number of concurrent requests. A request counts until its response is complete. If
    /// the response is an event stream, the request counts until the stream ends or is dropped.
    pub fn max_concurrency(mut self, requests: u32) -> Self {
        self.limits = self.limits.max_concurrency(requests);
        self
    }

    /// Sets the maximum number of requests in any 60 seconds. Each attempt is a request.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.limits = self.limits.requests_per_minute(requests);
        self
    }

    /// Sets the maximum number of tokens in any 60 seconds, as the sum of input and output tokens.
    ///
    /// When a request is admitted, it reserves its estimated input tokens and the maximum number of output
    /// tokens that its body allows. When the response arrives, the token counts of the service replace the
    /// reservation. The 60 seconds for which these tokens count still start at the admission.
    pub fn tokens_per_minute(mut self, tokens: u64) -> Self {
        self.limits = self.limits.tokens_per_minute(tokens);
        self
    }

    /// Sets the burndown rate: the number of tokens that one output token uses from the token quota. The rate
    /// is 5 for the newer Claude models, and 1 for most other models: see
    /// [`output_token_weight`](invoke_model_families::output_token_weight). Default: 1.
    ///
    /// The weight applies to used tokens, and not to reserved tokens. The quota of the service works the same
    /// way. <https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html>
    #[doc(alias = "burndown")]
    pub fn output_token_weight(mut self, weight: u32) -> Self {
        self.output_token_weight = weight;
        self
    }

    /// Sets the number of output tokens to reserve if the body does not limit the output. Default: 0. This
    /// default is correct for embeddings and images.
    ///
    /// For text, prefer a limit in the body. Without a limit in the body, the service reserves the maximum
    /// number of output tokens of the model.
    pub fn default_output_tokens(mut self, tokens: u64) -> Self {
        self.default_output_tokens = tokens;
        self
    }

    /// Sets the maximum time that a request waits. After this time, the request fails with
    /// [`QuotaError::TimedOut`](super::QuotaError::TimedOut). Default: 65 seconds, because a
    /// request can need 61 seconds until the requests before it no longer count. If the time is zero, a request
    /// never waits.
    pub fn max_wait(mut self, duration: Duration) -> Self {
        self.max_wait = duration;
        self
    }

    /// Sets the name of the limiter in the metrics. Use different names for the limiters of a program.
    /// Otherwise, the metrics contain only one of these limiters. Default: `default`.
    #[cfg(feature = "opentelemetry")]
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Adds a key with its own limits, for example an account, a tenant or a model. A request is admitted
    /// only if the limits of all keys admit it. Replaces the limits of a previous key with the same name.
    ///
    /// The other methods set the limits of the key `default`. If they set no limit, the limiter does not use
    /// this key.
    ///
    /// Limiters that share a key must set the same limits. The limits belong to the limiter, and the counts
    /// belong to the key.
    pub fn key(mut self, name: impl Into<Arc<str>>, limits: QuotaLimits) -> Self {
        let key = QuotaKey::new(name, limits);
        self.keys.retain(|other| other.name != key.name);
        self.keys.push(key);
        self
    }

    /// Adds a key for each value of a tag: see [`ConfigBuilder::tag`](crate::ConfigBuilder::tag). For example, the calls
    /// with the tag `tenant` and the value `acme` count against the key `tenant=acme`, whose limits are
    /// `limits("acme")`. A call without the tag counts only against the other keys. Replaces an earlier function for the
    /// same tag.
    ///
    /// Each combination of values has its own queue, so a tenant does not wait for the requests of another tenant. The
    /// limiter calls the function when it sees a combination for the first time, and may call it again later.
    ///
    /// ```
    /// use invoke_model_client::{Budget, BudgetPeriod, QuotaLimiter, QuotaLimits};
    ///
    /// let limiter = QuotaLimiter::builder()
    ///     .key("account", QuotaLimits::default().requests_per_minute(1_000))
    ///     .key_of_tag("tenant", |tenant| {
    ///         let tokens = if tenant == "acme" { 50_000_000 } else { 1_000_000 };
    ///         QuotaLimits::default().max_concurrency(8).budget(Budget::tokens(tokens, BudgetPeriod::Day))
    ///     })
    ///     .build();
    /// # drop(limiter);
    /// ```
    #[doc(alias = "tenant")]
    pub fn key_of_tag(
        mut self,
        tag: impl Into<Arc<str>>,
        limits: impl Fn(&str) -> QuotaLimits + Send + Sync + 'static,
    ) -> Self {
        let key = TagKey { tag: tag.into(), limits: Arc::new(limits) };
        self.tag_keys.retain(|other| other.tag != key.tag);
        self.tag_keys.push(key);
        self
    }

    /// Sets the prices for budgets in money. Without a price table, or if the table has no price for the model of a
    /// request, a request with such a budget fails with [`QuotaError::NoPrice`](super::QuotaError::NoPrice).
    pub fn price_table(mut self, prices: PriceTable) -> Self {
        self.prices = Some(prices);
        self
    }

    /// Sets the budget of the key `default`. A request whose reservation would exceed the budget fails immediately with
    /// [`QuotaError::OverBudget`](super::QuotaError::OverBudget).
    pub fn budget(mut self, budget: Budget) -> Self {
        self.limits = self.limits.budget(budget);
        self
    }

    /// Sets the store that counts the requests, for example a store that several processes share. Default: a
    /// new [`MemoryQuotaStore`].
    pub fn store(mut self, store: impl QuotaStore) -> Self {
        self.store = Store::Shared(Arc::new(store));
        self
    }

    /// Sets a store in memory. Use this method if several limiters of one process share a key.
    pub fn memory_store(mut self, store: &MemoryQuotaStore) -> Self {
        self.store = Store::Memory(store.clone());
        self
    }

    /// Builds the limiter.
    pub fn build(self) -> QuotaLimiter {
        let mut keys = self.keys;
        if keys.is_empty() || self.limits != QuotaLimits::default() {
            keys.retain(|key| &*key.name != DEFAULT_KEY);
            keys.insert(0, QuotaKey::new(DEFAULT_KEY, self.limits));
        }
        let backend = match self.store {
            Store::Memory(store) => Backend::memory(store, &keys),
            Store::Shared(store) => Backend::shared(store),
        };
        let settings = Settings {
            tag_keys: self.tag_keys,
            prices: self.prices,
            output_token_weight: self.output_token_weight,
            default_output_tokens: self.default_output_tokens,
            max_wait: self.max_wait,
            #[cfg(feature = "opentelemetry")]
            name: self.name,
            #[cfg(feature = "opentelemetry")]
            is_observed: AtomicBool::new(false),
        };
        QuotaLimiter::new(Arc::new(settings), keys.into(), backend)
    }
}

impl Default for QuotaLimiterBuilder {
    fn default() -> Self {
        Self {
            limits: QuotaLimits::default(),
            keys: Vec::new(),
            tag_keys: Vec::new(),
            prices: None,
            store: Store::Memory(MemoryQuotaStore::default()),
            output_token_weight: 1,
            default_output_tokens: 0,
            max_wait: Duration::from_secs(65),
            #[cfg(feature = "opentelemetry")]
            name: "default".into(),
        }
    }
}
