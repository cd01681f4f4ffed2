//! Tests of the resolution of `modelId`.

use invoke_model_families::ModelFamily;

use super::super::DEFAULT_TEXT_MODEL;
use super::*;

fn check(identifier: &str, expected: Option<&str>) {
    let found = resolve(identifier).unwrap_or_else(|rejection| panic!("{identifier}: {rejection}"));
    assert_eq!(found.map(|model| model.id), expected, "{identifier}");
}

#[test]
fn the_table_is_sorted_and_has_no_duplicates() {
    assert!(MODELS.windows(2).all(|pair| pair[0].id < pair[1].id));
}

#[test]
fn base_model_ids_resolve_to_themselves() {
    for model in MODELS {
        assert_eq!(find(model.id), Some(*model));
        check(model.id, Some(model.id));
        check(&format!("arn:aws:bedrock:us-east-1::foundation-model/{}", model.id), Some(model.id));
    }
}

#[test]
fn the_families_of_base_models_match_the_table_of_all_families() {
    for model in MODELS {
        let expected = match model.family {
            Family::AmazonRerank => ModelFamily::AmazonRerank,
            Family::Anthropic | Family::AnthropicText => ModelFamily::Anthropic,
            Family::CohereCommandR => ModelFamily::CohereCommand,
            Family::CohereEmbed3 | Family::CohereEmbed4 => ModelFamily::CohereEmbed,
            Family::CohereRerank => ModelFamily::CohereRerank,
            Family::DeepSeek | Family::DeepSeekChat => ModelFamily::DeepSeek,
            Family::Jamba => ModelFamily::Ai21Jamba,
            Family::Llama => ModelFamily::Llama,
            Family::Mistral | Family::MistralChat => ModelFamily::Mistral,
            Family::Nova => ModelFamily::Nova,
            Family::NovaCanvas => ModelFamily::NovaCanvas,
            Family::NovaEmbed => ModelFamily::NovaEmbed,
            Family::OpenAi => ModelFamily::OpenAi,
            Family::Palmyra => ModelFamily::Writer,
            Family::Qwen => ModelFamily::Qwen,
            Family::Stability => ModelFamily::Stability,
            Family::TitanEmbedImage | Family::TitanEmbedText | Family::TitanEmbedText2 => {
                ModelFamily::TitanEmbed
            }
            Family::TitanImage => ModelFamily::TitanImage,
            Family::TitanText => ModelFamily::TitanText,
        };
        assert_eq!(ModelFamily::from_model_id(model.id), Some(expected), "{}", model.id);
    }
}

#[test]
fn inference_profiles_resolve_to_their_base_model() {
    let haiku = Some("anthropic.claude-haiku-4-5-20251001-v1:0");
    for geography in ["us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"] {
        let id = format!("{geography}.anthropic.claude-haiku-4-5-20251001-v1:0");
        check(&id, haiku);
        check(&format!("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/{id}"), haiku);
    }
    check("mars.anthropic.claude-haiku-4-5-20251001-v1:0", None);
    check("us.anthropic.claude-nonesuch", None);
    check("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/anthropic.claude-sonnet-4-6", None);
}

#[test]
fn custom_models_resolve_to_their_base_model() {
    let express = Some("amazon.titan-text-express-v1");
    let of = |base: &str| format!("arn:aws:bedrock:us-east-1:123456789012:custom-model/{base}/a1b2c3d4e5f6");
    check(&of("amazon.titan-text-express-v1"), express);
    check(&of("amazon.titan-text-express-v1:0:8k"), express);
    check(&of("cohere.command-r-v1"), Some("cohere.command-r-v1:0"));
    check(&of("acme.nonesuch-v1"), None);
    check("arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.titan-text-express-v1", None);
}

#[test]
fn opaque_resources_resolve_to_the_default_text_model() {
    assert_eq!(find(DEFAULT_TEXT_MODEL).map(|model| model.output_modality()), Some(ModelModality::Text));
    for resource in [
        "application-inference-profile/a1b2c3d4e5f6",
        "custom-model-deployment/a1b2c3d4e5f6",
        "default-prompt-router/anthropic.claude:1",
        "imported-model/a1b2c3d4e5f6",
        "prompt/ABCDEFGHIJ:1",
        "prompt-router/a1b2c3d4e5f6",
        "provisioned-model/a1b2c3d4e5f6",
    ] {
        check(
            &format!("arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:{resource}"),
            Some(DEFAULT_TEXT_MODEL),
        );
    }
    check("arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine", Some(DEFAULT_TEXT_MODEL));
}

#[test]
fn other_arns_are_rejected() {
    for arn in [
        "arn:",
        "arn:aws:bedrock",
        "arn:aws:bedrock:us-east-1::foundation-model",
        "arn:aws:bedrock:us-east-1::foundation-model/",
        "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc",
        "arn:aws:s3:::bucket/key",
    ] {
        assert_eq!(resolve(arn), Err(Rejection::invalid_identifier()), "{arn}");
    }
}

#[test]
fn unknown_ids_do_not_resolve() {
    for id in [
        "",
        "x",
        "amazon.titan-embed-text-v2",
        "AMAZON.titan-embed-text-v2:0",
        "us.",
        "stability.stable-diffusion-xl-v1",
    ] {
        check(id, None);
    }
}

#[test]
fn the_documentation_lists_all_models() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/models.md");
    let page = std::fs::read_to_string(page).expect("docs/models.md exists");
    for model in MODELS {
        assert!(page.contains(&format!("`{}`", model.id)), "docs/models.md does not list {}", model.id);
    }
}
