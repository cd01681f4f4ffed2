//! Tests of the endpoint rules, with the test cases of the model and with every known region.

use invoke_model_types::endpoint::{PARTITIONS, Parameters, partition, resolve};
use serde_json::Value;

#[test]
fn passes_the_test_cases_of_the_model() {
    let cases = cases();
    assert_eq!(cases.len(), 21);
    for case in &cases {
        let text = |key| case["params"][key].as_str();
        let truth = |key| case["params"][key].as_bool().unwrap_or_default();
        let parameters = Parameters {
            region: text("Region"),
            use_dual_stack: truth("UseDualStack"),
            use_fips: truth("UseFIPS"),
            endpoint: text("Endpoint"),
        };
        let resolved = resolve(&parameters).map_err(|error| error.to_string());
        let expected = match case["expect"]["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(case["expect"]["endpoint"]["url"].as_str().unwrap().to_owned()),
        };
        assert_eq!(resolved, expected, "{}", case["documentation"]);
    }
}

/// Also checks that all known partitions support FIPS and dual stack. The rules define three errors for
/// partitions without this support. No test covers these errors, because they cannot occur.
#[test]
fn resolves_every_known_region_with_every_setting() {
    for known in PARTITIONS {
        assert!(known.supports_fips && known.supports_dual_stack, "{}", known.name);
        for region in known.regions() {
            assert_eq!(partition(region).name, known.name);
            for (use_fips, use_dual_stack) in [(false, false), (false, true), (true, false), (true, true)] {
                let parameters =
                    Parameters { region: Some(region), use_dual_stack, use_fips, endpoint: None };
                let suffix = if use_dual_stack { known.dual_stack_dns_suffix } else { known.dns_suffix };
                let fips = if use_fips { "-fips" } else { "" };
                assert_eq!(
                    resolve(&parameters),
                    Ok(format!("https://bedrock-runtime{fips}.{region}.{suffix}"))
                );
            }
        }
    }
}

#[test]
fn unknown_regions_belong_to_the_partition_of_their_pattern() {
    let check = |region, expected| assert_eq!(partition(region).name, expected, "{region}");
    check("us-east-9", "aws");
    check("us-gov-south-1", "aws-us-gov");
    check("cn-east-1", "aws-cn");
    check("us-iso-south-1", "aws-iso");
    check("eusc-de-west-2", "aws-eusc");
    check("us-gov", "aws");
    check("", "aws");
    check("moon-base-1", "aws");
}

fn cases() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/bedrock-runtime.json");
    let model: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let service = &model["shapes"]["com.amazonaws.bedrockruntime#AmazonBedrockFrontendService"];
    service["traits"]["smithy.rules#endpointTests"]["testCases"].as_array().unwrap().clone()
}
