//! Tests of error messages, kinds and causes.

use super::TransportErrorKind::{Connect, ConnectTimeout, RequestBody, Resolve, Send, Timeout};
use super::*;

#[derive(Debug, thiserror::Error)]
#[error("outer message")]
struct Outer(#[source] io::Error);

fn check(error: TransportError, expected: &str) {
    assert_eq!(error.to_string(), expected);
}

#[test]
fn display_has_the_message_of_the_innermost_cause_once() {
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    check(TransportError::new(Connect, Outer(refused())), "cannot connect: connection refused");
    check(
        TransportError::new(Connect, io::Error::other(Outer(refused()))),
        "cannot connect: connection refused",
    );
    check(Connect.into(), "cannot connect");
}

#[test]
fn display_is_one_line() {
    check(TransportError::new(Resolve, "two\n  lines\r\n"), "cannot resolve the host name: two lines");
}

#[cfg(feature = "hyper")]
#[test]
fn display_names_the_host_but_no_password() {
    let authority = http::uri::Authority::from_static("user:secret@example.test:8080");
    check(
        TransportError::new(Resolve, "no such name").at(&authority, None),
        "cannot resolve the host name (example.test:8080): no such name",
    );
    let proxy = http::uri::Authority::from_static("proxy.test:3128");
    check(
        TransportError::new(Connect, "refused").at(&authority, Some(&proxy)),
        "cannot connect (example.test:8080, proxy proxy.test:3128): refused",
    );
}

#[test]
fn a_transport_error_is_not_wrapped_twice() {
    let inner = TransportError::new(RequestBody, "disk");
    assert_eq!(TransportError::wrap(Connect, Box::new(inner)).kind(), RequestBody);
}

#[test]
fn the_cause_of_a_clone_can_be_downcast() {
    let error = TransportError::new(Connect, io::Error::from(io::ErrorKind::ConnectionRefused)).clone();
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn predicates_group_the_kinds() {
    let check = |kind: TransportErrorKind, timeout, connect| {
        let error = TransportError::from(kind);
        assert_eq!((error.is_timeout(), error.is_connect()), (timeout, connect), "{kind:?}");
    };
    check(Resolve, false, true);
    check(ConnectTimeout, true, true);
    check(TransportErrorKind::Tls, false, true);
    check(Timeout(TimeoutKind::Idle), true, false);
    check(TransportErrorKind::ResponseTimeout, true, false);
    check(Send, false, false);
}
