//! Tests of generated endpoint rules.

use invoke_model_tests::rules::endpoint::{Parameters, partition, resolve};

fn check(change: impl FnOnce(&mut Parameters<'static>), expected: Result<&str, &str>) {
    let mut parameters = Parameters { tenant: "main", ..Parameters::default() };
    change(&mut parameters);
    let resolved = resolve(&parameters).map_err(|error| error.to_string());
    assert_eq!(resolved.as_deref().map_err(String::as_str), expected, "{parameters:?}");
}

#[test]
fn evaluates_rules_in_order() {
    check(|_| {}, Err("Without a region there is no endpoint for main"));
    check(|parameters| parameters.endpoint = Some("http://x"), Ok("http://x"));
    check(
        |parameters| (parameters.endpoint, parameters.use_fips) = (Some("http://x"), true),
        Err("FIPS and a custom endpoint are not supported"),
    );
    check(|parameters| parameters.region = Some("local"), Ok("http://localhost"));
    check(|parameters| parameters.region = Some("eu-new-7"), Ok("https://main.eu-new-7.example.com"));
    check(|parameters| parameters.region = Some("cn-north-1"), Ok("https://main.cn-north-1.example.com.cn"));
    check(
        |parameters| (parameters.region, parameters.use_fips) = (Some("cn-north-1"), true),
        Err("aws-cn has no FIPS"),
    );
    check(
        |parameters| (parameters.region, parameters.use_fips) = (Some("eu-west-1"), true),
        Ok("https://fips.eu-west-1.example.com/{x}"),
    );
    check(
        |parameters| (parameters.region, parameters.r#type) = (Some("us-east-1"), Some("plain")),
        Ok("https://typed.us-east-1.example.com"),
    );
    check(
        |parameters| (parameters.parameters_, parameters.r#type) = (Some("p"), Some("t")),
        Ok("https://t.p.example.com"),
    );
    check(
        |parameters| (parameters.parameters_, parameters.r#type) = (Some("p"), Some("plain")),
        Err("Without a region there is no endpoint for main"),
    );
}

#[test]
fn unknown_regions_belong_to_the_first_matching_partition() {
    assert_eq!(partition("moon-base-1").name, "aws");
    assert_eq!(partition("cn-new-2").name, "aws-cn");
}

#[test]
fn endpoints_contain_the_signing_name_and_region() {
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
