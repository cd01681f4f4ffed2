//! The store of a quota limiter that processes share.

#[cfg(not(feature = "redis"))]
pub(crate) use missing::{OpenStore, Store};
#[cfg(feature = "redis")]
pub(crate) use redis::{OpenStore, Store};

#[cfg(feature = "redis")]
mod redis {
    use std::num::NonZeroU32;

    use invoke_model_client::{
        FallbackQuotaStore, QuotaLimiterBuilder, RedisQuotaStore, RedisQuotaStoreBuilder,
    };
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;

    use crate::config::{COUNT, FLAG, SECONDS, TEXT, setting};
    use crate::errors::seconds;
    use crate::limits::known_keys;

    const KEYS: [&str; 6] =
        ["url", "namespace", "timeout", "lease", "wait_after_server_start", "fallback_processes"];
    const PLACE: &str = "store: ";

    /// The settings of a store in Redis or Valkey.
    #[derive(Debug)]
    pub(crate) struct Store {
        redis: RedisQuotaStoreBuilder,
        /// The number of processes that share the limits while the server is not available.
        fallback_processes: Option<NonZeroU32>,
    }

    /// The store of a process.
    #[derive(Clone, Debug)]
    pub(crate) struct OpenStore {
        redis: RedisQuotaStore,
        fallback: Option<FallbackQuotaStore<RedisQuotaStore>>,
    }

    impl Store {
        /// Reads the settings. `QuotaLimiter` of `invoke_model` documents them.
        pub(crate) fn read(dict: &Bound<'_, PyAny>) -> PyResult<Self> {
            let dict = known_keys("store", dict, &KEYS)?;
            let Some(url) = setting::<String>(dict, PLACE, "url", TEXT)? else {
                return Err(PyValueError::new_err("store: url: expected `redis://host[:port]`"));
            };
            let mut redis = RedisQuotaStore::builder(url);
            if let Some(namespace) = setting::<String>(dict, PLACE, "namespace", TEXT)? {
                redis = redis.namespace(namespace);
            }
            if let Some(time) = setting(dict, PLACE, "timeout", SECONDS)? {
                redis = redis.timeout(seconds("store: timeout", time)?);
            }
            if let Some(time) = setting(dict, PLACE, "lease", SECONDS)? {
                redis = redis.lease(seconds("store: lease", time)?);
            }
            if let Some(wait) = setting(dict, PLACE, "wait_after_server_start", FLAG)? {
                redis = redis.wait_after_server_start(wait);
            }
            let fallback_processes = setting(dict, PLACE, "fallback_processes", COUNT)?;
            redis.clone().build().map_err(|error| PyValueError::new_err(format!("store: {error}")))?;
            Ok(Self { redis, fallback_processes })
        }

        /// Returns a new store. `read` has checked the settings.
        pub(crate) fn open(&self) -> Option<OpenStore> {
            let redis = self.redis.clone().build().ok()?;
            let fallback =
                self.fallback_processes.map(|processes| FallbackQuotaStore::new(redis.clone(), processes));
            Some(OpenStore { redis, fallback })
        }
    }

    impl OpenStore {
        pub(crate) fn add_to(&self, builder: QuotaLimiterBuilder) -> QuotaLimiterBuilder {
            match &self.fallback {
                Some(fallback) => builder.store(fallback.clone()),
                None => builder.store(self.redis.clone()),
            }
        }

        pub(crate) fn is_in_outage(&self) -> bool {
            self.fallback.as_ref().is_some_and(FallbackQuotaStore::is_in_outage)
        }

        pub(crate) async fn flush(&self) {
            self.redis.flush().await;
        }
    }
}

/// A build without the feature `redis` has no store.
#[cfg(not(feature = "redis"))]
mod missing {
    use invoke_model_client::QuotaLimiterBuilder;
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;

    #[derive(Debug)]
    pub(crate) enum Store {}

    #[derive(Clone, Debug)]
    pub(crate) enum OpenStore {}

    impl Store {
        pub(crate) fn read(_: &Bound<'_, PyAny>) -> PyResult<Self> {
            let text = "store: this build of the package has no store: build it with the feature `redis`";
            Err(PyValueError::new_err(text))
        }

        pub(crate) fn open(&self) -> Option<OpenStore> {
            match *self {}
        }
    }

    impl OpenStore {
        pub(crate) fn add_to(&self, _: QuotaLimiterBuilder) -> QuotaLimiterBuilder {
            match *self {}
        }

        pub(crate) fn is_in_outage(&self) -> bool {
            match *self {}
        }

        pub(crate) async fn flush(&self) {
            match *self {}
        }
    }
}
