//! Reads and replaces the faults of a running endpoint.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use super::{error_response, json_response};
use crate::fault::FaultFile;
use crate::state::EndpointState;

/// Returns the quotas, and the rules that may still apply, in the format of a fault file. Does not return
/// credentials.
pub(super) fn get(state: &EndpointState) -> Response<Bytes> {
    let rules: Vec<_> = state.fault_rules.sources().iter().map(|rule| (**rule).clone()).collect();
    json_response(StatusCode::OK, &json!({"rules": rules, "quotas": state.quotas.quotas()}))
}

/// Applies a fault file: replaces the rules and the quotas, and adds the credentials. If the file is invalid,
/// changes nothing.
pub(super) fn put(state: &EndpointState, body: &[u8]) -> Response<Bytes> {
    let Ok(text) = std::str::from_utf8(body) else {
        return error_response(StatusCode::BAD_REQUEST, "the fault file is not UTF-8");
    };
    match FaultFile::from_json(text) {
        Ok(FaultFile { rules, quotas, credentials }) => {
            state.authenticator.temporary.insert_all(credentials, state.clock.now());
            state.quotas.replace(quotas);
            state.fault_rules.replace(rules);
            get(state)
        }
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let body = json!({"message": error.to_string(), "line": line, "column": column});
            json_response(StatusCode::BAD_REQUEST, &body)
        }
    }
}
