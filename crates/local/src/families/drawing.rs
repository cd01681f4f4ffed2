//! Draws an image from a hash: a gradient between two colors, with a mirrored pattern of 8 by 8 squares.

use sha2::{Digest, Sha256};

/// The values that determine an image.
pub(super) struct ImagePrompt<'a> {
    pub(super) text: &'a str,
    pub(super) negative_text: &'a str,
    pub(super) style: &'a str,
    pub(super) seed: i64,
    /// The index of the image among all images of the request.
    pub(super) index: i64,
}

/// Returns a PNG of `width` by `height` pixels with 8 bits per channel.
pub(super) fn png(prompt: &ImagePrompt<'_>, width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let hash = hash(prompt);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels(&hash, width, height))?;
    writer.finish()?;
    Ok(file)
}

fn hash(prompt: &ImagePrompt<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in [prompt.text, prompt.negative_text, prompt.style] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.update(prompt.seed.to_be_bytes());
    hash.update(prompt.index.to_be_bytes());
    hash.finalize().into()
}

/// Returns the pixels of an image. Bytes 0 to 2 of the hash are the first color, and bytes 3 to 5 are the
/// second color. Bytes 6 and 7 are the direction of the gradient, and bytes 8 to 11 are the pattern.
fn pixels(hash: &[u8; 32], width: u32, height: u32) -> Vec<u8> {
    let (right, down) = (u64::from(hash[6]) + 1, u64::from(hash[7]) + 1);
    let (width, height) = (u64::from(width), u64::from(height));
    let length = width * right + height * down;
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let position = x * right + y * down;
            let square = (x * 8 / width, y * 8 / height);
            let light = if is_marked(hash, square) { 48 } else { 0 };
            for channel in 0..3 {
                let (from, to) = (u64::from(hash[channel]), u64::from(hash[channel + 3]));
                let color = (from * (length - position) + to * position) / length;
                pixels.push((color + light).min(255) as u8);
            }
        }
    }
    pixels
}

/// Returns `true` if a square belongs to the pattern. The right half mirrors the left half, so four columns
/// of eight bits suffice.
fn is_marked(hash: &[u8; 32], (column, row): (u64, u64)) -> bool {
    let column = if column < 4 { column } else { 7 - column };
    hash[8 + column as usize] >> row & 1 == 1
}
