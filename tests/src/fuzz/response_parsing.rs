//! Parses arbitrary responses as outputs.

use std::fmt::Debug;

use invoke_model_protocol::ServerOperation;

use super::{has_empty_union, response};
use crate::{headers, json, payloads, streams};

/// Checks that an output stays the same when a server serializes it and a client parses it.
///
/// # Panics
/// Panics if the output changes.
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

pub(super) fn check<O: ServerOperation>(text: &[u8])
where
    O::Output: Clone + Debug,
{
    let Ok(output) = O::parse(&response(200, text)) else { return };
    if has_empty_union(&output) {
        return;
    }
    // Serialization must succeed, because the server writes each member to the place from which the client
    // has parsed it.
    let response =
        O::serialize_response(output.clone()).unwrap_or_else(|error| panic!("{output:?}: {error}"));
    let again = O::parse(&response).unwrap_or_else(|error| panic!("{output:?}: {error}"));
    // Compares the `Debug` texts, because NaN does not equal itself.
    assert_eq!(format!("{again:?}"), format!("{output:?}"));
}
