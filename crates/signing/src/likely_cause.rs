//! Common errors of SigV4 clients, and the canonical requests that these errors produce.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::canonical::{CanonicalRequest, SignableRequest};
use crate::payload::PayloadHash;
use crate::settings::SigningSettings;
use crate::{path, query};

/// An error of the client that produces exactly the received signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LikelyCause {
    /// The client signed the path as sent, without the second percent-encoding.
    PathEncodedOnce,
    /// The client percent-encoded the path a second time, but the service requires the path as sent.
    PathEncodedTwice,
    /// The client signed the path before any percent-encoding.
    PathNotEncoded,
    /// The client percent-encoded the decoded path instead of the path as sent. The two results differ if the
    /// sent path contains percent-encoded characters.
    PathDecodedThenEncoded,
    /// The client signed a percent-encoded path, but sent the path without percent-encoding.
    PathSentNotEncoded,
    /// The client kept dot segments and empty segments that must be removed, or removed segments that must be
    /// kept.
    PathNormalization,
    /// The client did not sort the query parameters.
    QueryUnsorted,
    /// The client signed the query as sent, without encoding it again or sorting it.
    QueryAsSent,
    /// The client signed a `+` in the query as a space.
    QueryPlusAsSpace,
    /// The client signed an empty query.
    QueryOmitted,
    /// The client signed the host without a port, but the `host` header contains a port.
    HostWithoutPort,
    /// The client signed the host with a default port, but the `host` header does not contain this port.
    HostWithPort,
    /// The client signed header values without collapsing runs of whitespace.
    ValueNotTrimmed,
    /// The client signed the hash of an empty body, but sent a body.
    EmptyPayload,
    /// The client signed `UNSIGNED-PAYLOAD`, but did not send it in `x-amz-content-sha256`.
    UnsignedPayload,
}

impl fmt::Display for LikelyCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PathEncodedOnce => {
                "the client signed the path as sent, but must percent-encode the path once more before signing"
            }
            Self::PathEncodedTwice => {
                "the client percent-encoded the path once more before signing, but must sign the path as sent"
            }
            Self::PathNotEncoded => "the client signed the path without percent-encoding",
            Self::PathDecodedThenEncoded => {
                "the client percent-encoded the decoded path, but must percent-encode the path as sent"
            }
            Self::PathSentNotEncoded => {
                "the client signed a percent-encoded path, but sent the path without percent-encoding"
            }
            Self::PathNormalization => {
                "the client and the service treat `.`, `..` and empty segments of the path differently"
            }
            Self::QueryUnsorted => "the client did not sort the query parameters",
            Self::QueryAsSent => "the client signed the query as sent, but must encode and sort its parameters",
            Self::QueryPlusAsSpace => "the client signed a `+` in the query as a space",
            Self::QueryOmitted => "the client signed an empty query",
            Self::HostWithoutPort => "the client signed the host without its port",
            Self::HostWithPort => "the client signed the host with a port that it did not send",
            Self::ValueNotTrimmed => "the client did not collapse runs of whitespace in a header value",
            Self::EmptyPayload => "the client signed the hash of an empty body, but sent a body",
            Self::UnsignedPayload => "the client signed UNSIGNED-PAYLOAD instead of the hash of the body",
        })
    }
}

/// Iterates over the canonical requests that the known errors produce.
pub(crate) fn candidates<'a>(
    request: &'a SignableRequest<'_>,
    computed: &'a CanonicalRequest,
    settings: &'a SigningSettings,
) -> impl Iterator<Item = (LikelyCause, CanonicalRequest)> + 'a {
    // Line 0 is the method, line 1 is the path, and line 2 is the query. The headers start at line 3. The
    // last line is the payload hash.
    let last = computed.as_str().split('\n').count() - 1;
    let at_line = |index| move |(cause, line): (_, String)| (cause, computed.with_line(index, &line));
    let payloads = [
        (LikelyCause::EmptyPayload, PayloadHash::EMPTY.as_str().to_owned()),
        (LikelyCause::UnsignedPayload, PayloadHash::unsigned().as_str().to_owned()),
    ];
    paths(request.path(), settings)
        .map(at_line(1))
        .chain(queries(request.query()).map(at_line(2)))
        .chain(hosts(computed))
        .chain([(LikelyCause::ValueNotTrimmed, untrimmed(request, computed))])
        .chain(payloads.into_iter().map(at_line(last)))
}

fn paths(sent: &str, settings: &SigningSettings) -> impl Iterator<Item = (LikelyCause, String)> {
    let decoded = percent_decode_str(sent).decode_utf8_lossy().into_owned();
    let mut other_normalization = String::new();
    let settings = SigningSettings { normalize_path: !settings.normalize_path, ..*settings };
    path::write(&mut other_normalization, sent, &settings);
    [
        (LikelyCause::PathEncodedOnce, sent.to_owned()),
        (LikelyCause::PathEncodedTwice, path::encode(sent)),
        (LikelyCause::PathDecodedThenEncoded, path::encode(&decoded)),
        (LikelyCause::PathSentNotEncoded, path::encode(&path::encode(&decoded))),
        (LikelyCause::PathNotEncoded, decoded),
        (LikelyCause::PathNormalization, other_normalization),
    ]
    .into_iter()
}

fn queries(sent: &str) -> impl Iterator<Item = (LikelyCause, String)> {
    let (mut unsorted, mut plus_as_space) = (String::new(), String::new());
    query::write_parameters(&mut unsorted, query::parameters(sent));
    query::write(&mut plus_as_space, &sent.replace('+', "%20"));
    [
        (LikelyCause::QueryUnsorted, unsorted),
        (LikelyCause::QueryAsSent, sent.to_owned()),
        (LikelyCause::QueryPlusAsSpace, plus_as_space),
        (LikelyCause::QueryOmitted, String::new()),
    ]
    .into_iter()
}

fn hosts(computed: &CanonicalRequest) -> impl Iterator<Item = (LikelyCause, CanonicalRequest)> {
    let mut lines = computed.as_str().split('\n').enumerate().skip(3);
    let candidates = lines.find(|(_, line)| line.starts_with("host:")).map(|(index, line)| {
        match line["host:".len()..].rsplit_once(':') {
            // The colons of an IPv6 address are in brackets, so a `]` at the end means that there is no port.
            Some((host, port)) if !port.ends_with(']') => {
                vec![(index, LikelyCause::HostWithoutPort, format!("host:{host}"))]
            }
            _ => ["80", "443"]
                .map(|port| (index, LikelyCause::HostWithPort, format!("{line}:{port}")))
                .to_vec(),
        }
    });
    candidates.into_iter().flatten().map(|(index, cause, line)| (cause, computed.with_line(index, &line)))
}

fn untrimmed(request: &SignableRequest<'_>, computed: &CanonicalRequest) -> CanonicalRequest {
    request.headers_by_name().enumerate().fold(computed.clone(), |canonical, (index, same_name)| {
        let values: Vec<_> = same_name.iter().map(|header| header.value).collect();
        canonical.with_line(3 + index, &format!("{}:{}", same_name[0].name, values.join(",")))
    })
}
