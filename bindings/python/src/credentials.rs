//! The default credentials and the default region of signatures.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use invoke_model_client::{
    Config, ConfigBuilder, ConfigError, Credentials, CredentialsCache, CredentialsError,
};
use pyo3::prelude::*;

use crate::errors;
use crate::runtime::{self, PerProcess};
use crate::slot::lock;

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
    // The lock is released before an exception is created. Python code, such as an import, can release the global
    // interpreter lock, and then another thread would wait for this lock and hold the interpreter lock.
    let cache = cache_of(&mut lock(&caches), region);
    let cache = cache.map_err(|error| errors::of_config(py, &error))?;
    cache.ok_or_else(|| errors::no_credentials(py, &CredentialsError::NotConfigured))
}

/// Returns the cache of a region, and creates it on the first call. Returns `None` if there are no credentials.
fn cache_of(
    caches: &mut HashMap<String, CredentialsCache>,
    region: &str,
) -> Result<Option<CredentialsCache>, ConfigError> {
    if let Some(cache) = caches.get(region) {
        return Ok(Some(cache.clone()));
    }
    let builder = ConfigBuilder::from_env().default_credentials_chain().disable_bearer_token().region(region);
    let cache = builder.build()?.credentials_provider().cloned();
    if let Some(cache) = &cache {
        caches.insert(region.to_owned(), cache.clone());
    }
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
