//! The page in `docs/` and its plot.

use std::fs;
use std::path::PathBuf;

use crate::Result;
use crate::programs::workspace;

/// The lines of the page between which a run stands.
const BEGIN: &str = "<!-- a run of `cargo xtask bench --docs`: begin -->\n";
const END: &str = "<!-- a run of `cargo xtask bench --docs`: end -->\n";

/// Puts a run into the page, in place of the one before, and its plot beside it.
pub(crate) fn write(tables: &str, plot: &str) -> Result<()> {
    let page = docs().join("performance.md");
    let text = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    fs::write(
        &page,
        replaced(&text, tables).ok_or_else(|| format!("{}: no `{}`", page.display(), BEGIN.trim()))?,
    )?;
    fs::write(docs().join("performance.svg"), plot)?;
    println!("wrote {}", docs().display());
    Ok(())
}

fn docs() -> PathBuf {
    workspace().join("../docs")
}

fn replaced(page: &str, run: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{run}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, replaced};

    #[test]
    fn only_the_run_is_replaced() {
        let page = |run: &str| format!("before\n{BEGIN}{run}{END}after\n");
        assert_eq!(replaced(&page("old\n"), "new\n"), Some(page("new\n")));
        assert_eq!(replaced("no run", "new\n"), None);
    }
}
