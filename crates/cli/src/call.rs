//! The calls of `invoke`: a member of the input for each flag.

use invoke_model_client::types::{InvokeModel, InvokeModelWithResponseStream};
use invoke_model_client::{Body, Call, Client};

use crate::arguments::Invoke;

/// Sets every member that a flag gives: the operations have the same members, and types of their own.
macro_rules! filled {
    ($call:expr, $arguments:expr, $body:expr, $($member:ident),*) => {{
        let mut call = $call.model_id(&$arguments.model_id);
        $(if let Some(value) = &$arguments.$member {
            call = call.$member(value.as_str());
        })*
        if let Some(body) = $body {
            call = call.body(body);
        }
        call
    }};
    ($call:expr, $arguments:expr, $body:expr) => {
        filled!(
            $call, $arguments, $body, content_type, accept, trace, guardrail_identifier, guardrail_version,
            performance_config_latency, service_tier, request_metadata
        )
    };
}

/// A call that is answered whole.
pub(crate) fn whole(client: &Client, arguments: &Invoke, body: Option<Body>) -> Call<InvokeModel> {
    filled!(client.invoke_model(), arguments, body)
}

/// A call that is answered in parts.
pub(crate) fn streamed(
    client: &Client,
    arguments: &Invoke,
    body: Option<Body>,
) -> Call<InvokeModelWithResponseStream> {
    filled!(client.invoke_model_with_response_stream(), arguments, body)
}
