//! SHA-256 digests of files and folders.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Returns the digest of a file or a folder, in hexadecimal digits.
///
/// The digest of a folder is the digest of the text that `sha256sum` prints for all files in the folder and
/// its subfolders, sorted by path.
pub(crate) fn digest(path: &Path) -> io::Result<String> {
    if path.is_file() {
        return Ok(hex(&fs::read(path)?));
    }
    let mut lines = Vec::new();
    collect(path, "", &mut lines)?;
    lines.sort();
    let text = lines.iter().fold(String::new(), |mut text, (name, digest)| {
        let _ = writeln!(text, "{digest}  {name}");
        text
    });
    Ok(hex(text.as_bytes()))
}

fn collect(folder: &Path, prefix: &str, lines: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), lines)?;
        } else {
            lines.push((name, hex(&fs::read(entry.path())?)));
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
