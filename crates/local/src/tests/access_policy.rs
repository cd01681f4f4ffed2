//! Access policies.

use crate::access_policy::AccessPolicy;

fn denied(pattern: &str, model_id: &str) -> Option<String> {
    let base = "amazon.nova-lite-v1:0";
    let result = AccessPolicy::allow_all().deny(pattern).check("InvokeModel", model_id, base, "us-west-2");
    result.err().map(|error| error.to_string())
}

#[test]
fn an_inference_profile_needs_access_to_its_model_too() {
    let on_profile = denied("*inference-profile*", "us.amazon.nova-lite-v1:0").unwrap();
    assert!(
        on_profile
            .contains(" arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.amazon.nova-lite-v1:0 "),
        "{on_profile}"
    );
    let on_model = denied("*foundation-model/amazon.*", "us.amazon.nova-lite-v1:0").unwrap();
    assert!(
        on_model.contains(" arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0 "),
        "{on_model}"
    );
    assert_eq!(denied("*inference-profile*", "amazon.nova-lite-v1:0"), None);
    assert!(denied("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0").is_some());
    assert!(denied("*:provisioned-model/*", "arn:aws:bedrock:us-west-2:1:provisioned-model/a").is_some());
}
