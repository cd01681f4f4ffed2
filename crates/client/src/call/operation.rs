//! The description of an operation.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use invoke_model_protocol::metrics::ResponseMetrics;
use invoke_model_protocol::{Authentication, Operation, Route};

use crate::error::ServiceError;

/// The constants and functions of an [`Operation`] that the client needs to send a call.
///
/// The functions that send a call take this description, and have no type parameter for the operation. Otherwise, a
/// program would contain a copy of them for each operation.
pub(crate) struct OperationDescription {
    pub(crate) name: &'static str,
    /// The value of `gen_ai.operation.name`: the name in the conventions, or the name of the operation in the model.
    /// The operations that depend on the body have no name in the conventions, because such a name states the task of
    /// the AI model.
    pub(crate) gen_ai_name: &'static str,
    pub(crate) route: Route,
    pub(crate) model_id_label: Option<&'static str>,
    pub(crate) authentication: Authentication,
    pub(crate) signs_payload: bool,
    pub(crate) is_idempotent: bool,
    pub(crate) has_input_events: bool,
    pub(crate) has_model_payload: bool,
    pub(crate) uses_tokens: bool,
    pub(crate) is_success: fn(StatusCode) -> bool,
    pub(crate) header_metric: fn(&str, &HeaderValue, &mut ResponseMetrics),
    pub(crate) service_error: fn(&Response<Bytes>) -> ServiceError,
}

impl OperationDescription {
    /// Returns the description of an operation.
    pub(crate) const fn of<O: Operation>() -> &'static Self {
        const {
            &Self {
                name: O::NAME,
                gen_ai_name: match O::GEN_AI_OPERATION {
                    Some(name) => name,
                    None => O::NAME,
                },
                route: O::ROUTE,
                model_id_label: O::MODEL_ID_LABEL,
                authentication: O::AUTHENTICATION,
                signs_payload: !O::UNSIGNED_PAYLOAD,
                is_idempotent: O::IS_IDEMPOTENT,
                has_input_events: O::HAS_INPUT_EVENTS,
                has_model_payload: O::HAS_MODEL_PAYLOAD,
                uses_tokens: O::USES_TOKENS,
                is_success: O::is_success,
                header_metric: O::header_metric,
                service_error: |response| ServiceError::new(O::service_error(response)),
            }
        }
    }
}
