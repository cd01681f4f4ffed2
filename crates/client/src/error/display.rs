//! Writes the text of an error.

use std::error::Error as StdError;
use std::fmt::{self, Write};

use super::service::ServiceErrorDetails;
use super::{Error, ErrorKind};
use crate::call::IncompleteErrorBody;
use crate::metadata::FailureClass;

/// Writes the text of the call. If a failover has sent the call, also writes the name of the target and the other
/// targets.
pub(super) fn write<E: ServiceErrorDetails>(error: &Error<E>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let multi_line = f.alternate();
    let mut text = Printable { f, multi_line };
    write_call(error, &mut text)?;
    let Some(target) = error.target() else { return Ok(()) };
    write!(text, "; this is the error of target `{target}`")?;
    for other in error.other_targets() {
        match multi_line {
            true => write!(text, "\n{other:#}")?,
            false => write!(text, "; {other}")?,
        }
    }
    Ok(())
}

/// Writes three texts: a description of the failure, a list of facts in parentheses, and the hint.
fn write_call<E: ServiceErrorDetails>(error: &Error<E>, text: &mut Printable<'_, '_>) -> fmt::Result {
    write!(text, "{}: ", error.0.context.operation)?;
    match error.kind() {
        // For errors in the input, omit the facts. The status, the region and the attempts would only
        // distract.
        ErrorKind::Json(error) => return text.prefixed("request not sent: ", error),
        ErrorKind::Serialize(error) => return text.prefixed("request not sent: ", error),
        ErrorKind::SerializeEvent(error) => return text.prefixed("event not sent: ", error),
        ErrorKind::Header(error) => return text.prefixed("request not sent: ", error),
        ErrorKind::Body(error) => return text.prefixed("request not sent: ", error),
        ErrorKind::Credentials(error) => text.prefixed("request not sent: ", error)?,
        ErrorKind::Sign(error) => text.prefixed("request not sent: ", error)?,
        ErrorKind::Quota(error) => text.prefixed("request not sent: ", error)?,
        ErrorKind::Interceptor(error) if error.is_after_sending() => {
            text.prefixed("response refused: ", error)?;
        }
        ErrorKind::Interceptor(error) => text.prefixed("request not sent: ", error)?,
        ErrorKind::Transport(error) if error.may_have_been_sent() => {
            text.prefixed("request failed: ", error)?;
            text.write_str("; the service may have processed the request")?;
        }
        ErrorKind::Transport(cause) if error.may_have_been_sent() => {
            text.prefixed("request failed: ", cause)?;
            text.write_str("; the service may have processed an earlier attempt")?;
        }
        ErrorKind::Transport(error) => text.prefixed("request not sent: ", error)?,
        ErrorKind::Parse { error, .. } => {
            text.prefixed("request succeeded, but cannot parse the response: ", error)?;
        }
        ErrorKind::Truncated(error) => text.prefixed("", error)?,
        ErrorKind::Pagination(error) => text.prefixed("", error)?,
        ErrorKind::Wait(error) => text.prefixed("", error)?,
        ErrorKind::Decode(error) => text.prefixed("cannot decode the response stream: ", error)?,
        ErrorKind::ParseEvent { error, .. } => {
            text.prefixed("cannot parse an event of the response stream: ", error)?;
        }
        ErrorKind::StreamException { error, .. } => text.prefixed("error in the response stream: ", error)?,
        ErrorKind::Service { error, .. } => text.prefixed("request failed: ", error)?,
    }
    let facts = facts(error);
    if !facts.is_empty() {
        write!(text, " ({})", facts.join(", "))?;
    }
    match error.hint() {
        Some(hint) => write!(text, "; hint: {hint}"),
        None => Ok(()),
    }
}

fn facts<E: ServiceErrorDetails>(error: &Error<E>) -> Vec<String> {
    let context = &error.0.context;
    let mut facts = Vec::new();
    facts.extend(error.status().map(|status| format!("HTTP {}", status.as_u16())));
    facts.extend(error.request_id().map(|id| format!("request id {id}")));
    facts.extend(error.region().map(|region| format!("region {region}")));
    let model_id = context.model_id.as_ref().filter(|_| context.labels.is_empty());
    facts.extend(model_id.map(|id| format!("model {id}")));
    facts.extend(context.labels.iter().map(|(name, value)| format!("{name} {value}")));
    // The text of `TruncatedError` already contains the progress.
    let shows_progress = matches!(error.kind(), ErrorKind::Truncated(_));
    facts.extend(error.received().filter(|_| !shows_progress).map(|received| format!("after {received}")));
    match error.attempts() {
        0 => {}
        1 => facts.push("1 attempt".to_owned()),
        attempts => facts.push(format!("{attempts} attempts")),
    }
    // For the class `NotSent`, the text already contains "request not sent".
    if let ErrorKind::Service { response, .. } = error.kind() {
        let incomplete = response.extensions().get::<IncompleteErrorBody>();
        facts.extend(incomplete.map(|reason| reason.to_string()));
    }
    let class = Some(error.class()).filter(|class| *class != FailureClass::NotSent);
    facts.extend(class.map(|class| class.to_string()));
    facts
}

/// A writer that replaces control characters with spaces. Texts from services and proxies can contain control
/// characters. The writer keeps line feeds if `multi_line` is `true`.
struct Printable<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    multi_line: bool,
}

impl Printable<'_, '_> {
    fn prefixed(&mut self, prefix: &str, error: &dyn StdError) -> fmt::Result {
        match self.multi_line {
            true => write!(self, "{prefix}{error:#}"),
            false => write!(self, "{prefix}{error}"),
        }
    }
}

impl Write for Printable<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let multi_line = self.multi_line;
        for part in text.split_inclusive(char::is_control) {
            match part.strip_suffix(char::is_control) {
                Some(line) if multi_line && part.ends_with('\n') => writeln!(self.f, "{line}")?,
                Some(line) => write!(self.f, "{line} ")?,
                None => self.f.write_str(part)?,
            }
        }
        Ok(())
    }
}
