//! Writes the results of the kit into `docs/conformance.md`, or compares them with this page.

use std::fs;
use std::path::Path;

use crate::{Failure, root};

/// The page with the results.
const PAGE: &str = "docs/conformance.md";

/// Replaces the matrix and the differences in the page with the contents of the files that the run has written.
pub(super) fn write(folder: &Path) -> Result<(), Failure> {
    let page = root().join(PAGE);
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
    let (page, matrix) = (read(&root().join(PAGE))?, read(&folder.join("matrix.md"))?);
    let missing = missing_lines(&page, &matrix);
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join("\n");
    Err(Failure::new(format!(
        "{PAGE} does not contain these results: run `cargo xtask kit --docs`\n{missing}"
    )))
}

/// Returns the lines of `part` that `page` does not contain.
fn missing_lines<'a>(page: &str, part: &'a str) -> Vec<&'a str> {
    part.lines().filter(|line| !page.lines().any(|known| known == *line)).collect()
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::about(path, &error))
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
    use super::{missing_lines, replace};

    #[test]
    fn finds_the_lines_that_the_page_does_not_contain() {
        let page = "a\n| rust | 1 |\n| go | 1 / 2 / 0 |\n";
        assert_eq!(missing_lines(page, "| go | 1 / 2 / 0 |\n"), [""; 0]);
        assert_eq!(missing_lines(page, "| rust | 1 |\n| go | 1 / 2 / 1 |\n"), ["| go | 1 / 2 / 1 |"]);
    }

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
