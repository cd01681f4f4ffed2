//! Lists and URLs, and what they mean.

use http::Uri;

use super::*;

fn proxies() -> Proxies {
    Proxies::default().http("http://one:1").unwrap().https("https://two:2").unwrap()
}

fn on_the_way(proxies: &Proxies, uri: &str) -> Option<String> {
    let uri: Uri = uri.parse().unwrap();
    let proxy = proxies.on_the_way_to(uri.scheme().unwrap(), uri.authority().unwrap());
    proxy.map(|proxy| proxy.authority().to_string())
}

#[test]
fn each_scheme_has_its_proxy() {
    let check = |proxies: &Proxies, uri, expected: Option<&str>| {
        assert_eq!(on_the_way(proxies, uri).as_deref(), expected, "{uri}");
    };
    check(&proxies(), "http://example.test/a", Some("one:1"));
    check(&proxies(), "https://example.test:8443/", Some("two:2"));
    check(&Proxies::default().http("one").unwrap(), "https://example.test/", None);
    check(&Proxies::default(), "http://example.test/", None);
    // As with curl and botocore.
    check(&proxies(), "http://127.0.0.1:8080/", Some("one:1"));
    check(&proxies(), "http://localhost/", Some("one:1"));
}

#[test]
fn exceptions() {
    let check = |list: &str, direct: &[&str], proxied: &[&str]| {
        let proxies = proxies().except(list);
        for uri in direct {
            assert_eq!(on_the_way(&proxies, uri), None, "{uri} is in {list}");
        }
        for uri in proxied {
            assert!(on_the_way(&proxies, uri).is_some(), "{uri} is not in {list}");
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

    // Of no effect, and of no harm to the others.
    check(
        "<local>, 10.0.0.0/33, a:b, ., *., ,, 10.*, c.test",
        &["http://c.test"],
        &["http://a", "http://10.0.0.1"],
    );
}

fn authorization(url: &str) -> Option<String> {
    let proxies = Proxies::default().http(url).unwrap();
    let value = proxies.http.as_ref().unwrap().authorization()?;
    assert!(value.is_sensitive());
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn a_user_and_a_password_become_a_field() {
    let check = |url, expected: Option<&str>| assert_eq!(authorization(url).as_deref(), expected);
    check("http://proxy.test:3128", None);
    // The example of RFC 7617.
    check("http://Aladdin:open%20sesame@proxy.test", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    check("Aladdin:open%20sesame@proxy.test:1", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    check("http://user@proxy.test", Some("Basic dXNlcjo="));
    check("http://a%3Ab:c%40d:e@proxy.test", Some("Basic YTpiOmNAZDpl"));
}

#[test]
fn a_url_that_leads_to_no_proxy_is_refused_without_showing_it() {
    let check = |url: &str, words: &str| {
        let error = Proxies::default().https(url).unwrap_err();
        assert!(error.to_string().starts_with(words), "{url}: {error}");
        assert!(!error.to_string().contains("secret"));
    };
    check("", "is not a URL such as http://HOST:PORT");
    check("/path", "is not a URL");
    check("http://user:secret@", "is not a URL");
    check("http://user:secret word@proxy.test", "is not a URL");
    check("socks5://user:secret@proxy.test:1080", "has the scheme `socks5`: only proxies that speak HTTP");
}

#[test]
fn debug_shows_no_secret() {
    let proxies = proxies().http("http://user:secret@proxy.test:3128/").unwrap();
    let shown = format!("{proxies:?}");
    assert!(
        shown.contains("proxy.test:3128") && !shown.contains("user") && !shown.contains("dXNl"),
        "{shown}"
    );
}
