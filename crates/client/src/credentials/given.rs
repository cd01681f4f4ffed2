//! Credentials as the settings name them.

use std::any::Any;
use std::sync::Arc;

use super::{Credentials, ProvideCredentials};

/// Fixed credentials, or what gives some when it is asked.
#[derive(Clone)]
pub(crate) enum Given {
    Fixed(Credentials),
    Provider(Arc<dyn ProvideCredentials>),
}

impl Given {
    /// [`Credentials`] are a provider too: one that need not be asked.
    pub(crate) fn new(provider: impl ProvideCredentials) -> Self {
        match (&provider as &dyn Any).downcast_ref::<Credentials>() {
            Some(fixed) => Self::Fixed(fixed.clone()),
            None => Self::Provider(Arc::new(provider)),
        }
    }
}
