//! Endpoint rules as code.

use invoke_model_tests::rules::endpoint::{Parameters, partition, resolve};

fn check(change: impl FnOnce(&mut Parameters<'static>), expected: Result<&str, &str>) {
    let mut parameters = Parameters { tenant: "main", ..Parameters::default() };
    change(&mut parameters);
    let answer = resolve(&parameters).map_err(|error| error.to_string());
    assert_eq!(answer.as_deref().map_err(String::as_str), expected, "{parameters:?}");
}

#[test]
fn each_rule_decides_in_its_place() {
    check(|_| {}, Err("Without a region there is no endpoint for main"));
    check(|given| given.endpoint = Some("http://x"), Ok("http://x"));
    check(
        |given| (given.endpoint, given.use_fips) = (Some("http://x"), true),
        Err("FIPS and a custom endpoint are not supported"),
    );
    check(|given| given.region = Some("local"), Ok("http://localhost"));
    check(|given| given.region = Some("eu-new-7"), Ok("https://main.eu-new-7.example.com"));
    check(|given| given.region = Some("cn-north-1"), Ok("https://main.cn-north-1.example.com.cn"));
    check(|given| (given.region, given.use_fips) = (Some("cn-north-1"), true), Err("aws-cn has no FIPS"));
    check(
        |given| (given.region, given.use_fips) = (Some("eu-west-1"), true),
        Ok("https://fips.eu-west-1.example.com/{x}"),
    );
    check(
        |given| (given.region, given.r#type) = (Some("us-east-1"), Some("plain")),
        Ok("https://typed.us-east-1.example.com"),
    );
    check(|given| (given.parameters_, given.r#type) = (Some("p"), Some("t")), Ok("https://t.p.example.com"));
    check(
        |given| (given.parameters_, given.r#type) = (Some("p"), Some("plain")),
        Err("Without a region there is no endpoint for main"),
    );
}

#[test]
fn a_region_that_nobody_knows_is_of_the_first_partition() {
    assert_eq!(partition("moon-base-1").name, "aws");
    assert_eq!(partition("cn-new-2").name, "aws-cn");
}

#[test]
fn an_endpoint_says_how_its_requests_are_signed() {
    use invoke_model_tests::rules_signing::endpoint::{Endpoint, Parameters, resolve};
    let check = |region: &str, url: &str, name: Option<&str>, signing_region: Option<&str>| {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let expected =
            Endpoint { url: url.to_owned(), signing_name: text(name), signing_region: text(signing_region) };
        assert_eq!(resolve(&Parameters { region }), Ok(expected));
    };
    check("aws-global", "https://example.com", Some("other"), Some("us-east-1"));
    check("cn-north-1", "https://cn-north-1.example.com.cn", None, Some("cn-north-1"));
    check("us-east-1", "https://us-east-1.example.com", None, None);
}
