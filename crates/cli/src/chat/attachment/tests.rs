//! Tests of images and documents.

use super::*;

#[test]
fn format_is_the_extension() {
    let check = |path: &str, expected: Result<&str, &str>| {
        let format = format("--image", Path::new(path), IMAGES).map_err(|error| error.to_string());
        assert_eq!(format, expected.map_err(str::to_owned));
    };
    check("a.JPG", Ok("jpeg"));
    check("a.b.png", Ok("png"));
    check("a.bmp", Err("--image: a.bmp has no supported extension: use png, jpeg, gif, webp"));
    check("png", Err("--image: png has no supported extension: use png, jpeg, gif, webp"));
}

#[test]
fn document_name_has_only_valid_characters() {
    let check = |path: &str, expected: &str| assert_eq!(name(Path::new(path), 0), expected);
    check("/x/report_2026.v2 (final).pdf", "report 2026 v2 (final) 1");
    check("üß.pdf", "document 1");
}
