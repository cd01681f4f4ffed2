//! Tests of `NO_PROXY` lists and proxy URLs.

use http::{HeaderValue, Uri};

use super::*;

fn proxies() -> Proxies {
    Proxies::default().http("http://one:1").unwrap().https("https://two:2").unwrap()
}

fn proxy_for(proxies: &Proxies, uri: &str) -> Option<String> {
    let uri: Uri = uri.parse().unwrap();
    let proxy = proxies.proxy_for(uri.scheme().unwrap(), uri.authority().unwrap());
    proxy.unwrap().map(|proxy| proxy.authority().to_string())
}

#[test]
fn each_scheme_has_a_separate_proxy() {
    let check = |proxies: &Proxies, uri, expected: Option<&str>| {
        assert_eq!(proxy_for(proxies, uri).as_deref(), expected, "{uri}");
    };
    check(&proxies(), "http://example.test/a", Some("one:1"));
    check(&proxies(), "https://example.test:8443/", Some("two:2"));
    check(&Proxies::default().http("one").unwrap(), "https://example.test/", None);
    check(&Proxies::default(), "http://example.test/", None);
    // As in curl and botocore, loopback addresses are proxied.
    check(&proxies(), "http://127.0.0.1:8080/", Some("one:1"));
    check(&proxies(), "http://localhost/", Some("one:1"));
}

#[test]
fn no_proxy_lists() {
    let check = |list: &str, direct: &[&str], proxied: &[&str]| {
        let proxies = proxies().no_proxy(list);
        for uri in direct {
            assert_eq!(proxy_for(&proxies, uri), None, "{uri} matches {list}");
        }
        for uri in proxied {
            assert!(proxy_for(&proxies, uri).is_some(), "{uri} does not match {list}");
        }
    };
    check("", &[], &["http://example.test"]);
    check("*", &["http://example.test", "https://[::1]:7", "http://10.0.0.1"], &[]);

    let (direct, proxied) = (
        ["http://example.test", "https://a.b.EXAMPLE.test:8443", "http://example.test."],
        ["http://notexample.test", "http://example.test.evil", "http://test", "http://1.2.3.4"],
    );
    for list in ["example.test", ".example.test", "*.example.test", "a.b,example.TEST.", "x example.test\ty"]
    {
        check(list, &direct, &proxied);
    }

    check(
        "10.1.2.3",
        &["http://10.1.2.3:99"],
        &["http://10.1.2.30", "http://10.1.2.3.test", "http://110.1.2.3"],
    );
    check("10.1.0.0/16", &["http://10.1.255.255"], &["http://10.2.0.0", "http://[::ffff:10.1.0.1]"]);
    check("10.1.2.128/25", &["http://10.1.2.128"], &["http://10.1.2.127"]);
    check("0.0.0.0/0", &["http://9.9.9.9"], &["http://[::1]", "http://nine.test"]);
    check("::1", &["http://[::1]:99"], &["http://[::2]"]);
    check("[::1]", &["http://[::1]"], &["http://[::2]"]);
    check("fd00::/8", &["http://[fdff::1]"], &["http://[fe00::1]"]);
    check("::/0", &["http://[fe00::1]"], &["http://10.0.0.1"]);

    check("localhost:8080", &["http://localhost:8080"], &["http://localhost", "http://localhost:80800"]);
    check("example.test:80", &["http://a.example.test"], &["https://a.example.test"]);
    check("example.test:443", &["https://example.test"], &["http://example.test"]);
    check("10.0.0.0/8:81", &["http://10.0.0.1:81"], &["http://10.0.0.1"]);
    check("[::1]:81", &["http://[::1]:81"], &["http://[::1]"]);

    // Invalid entries have no effect on the other entries.
    check(
        "<local>, 10.0.0.0/33, a:b, ., *., ,, 10.*, c.test",
        &["http://c.test"],
        &["http://a", "http://10.0.0.1"],
    );
}

#[test]
fn an_invalid_setting_fails_only_requests_that_need_the_proxy() {
    let proxies = proxies().invalid_http("the problem").no_proxy("localhost");
    let check = |uri: &'static str, expected: Result<bool, &str>| {
        let uri = Uri::from_static(uri);
        let proxy = proxies.proxy_for(uri.scheme().unwrap(), uri.authority().unwrap());
        assert_eq!(proxy.map(|proxy| proxy.is_some()), expected, "{uri}");
        assert_eq!(proxies.is_invalid_for(&uri), expected.is_err(), "{uri}");
    };
    check("http://example.test", Err("the problem"));
    check("https://example.test", Ok(true));
    check("http://localhost:8080", Ok(false));
    let https = Proxies::default().invalid_https("the problem");
    assert!(https.is_invalid_for(&Uri::from_static("https://a")));
    assert!(!https.is_invalid_for(&Uri::from_static("http://a")));
    assert_eq!(
        format!("{https:?}"),
        "Proxies { http: None, https: Some(Invalid(\"the problem\")), no_proxy: NoProxy([]) }"
    );
}

fn parse(url: &str) -> Proxy {
    match Proxies::default().http(url).unwrap().http.unwrap() {
        Setting::Valid(proxy) => proxy,
        Setting::Invalid(problem) => panic!("{problem}"),
    }
}

