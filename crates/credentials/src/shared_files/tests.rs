//! Tests of the format of the shared files.

use proptest::prelude::*;

use super::*;

/// Returns the value of a key, or the text `-` if the key is unset.
fn value(config: &str, profile: &str, key: &str) -> String {
    let files =
        SharedFiles::parse(config.as_bytes(), b"").unwrap_or_else(|error| panic!("{config}: {error}"));
    let profile = files.profile(profile).unwrap_or_else(|| panic!("{config}: no profile {profile}"));
    profile.get(key).unwrap_or("-").to_owned()
}

#[test]
fn forms_of_headings() {
    let check = |heading: &str, profile: &str| {
        assert_eq!(value(&format!("{heading}\na = b\n"), profile, "a"), "b", "{heading}");
    };
    check("[default]", "default");
    check("[ default ]", "default");
    check("  [default]  ", "default");
    check("[profile default]", "default");
    check("[profile dev]", "dev");
    check("[profile\tdev ]", "dev");
    check("[   profile dev   ]", "dev");
    check("[profile \"dev\"]", "dev");
    check("[profile 'my dev']", "my dev");
    check("[profile \"my dev\"]", "my dev");
    check("[profile my\\ dev]", "my dev");
    // The quotes of Python's `shlex.quote`.
    check("[profile 'bob'\"'\"'s dev']", "bob's dev");
    check("[profile my dev]", "my dev");
    check("[profile it's]", "it's");
    check("[profile #1]", "#1");
    check("[profile dev] # a comment", "dev");
    check("[profile dev]; a comment", "dev");
    check("[profile a:b/c@d%e+f.g]", "a:b/c@d%e+f.g");
}

#[test]
fn sections_that_are_not_profiles() {
    for heading in
        ["[dev]", "[profiledev]", "[profile \"dev\" \"b\"]", "[preview]", "[profile]", "[Profile dev]"]
    {
        let files = SharedFiles::parse(format!("{heading}\na = b\n").as_bytes(), b"").unwrap();
        assert!(files.profile("dev").is_none(), "{heading}");
    }
    // In `credentials`, the heading is the name.
    let files = SharedFiles::parse(b"", b"[my dev]\na=b\n[profile dev]\na=c\n").unwrap();
    assert!(files.has("my dev") && files.has("profile dev") && !files.has("dev"));
}

#[test]
fn quoted_sessions_and_services() {
    for (open, close) in [("", ""), ("'", "'"), ("\"", "\"")] {
        let config = format!("[sso-session {open}corp{close}]\nsso_region = eu-west-1\n");
        let files = SharedFiles::parse(config.as_bytes(), b"").unwrap();
        assert_eq!(files.session("corp").unwrap()["sso_region"], "eu-west-1");
        let config = format!(
            "[default]\nservices = my services\n[services {open}my services{close}]\nbedrock_runtime =\n  endpoint_url = http://a\n"
        );
        let files = SharedFiles::parse(config.as_bytes(), b"").unwrap();
        assert_eq!(files.profile("default").unwrap().endpoint_url("bedrock_runtime"), Ok(Some("http://a")));
    }
}

#[test]
fn forms_of_settings() {
    let check = |lines: &str, expected: &str| {
        assert_eq!(value(&format!("[default]\n{lines}\n"), "default", "a"), expected, "{lines:?}");
    };
    check("a=b", "b");
    check("A = b", "b");
    check("a: b", "b");
    check("a : b", "b");
    check("a:b=c", "b=c");
    check("a=b:c", "b:c");
    check("a = b=c", "b=c");
    check("a =", "-");
    check("a = b # c", "b");
    check("a = b\t; c", "b");
    check("a = b#c;d", "b#c;d");
    check("a = b\na = c", "c");
    check("  a = b", "b");
    check("\ta = b", "b");
    check("  x = y\n  a = b", "b");
    check("    x = y\n  a = b", "b");
    check("  # a comment\n  a = b", "b");
    // Deeper lines continue the value, as in botocore.
    check("a = b\n  c\n\n  # a comment\n\td", "b\nc\nd");
    check("x =\n  a = b", "-");
    check("a =\n  b = c\n x = y", "\nb = c\nx = y");
    assert_eq!(
        value("[default]\ncredential_process = sh -c 'a ; b' # c\n", "default", "credential_process"),
        "sh -c 'a ; b' # c"
    );
}

#[test]
fn indented_headings() {
    let check = |config: &str| assert_eq!(value(config, "dev", "a"), "b", "{config:?}");
    check("  [default]\n  x = y\n  [profile dev]\n  a = b\n");
    check("[default]\nx = y\n  [profile dev]\n  a = b\n");
    check("[default]\n    x = y\n    [profile dev]\n  a = b\n");
}

#[test]
fn line_ends() {
    for end in ["\n", "\r\n", "\r", "\r\r\n"] {
        let config = ["[default]", "x = y", "", "[profile dev]", "a = b", "c ="].join(end);
        assert_eq!(value(&config, "dev", "a"), "b", "{config:?}");
        assert_eq!(value(&config, "default", "x"), "y", "{config:?}");
    }
}

