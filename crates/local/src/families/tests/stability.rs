//! Tests of Stability AI.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

const MODEL: &str = "stability.sd3-5-large-v1:0";

/// Returns the size in the header of the PNG.
fn size(response: &Value) -> (u32, u32) {
    let image = STANDARD.decode(response["images"][0].as_str().unwrap()).unwrap();
    assert!(image.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(image[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn draws_an_image() {
    let body = json!({
        "prompt": "a cat",
        "negative_prompt": "dogs",
        "mode": "text-to-image",
        "aspect_ratio": "21:9",
        "output_format": "png",
        "seed": 42,
        "cfg_scale": 5,
    });
    let response = response_body(MODEL, body.clone());
    assert_eq!((&response["seeds"], &response["finish_reasons"]), (&json!([42]), &json!([null])));
    assert_eq!(size(&response), (1_536, 640));
    let other = response_body(MODEL, with(body, "/seed", json!(43)));
    assert_ne!(other["images"], response["images"]);
}

#[test]
fn chooses_a_seed() {
    let minimal = response_body(MODEL, json!({"prompt": "hello"}));
    assert_eq!(size(&minimal), (1_024, 1_024));
    let zero = response_body(MODEL, json!({"prompt": "hello", "seed": 0}));
    for response in [minimal, zero] {
        assert!(response["seeds"][0].as_u64().is_some_and(|seed| seed > 0), "{}", response["seeds"]);
    }
}

#[test]
fn rejects_invalid_requests() {
    let check = |at: &str, value: Value, problem: &str| {
        check_malformed(MODEL, with(json!({"prompt": "hello"}), at, value), problem);
    };
    check("/prompt", Value::Null, "#: required key [prompt] not found");
    check("/prompt", json!(""), "#/prompt: expected minLength: 1, actual: 0");
    check("/prompt", json!("a".repeat(10_001)), "#/prompt: expected maxLength: 10000, actual: 10001");
    check("/text_prompts", json!([]), "#: extraneous key [text_prompts] is not permitted");
    check("/aspect_ratio", json!("2:1"), "#/aspect_ratio: 2:1 is not a valid enum value");
    check("/seed", json!(4_294_967_296_u64), "#/seed: 4294967296 is not less or equal to 4294967295");
    check("/seed", json!("a"), "#/seed: expected type: Integer, found: String");
    check("/output_format", json!("gif"), "#/output_format: gif is not a valid enum value");
    check("/output_format", json!("jpeg"), "#/output_format: only png is implemented by the local endpoint");
    check(
        "/mode",
        json!("image-to-image"),
        "#/mode: image-to-image is not implemented by the local endpoint; use text-to-image without [image]",
    );
}
