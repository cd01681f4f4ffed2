//! Writes the results of the kit into `docs/conformance.md`, or compares them with this page.

use std::fs;
use std::path::Path;

use crate::{Failure, root};

/// Replaces the matrix and the differences in the page with the contents of the files that the run has written.
pub(super) fn write(folder: &Path) -> Result<(), Failure> {
    let page = root().join("docs/conformance.md");
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| Failure::about(path, &error));
    let mut text = read(&page)?;
    for part in ["matrix", "differences"] {
        let content = read(&folder.join(format!("{part}.md")))?;
        text = replace(&text, part, &content).ok_or_else(|| {
            Failure::about(&page, &format!("the comments `{part}` and `end of {part}` are missing"))
        })?;
    }
    fs::write(&page, text).map_err(|error| Failure::about(&page, &error))
}

/// Compares the results of the clients that have run with the page.
///
/// # Errors
/// Returns an error that lists the rows that the page does not contain. For example, a client no longer supports some
/// scenarios.
pub(super) fn check(folder: &Path) -> Result<(), Failure> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| Failure::about(path, &error));
    let (page, matrix) = (read(&root().join("docs/conformance.md"))?, read(&folder.join("matrix.md"))?);
    let unknown: Vec<&str> = matrix.lines().filter(|row| !page.lines().any(|line| line == *row)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "docs/conformance.md does not contain these results: run `cargo xtask kit --docs`\n{}",
        unknown.join("\n")
    )))
}

/// Replaces the text between the comments `<!-- PART -->` and `<!-- end of PART -->`. Returns `None` if a comment is
/// missing.
fn replace(text: &str, part: &str, content: &str) -> Option<String> {
    let (start, end) = (format!("<!-- {part} -->\n"), format!("<!-- end of {part} -->"));
    let (before, rest) = text.split_once(&start)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{start}\n{}\n\n{end}{after}", content.trim()))
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn replaces_a_part() {
        let page = "a\n<!-- matrix -->\nold\n<!-- end of matrix -->\nb\n";
        let expected = "a\n<!-- matrix -->\n\nnew\n\n<!-- end of matrix -->\nb\n";
        assert_eq!(replace(page, "matrix", "new\n").as_deref(), Some(expected));
        assert_eq!(replace(expected, "matrix", "\nnew").as_deref(), Some(expected));
        assert_eq!(replace(page, "differences", "new"), None);
        assert_eq!(replace("<!-- matrix -->\n", "matrix", "new"), None);
    }
}
