//! The settings of an admission.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Mutex as Line, Notify};

use super::ledger::Ledger;
use super::limits::Limits;
use super::{QuotaLimiter, Shared};

/// The settings of an [`QuotaLimiter`]. A limit that is not set does not limit.
#[derive(Clone, Debug)]
#[must_use]
pub struct QuotaLimiterBuilder {
    limits: Limits,
    output_token_weight: u32,
    default_output_tokens: u64,
    max_wait: Duration,
}

impl QuotaLimiterBuilder {
    /// Requests at a time, from admission to the end of the answer; a stream of events counts until it has ended or is
    /// dropped.
    pub fn max_concurrency(mut self, requests: u32) -> Self {
        self.limits.concurrency = Some(requests);
        self
    }

    /// Requests in any 60 seconds. Each attempt is one.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.limits.requests = Some(requests);
        self
    }

    /// Tokens in any 60 seconds, input and output together, each counted with the request that they belong to. A
    /// request reserves its input, as estimated, and the most output that its body allows; when it is answered, what
    /// was used takes the place of what was reserved.
    pub fn tokens_per_minute(mut self, tokens: u64) -> Self {
        self.limits.tokens = Some(tokens);
        self
    }

    /// How many tokens of the quota one token of output uses up: 5 for the newer Claude models, for most others 1,
    /// which is the default. As with the service's own count, it applies to what was used and not to what is reserved.
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html>
    pub fn output_token_weight(mut self, factor: u32) -> Self {
        self.output_token_weight = factor;
        self
    }

    /// What is reserved for the output of a body that does not state the most that it may be. Default: 0, which is
    /// right for embeddings and images. For text it is better to state the most: without it the service reserves the
    /// most that the model can generate.
    pub fn default_output_tokens(mut self, tokens: u64) -> Self {
        self.default_output_tokens = tokens;
        self
    }

    /// How long a request waits to be admitted before it is refused. Default: 60 seconds. With zero it never waits.
    pub fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = time;
        self
    }

    /// An admission with these limits, and nothing counted yet.
    pub fn build(self) -> QuotaLimiter {
        let Self { limits, output_token_weight, default_output_tokens, max_wait } = self;
        QuotaLimiter(Arc::new(Shared {
            limits,
            output_token_weight,
            default_output_tokens,
            max_wait,
            ledger: Mutex::new(Ledger::new(limits)),
            line: Line::new(()),
            waiting: AtomicUsize::new(0),
            changed: Notify::new(),
        }))
    }
}

impl Default for QuotaLimiterBuilder {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            output_token_weight: 1,
            default_output_tokens: 0,
            max_wait: Duration::from_secs(60),
        }
    }
}
