//! The canonical request: the text that a signature stands for.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use http::request::Parts;

use crate::header::{SECURITY_TOKEN, SignableHeader};
use crate::payload::PayloadHash;
use crate::settings::SigningSettings;
use crate::{path, query};

/// A request as a signature sees it: text, as it goes on the wire.
///
/// [`Signer`](crate::Signer) and [`Verifier`](crate::Verifier) make one from `http` types. Made by hand, it may
/// hold what those types refuse, such as a blank in the path.
#[derive(Debug, Clone)]
pub struct SignableRequest<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    fields: Vec<SignableHeader<'a>>,
    payload: &'a str,
}

impl<'a> SignableRequest<'a> {
    /// `path` and `query` (without the `?`) as they go on the wire; exactly the fields to be signed, fields of
    /// the same name in their order; `payload` is a [`PayloadHash`](crate::PayloadHash) as text.
    pub fn new(
        method: &'a str,
        path: &'a str,
        query: &'a str,
        fields: Vec<SignableHeader<'a>>,
        payload: &'a str,
    ) -> Self {
        Self { method, path, query, fields: sorted(fields), payload }
    }

    /// The same of `http` types, with these fields.
    pub(crate) fn of(request: &'a Parts, fields: Vec<SignableHeader<'a>>, payload: &'a PayloadHash) -> Self {
        let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
        Self::new(request.method.as_str(), path, query, fields, payload.as_str())
    }

    /// Brings the request into its canonical form.
    pub fn canonical(&self, settings: &SigningSettings) -> CanonicalRequest {
        let mut text = String::with_capacity(self.estimate());
        text.push_str(self.method);
        text.push('\n');
        path::write(&mut text, self.path, settings);
        text.push('\n');
        query::write(&mut text, self.query);
        text.push('\n');
        for same_name in self.fields_by_name() {
            write_field(&mut text, same_name);
            text.push('\n');
        }
        text.push('\n');
        let start = text.len();
        for (index, same_name) in self.fields_by_name().enumerate() {
            if index > 0 {
                text.push(';');
            }
            text.push_str(&same_name[0].name);
        }
        let signed_headers = start..text.len();
        text.push('\n');
        text.push_str(self.payload);

        let sensitive = self.fields.iter().filter(|field| field.sensitive && !is_token(&field.name));
        let sensitive = sensitive.map(|field| field.name.to_string()).collect();
        CanonicalRequest { text, signed_headers, sensitive }
    }

    /// The same request with another query.
    pub(crate) fn with_query(self, query: &'a str) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn path(&self) -> &'a str {
        self.path
    }

    pub(crate) fn query(&self) -> &'a str {
        self.query
    }

    /// The fields grouped by name, sorted by name; no group is empty.
    pub(crate) fn fields_by_name(&self) -> impl Iterator<Item = &[SignableHeader<'a>]> {
        self.fields.chunk_by(|a, b| a.name == b.name)
    }

    /// About the length of the canonical request; a path full of `%` makes it longer.
    fn estimate(&self) -> usize {
        let fields: usize =
            self.fields.iter().map(|field| 2 * field.name.len() + field.value.len() + 3).sum();
        self.method.len() + 2 * self.path.len() + 2 * self.query.len() + fields + self.payload.len() + 8
    }
}

/// The fields by their names; repeated ones keep their order. They are few, and mostly in order: `sort` is more code.
fn sorted(mut fields: Vec<SignableHeader<'_>>) -> Vec<SignableHeader<'_>> {
    for end in 1..fields.len() {
        let mut at = end;
        while at > 0 && fields[at - 1].name > fields[at].name {
            fields.swap(at - 1, at);
            at -= 1;
        }
    }
    fields
}

/// Appends `name:value,value`.
fn write_field(text: &mut String, same_name: &[SignableHeader<'_>]) {
    text.push_str(&same_name[0].name);
    for (index, field) in same_name.iter().enumerate() {
        text.push(if index == 0 { ':' } else { ',' });
        field.write_value(text);
    }
}

/// A canonical request. `Display` and `Debug` hide the values of sensitive fields; [`as_str`](Self::as_str)
/// does not.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalRequest {
    text: String,
    /// Where in the text the names stand.
    signed_headers: Range<usize>,
    /// Names of sensitive fields other than the token.
    sensitive: Vec<String>,
}

impl CanonicalRequest {
    /// The whole text, as it is hashed, with the session token and other sensitive values.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of the signed fields, `host;x-amz-date`.
    pub fn signed_headers(&self) -> &str {
        &self.text[self.signed_headers.clone()]
    }

    /// The first line in which another canonical request differs from this one.
    pub fn diff(&self, other: &str) -> Option<CanonicalRequestDiff> {
        let ours: Vec<_> = self.text.split('\n').collect();
        let theirs: Vec<_> = other.split('\n').collect();
        let index = (0..ours.len().max(theirs.len())).find(|&index| ours.get(index) != theirs.get(index))?;
        let shown = |lines: &[&str]| lines.get(index).map(|line| self.shown(line).into_owned());
        Some(CanonicalRequestDiff { line_number: index + 1, computed: shown(&ours), client: shown(&theirs) })
    }

    /// The same request with one line replaced.
    pub(crate) fn with_line(&self, index: usize, line: &str) -> Self {
        let mut lines: Vec<_> = self.text.split('\n').collect();
        lines[index] = line;
        let text = lines.join("\n");
        // The line before the last, which is the payload's.
        let end = text.rfind('\n').unwrap_or_default();
        let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        Self { text, signed_headers: start..end, sensitive: self.sensitive.clone() }
    }

    /// A line as it may be shown.
    fn shown<'a>(&self, line: &'a str) -> Cow<'a, str> {
        match line.split_once(':') {
            Some((name, _)) if self.is_sensitive(name.trim()) => format!("{name}:[redacted]").into(),
            _ => line.into(),
        }
    }

    fn is_sensitive(&self, name: &str) -> bool {
        is_token(name) || self.sensitive.iter().any(|sensitive| sensitive.eq_ignore_ascii_case(name))
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
            f.write_str(&self.shown(line))?;
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

    /// Returns the line that the verifier computed, or `None` if only the client's canonical request has this line.
    pub fn computed(&self) -> Option<&str> {
        self.computed.as_deref()
    }

    /// Returns the line that the client signed, or `None` if its canonical request has fewer lines.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }
}

impl fmt::Display for CanonicalRequestDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `Debug` shows blanks and carriage returns at the end of a line.
        let number = self.line_number;
        match (self.computed(), self.client()) {
            (Some(computed), Some(client)) => {
                write!(f, "line {number} must be {computed:?}, but the client signed {client:?}")
            }
            (Some(computed), None) => {
                write!(
                    f,
                    "line {number} must be {computed:?}, but the client signed only {} lines",
                    number - 1
                )
            }
            (None, client) => {
                write!(f, "the client signed an extra line {number}: {:?}", client.unwrap_or_default())
            }
        }
    }
}
