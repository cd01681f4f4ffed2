//! Moves a call to the client of another target.

use std::sync::Arc;

use invoke_model_protocol::Operation;
use invoke_model_transport::Deadline;

use super::Call;
use crate::client::Client;
use crate::failover::FailoverRules;

impl<O: Operation> Call<O> {
    /// Copies the call for another client. Keeps the settings of the call, and replaces the settings of its
    /// client.
    pub(crate) fn for_client(&self, client: &Client) -> Self
    where
        O::Input: Clone,
    {
        let mut call = self.clone();
        let settings = &mut call.0.settings;
        let (config, other) = (settings.client.config(), client.config());
        if settings.timeouts == config.timeout_config() {
            settings.timeouts = other.timeout_config();
        }
        if settings.retries == config.retry_config() {
            settings.retries = other.retry_config();
        }
        settings.authorizer = match Arc::ptr_eq(&settings.authorizer, settings.client.authorizer()) {
            true => client.authorizer().clone(),
            false => Arc::new(settings.authorizer.for_other_client(other)),
        };
        settings.client = client.clone();
        call
    }

    /// Returns the deadline of the operation timeout, if the call starts now.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.0.settings.timeouts.operation.and_then(Deadline::after)
    }

    /// Sets the deadline that the call shares with the calls to other targets, the rules for its retries, and
    /// the model id of its target.
    pub(crate) fn prepare_for_target(
        &mut self,
        deadline: Option<Deadline>,
        rules: Option<FailoverRules>,
        model_id: Option<&str>,
    ) {
        self.0.settings.timeouts.deadline = deadline;
        self.0.settings.retries.failover = rules;
        let Some((member, model_id)) = O::MODEL_ID_MEMBER.zip(model_id) else { return };
        O::set_model_id(&mut self.0.input, model_id.to_owned());
        if let Some(index) = self.0.required.names.iter().position(|name| *name == member) {
            self.given(index);
        }
    }
}
