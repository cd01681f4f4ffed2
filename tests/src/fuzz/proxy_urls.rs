//! Parses arbitrary URLs of proxies.

use invoke_model_transport::Proxies;

/// A password that does not occur in another place.
const PASSWORD: &str = "hunter2";

/// Checks that errors and `Debug` texts of proxies never contain a password. The input is the text before and
/// after the password, separated by a null byte.
///
/// # Panics
/// Panics if a text contains the password.
pub fn proxy_urls(data: &[u8]) {
    let text = match std::str::from_utf8(data) {
        Ok(text) if !text.contains(PASSWORD) => text,
        _ => return,
    };
    let (before, after) = text.split_once('\0').unwrap_or((text, ""));
    let url = format!("{before}{PASSWORD}{after}");
    for proxies in [Proxies::default().http(&url), Proxies::default().https(&url)] {
        let shown = match proxies {
            // Without an `@`, the text is not a password. It can be the host.
            Ok(_) if !after.contains('@') => continue,
            Ok(proxies) => format!("{proxies:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains(PASSWORD), "{url}: {shown}");
    }
}
