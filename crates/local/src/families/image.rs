//! Titan Image Generator G1 (v1 and v2) and Nova Canvas. A request has a `TEXT_IMAGE` task, and its response
//! has PNG images in base64.
//!
//! * Titan: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html>. The
//!   page specifies a default size of 1,408 by 1,408, but does not list this size as permitted. The default
//!   here is 1,024 by 1,024.
//! * Nova Canvas: <https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html>,
//!   sizes: <https://docs.aws.amazon.com/nova/latest/userguide/image-gen-access.html>
//!
//! Other tasks and image conditioning are not implemented. Requests that contain them are rejected.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::drawing::{ImagePrompt, png};
use super::json;
use super::response::{ModelResponse, Rejection};
use super::schema::{Integer, check_length, within};
use super::validation_error::ValidationError;

/// The properties that differ between the two families.
pub(super) struct ImageFamily {
    /// The maximum number of characters of a prompt.
    max_characters: usize,
    max_seed: i64,
    default_seed: i64,
    /// The default width and height.
    default_side: i64,
    /// A function that checks a width and a height. Returns the reason if the size is not supported.
    unsupported: fn(i64, i64) -> Option<String>,
    /// `true` if the key `style` is allowed.
    has_style: bool,
}

pub(super) const TITAN_IMAGE: ImageFamily = ImageFamily {
    max_characters: 512,
    max_seed: 2_147_483_646,
    default_seed: 42,
    default_side: 1_024,
    unsupported: unsupported_by_titan,
    has_style: false,
};

pub(super) const NOVA_CANVAS: ImageFamily = ImageFamily {
    max_characters: 1_024,
    max_seed: 858_993_459,
    default_seed: 12,
    default_side: 1_024,
    unsupported: unsupported_by_canvas,
    has_style: true,
};

/// The width and height of each size that Titan permits.
const TITAN_SIZES: &[(i64, i64)] = &[
    (1024, 1024),
    (768, 768),
    (512, 512),
    (768, 1152),
    (384, 576),
    (1152, 768),
    (576, 384),
    (768, 1280),
    (384, 640),
    (1280, 768),
    (640, 384),
    (896, 1152),
    (448, 576),
    (1152, 896),
    (576, 448),
    (768, 1408),
    (384, 704),
    (1408, 768),
    (704, 384),
    (640, 1408),
    (320, 704),
    (1408, 640),
    (704, 320),
    (1152, 640),
    (1173, 640),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    #[expect(dead_code, reason = "there is only one task type")]
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

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "the quality is only validated")]
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

/// The tasks that are not implemented. They require an input image or colors.
const OTHER_TASKS: [&str; 6] = [
    "BACKGROUND_REMOVAL",
    "COLOR_GUIDED_GENERATION",
    "IMAGE_VARIATION",
    "INPAINTING",
    "OUTPAINTING",
    "VIRTUAL_TRY_ON",
];

pub(super) fn respond(body: &Value, family: &ImageFamily) -> Result<ModelResponse, Rejection> {
    if let Some(task) = body["taskType"].as_str().filter(|task| OTHER_TASKS.contains(task)) {
        let message = format!("taskType {task} is not implemented by the local endpoint; use TEXT_IMAGE.");
        return Err(Rejection::Validation(message));
    }
    let request: Request = json::read(body)?;
    check(&request, family)?;

    let config = request.image_generation_config;
    let (width, height) =
        (config.width.unwrap_or(family.default_side), config.height.unwrap_or(family.default_side));
    if let Some(problem) = (family.unsupported)(width, height) {
        return Err(ValidationError::new(problem).at("imageGenerationConfig").into());
    }
    let internal =
        |error: &dyn std::fmt::Display| Rejection::Internal(format!("cannot draw the image: {error}"));
    let width = u32::try_from(width).map_err(|error| internal(&error))?;
    let height = u32::try_from(height).map_err(|error| internal(&error))?;
    let mut images = Vec::new();
    for index in 0..config.number_of_images.map_or(1, |number| number.0) {
        let prompt = ImagePrompt {
            text: &request.text_to_image_params.text,
            negative_text: request.text_to_image_params.negative_text.as_deref().unwrap_or_default(),
            style: request.text_to_image_params.style.as_deref().unwrap_or_default(),
            seed: config.seed.unwrap_or(family.default_seed),
            index,
        };
        images.push(STANDARD.encode(png(&prompt, width, height).map_err(|error| internal(&error))?));
    }
    // According to the pages of both families, a response has either `images` or `error`. The member
    // `maskImage` belongs to other tasks.
    Ok(ModelResponse::json(&json!({"images": images}), 0, 0))
}

fn check(request: &Request, family: &ImageFamily) -> Result<(), ValidationError> {
    let params = &request.text_to_image_params;
    for (key, text) in [("text", Some(&params.text)), ("negativeText", params.negative_text.as_ref())] {
        if let Some(text) = text {
            check_length(text, 1, family.max_characters)
                .map_err(|error: ValidationError| error.at(key).at("textToImageParams"))?;
        }
    }
    let conditioning = [
        ("conditionImage", &params.condition_image),
        ("controlMode", &params.control_mode),
        ("controlStrength", &params.control_strength),
    ];
    if let Some((key, _)) = conditioning.into_iter().find(|(_, value)| value.is_some()) {
        let problem = "image conditioning is not implemented by the local endpoint";
        return Err(ValidationError::new(problem).at(key).at("textToImageParams"));
    }
    if params.style.is_some() && !family.has_style {
        return Err(ValidationError::extraneous("style").at("textToImageParams"));
    }
    let config = &request.image_generation_config;
    if let Some(scale) = config.cfg_scale {
        within(scale, 1.1, 10.0)
            .map_err(|error: ValidationError| error.at("cfgScale").at("imageGenerationConfig"))?;
    }
    if let Some(seed) = config.seed {
        within(seed, 0, family.max_seed)
            .map_err(|error: ValidationError| error.at("seed").at("imageGenerationConfig"))?;
    }
    Ok(())
}

fn unsupported_by_titan(width: i64, height: i64) -> Option<String> {
    (!TITAN_SIZES.contains(&(width, height)))
        .then(|| format!("width {width} and height {height} are not a permitted size"))
}

/// Checks the four size rules of Nova Canvas, in the order in which the sizes page lists them.
fn unsupported_by_canvas(width: i64, height: i64) -> Option<String> {
    let sides = [("width", width), ("height", height)];
    if let Some((side, size)) = sides.into_iter().find(|(_, size)| !(320..=4_096).contains(size)) {
        return Some(format!("{side} {size} is not between 320 and 4096"));
    }
    if let Some((side, size)) = sides.into_iter().find(|(_, size)| size % 16 != 0) {
        return Some(format!("{side} {size} is not divisible by 16"));
    }
    if width > 4 * height || height > 4 * width {
        return Some(format!("the aspect ratio of {width} by {height} is not between 1:4 and 4:1"));
    }
    let pixels = width * height;
    (pixels >= 4_194_304)
        .then(|| format!("{width} by {height} is {pixels} pixels, but must be less than 4194304"))
}
