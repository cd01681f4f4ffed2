//! Classification of connector errors.

use std::io;

use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::error::TransportErrorKind::{self, Connect, InvalidRequest, ResponseTimeout, Send};
use crate::error::{TransportError, find};

pub(super) fn classify(error: ConnectorError) -> TransportError {
    let kind = kind(&error);
    TransportError::new(kind, error)
}

fn kind(error: &ConnectorError) -> TransportErrorKind {
    if let Some(body) = find::<TransportError>(error) {
        return body.kind();
    }
    // Normally a user error means that the request is invalid. Connectors based on hyper also return a user
    // error if their runtime drops a connection while a request uses it. Only that user error has connection
    // metadata.
    if error.is_user() && error.connection_metadata().is_none() {
        return InvalidRequest;
    }
    if error.is_timeout() {
        // Connect timeouts and read timeouts differ only in their messages, so both get the same kind.
        return ResponseTimeout;
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        // A refused connection was never established, so no byte was sent.
        Some(io::ErrorKind::ConnectionRefused) => Connect,
        _ => Send,
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::box_error::BoxError;
    use aws_smithy_runtime_api::client::connection::ConnectionMetadata;

    use super::*;

    fn check(error: ConnectorError, expected: TransportErrorKind) {
        assert_eq!(classify(error).kind(), expected);
    }

    fn io(kind: io::ErrorKind) -> BoxError {
        io::Error::from(kind).into()
    }

    #[test]
    fn a_certain_failure_has_a_specific_kind() {
        check(ConnectorError::io(io(io::ErrorKind::ConnectionRefused)), Connect);
        check(ConnectorError::user("no such scheme".into()), InvalidRequest);
        let body = TransportError::new(TransportErrorKind::RequestBody, "disk");
        check(ConnectorError::user(io::Error::other(body).into()), TransportErrorKind::RequestBody);
    }

    #[test]
    fn an_uncertain_failure_may_have_been_sent() {
        let connected = || ConnectionMetadata::builder().proxied(false).poison_fn(|| ()).build();
        check(ConnectorError::io(io(io::ErrorKind::ConnectionReset)), Send);
        check(ConnectorError::timeout("HTTP connect timeout".into()), ResponseTimeout);
        check(ConnectorError::other("?".into(), None), Send);
        check(ConnectorError::user("dispatch task is gone".into()).with_connection(connected()), Send);
    }

    #[test]
    fn the_message_is_from_the_innermost_cause() {
        let error = classify(ConnectorError::io(io(io::ErrorKind::ConnectionRefused)));
        assert_eq!(error.to_string(), "cannot connect: connection refused");
    }
}
