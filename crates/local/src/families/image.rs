//! What Titan Image Generator and Nova Canvas have in common: `TEXT_IMAGE` in, base64 PNGs out.
//!
//! Other tasks, and image conditioning, are refused as not implemented.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::bounded::{Integer, check_length, within};
use super::fault::Fault;
use super::json;
use super::picture::{Subject, png};

/// What the two differ in.
pub(super) struct Rules {
    /// Characters of a prompt.
    pub(super) max_characters: usize,
    pub(super) max_seed: i64,
    pub(super) default_seed: i64,
    /// Width and height when none are given.
    pub(super) default_side: i64,
    /// Why a width and height are not supported.
    pub(super) unsupported: fn(i64, i64) -> Option<String>,
    /// Whether `style` is known.
    pub(super) has_style: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    #[expect(dead_code, reason = "there is only one")]
    task_type: TaskType,
    text_to_image_params: Params,
    #[serde(default)]
    image_generation_config: Config,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TaskType {
    TextImage,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Params {
    text: String,
    negative_text: Option<String>,
    style: Option<String>,
    condition_image: Option<IgnoredAny>,
    control_mode: Option<IgnoredAny>,
    control_strength: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the quality is only checked")]
struct Config {
    width: Option<i64>,
    height: Option<i64>,
    number_of_images: Option<Integer<1, 5>>,
    cfg_scale: Option<f64>,
    seed: Option<i64>,
    quality: Option<Quality>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Quality {
    Standard,
    Premium,
}

/// The tasks that need an image to work on, or a palette.
const OTHER_TASKS: [&str; 6] = [
    "BACKGROUND_REMOVAL",
    "COLOR_GUIDED_GENERATION",
    "IMAGE_VARIATION",
    "INPAINTING",
    "OUTPAINTING",
    "VIRTUAL_TRY_ON",
];

pub(super) fn answer(body: &Value, rules: &Rules) -> Result<Answer, Refusal> {
    if let Some(task) = body["taskType"].as_str().filter(|task| OTHER_TASKS.contains(task)) {
        let words = format!("taskType {task} is not implemented by the local endpoint; TEXT_IMAGE is.");
        return Err(Refusal::Validation(words));
    }
    let request: Request = json::read(body)?;
    check(&request, rules)?;

    let config = request.image_generation_config;
    let (width, height) =
        (config.width.unwrap_or(rules.default_side), config.height.unwrap_or(rules.default_side));
    if let Some(words) = (rules.unsupported)(width, height) {
        return Err(Fault::new(words).at("imageGenerationConfig").into());
    }
    let internal =
        |error: &dyn std::fmt::Display| Refusal::Internal(format!("the image was not drawn: {error}"));
    let width = u32::try_from(width).map_err(|error| internal(&error))?;
    let height = u32::try_from(height).map_err(|error| internal(&error))?;
    let mut images = Vec::new();
    for index in 0..config.number_of_images.map_or(1, |number| number.0) {
        let subject = Subject {
            text: &request.text_to_image_params.text,
            negative_text: request.text_to_image_params.negative_text.as_deref().unwrap_or_default(),
            style: request.text_to_image_params.style.as_deref().unwrap_or_default(),
            seed: config.seed.unwrap_or(rules.default_seed),
            index,
        };
        images.push(STANDARD.encode(png(&subject, width, height).map_err(|error| internal(&error))?));
    }
    // Either `images` or `error`, as both vendors' pages have it; `maskImage` belongs to other tasks.
    Ok(Answer::json(&json!({"images": images}), 0, 0))
}

fn check(request: &Request, rules: &Rules) -> Result<(), Fault> {
    let params = &request.text_to_image_params;
    for (key, text) in [("text", Some(&params.text)), ("negativeText", params.negative_text.as_ref())] {
        if let Some(text) = text {
            check_length(text, 1, rules.max_characters)
                .map_err(|fault: Fault| fault.at(key).at("textToImageParams"))?;
        }
    }
    let conditioning = [
        ("conditionImage", &params.condition_image),
        ("controlMode", &params.control_mode),
        ("controlStrength", &params.control_strength),
    ];
    if let Some((key, _)) = conditioning.into_iter().find(|(_, value)| value.is_some()) {
        let words = "image conditioning is not implemented by the local endpoint";
        return Err(Fault::new(words).at(key).at("textToImageParams"));
    }
    if params.style.is_some() && !rules.has_style {
        return Err(Fault::extraneous("style").at("textToImageParams"));
    }
    let config = &request.image_generation_config;
    if let Some(scale) = config.cfg_scale {
        within(scale, 1.1, 10.0).map_err(|fault: Fault| fault.at("cfgScale").at("imageGenerationConfig"))?;
    }
    if let Some(seed) = config.seed {
        within(seed, 0, rules.max_seed)
            .map_err(|fault: Fault| fault.at("seed").at("imageGenerationConfig"))?;
    }
    Ok(())
}
