//! Base models, families and burndown rates of model ids and ARNs.

use invoke_model_families::{ModelFamily, base_model_id, output_token_weight};
use proptest::prelude::*;

#[test]
fn finds_the_base_model_in_ids_and_arns() {
    let check = |model_id: &str, expected| assert_eq!(base_model_id(model_id), expected, "{model_id}");
    let claude = "anthropic.claude-sonnet-4-5-20250929-v1:0";
    check(claude, Some(claude));
    for geography in ["apac", "au", "ca", "eu", "global", "jp", "us", "us-gov"] {
        let profile = format!("{geography}.{claude}");
        check(&profile, Some(claude));
        for partition in ["aws", "aws-us-gov", "aws-cn"] {
            let arn = format!("arn:{partition}:bedrock:eu-west-1:123456789012:inference-profile/{profile}");
            check(&arn, Some(claude));
        }
    }
    check(&format!("arn:aws:bedrock:us-east-1::foundation-model/{claude}"), Some(claude));
    // The part before the first dot is not always a geography.
    check("moonshotai.kimi-k2.5", Some("moonshotai.kimi-k2.5"));
}

#[test]
fn finds_no_base_model_in_other_arns() {
    for resource in [
        "application-inference-profile/a1b2c3d4e5f6",
        "custom-model/amazon.titan-text-express-v1:0:8k/a1b2c3d4e5f6",
        "custom-model-deployment/a1b2c3d4e5f6",
        "default-prompt-router/anthropic.claude:1",
        "imported-model/a1b2c3d4e5f6",
        "inference-profile/anthropic.claude-sonnet-4-6",
        "prompt/ABCDEFGHIJ:1",
        "provisioned-model/a1b2c3d4e5f6",
        "foundation-model",
    ] {
        let arn = format!("arn:aws:bedrock:us-east-1:123456789012:{resource}");
        assert_eq!((base_model_id(&arn), ModelFamily::from_model_id(&arn)), (None, None), "{arn}");
    }
    for arn in ["arn:", "arn:aws:bedrock", "arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine"] {
        assert_eq!(base_model_id(arn), None, "{arn}");
    }
}

#[test]
fn finds_the_family_of_each_vendor() {
    let check = |id: &str, family| {
        assert_eq!(ModelFamily::from_model_id(id), family, "{id}");
        let profile = format!("us.{id}");
        assert_eq!(ModelFamily::from_model_id(&profile), family, "{profile}");
    };
    check("ai21.j2-ultra-v1", Some(ModelFamily::Ai21Jurassic));
    check("ai21.jamba-1-5-large-v1:0", Some(ModelFamily::Ai21Jamba));
    check("amazon.nova-2-lite-v1:0", Some(ModelFamily::Nova));
    check("amazon.nova-2-multimodal-embeddings-v1:0", Some(ModelFamily::NovaEmbed));
    check("amazon.nova-canvas-v1:0", Some(ModelFamily::NovaCanvas));
    check("amazon.nova-micro-v1:0", Some(ModelFamily::Nova));
    check("amazon.rerank-v1:0", Some(ModelFamily::AmazonRerank));
    check("amazon.titan-embed-g1-text-02", Some(ModelFamily::TitanEmbed));
    check("amazon.titan-embed-image-v1", Some(ModelFamily::TitanEmbed));
    check("amazon.titan-image-generator-v2:0", Some(ModelFamily::TitanImage));
    check("amazon.titan-text-express-v1:0:8k", Some(ModelFamily::TitanText));
    check("amazon.titan-tg1-large", Some(ModelFamily::TitanText));
    check("anthropic.claude-instant-v1", Some(ModelFamily::Anthropic));
    check("anthropic.claude-opus-4-7", Some(ModelFamily::Anthropic));
    check("cohere.command-light-text-v14", Some(ModelFamily::CohereCommand));
    check("cohere.command-r-plus-v1:0", Some(ModelFamily::CohereCommand));
    check("cohere.embed-v4:0", Some(ModelFamily::CohereEmbed));
    check("cohere.rerank-v3-5:0", Some(ModelFamily::CohereRerank));
    check("deepseek.r1-v1:0", Some(ModelFamily::DeepSeek));
    check("meta.llama2-13b-chat-v1", Some(ModelFamily::Llama));
    check("mistral.pixtral-large-2502-v1:0", Some(ModelFamily::Mistral));
    check("openai.gpt-oss-120b-1:0", Some(ModelFamily::OpenAi));
    check("qwen.qwen3-235b-a22b-2507-v1:0", Some(ModelFamily::Qwen));
    check("stability.sd3-5-large-v1:0", Some(ModelFamily::Stability));
    check("writer.palmyra-x5-v1:0", Some(ModelFamily::Writer));
    // Speech models do not support `InvokeModel`.
    check("amazon.nova-sonic-v1:0", None);
    check("acme.nonesuch-v1", None);
}

#[test]
fn output_of_newer_claude_models_has_a_higher_weight() {
    let check = |id: &str, weight| assert_eq!(output_token_weight(id), weight, "{id}");
    for id in [
        "anthropic.claude-v2:1",
        "anthropic.claude-instant-v1",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
    ] {
        check(id, 1);
    }
    for id in [
        "anthropic.claude-3-7-sonnet-20250219-v1:0",
        "anthropic.claude-sonnet-4-6",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-7",
    ] {
        check(id, 5);
    }
}

proptest! {
    #[test]
    fn accepts_any_text(id in ".{0,80}", resource in "arn:[a-z:./-]{0,60}") {
        for id in [&id, &resource] {
            let family = ModelFamily::from_model_id(id);
            prop_assert!(family.is_none() || base_model_id(id).is_some());
        }
    }
}