#[test]
fn repeated_sections_and_files_are_merged() {
    let files = SharedFiles::parse(
        b"[default]\na = 1\nb = 1\n[default]\nb = 2\n[profile x]\na = 3\n",
        b"[default]\nb = 4\n[x]\nc = 5\n",
    )
    .unwrap();
    let get = |profile, key| files.profile(profile).unwrap().get(key).map(str::to_owned);
    assert_eq!([get("default", "a"), get("default", "b")], [Some("1".to_owned()), Some("4".to_owned())]);
    assert_eq!([get("x", "a"), get("x", "c")], [Some("3".to_owned()), Some("5".to_owned())]);
    // A key of a repeated section is not a key of another file.
    let keys = "aws_access_key_id = A\n[x]\naws_secret_access_key = B\n";
    let files = SharedFiles::parse(b"", format!("[x]\n{keys}").as_bytes()).unwrap();
    assert_eq!(files.profile("x").unwrap().get("aws_access_key_id"), Some("A"));
    assert_eq!(value("[profile default]\na = 1\n[default]\na = 2\nb = 3\n", "default", "a"), "1");
}

#[test]
fn invalid_files_are_errors_without_their_content() {
    let check = |config: &[u8], expected: &str| {
        let error = SharedFiles::parse(config, b"").unwrap_err().to_string();
        assert_eq!(error, format!("config: {expected}"));
        let error = SharedFiles::parse(b"", config).unwrap_err().to_string();
        assert_eq!(error, format!("credentials: {expected}"));
    };
    check(
        b"\xEF\xBB\xBF[default]\na = b\n",
        "the file starts with a byte order mark; save it as UTF-8 without one",
    );
    let utf16 = "the file is UTF-16 or contains null bytes; save it as UTF-8";
    check(b"\xFF\xFE[\0d\0]\0", utf16);
    check(b"\xFE\xFF\0[\0d\0]", utf16);
    check(b"[\0d\0]\0", utf16);
    check(b"[default]\r\na = \xE9\n", "line 2 is not UTF-8; save the file as UTF-8");
    check(
        b"[default]\rsecret\r",
        "line 2 is neither a heading nor a setting; write `KEY = VALUE`, or remove the line",
    );
    check(
        b"[default]\r\n\r\n= secret",
        "line 3 has no key before `=`; write `KEY = VALUE`, or remove the line",
    );
    check(b"# a\n[default\na = secret", "line 2 starts with `[` but has no `]`; write `[HEADING]`");
    check(
        b"aws_secret_access_key = secret\n[default]\n",
        "line 1 is not below a heading; add a heading such as `[default]` above it",
    );
}

#[test]
fn endpoint_urls() {
    let check = |settings: &str, expected: Result<Option<&str>, &str>| {
        let files = SharedFiles::parse(format!("[default]\n{settings}").as_bytes(), b"").unwrap();
        let profile = files.profile("default").unwrap();
        let url = profile.endpoint_url("bedrock_runtime").map_err(|error| error.to_string());
        assert_eq!(url, expected.map_err(|problem| format!("profile `default`: {problem}")), "{settings}");
    };
    check("", Ok(None));
    check("endpoint_url = http://all", Ok(Some("http://all")));
    let both = "endpoint_url = http://all\nservices = x\n[services x]\ns3 =\n  endpoint_url = http://s3\n";
    check(both, Ok(Some("http://all")));
    let own = "bedrock_runtime =\n  other = 1\n  ENDPOINT_URL = http://own # a comment\nsts =\n  endpoint_url = http://sts\n";
    check(&format!("{both}{own}"), Ok(Some("http://own")));
    check("services = x\n", Err("`services` is `x`, but there is no section [services x]; add it"));
    let section = |lines: &str| format!("services = x\n[services x]\n{lines}\n");
    check(
        &section("bedrock_runtime =\nendpoint_url = http://a"),
        Err(
            "[services x]: `endpoint_url` is not below a service; write a line `bedrock_runtime =`, and indent \
             `endpoint_url` below it",
        ),
    );
    check(
        &section("bedrock_runtime = http://a"),
        Err(
            "[services x]: `bedrock_runtime` has a value; leave it empty, and indent `endpoint_url` in the next line",
        ),
    );
    check(
        &section("bedrock-runtime =\n  endpoint_url = http://a"),
        Err("[services x]: `bedrock-runtime` is not a service id; write `bedrock_runtime`"),
    );
    for line in ["endpoint_url: http://a", "endpoint_url: http://a/?b=c", "http://a"] {
        check(
            &section(&format!("bedrock_runtime =\n  {line}")),
            Err("[services x]: a line below `bedrock_runtime` is not a setting; write `endpoint_url = URL`"),
        );
    }
    for key in ["endpoint-url", "EndpointURL"] {
        let key_in_text = key.to_lowercase();
        check(
            &section(&format!("bedrock_runtime =\n  {key} = http://a")),
            Err(&format!(
                "[services x]: `{key_in_text}` is not a setting of `bedrock_runtime`; write `endpoint_url`"
            )),
        );
    }
}

proptest! {
    #[test]
    fn never_panics(config: Vec<u8>, text in r"[\[\]a-z '\x22=:#;\t\r\né\\]{0,60}") {
        let _ = SharedFiles::parse(&config, text.as_bytes());
        let _ = SharedFiles::parse(text.as_bytes(), b"");
    }

    #[test]
    fn reads_a_written_value(name in "[a-z][a-z ]{0,8}[a-z]", key in "[a-z_]{1,8}", value in "[!-~]([ -~]{0,8}[!-~])?") {
        let text = format!(" {value}");
        prop_assume!(!text.contains(" #") && !text.contains(" ;"));
        for name_in_file in [name.clone(), format!("'{name}'")] {
            let text = format!("[profile {name_in_file}]\r\n  {key} : {value}\r\n");
            let files = SharedFiles::parse(text.as_bytes(), b"").unwrap();
            let profile = files.profile(&name).unwrap();
            prop_assert_eq!(profile.get(&key), Some(value.as_str()));
        }
    }
}
