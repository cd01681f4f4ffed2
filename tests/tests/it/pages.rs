//! Checks the links in the Markdown pages, and the numbers that the README quotes from `docs/performance.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Returns the Markdown pages in the root folder, in `docs` and in `model`.
fn pages() -> Vec<PathBuf> {
    let folders = [root(), root().join("docs"), root().join("model")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let pages = files.map(|file| file.unwrap().path());
    pages.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// Returns the targets of all links `[text](target)` outside of code blocks.
fn links(page: &str) -> Vec<&str> {
    let prose = page.split("```").step_by(2);
    let ends = prose.flat_map(|text| text.split("](").skip(1));
    ends.filter_map(|end| end.split_once(')')).map(|(target, _)| target).collect()
}

/// Returns the anchors that code hosts such as GitHub generate from the headings of a page.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    let texts = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let anchor = |text: String| {
        let kept = text.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    texts.map(anchor).collect()
}

#[test]
fn local_links_have_a_target() {
    let mut broken = Vec::new();
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        for link in links(&page).into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let has_anchor = || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
            if !target.exists() || !(anchor.is_empty() || has_anchor()) {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links: {broken:#?}");
}

/// Returns the cells of all table rows in a page. Removes `±` and the text after it from each cell.
fn rows(page: &str) -> Vec<Vec<&str>> {
    fn cell(text: &str) -> &str {
        text.split_once('±').map_or(text, |(value, _)| value).trim()
    }
    let rows = page.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(cell).collect()).collect()
}

#[test]
fn readme_quotes_the_measured_numbers() {
    let measured = fs::read_to_string(root().join("docs/performance.md")).unwrap();
    let measured = rows(&measured);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let table = readme.split("| | invoke-model | `aws-sdk-bedrockruntime` |").nth(1).unwrap();
    let quoted = rows(table.split("\n\n").next().unwrap());
    assert!(quoted.len() > 3, "{quoted:?}");
    for row in quoted.iter().filter(|row| !row[1].starts_with("--")) {
        let is_measured = measured.iter().any(|cells| cells.get(1..3) == row.get(1..3));
        assert!(is_measured, "README.md: docs/performance.md does not contain the numbers of {row:?}");
    }
}
