//! What an error of a connector means.

use std::io;

use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::{
    TransportError,
    TransportErrorKind::{self, Connect, InvalidRequest, ResponseTimeout, Send},
    error::find,
};

pub(super) fn classify(error: ConnectorError) -> TransportError {
    let kind = kind(&error);
    TransportError::new(kind, error)
}

fn kind(error: &ConnectorError) -> TransportErrorKind {
    if let Some(body) = find::<TransportError>(error) {
        return body.kind();
    }
    // Connectors over hyper also call it the user's error when their runtime dropped a connection at work.
    if error.is_user() && error.connection_metadata().is_none() {
        return InvalidRequest;
    }
    if error.is_timeout() {
        // Connecting or reading: only the words differ.
        return ResponseTimeout;
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        // Only a connection that was never made is refused.
        Some(io::ErrorKind::ConnectionRefused) => Connect,
        _ => Send,
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::{box_error::BoxError, client::connection::ConnectionMetadata};

    use super::*;

    fn check(error: ConnectorError, expected: TransportErrorKind) {
        assert_eq!(classify(error).kind(), expected);
    }

    fn io(kind: io::ErrorKind) -> BoxError {
        io::Error::from(kind).into()
    }

    #[test]
    fn what_is_certain_is_said() {
        check(ConnectorError::io(io(io::ErrorKind::ConnectionRefused)), Connect);
        check(ConnectorError::user("no such scheme".into()), InvalidRequest);
        let body = TransportError::new(TransportErrorKind::RequestBody, "disk");
        check(ConnectorError::user(io::Error::other(body).into()), TransportErrorKind::RequestBody);
    }

    #[test]
    fn what_is_open_may_have_been_sent() {
        let connected = || ConnectionMetadata::builder().proxied(false).poison_fn(|| ()).build();
        check(ConnectorError::io(io(io::ErrorKind::ConnectionReset)), Send);
        check(ConnectorError::timeout("HTTP connect timeout".into()), ResponseTimeout);
        check(ConnectorError::other("?".into(), None), Send);
        check(ConnectorError::user("dispatch task is gone".into()).with_connection(connected()), Send);
    }

    #[test]
    fn the_words_are_those_of_the_innermost_cause() {
        let error = classify(ConnectorError::io(io(io::ErrorKind::ConnectionRefused)));
        assert_eq!(error.to_string(), "no connection: connection refused");
    }
}
