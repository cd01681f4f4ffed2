//! The facts about a call that interceptors see.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Extensions;

use crate::tags::Tags;

/// The facts about a call, and values that the hooks of the call share. Each call has its own context.
///
/// The context contains no secrets.
#[derive(Clone, Debug, Default)]
pub struct InterceptorContext {
    pub(super) operation: &'static str,
    pub(super) region: Option<String>,
    pub(super) model_id: Option<String>,
    pub(super) tags: Arc<Tags>,
    pub(super) attempt: u32,
    pub(super) extensions: Extensions,
}

impl InterceptorContext {
    /// Returns the name of the operation in the model, for example `InvokeModel`. For a raw request, returns
    /// `RawRequest`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Returns the region of the call.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Returns the model id of the call, or `None` if the operation has no model id.
    pub fn model_id(&self) -> Option<&str> {
        self.model_id.as_deref()
    }

    /// Returns the tags of the client and of the call.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    /// Returns the number of the attempt. The first attempt has the number 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns the values that the hooks of this call have stored.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Returns the values that the hooks of this call have stored. A value stays until the end of the call,
    /// also for later attempts.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
}
