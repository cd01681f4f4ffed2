//! The default credentials and the default region of signatures.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use invoke_model_client::{
    Config, ConfigBuilder, ConfigError, Credentials, CredentialsCache, CredentialsError,
};
use pyo3::prelude::*;

use crate::errors;
use crate::runtime::{self, PerProcess};

/// The caches of a process by region, because the region selects the STS endpoint of the chain.
static CACHES: PerProcess<Arc<Mutex<HashMap<String, CredentialsCache>>>> = PerProcess::new();

/// Returns the region of the environment or of the profile.
pub(crate) fn default_region(py: Python<'_>) -> PyResult<String> {
    let config = Config::from_env().map_err(|error| errors::of_config(py, &error))?;
    let region = config.region().map(str::to_owned);
    region.ok_or_else(|| errors::of_config(py, &ConfigError::NoRegion))
}

/// Returns the credentials that a client of this region has by default. Creates the cache on the first call in a
/// process.
pub(crate) fn default_cache(py: Python<'_>, region: &str) -> PyResult<CredentialsCache> {
    let caches = CACHES.get(|| Ok::<_, PyErr>(Arc::default()))?;
    let mut caches = caches.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cache) = caches.get(region) {
        return Ok(cache.clone());
    }
    let builder = ConfigBuilder::from_env().default_credentials_chain().disable_bearer_token().region(region);
    let config = builder.build().map_err(|error| errors::of_config(py, &error))?;
    let cache = config.credentials_provider().cloned();
    let cache = cache.ok_or_else(|| errors::no_credentials(py, &CredentialsError::NotConfigured))?;
    caches.insert(region.to_owned(), cache.clone());
    Ok(cache)
}

/// Returns the credentials if the cache has them. If a refresh is due, starts it on the background thread, and does
/// not wait for it.
pub(crate) fn cached(py: Python<'_>, cache: &CredentialsCache) -> PyResult<Option<Arc<Credentials>>> {
    let runtime = runtime::asyncio()?;
    let _context = runtime.enter();
    match pin!(cache.credentials()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(credentials)) => Ok(Some(credentials)),
        Poll::Ready(Err(error)) => Err(errors::no_credentials(py, &error)),
        Poll::Pending => Ok(None),
    }
}

/// Returns a future that waits for credentials. They are loaded on the background thread, which also refreshes them.
///
/// The caller holds the global interpreter lock, so no fork happens while this function locks the runtime.
pub(crate) fn load(
    cache: CredentialsCache,
) -> PyResult<impl Future<Output = Result<Arc<Credentials>, CredentialsError>> + Send> {
    let runtime = runtime::asyncio()?;
    Ok(async move {
        let task = runtime.spawn(async move { cache.credentials().await });
        task.await.unwrap_or(Err(CredentialsError::LoadAborted))
    })
}
