//! Text of `--dry-run`. Secrets are redacted.

use invoke_model_client::Explanation;

/// Longest body that is printed, in bytes. Of a longer body only the length is printed.
const LONGEST_BODY: usize = 4096;

/// Returns the request as HTTP/1.1 text, followed by the equivalent curl command.
pub(crate) fn request(explained: &Explanation) -> String {
    let request = &explained.request;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut text = format!("{} {target} HTTP/1.1\n", request.method());
    let mut curl = format!("curl --request {}", request.method());
    for (name, value) in explained.redacted_headers() {
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

/// Returns the text in single quotes for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
