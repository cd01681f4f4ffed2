//! What an error of hyper-util means.

use std::{error::Error, io};

use hyper_util::client::legacy;
use rustls::pki_types::InvalidDnsNameError;

use crate::{
    TransportError,
    TransportErrorKind::{
        self, Connect, ConnectTimeout, InvalidRequest, RequestBody, Resolve, ResponseHead, Send, Tls,
    },
    error::find,
};

pub(super) fn classify(error: legacy::Error) -> TransportError {
    let kind = kind(&error);
    TransportError::new(kind, error)
}

fn kind(error: &legacy::Error) -> TransportErrorKind {
    let Some(cause) = error.source() else {
        // hyper-util refused the request itself.
        return InvalidRequest;
    };
    if error.is_connect() {
        return connect_kind(cause);
    }
    if let Some(body) = find::<TransportError>(cause) {
        return body.kind();
    }
    match find::<hyper::Error>(cause) {
        // hyper-util names a connection once a request has been handed to it.
        _ if error.connect_info().is_none() => Connect,
        // Still in the queue of a connection that closed: not begun.
        Some(error) if error.is_canceled() => Connect,
        Some(error) if error.is_body_write_aborted() => RequestBody,
        Some(error) if error.is_parse() => ResponseHead,
        _ => Send,
    }
}

/// The connector failed; `cause` is its error.
fn connect_kind(cause: &(dyn Error + 'static)) -> TransportErrorKind {
    if find::<InvalidDnsNameError>(cause).is_some() {
        // No certificate can be valid for this host name.
        return InvalidRequest;
    }
    // hyper-rustls wraps in an `io::Error` whatever happens once TCP is connected, and nothing before.
    if cause.is::<io::Error>() {
        return Tls;
    }
    // hyper-util's own error type is private. It has these words, and no other sign, when the resolver failed.
    if cause.to_string() == "dns error" {
        return Resolve;
    }
    match find::<io::Error>(cause).map(io::Error::kind) {
        Some(io::ErrorKind::TimedOut) => ConnectTimeout,
        _ => Connect,
    }
}
