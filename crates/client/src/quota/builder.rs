//! The builder of a quota limiter.

#[cfg(feature = "opentelemetry")]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use super::limits::QuotaLimits;
use super::window::SlidingWindow;
use super::{QuotaLimiter, State};

/// A builder of a [`QuotaLimiter`]. The limiter enforces only the limits that are set.
#[derive(Clone, Debug)]
#[must_use]
pub struct QuotaLimiterBuilder {
    limits: QuotaLimits,
    output_token_weight: u32,
    default_output_tokens: u64,
    max_wait: Duration,
    #[cfg(feature = "opentelemetry")]
    name: Arc<str>,
}

impl QuotaLimiterBuilder {
    /// Sets the maximum number of concurrent requests. A request counts until its response is complete. If
    /// the response is an event stream, the request counts until the stream ends or is dropped.
    pub fn max_concurrency(mut self, requests: u32) -> Self {
        self.limits.concurrency = Some(requests);
        self
    }

    /// Sets the maximum number of requests in any 60 seconds. Each attempt is a request.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.limits.requests = Some(requests);
        self
    }

    /// Sets the maximum number of tokens in any 60 seconds, as the sum of input and output tokens.
    ///
    /// When a request is admitted, it reserves its estimated input tokens and the maximum number of output
    /// tokens that its body allows. When the response arrives, the token counts of the service replace the
    /// reservation. The 60 seconds for which these tokens count still start at the admission.
    pub fn tokens_per_minute(mut self, tokens: u64) -> Self {
        self.limits.tokens = Some(tokens);
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
    /// [`QuotaError::TimedOut`](super::QuotaError::TimedOut). Default: 60 seconds. If the time is zero, a
    /// request never waits.
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

    /// Builds the limiter.
    pub fn build(self) -> QuotaLimiter {
        let Self { limits, output_token_weight, default_output_tokens, max_wait, .. } = self;
        QuotaLimiter(Arc::new(State {
            limits,
            output_token_weight,
            default_output_tokens,
            max_wait,
            window: Mutex::new(SlidingWindow::new(limits)),
            queue: tokio::sync::Mutex::new(()),
            waiting: AtomicUsize::new(0),
            request_ended: Notify::new(),
            #[cfg(feature = "opentelemetry")]
            name: self.name,
            #[cfg(feature = "opentelemetry")]
            is_observed: AtomicBool::new(false),
        }))
    }
}

impl Default for QuotaLimiterBuilder {
    fn default() -> Self {
        Self {
            limits: QuotaLimits::default(),
            output_token_weight: 1,
            default_output_tokens: 0,
            max_wait: Duration::from_secs(60),
            #[cfg(feature = "opentelemetry")]
            name: "default".into(),
        }
    }
}
