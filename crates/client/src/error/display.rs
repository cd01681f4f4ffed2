//! The one line of an error.

use std::fmt::{self, Write};

use invoke_model_protocol::OperationError;

use super::{Error, ErrorKind};
use crate::FailureClass;

/// What happened, the facts in parentheses, and the hint.
pub(super) fn write<E: OperationError>(error: &Error<E>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(error.0.context.operation)?;
    let mut line = OneLine(f);
    match error.kind() {
        // The caller looks at the input, not at the region.
        ErrorKind::Serialize(error) => return write!(line, " was not sent: {error}"),
        ErrorKind::Header(error) => return write!(line, " was not sent: {error}"),
        ErrorKind::Body(error) => return write!(line, " was not sent: {error}"),
        ErrorKind::Credentials(error) => write!(line, " was not sent: {error}")?,
        ErrorKind::Sign(error) => write!(line, " was not sent: {error}")?,
        ErrorKind::Quota(error) => write!(line, " was not sent: {error}")?,
        ErrorKind::Transport(error) if error.may_have_been_sent() => {
            write!(line, " failed: {error}; the service may have worked on it")?;
        }
        ErrorKind::Transport(error) => write!(line, " was not sent: {error}")?,
        ErrorKind::Parse { error, .. } => {
            write!(line, " succeeded, but its answer cannot be read: {error}")?;
        }
        ErrorKind::Truncated(error) => write!(line, " did not answer to the end: {error}")?,
        ErrorKind::Decode(error) => {
            write!(line, " did not answer to the end: the stream has bytes that are no event: {error}")?;
        }
        ErrorKind::ParseEvent { error, .. } => {
            write!(line, " did not answer to the end: the stream has an event that cannot be read: {error}")?;
        }
        ErrorKind::StreamException { error, .. } => {
            write!(line, " failed in the midst of its answer: {error}")?
        }
        ErrorKind::Service { error, .. } => write!(line, " failed: {error}")?,
    }
    let facts = facts(error);
    if !facts.is_empty() {
        write!(line, " ({})", facts.join(", "))?;
    }
    match error.hint() {
        Some(hint) => write!(line, "; hint: {hint}"),
        None => Ok(()),
    }
}

fn facts<E: OperationError>(error: &Error<E>) -> Vec<String> {
    let context = &error.0.context;
    let mut facts = Vec::new();
    facts.extend(error.status().map(|status| format!("HTTP {}", status.as_u16())));
    facts.extend(error.request_id().map(|id| format!("request id {id}")));
    facts.extend(error.region().map(|region| format!("region {region}")));
    facts.extend(context.labels.iter().map(|(name, value)| format!("{name} {value}")));
    // An error that says itself how much came does not say it twice.
    let said = matches!(error.kind(), ErrorKind::Truncated(_));
    facts.extend(error.received().filter(|_| !said).map(|received| format!("after {received}")));
    match error.attempts() {
        0 => {}
        1 => facts.push("1 attempt".to_owned()),
        attempts => facts.push(format!("{attempts} attempts")),
    }
    // That it was not sent is said already.
    let class = Some(error.class()).filter(|class| *class != FailureClass::NotSent);
    facts.extend(class.map(|class| class.to_string()));
    facts
}

/// Writes control characters, line ends among them, as blanks: services and proxies write what they like.
struct OneLine<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (index, part) in text.split(char::is_control).enumerate() {
            if index > 0 {
                self.0.write_char(' ')?;
            }
            self.0.write_str(part)?;
        }
        Ok(())
    }
}
