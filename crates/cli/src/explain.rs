//! Text of `--dry-run` and `--explain`. Secrets are redacted.

use std::fmt::Write;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use invoke_model_client::{Explanation, SettingSource};

/// Placeholder of a secret.
const REDACTED: &str = "[redacted]";

/// Longest body that is printed, in bytes. Of a longer body only the length is printed.
const LONGEST_BODY: usize = 4096;

/// Returns the request as HTTP/1.1 text, followed by the equivalent curl command.
pub(crate) fn request(explained: &Explanation) -> String {
    let request = &explained.request;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut text = format!("{} {target} HTTP/1.1\n", request.method());
    let mut curl = format!("curl --request {}", request.method());
    for (name, value) in request.headers() {
        let value = redacted(name, value);
        text.push_str(&format!("{name}: {value}\n"));
        curl.push_str(&format!(" --header {}", quoted(&format!("{name}: {value}"))));
    }
    text.push('\n');
    match std::str::from_utf8(request.body()) {
        Ok(body) if body.len() <= LONGEST_BODY => {
            text.push_str(body);
            if !body.is_empty() {
                curl.push_str(&format!(" --data-binary {}", quoted(body)));
            }
        }
        _ => {
            text.push_str(&format!("({} bytes)", request.body().len()));
            curl.push_str(" --data-binary @BODY");
        }
    }
    format!("{text}\n\n{curl} {}\n", quoted(&request.uri().to_string()))
}

/// Returns the settings with their sources, the canonical request and the string to sign.
pub(crate) fn settings(explained: &Explanation) -> String {
    let (config, sources) = (&explained.config, explained.config.sources());
    let mut text = String::new();
    let mut line = |name: &str, value: &str, source: String| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{name:<12} {value} ({source})");
    };
    line("endpoint", &config.endpoint_url(), sources.endpoint.to_string());
    line("region", config.region().unwrap_or("none"), named(sources.region));
    let scheme = explained.auth_scheme.map_or_else(|| "none".to_owned(), |scheme| scheme.to_string());
    let source = named(explained.credentials);
    let source = explained.link.as_ref().map_or(source.clone(), |link| format!("{source}: {link}"));
    line("credentials", &scheme, source);
    if let Some(signed) = &explained.signed {
        let _ = write!(text, "canonical request\n{}\n", indented(&signed.canonical_request().to_string()));
        let _ = write!(text, "string to sign\n{}\n", indented(signed.string_to_sign()));
    }
    text
}

fn named(source: Option<SettingSource>) -> String {
    source.map_or_else(|| "not set".to_owned(), |source| source.to_string())
}

/// Returns the value of a header without secrets: of `Authorization`, all but the signature or token.
fn redacted(name: &HeaderName, value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    match text.split_once("Signature=") {
        Some((before, _)) if *name == AUTHORIZATION => format!("{before}Signature={REDACTED}"),
        _ if value.is_sensitive() || *name == AUTHORIZATION => REDACTED.to_owned(),
        _ => text.into_owned(),
    }
}

/// Returns the text in single quotes for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
