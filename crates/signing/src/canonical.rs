//! The canonical request: the text that a signature covers.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use http::request::Parts;
use zeroize::Zeroize;

use crate::header::{SECURITY_TOKEN, SignableHeader};
use crate::payload::PayloadHash;
use crate::presign::TOKEN;
use crate::settings::SigningSettings;
use crate::{path, query};

/// A request, reduced to the text that a signature covers: method, path, query, headers and payload hash.
///
/// [`Signer`](crate::Signer) and [`Verifier`](crate::Verifier) build a `SignableRequest` from `http` types.
/// Use [`new`](Self::new) for requests that `http` types cannot represent, for example a request with a space
/// in its path.
#[derive(Clone, Debug)]
pub struct SignableRequest<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    /// Sorted by name. Headers of the same name keep their order.
    headers: Vec<SignableHeader<'a>>,
    payload: &'a str,
}

impl<'a> SignableRequest<'a> {
    /// Creates a request from text.
    ///
    /// * `path` and `query`: the percent-encoded text, exactly as the client sends it. `query` does not
    ///   include the `?`.
    /// * `headers`: all headers to sign and no other headers, in any order. Headers of the same name are
    ///   signed in the given order.
    /// * `payload`: the text of a [`PayloadHash`].
    pub fn new(
        method: &'a str,
        path: &'a str,
        query: &'a str,
        mut headers: Vec<SignableHeader<'a>>,
        payload: &'a str,
    ) -> Self {
        headers.sort_by(|a, b| a.name.cmp(&b.name));
        Self { method, path, query, headers, payload }
    }

    /// Creates a request from `http` types. Uses `headers` instead of the headers of `request`.
    pub(crate) fn from_parts(
        request: &'a Parts,
        headers: Vec<SignableHeader<'a>>,
        payload: &'a PayloadHash,
    ) -> Self {
        let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
        Self::new(request.method.as_str(), path, query, headers, payload.as_str())
    }

    /// Returns the canonical request.
    pub fn canonical(&self, settings: &SigningSettings) -> CanonicalRequest {
        let mut text = String::with_capacity(self.estimated_length());
        text.push_str(self.method);
        text.push('\n');
        path::write(&mut text, self.path, settings);
        text.push('\n');
        query::write(&mut text, self.query);
        text.push('\n');
        for same_name in self.headers_by_name() {
            write_header(&mut text, same_name);
            text.push('\n');
        }
        text.push('\n');
        let start = text.len();
        for (index, same_name) in self.headers_by_name().enumerate() {
            if index > 0 {
                text.push(';');
            }
            text.push_str(&same_name[0].name);
        }
        let signed_headers = start..text.len();
        text.push('\n');
        text.push_str(self.payload);

        let mut has_secret = false;
        let sensitive = self.headers.iter().filter(|header| header.sensitive);
        let sensitive = sensitive.inspect(|_| has_secret = true).filter(|header| !is_token(&header.name));
        let sensitive = sensitive.map(|header| header.name.to_string()).collect();
        CanonicalRequest { text, signed_headers, sensitive, has_secret }
    }

    /// Replaces the query.
    pub(crate) fn with_query(self, query: &'a str) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn path(&self) -> &'a str {
        self.path
    }

    pub(crate) fn query(&self) -> &'a str {
        self.query
    }

    /// Iterates over groups of headers with the same name, sorted by name. Each group contains at least one
    /// header.
    pub(crate) fn headers_by_name(&self) -> impl Iterator<Item = &[SignableHeader<'a>]> {
        self.headers.chunk_by(|a, b| a.name == b.name)
    }

    /// Estimates the length of the canonical request. If the path contains many `%`, the actual length can be
    /// larger.
    fn estimated_length(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|header| 2 * header.name.len() + header.value.len() + 3).sum();
        self.method.len() + 2 * self.path.len() + 2 * self.query.len() + headers + self.payload.len() + 8
    }
}

/// Appends all headers with one name in the form `name:value,value`.
fn write_header(text: &mut String, same_name: &[SignableHeader<'_>]) {
    text.push_str(&same_name[0].name);
    for (index, header) in same_name.iter().enumerate() {
        text.push(if index == 0 { ':' } else { ',' });
        header.write_value(text);
    }
}

/// A canonical request.
///
/// `Display` and `Debug` redact the session token, and the values of headers that are marked sensitive.
/// [`as_str`](Self::as_str) does not redact these values. If a header is sensitive, the text is wiped from
/// memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalRequest {
    text: String,
    /// The range of the signed header names in `text`.
    signed_headers: Range<usize>,
    /// Names of sensitive headers other than the session token.
    sensitive: Vec<String>,
    /// `true` if a header is sensitive, including the session token.
    has_secret: bool,
}

