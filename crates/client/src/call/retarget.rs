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
        let state = &mut *call.0;
        let (config, other) = (state.client.config(), client.config());
        if state.timeouts == config.timeout_config() {
            state.timeouts = other.timeout_config();
        }
        if state.retries == config.retry_config() {
            state.retries = other.retry_config();
        }
        state.authorizer = match Arc::ptr_eq(&state.authorizer, state.client.authorizer()) {
            true => client.authorizer().clone(),
            false => Arc::new(state.authorizer.for_other_client(other)),
        };
        state.client = client.clone();
        call
    }

    /// Returns the deadline of the operation timeout, if the call starts now.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.0.timeouts.operation.and_then(Deadline::after)
    }

    /// Sets the deadline that the call shares with the calls to other targets, the rules for its retries, and
    /// the model id of its target.
    pub(crate) fn prepare_for_target(
        &mut self,
        deadline: Option<Deadline>,
        rules: Option<FailoverRules>,
        model_id: Option<&str>,
    ) {
        self.0.timeouts.deadline = deadline;
        self.0.retries.failover = rules;
        let Some((member, model_id)) = O::MODEL_ID_MEMBER.zip(model_id) else { return };
        O::set_model_id(&mut self.0.input, model_id.to_owned());
        if let Some(index) = self.0.required.names.iter().position(|name| *name == member) {
            self.given(index);
        }
    }
}
