//! Amazon Titan Image Generator G1, v1 and v2.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html>
//!
//! The page's default size (1,408 by 1,408) is none of the sizes that it permits: here the default is 1,024.

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::image::{self, Rules};

/// Width and height of the permitted sizes.
const SIZES: &[(i64, i64)] = &[
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

const RULES: Rules = Rules {
    max_characters: 512,
    max_seed: 2_147_483_646,
    default_seed: 42,
    default_side: 1_024,
    unsupported,
    has_style: false,
};

pub(super) fn answer(body: &Value) -> Result<Answer, Refusal> {
    image::answer(body, &RULES)
}

fn unsupported(width: i64, height: i64) -> Option<String> {
    (!SIZES.contains(&(width, height)))
        .then(|| format!("width {width} and height {height} are not a permitted size"))
}
