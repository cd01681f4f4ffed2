//! What clients are known to get wrong, and how their canonical request looks then.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::canonical::{CanonicalRequest, SignableRequest};
use crate::payload::PayloadHash;
use crate::settings::SigningSettings;
use crate::{path, query};

/// A mistake that explains a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LikelyCause {
    /// The path as it goes on the wire: encoded once in all.
    PathEncodedOnce,
    /// The path on the wire, encoded once more, for a service that takes it as it is.
    PathEncodedTwice,
    /// The path as it was typed, before any encoding.
    PathAsTyped,
    /// The path as it was typed, encoded once; differs from the wire in what is left unencoded there.
    PathTypedThenEncoded,
    /// The path was signed as if it were sent percent-encoded, but it was sent as typed.
    PathSentAsTyped,
    /// Dot segments and empty segments kept where they are to be removed, or the reverse.
    PathNormalization,
    /// The parameters in the order of the query.
    QueryUnsorted,
    /// The query as it goes on the wire, neither encoded anew nor sorted.
    QueryAsSent,
    /// A `+` in the query taken for a blank.
    QueryPlusAsBlank,
    /// The query left out.
    QueryLeftOut,
    /// The host without the port that the `host` field has.
    HostWithoutPort,
    /// The host with a default port that the `host` field does not have.
    HostWithPort,
    /// Runs of blanks in field values kept.
    ValueNotTrimmed,
    /// The hash of the empty body.
    EmptyPayload,
    /// `UNSIGNED-PAYLOAD`, which was not announced in `x-amz-content-sha256`.
    UnsignedPayload,
}

impl fmt::Display for LikelyCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PathEncodedOnce => "the client signed the path as sent, but it must be encoded once more",
            Self::PathEncodedTwice => "the client encoded the path once more, but it must be signed as sent",
            Self::PathAsTyped => "the client signed the path as typed, before it was percent-encoded",
            Self::PathTypedThenEncoded => {
                "the client signed the path as typed and encoded once, but it must be the path as sent"
            }
            Self::PathSentAsTyped => "the client signed a percent-encoded path, but sent it as typed",
            Self::PathNormalization => {
                "the client and this end do not agree on removing `.`, `..` and empty segments from the path"
            }
            Self::QueryUnsorted => "the client did not sort the query parameters",
            Self::QueryAsSent => "the client signed the query as sent, neither encoded anew nor sorted",
            Self::QueryPlusAsBlank => "the client took a `+` in the query for a blank",
            Self::QueryLeftOut => "the client left out the query",
            Self::HostWithoutPort => "the client signed the host without its port",
            Self::HostWithPort => "the client signed the host with a port that it did not send",
            Self::ValueNotTrimmed => "the client kept runs of blanks in the value of a header field",
            Self::EmptyPayload => "the client signed the hash of an empty body, but sent another",
            Self::UnsignedPayload => "the client signed UNSIGNED-PAYLOAD in place of the hash of the body",
        })
    }
}

/// The canonical request as each mistake would have made it, computed one after the other.
pub(crate) fn candidates<'a>(
    request: &'a SignableRequest<'_>,
    ours: &'a CanonicalRequest,
    settings: &'a SigningSettings,
) -> impl Iterator<Item = (LikelyCause, CanonicalRequest)> + 'a {
    // The method is line 0, the fields start at line 3, the payload hash is the last line.
    let last = ours.as_str().split('\n').count() - 1;
    let at = |index| move |(mistake, line): (_, String)| (mistake, ours.with_line(index, &line));
    let payloads = [
        (LikelyCause::EmptyPayload, PayloadHash::EMPTY.as_str().to_owned()),
        (LikelyCause::UnsignedPayload, PayloadHash::unsigned().as_str().to_owned()),
    ];
    paths(request.path(), settings)
        .map(at(1))
        .chain(queries(request.query()).map(at(2)))
        .chain(hosts(ours))
        .chain([(LikelyCause::ValueNotTrimmed, untrimmed(request, ours))])
        .chain(payloads.into_iter().map(at(last)))
}

fn paths(sent: &str, settings: &SigningSettings) -> impl Iterator<Item = (LikelyCause, String)> {
    let typed = percent_decode_str(sent).decode_utf8_lossy().into_owned();
    let mut other_normalization = String::new();
    let settings = SigningSettings { normalize_path: !settings.normalize_path, ..*settings };
    path::write(&mut other_normalization, sent, &settings);
    [
        (LikelyCause::PathEncodedOnce, sent.to_owned()),
        (LikelyCause::PathEncodedTwice, path::encode(sent)),
        (LikelyCause::PathTypedThenEncoded, path::encode(&typed)),
        (LikelyCause::PathSentAsTyped, path::encode(&path::encode(&typed))),
        (LikelyCause::PathAsTyped, typed),
        (LikelyCause::PathNormalization, other_normalization),
    ]
    .into_iter()
}

fn queries(sent: &str) -> impl Iterator<Item = (LikelyCause, String)> {
    let (mut unsorted, mut plus_as_blank) = (String::new(), String::new());
    query::write_parameters(&mut unsorted, query::parameters(sent));
    query::write(&mut plus_as_blank, &sent.replace('+', "%20"));
    [
        (LikelyCause::QueryUnsorted, unsorted),
        (LikelyCause::QueryAsSent, sent.to_owned()),
        (LikelyCause::QueryPlusAsBlank, plus_as_blank),
        (LikelyCause::QueryLeftOut, String::new()),
    ]
    .into_iter()
}

fn hosts(ours: &CanonicalRequest) -> impl Iterator<Item = (LikelyCause, CanonicalRequest)> {
    let found = ours.as_str().split('\n').enumerate().skip(3).find(|(_, line)| line.starts_with("host:"));
    let lines = found.map(|(index, line)| match line["host:".len()..].rsplit_once(':') {
        // The colons of an IPv6 address are inside brackets.
        Some((host, port)) if !port.ends_with(']') => {
            vec![(index, LikelyCause::HostWithoutPort, format!("host:{host}"))]
        }
        _ => ["80", "443"].map(|port| (index, LikelyCause::HostWithPort, format!("{line}:{port}"))).to_vec(),
    });
    lines.into_iter().flatten().map(|(index, mistake, line)| (mistake, ours.with_line(index, &line)))
}

fn untrimmed(request: &SignableRequest<'_>, ours: &CanonicalRequest) -> CanonicalRequest {
    request.fields_by_name().enumerate().fold(ours.clone(), |canonical, (index, same_name)| {
        let values: Vec<_> = same_name.iter().map(|field| field.value).collect();
        canonical.with_line(3 + index, &format!("{}:{}", same_name[0].name, values.join(",")))
    })
}
