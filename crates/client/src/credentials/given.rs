//! Credentials as the settings name them.

use std::any::Any;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

/// Fixed credentials, or what gives some when it is asked.
#[derive(Clone)]
pub(crate) enum Given {
    Fixed(Credentials),
    Provider(SharedCredentialsProvider),
}

impl Given {
    /// [`Credentials`] are a provider too: one that need not be asked.
    pub(crate) fn new(provider: impl ProvideCredentials + 'static) -> Self {
        match (&provider as &dyn Any).downcast_ref::<Credentials>() {
            Some(fixed) => Self::Fixed(fixed.clone()),
            None => Self::Provider(SharedCredentialsProvider::new(provider)),
        }
    }
}