#[test]
fn user_and_password_become_a_proxy_authorization_header() {
    let check = |url, expected: Option<&str>| {
        let proxy = parse(url);
        let value = proxy.authorization();
        assert!(value.is_none_or(HeaderValue::is_sensitive));
        assert_eq!(value.map(|value| value.to_str().unwrap()), expected);
    };
    check("http://proxy.test:3128", None);
    // The example of RFC 7617.
    check("http://Aladdin:open%20sesame@proxy.test:80", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    check("Aladdin:open%20sesame@proxy.test:1", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    check("http://user@proxy.test:80", Some("Basic dXNlcjo="));
    check("http://a%3Ab:c%40d:e@proxy.test:80", Some("Basic YTpiOmNAZDpl"));
    // The password is not UTF-8, and ends with a `%` that is not an escape.
    check("https://u:%E9%@proxy.test", Some("Basic dTrpJQ=="));
}

#[test]
fn the_scheme_determines_protocol_and_default_port() {
    let check = |url, protocol, port, credentials| {
        let proxy = parse(url);
        assert_eq!(
            (proxy.protocol(), proxy.port(), proxy.socks_credentials()),
            (protocol, port, credentials)
        );
        assert_eq!(proxy.authority().host(), "proxy.test");
    };
    check("proxy.test", ProxyProtocol::Http, 80, None);
    check("HTTP://proxy.test:3128/path?query", ProxyProtocol::Http, 3128, None);
    check("https://proxy.test/", ProxyProtocol::Https, 443, None);
    check("socks4://proxy.test", ProxyProtocol::Socks4, 1080, None);
    check("socks4a://proxy.test:9050", ProxyProtocol::Socks4a, 9050, None);
    check("socks5://proxy.test", ProxyProtocol::Socks5, 1080, None);
    check("socks5h://us%C3%A9r:a%3Ab@proxy.test", ProxyProtocol::Socks5h, 1080, Some(("usér", "a:b")));
}

#[test]
fn the_error_of_a_bad_url_does_not_contain_the_url() {
    let check = |url: &str, message: &str| {
        let error = Proxies::default().https(url).unwrap_err();
        assert!(error.to_string().starts_with(message), "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    };
    check("", "not a URL such as http://HOST:PORT");
    check("/path", "not a URL");
    check("http://user:secret@", "not a URL");
    check("http://proxy.test:31a8", "not a URL");
    check("http://proxy.test:99999", "not a URL");
    check("http://proxy.test:", "not a URL");
    check("http://proxy.test:0", "not a URL");
    for port in [":", ":99999", ":0", ":-1", ":+80", ":31a8"] {
        for scheme in ["http://", "https://", "socks5://", ""] {
            check(&format!("{scheme}user:secret@proxy.test{port}"), "not a URL");
        }
    }
    check("http://user:secret", "not a URL");
    check("http://user:secret#1", "not a URL");
    check("http://user:secret%40proxy.test:9", "not a URL");
    check("http://user:secret@proxy.test", "add the port, because the URL contains a user or password");
    check("user:secret@proxy.test/", "add the port");
    check("http:user:secret@proxy.test", "add the port");
    check("http:/user:secret@proxy.test:9", "percent-encode '/' in the user or password");
    check("http:\\\\user:secret@proxy.test:9", "percent-encode '\\\\' in the user or password");
    check("http://user:secret?1@proxy.test:3128", "percent-encode '?' in the user or password");
    check("http://user:[secret@proxy.test:3128", "percent-encode '[' in the user or password");
    check("http://user:secret\n1@proxy.test:3128", "percent-encode '\\n' in the user or password");
    check("http://user:secret\u{e9}@proxy.test:3128", "percent-encode '\u{e9}' in the user or password");
    check("http://user:secret@proxy.test:3128/path@1", "percent-encode '@' in the user or password");
    check("user:secret/x://proxy.test", "not a URL");
    check("secret://proxy.test", "not a URL");
    check("secret://1@proxy.test:3128", "not a URL");
    check("http://user:secret word@proxy.test", "percent-encode ' ' in the user or password");
    check("http://user:secret#1@proxy.test:3128", "percent-encode '#' in the user or password");
    check("http://user:secret/1@proxy.test:3128", "percent-encode '/' in the user or password");
    check("user:secret@1@proxy.test", "percent-encode '@' in the user or password");
    check(
        "ftp://user:secret@proxy.test:1080",
        "unsupported scheme `ftp`: use `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`",
    );
    check("socks4://secret@proxy.test", "SOCKS 4 cannot send a user or password: use `socks5`");
    check("socks5://u:%E9secret@proxy.test", "the user or password is not UTF-8");
    let long = format!("socks5h://user:{}@proxy.test", "secret".repeat(50));
    check(&long, "the user or password is longer than 255 bytes, the limit of SOCKS 5");
}

#[test]
fn debug_shows_no_secret() {
    let proxies = proxies()
        .http("http://user:secret@proxy.test:3128/")
        .unwrap()
        .https("socks5h://user:secret@proxy.test")
        .unwrap();
    let shown = format!("{proxies:?}");
    assert!(shown.contains("http://proxy.test:3128/") && shown.contains("socks5h://proxy.test/"), "{shown}");
    assert!(!shown.contains("user") && !shown.contains("secret") && !shown.contains("dXNl"), "{shown}");
}
