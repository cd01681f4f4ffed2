//! Draws an image out of a hash: a gradient between two colours, with a mirrored pattern of 8 by 8 fields on
//! it.

use sha2::{Digest, Sha256};

/// What an image is drawn from.
pub(super) struct Subject<'a> {
    pub(super) text: &'a str,
    pub(super) negative_text: &'a str,
    pub(super) style: &'a str,
    pub(super) seed: i64,
    /// Which of several images of one request it is.
    pub(super) index: i64,
}

/// A PNG of `width` by `height` pixels, 8 bits for each of red, green and blue.
pub(super) fn png(subject: &Subject<'_>, width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let hash = hash(subject);
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

fn hash(subject: &Subject<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in [subject.text, subject.negative_text, subject.style] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.update(subject.seed.to_be_bytes());
    hash.update(subject.index.to_be_bytes());
    hash.finalize().into()
}

/// Bytes 0 to 2 and 3 to 5 are the colours, 6 and 7 the direction of the gradient, 8 to 11 the pattern.
fn pixels(hash: &[u8; 32], width: u32, height: u32) -> Vec<u8> {
    let (right, down) = (u64::from(hash[6]) + 1, u64::from(hash[7]) + 1);
    let (across, along) = (u64::from(width), u64::from(height));
    let whole = across * right + along * down;
    let mut pixels = Vec::with_capacity((across * along * 3) as usize);
    for y in 0..along {
        for x in 0..across {
            let part = x * right + y * down;
            let field = (x * 8 / across, y * 8 / along);
            let light = if is_marked(hash, field) { 48 } else { 0 };
            for channel in 0..3 {
                let (from, to) = (u64::from(hash[channel]), u64::from(hash[channel + 3]));
                let colour = (from * (whole - part) + to * part) / whole;
                pixels.push((colour + light).min(255) as u8);
            }
        }
    }
    pixels
}

/// The right half mirrors the left, so that four columns of eight bits make the pattern.
fn is_marked(hash: &[u8; 32], (column, row): (u64, u64)) -> bool {
    let column = if column < 4 { column } else { 7 - column };
    hash[8 + column as usize] >> row & 1 == 1
}
