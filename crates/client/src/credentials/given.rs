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
        let any = &provider as &dyn Any;
        if let Some(fixed) = any.downcast_ref::<Credentials>() {
            return Self::Fixed(fixed.clone());
        }
        #[cfg(feature = "aws-credential-types")]
        if let Some(fixed) = any.downcast_ref::<aws_credential_types::Credentials>() {
            return Self::Fixed(super::aws::convert(fixed));
        }
        Self::Provider(Arc::new(provider))
    }
}
