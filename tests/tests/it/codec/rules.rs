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

mod context {
    //! Parameters that operations set, and the functions of the rules.

    use invoke_model_tests::rules_context::endpoint::{ContextParameters, Endpoint, Parameters, resolve};
    use invoke_model_tests::rules_context::{GetInput, ListInput, PutInput, Target};

    fn check(parameters: Parameters<'_>, expected: Result<&str, &str>) {
        let resolved = resolve(&parameters).map(|endpoint| endpoint.url).map_err(|error| error.to_string());
        let resolved = resolved.as_ref().map(String::as_str).map_err(String::as_str);
        assert_eq!(resolved, expected, "{parameters:?}");
    }

    fn check_input(input: &impl ContextParameters, expected: Result<&str, &str>) {
        check(input.context_parameters(Parameters::default()), expected);
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
        check_input(&put(None, Some(false)), Err("no endpoint"));
        check_input(&PutInput::default(), Err("no endpoint"));
    }

    #[test]
    fn a_missing_member_keeps_the_parameter_of_the_client() {
        let (client, input) = (Parameters { dual: Some(true), ..Parameters::default() }, PutInput::default());
        check(input.context_parameters(client), Ok("https://dual.prod.example.com"));
        let list = ListInput::default();
        check(list.context_parameters(client), Ok("https://control.prod.example.com"));
    }

    #[test]
    fn parameters_have_defaults() {
        let control = Parameters { kind: Some("control"), ..Parameters::default() };
        check(control, Ok("https://control.prod.example.com"));
        check(Parameters { stage: Some("beta"), ..control }, Ok("https://control.beta.example.com"));
        check(Parameters { secure: Some(false), ..control }, Err("no endpoint"));
    }

    #[test]
    fn parses_the_url_of_the_caller() {
        let with = |endpoint| Parameters { endpoint: Some(endpoint), ..Parameters::default() };
        check(with("http://a.com:8/b"), Ok("http://custom.a.com:8/b/"));
        check(with("http://10.0.0.1"), Err("the endpoint is not a URL with a host name"));
        check(with("a.com"), Err("the endpoint is not a URL with a host name"));
    }

    #[test]
    fn returns_the_regions_of_sigv4a() {
        let parameters = Parameters { arn: Some("arn:aws:s3:::bucket/abc"), ..Parameters::default() };
        let expected = Endpoint {
            url: "https://abc..example.com".to_owned(),
            signing_name: Some("example".to_owned()),
            signing_region: None,
            signing_region_set: vec!["*".to_owned()],
        };
        assert_eq!(resolve(&parameters), Ok(expected));
    }
}
