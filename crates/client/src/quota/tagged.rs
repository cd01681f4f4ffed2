//! Keys that depend on the tags of a call.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError};

use super::limits::{QuotaKey, QuotaLimits};
use super::{Backend, QuotaLimiter, State};
use crate::tags::Tags;

/// A tag whose values have separate keys.
#[derive(Clone)]
pub(super) struct TagKey {
    pub(super) tag: Arc<str>,
    pub(super) limits: Arc<dyn Fn(&str) -> QuotaLimits + Send + Sync>,
}

/// The limiters for combinations of values, by the values of the tags. They share the store and the settings.
pub(super) type TaggedLimiters = HashMap<Box<[Option<Box<str>>]>, QuotaLimiter>;

/// The number of limiters after which the unused ones are removed. The store keeps their counts.
const MAX_IDLE: usize = 1_000;

impl QuotaLimiter {
    /// Returns the limiter for a call with these tags.
    pub(crate) fn for_tags(&self, tags: &Tags) -> Self {
        let tag_keys = &self.0.settings.tag_keys;
        let values = || tag_keys.iter().map(|key| tags.get(&*key.tag));
        if values().all(|value| value.is_none()) {
            return self.clone();
        }
        let values: Box<[_]> = values().map(|value| value.map(|value| value.as_str().into())).collect();
        let mut tagged = self.0.tagged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limiter) = tagged.get(&values) {
            return limiter.clone();
        }
        if tagged.len() >= MAX_IDLE {
            tagged.retain(|_, limiter| Arc::strong_count(&limiter.0) > 1);
        }
        let limiter = self.with_values(&values);
        tagged.insert(values, limiter.clone());
        limiter
    }

    fn with_values(&self, values: &[Option<Box<str>>]) -> Self {
        let State { settings, keys, backend, .. } = &*self.0;
        let of_values = settings.tag_keys.iter().zip(values).filter_map(|(key, value)| {
            let value = value.as_deref()?;
            let key = QuotaKey::new(format!("{}={value}", key.tag), (key.limits)(value));
            Some(QuotaKey { of_tag: true, ..key })
        });
        let without_tags = keys.iter().filter(|key| key.limits != QuotaLimits::default()).cloned();
        let keys: Arc<[QuotaKey]> = without_tags.chain(of_values).collect();
        let backend = match backend {
            Backend::Memory { store, .. } => Backend::memory(store.clone(), &keys),
            Backend::Shared { store, .. } => Backend::shared(store.clone()),
        };
        Self::new(settings.clone(), keys, backend)
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tag.fmt(f)
    }
}
