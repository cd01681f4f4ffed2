//! Tests of Titan Image Generator and Nova Canvas.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

const TITAN: &str = "amazon.titan-image-generator-v2:0";
const CANVAS: &str = "amazon.nova-canvas-v1:0";

/// Returns the width, height and pixels of each image in a response.
fn images(response: &Value) -> Vec<(u32, u32, Vec<u8>)> {
    let decode = |image: &Value| {
        let file = STANDARD.decode(image.as_str().unwrap()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.color_type, frame.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        (frame.width, frame.height, pixels)
    };
    response["images"].as_array().unwrap().iter().map(decode).collect()
}

fn check_size(model: &str, config: Value, expected: (u32, u32)) {
    let mut body = json!({"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a cup of coffee"}});
    if !config.is_null() {
        body["imageGenerationConfig"] = config;
    }
    let response = response_body(model, body);
    assert_eq!(response.as_object().map(Map::len), Some(1));
    let images = images(&response);
    assert_eq!(images.len(), 1);
    assert_eq!((images[0].0, images[0].1), expected);
    assert_eq!(images[0].2.len(), (expected.0 * expected.1 * 3) as usize);
}

#[test]
fn images_have_the_requested_size() {
    for model in [TITAN, CANVAS] {
        check_size(model, Value::Null, (1_024, 1_024));
        check_size(model, json!({"width": 512, "height": 512}), (512, 512));
    }
    check_size(TITAN, json!({"width": 1173, "height": 640}), (1_173, 640));
    check_size(TITAN, json!({"width": 320, "height": 704}), (320, 704));
    check_size(CANVAS, json!({"width": 320, "height": 1280}), (320, 1_280));
}

#[test]
fn responds_to_a_full_request() {
    let mut body = json!({
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": "a cup", "negativeText": "tea"},
        "imageGenerationConfig": {
            "width": 384,
            "height": 640,
            "quality": "premium",
            "cfgScale": 1.1,
            "seed": 0,
            "numberOfImages": 5,
        },
    });
    let five = images(&response_body(TITAN, body.clone()));
    assert_eq!(five.len(), 5);
    assert!(five.iter().all(|image| (image.0, image.1) == (384, 640)));
    assert!((1..5).all(|index| five[index].2 != five[0].2));
    body["textToImageParams"]["style"] = json!("PHOTOREALISM");
    assert_eq!(images(&response_body(CANVAS, body)).len(), 5);
}

#[test]
fn images_depend_on_prompt_and_seed() {
    let draw = |text: &str, negative: Option<&str>, seed: i64| {
        let mut body = with(minimal(Family::TitanImage), "/textToImageParams/text", json!(text));
        body["imageGenerationConfig"]["seed"] = json!(seed);
        if let Some(negative) = negative {
            body["textToImageParams"]["negativeText"] = json!(negative);
        }
        response_body(TITAN, body)
    };
    let cup = draw("cup", None, 1);
    assert_eq!(cup, draw("cup", None, 1));
    assert_ne!(cup, draw("mug", None, 1));
    assert_ne!(cup, draw("cup", Some("tea"), 1));
    assert_ne!(cup, draw("cup", None, 2));
}

#[test]
fn rejects_invalid_requests() {
    let check = |family: Family, model: &str, at: &str, value: Value, problem: &str| {
        check_malformed(model, with(minimal(family), at, value), problem);
    };
    let both = |at: &str, value: Value, problem: &str| {
        check(Family::TitanImage, TITAN, at, value.clone(), problem);
        check(Family::NovaCanvas, CANVAS, at, value, problem);
    };
    both("/taskType", Value::Null, "#: required key [taskType] not found");
    both("/taskType", json!("SCULPTURE"), "#/taskType: SCULPTURE is not a valid enum value");
    both("/textToImageParams", Value::Null, "#: required key [textToImageParams] not found");
    both("/textToImageParams", json!({}), "#/textToImageParams: required key [text] not found");
    both("/textToImageParams/text", json!(""), "#/textToImageParams/text: expected minLength: 1, actual: 0");
    both(
        "/textToImageParams/controlMode",
        json!("CANNY_EDGE"),
        "#/textToImageParams/controlMode: image conditioning is not implemented by the local endpoint",
    );
    both("/prompt", json!("a"), "#: extraneous key [prompt] is not permitted");
    let config = |key: &str| format!("/imageGenerationConfig/{key}");
    both(
        &config("numberOfImages"),
        json!(6),
        "#/imageGenerationConfig/numberOfImages: 6 is not less or equal to 5",
    );
    both(&config("cfgScale"), json!(1), "#/imageGenerationConfig/cfgScale: 1 is not greater or equal to 1.1");
    both(&config("seed"), json!(-1), "#/imageGenerationConfig/seed: -1 is not greater or equal to 0");
    both(
        &config("quality"),
        json!("best"),
        "#/imageGenerationConfig/quality: best is not a valid enum value",
    );
    both(
        &config("width"),
        json!("9"),
        "#/imageGenerationConfig/width: expected type: Integer, found: String",
    );

    let long = |length: usize| json!("a".repeat(length));
    let text = "/textToImageParams/text";
    check(
        Family::TitanImage,
        TITAN,
        text,
        long(513),
        "#/textToImageParams/text: expected maxLength: 512, actual: 513",
    );
    check(
        Family::NovaCanvas,
        CANVAS,
        text,
        long(1_025),
        "#/textToImageParams/text: expected maxLength: 1024, actual: 1025",
    );
    let seed = config("seed");
    let too_high = "#/imageGenerationConfig/seed: 2147483647 is not less or equal to 2147483646";
    check(Family::TitanImage, TITAN, &seed, json!(2_147_483_647), too_high);
    let too_high = "#/imageGenerationConfig/seed: 858993460 is not less or equal to 858993459";
    check(Family::NovaCanvas, CANVAS, &seed, json!(858_993_460), too_high);
    let style = "#/textToImageParams: extraneous key [style] is not permitted";
    check(Family::TitanImage, TITAN, "/textToImageParams/style", json!("PHOTOREALISM"), style);
}

#[test]
fn rejects_unsupported_sizes() {
    let check = |family: Family, model: &str, width: i64, height: i64, problem: &str| {
        let body = with(minimal(family), "/imageGenerationConfig", json!({"width": width, "height": height}));
        check_malformed(model, body, &format!("#/imageGenerationConfig: {problem}"));
    };
    let titan = |width, height| {
        let problem = format!("width {width} and height {height} are not a permitted size");
        check(Family::TitanImage, TITAN, width, height, &problem);
    };
    titan(512, 511);
    titan(0, 0);
    titan(i64::MIN, i64::MAX);
    let canvas = |width, height, problem: &str| check(Family::NovaCanvas, CANVAS, width, height, problem);
    canvas(304, 512, "width 304 is not between 320 and 4096");
    canvas(512, 4112, "height 4112 is not between 320 and 4096");
    canvas(512, 520, "height 520 is not divisible by 16");
    canvas(320, 1296, "the aspect ratio of 320 by 1296 is not between 1:4 and 4:1");
    canvas(2048, 2048, "2048 by 2048 is 4194304 pixels, but must be less than 4194304");
}

#[test]
fn other_tasks_are_not_implemented() {
    for model in [TITAN, CANVAS] {
        check_rejected(
            model,
            json!({"taskType": "INPAINTING", "inPaintingParams": {"image": "AAAA", "maskPrompt": "windows"}}),
            "taskType INPAINTING is not implemented by the local endpoint; use TEXT_IMAGE.",
        );
    }
}
