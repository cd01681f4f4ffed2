//! Any answer as an output.

use std::fmt::Debug;

use invoke_model_protocol::ServerOperation;

use super::{has_empty_union, response};
use crate::{headers, json, payloads, streams};

/// What an answer says is what it says again after a round through the server's half.
///
/// # Panics
/// It is not.
pub fn response_parsing(data: &[u8]) {
    let Some((which, text)) = data.split_first() else { return };
    match which % 8 {
        0 => check::<json::PutValues>(text),
        1 => check::<json::PutCollections>(text),
        2 => check::<json::PutRequired>(text),
        3 => check::<headers::PutFields>(text),
        4 => check::<headers::PutRequiredFields>(text),
        5 => check::<payloads::PutUnion>(text),
        6 => check::<payloads::PutDocument>(text),
        _ => check::<streams::Talk>(text),
    }
}

fn check<O: ServerOperation>(text: &[u8])
where
    O::Output: Clone + Debug,
{
    let Ok(output) = O::parse(&response(200, text)) else { return };
    if has_empty_union(&output) {
        return;
    }
    // A value read from a body may not stand in a field, but all of these came from where they go.
    let answer = O::serialize_response(output.clone()).unwrap_or_else(|error| panic!("{output:?}: {error}"));
    let again = O::parse(&answer).unwrap_or_else(|error| panic!("{output:?}: {error}"));
    // By their texts, as NaN is equal to nothing.
    assert_eq!(format!("{again:?}"), format!("{output:?}"));
}
