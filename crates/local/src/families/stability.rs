//! Stability AI: Stable Diffusion 3.5 Large, Stable Image Core and Stable Image Ultra. A request has a
//! `prompt`, and its response has images in base64.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-3-5-large.html>
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-stable-image-core-text-image-request-response.html>
//!
//! The only mode is `text-to-image`, and the only format is PNG. Requests for other modes and formats are
//! rejected. If a request has no seed, or the seed 0, the service chooses a seed. In this case, the local
//! endpoint derives the seed from the model and the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::drawing::{ImagePrompt, png};
use super::json;
use super::models::Model;
use super::response::{ModelResponse, Rejection, ResponseIds};
use super::schema::{Integer, Number, Text};
use super::validation_error::ValidationError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated")]
struct Request {
    prompt: Text<1, 10_000>,
    negative_prompt: Option<Text<0, 10_000>>,
    mode: Option<Mode>,
    aspect_ratio: Option<AspectRatio>,
    output_format: Option<OutputFormat>,
    seed: Option<Integer<0, 4_294_967_295>>,
    cfg_scale: Option<Number<1, 10>>,
    style_preset: Option<String>,
    image: Option<String>,
    strength: Option<Number<0, 1>>,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    TextToImage,
    ImageToImage,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OutputFormat {
    Jpeg,
    Png,
    Webp,
}

#[derive(Clone, Copy, Deserialize)]
enum AspectRatio {
    #[serde(rename = "1:1")]
    Square,
    #[serde(rename = "16:9")]
    SixteenToNine,
    #[serde(rename = "21:9")]
    TwentyOneToNine,
    #[serde(rename = "2:3")]
    TwoToThree,
    #[serde(rename = "3:2")]
    ThreeToTwo,
    #[serde(rename = "4:5")]
    FourToFive,
    #[serde(rename = "5:4")]
    FiveToFour,
    #[serde(rename = "9:16")]
    NineToSixteen,
    #[serde(rename = "9:21")]
    NineToTwentyOne,
}

impl AspectRatio {
    /// Returns the width and the height. All sizes have about one million pixels.
    fn size(self) -> (u32, u32) {
        match self {
            Self::Square => (1_024, 1_024),
            Self::SixteenToNine => (1_344, 768),
            Self::TwentyOneToNine => (1_536, 640),
            Self::TwoToThree => (832, 1_216),
            Self::ThreeToTwo => (1_216, 832),
            Self::FourToFive => (896, 1_088),
            Self::FiveToFour => (1_088, 896),
            Self::NineToSixteen => (768, 1_344),
            Self::NineToTwentyOne => (640, 1_536),
        }
    }
}

pub(super) fn respond(model: &Model, body: &Value) -> Result<ModelResponse, Rejection> {
    let request: Request = json::read(body)?;
    check(&request)?;
    let seed = match request.seed {
        Some(Integer(seed)) if seed > 0 => seed,
        _ => ResponseIds::new(model, body).seed(),
    };
    let prompt = ImagePrompt {
        text: &request.prompt.0,
        negative_text: request.negative_prompt.as_ref().map_or("", |text| text.0.as_str()),
        style: request.style_preset.as_deref().unwrap_or_default(),
        seed,
        index: 0,
    };
    let (width, height) = request.aspect_ratio.unwrap_or(AspectRatio::Square).size();
    let image = png(&prompt, width, height)
        .map_err(|error| Rejection::Internal(format!("cannot draw the image: {error}")))?;
    let response = json!({
        "seeds": [seed],
        "finish_reasons": [null],
        "images": [STANDARD.encode(image)],
    });
    Ok(ModelResponse::json(&response, 0, 0))
}

/// Checks the rules that the request structure does not express.
fn check(request: &Request) -> Result<(), ValidationError> {
    if request.mode == Some(Mode::ImageToImage) || request.image.is_some() {
        let problem =
            "image-to-image is not implemented by the local endpoint; use text-to-image without [image]";
        return Err(ValidationError::new(problem).at("mode"));
    }
    if request.output_format.as_ref().is_some_and(|format| *format != OutputFormat::Png) {
        let problem = "only png is implemented by the local endpoint";
        return Err(ValidationError::new(problem).at("output_format"));
    }
    Ok(())
}
