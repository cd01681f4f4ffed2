//! Amazon Nova Canvas.
//!
//! * <https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html>
//! * sizes: <https://docs.aws.amazon.com/nova/latest/userguide/image-gen-access.html>

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::image::{self, Rules};

const RULES: Rules = Rules {
    max_characters: 1_024,
    max_seed: 858_993_459,
    default_seed: 12,
    default_side: 1_024,
    unsupported,
    has_style: true,
};

pub(super) fn answer(body: &Value) -> Result<Answer, Refusal> {
    image::answer(body, &RULES)
}

/// The four rules of the page, in its order.
fn unsupported(width: i64, height: i64) -> Option<String> {
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
        .then(|| format!("{width} by {height} is {pixels} pixels, which is not less than 4194304"))
}
