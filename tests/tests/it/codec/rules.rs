//! Tests of generated endpoint rules.

use invoke_model_tests::rules::endpoint::{ContextParameters, Endpoint, Parameters, partition, resolve};
use invoke_model_tests::rules::{GetInput, ListInput, PutInput, Target};

/// The error for parameters that contain only a tenant.
const NO_REGION: &str = "Without a region there is no endpoint for main";

fn client() -> Parameters<'static> {
    Parameters { tenant: "main", ..Parameters::default() }
}

fn check(change: impl FnOnce(&mut Parameters<'static>), expected: Result<&str, &str>) {
    let mut parameters = client();
    change(&mut parameters);
    check_parameters(parameters, expected);
}

fn check_input(input: &impl ContextParameters, expected: Result<&str, &str>) {
    check_parameters(input.context_parameters(client()), expected);
}

fn check_parameters(parameters: Parameters<'_>, expected: Result<&str, &str>) {
    let resolved = resolve(&parameters).map(|endpoint| endpoint.url).map_err(|error| error.to_string());
    let resolved = resolved.as_ref().map(String::as_str).map_err(String::as_str);
    assert_eq!(resolved, expected, "{parameters:?}");
}

#[test]
fn evaluates_rules_in_order() {
    check(|_| {}, Err(NO_REGION));
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
        Err(NO_REGION),
    );
}

#[test]
fn unknown_regions_belong_to_the_first_matching_partition() {
    assert_eq!(partition("moon-base-1").name, "aws");
    assert_eq!(partition("cn-new-2").name, "aws-cn");
}

#[test]
fn inputs_set_parameters() {
    let get = |arn: &str| GetInput::new(arn);
    check_input(&get("arn:aws:s3:::bucket/abc"), Ok("https://abc..example.com"));
    check_input(
        &get("arn:aws:s3::12:bucket/ABC"),
        Err("`arn:aws:s3::12:bucket/ABC` is not the ARN of a bucket"),
    );
    check_input(&get("arn:aws:s3::12:bucket"), Err("`arn:aws:s3::12:bucket` is not the ARN of a bucket"));
    check_input(&get("abc"), Err("`abc` is not an ARN"));
    check_input(&ListInput::default(), Ok("https://control.prod.example.com"));
}

#[test]
fn members_of_structures_set_parameters() {
    let put = |label: Option<&str>, dual| {
        let (mut input, mut target) = (PutInput::default(), Target::default());
        (target.label, target.dual) = (label.map(str::to_owned), dual);
        input.target = Some(target);
        input
    };
    check_input(&put(Some("abc"), None), Ok("https://ab.abc.example.com"));
    check_input(&put(Some("a"), None), Err("`a` is not a label"));
    check_input(&put(Some("-"), None), Err("`-` is not a label"));
    check_input(&put(None, Some(true)), Ok("https://dual.prod.example.com"));
    check_input(&put(None, Some(false)), Err(NO_REGION));
    check_input(&PutInput::default(), Err(NO_REGION));
}

#[test]
fn a_missing_member_keeps_the_parameter_of_the_client() {
    let (client, input) = (Parameters { dual: Some(true), ..client() }, PutInput::default());
    check_parameters(input.context_parameters(client), Ok("https://dual.prod.example.com"));
    let list = ListInput::default();
    check_parameters(list.context_parameters(client), Ok("https://control.prod.example.com"));
}

#[test]
fn parameters_have_defaults() {
    let control = Parameters { kind: Some("control"), ..client() };
    check_parameters(control, Ok("https://control.prod.example.com"));
    check_parameters(Parameters { stage: Some("beta"), ..control }, Ok("https://control.beta.example.com"));
    check_parameters(Parameters { secure: Some(false), ..control }, Err(NO_REGION));
}

#[test]
fn parses_the_url_of_the_caller() {
    let check = |url, expected| check(|parameters| parameters.custom_url = Some(url), expected);
    check("http://a.com:8/b", Ok("http://custom.a.com:8/b/"));
    check("http://10.0.0.1", Err("the endpoint is not a URL with a host name"));
    check("a.com", Err("the endpoint is not a URL with a host name"));
}

#[test]
fn endpoints_contain_the_signing_name_and_regions() {
    let check = |parameters, url: &str, name: Option<&str>, region: Option<&str>, regions: &[&str]| {
        let expected = Endpoint {
            url: url.to_owned(),
            signing_name: name.map(str::to_owned),
            signing_region: region.map(str::to_owned),
            signing_region_set: regions.iter().map(|region| (*region).to_owned()).collect(),
        };
        assert_eq!(resolve(&parameters), Ok(expected));
    };
    let region = |region| Parameters { region: Some(region), ..client() };
    // The rules list SigV4A before SigV4 for this endpoint. The generator prefers SigV4.
    check(region("aws-global"), "https://example.com", Some("other"), Some("us-east-1"), &[]);
    let typed = Parameters { r#type: Some("plain"), ..region("cn-north-1") };
    check(typed, "https://typed.cn-north-1.example.com.cn", None, Some("cn-north-1"), &[]);
    check(region("us-east-1"), "https://main.us-east-1.example.com", None, None, &[]);
    let arn = Parameters { arn: Some("arn:aws:s3:::bucket/abc"), ..client() };
    check(arn, "https://abc..example.com", Some("example"), None, &["*"]);
}