impl CanonicalRequest {
    /// Returns the text that is hashed, including the session token and other sensitive values.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the names of the signed headers, for example `host;x-amz-date`.
    pub fn signed_headers(&self) -> &str {
        &self.text[self.signed_headers.clone()]
    }

    /// Returns the first line in which `client`, the canonical request of the client, differs from this
    /// canonical request. Returns `None` if both canonical requests are equal.
    pub fn diff(&self, client: &str) -> Option<CanonicalRequestDiff> {
        let computed: Vec<_> = self.text.split('\n').collect();
        let client: Vec<_> = client.split('\n').collect();
        let length = computed.len().max(client.len());
        let index = (0..length).find(|&index| computed.get(index) != client.get(index))?;
        let redacted = |lines: &[&str]| lines.get(index).map(|line| self.redact(line).into_owned());
        Some(CanonicalRequestDiff {
            line_number: index + 1,
            computed: redacted(&computed),
            client: redacted(&client),
        })
    }

    /// Returns a copy in which `line` replaces the line at `index`.
    pub(crate) fn with_line(&self, index: usize, line: &str) -> Self {
        let mut lines: Vec<_> = self.text.split('\n').collect();
        lines[index] = line;
        let text = lines.join("\n");
        // The signed headers are in the line before the last line.
        let end = text.rfind('\n').unwrap_or_default();
        let start = text[..end].rfind('\n').map_or(0, |newline| newline + 1);
        let (sensitive, has_secret) = (self.sensitive.clone(), self.has_secret);
        Self { text, signed_headers: start..end, sensitive, has_secret }
    }

    /// Wipes the text from memory if it contains a secret. A request without a secret skips the cost.
    fn wipe(&mut self) {
        if self.has_secret {
            self.text.zeroize();
        }
    }

    /// Replaces the value of a header line with `[redacted]` if the header is sensitive. Also replaces the
    /// session token in the query of a presigned request.
    fn redact<'a>(&self, line: &'a str) -> Cow<'a, str> {
        if let Some((name, _)) = line.split_once(':').filter(|(name, _)| self.is_sensitive(name.trim())) {
            return format!("{name}:[redacted]").into();
        }
        let Some((before, token)) = line.split_once(TOKEN).filter(|(_, rest)| rest.starts_with('=')) else {
            return line.into();
        };
        let after = token.find('&').map_or("", |end| &token[end..]);
        format!("{before}{TOKEN}=[redacted]{after}").into()
    }

    fn is_sensitive(&self, name: &str) -> bool {
        is_token(name) || self.sensitive.iter().any(|sensitive| sensitive.eq_ignore_ascii_case(name))
    }
}

impl Drop for CanonicalRequest {
    fn drop(&mut self) {
        self.wipe();
    }
}

fn is_token(name: &str) -> bool {
    name.eq_ignore_ascii_case(SECURITY_TOKEN)
}

impl fmt::Display for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.text.split('\n').enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&self.redact(line))?;
        }
        Ok(())
    }
}

impl fmt::Debug for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// The first line in which two canonical requests differ. Sensitive header values are redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalRequestDiff {
    line_number: usize,
    computed: Option<String>,
    client: Option<String>,
}

impl CanonicalRequestDiff {
    /// Returns the line number, counted from 1.
    pub fn line_number(&self) -> usize {
        self.line_number
    }

    /// Returns the line that the verifier computed, or `None` if only the client's canonical request has this
    /// line.
    pub fn computed(&self) -> Option<&str> {
        self.computed.as_deref()
    }

    /// Returns the line that the client signed, or `None` if the client's canonical request has fewer lines.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }
}

impl fmt::Display for CanonicalRequestDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Write the lines with `Debug`, which makes spaces and carriage returns at their ends visible.
        let number = self.line_number;
        match (self.computed(), self.client()) {
            (Some(computed), Some(client)) => {
                write!(
                    f,
                    "line {number} of the canonical request must be {computed:?}, but the client signed {client:?}"
                )
            }
            (Some(computed), None) => {
                write!(
                    f,
                    "line {number} of the canonical request must be {computed:?}, but the client signed only {} \
                     lines",
                    number - 1
                )
            }
            (None, client) => {
                write!(
                    f,
                    "the client signed an extra line {number} of the canonical request: {:?}",
                    client.unwrap_or_default()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wipes_only_texts_with_a_secret() {
        let wiped = |headers| {
            let request = SignableRequest::new("GET", "/", "", headers, "hash");
            let mut canonical = request.canonical(&SigningSettings::default());
            canonical.wipe();
            canonical.as_str().is_empty()
        };
        assert!(!wiped(vec![SignableHeader::new("host", "example.com")]));
        assert!(wiped(vec![SignableHeader::new("X-Amz-Security-Token", "token")]));
        let mut value = http::HeaderValue::from_static("secret");
        value.set_sensitive(true);
        assert!(wiped(vec![SignableHeader::from_value("x-key", &value).unwrap()]));
    }
}
