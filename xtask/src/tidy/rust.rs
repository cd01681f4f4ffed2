//! Rules about Rust files.

/// Maximum number of lines of a hand-written source file.
const MAX_LINES: usize = 450;

/// Words that must not open a doc comment, because the first line must be a verb phrase (functions) or a noun
/// phrase (types).
const OPENINGS: &[&str] = &["Who", "What", "Whether", "Of", "Where", "How", "Which", "Why"];

/// Calls `report` with a line number and a message for each rule that a file breaks.
pub(super) fn check(path: &str, text: &str, report: &mut impl FnMut(usize, &str)) {
    doc_openings(text, report);
    nested_imports(text, report);
    if path.contains("/examples/") {
        return;
    }
    let first = text.lines().find(|line| !line.starts_with("// ") && !line.is_empty()).unwrap_or_default();
    if !first.starts_with("//! ") {
        report(1, "the file has no `//!` line that describes the module");
    }
    let is_generated = path.contains("/generated/");
    if is_generated != text.starts_with("// @generated") {
        let message = if is_generated {
            "the file is under `generated/` but does not start with `// @generated`; move it"
        } else {
            "the file starts with `// @generated` but is not under `generated/`; move it"
        };
        report(1, message);
    }
    if !is_generated && text.lines().count() > MAX_LINES {
        let message = format!("the file has more than {MAX_LINES} lines; split it by concept");
        report(MAX_LINES, &message);
    }
}

/// Reports doc comments that open with a word of [`OPENINGS`].
fn doc_openings(text: &str, report: &mut impl FnMut(usize, &str)) {
    let mut previous = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let marker = ["//!", "///"].into_iter().find(|marker| line.starts_with(marker));
        let marker = marker.filter(|_| !line.starts_with("////"));
        if let Some(marker) = marker.filter(|_| marker != previous) {
            let words = line[marker.len()..].trim_start();
            let first =
                words.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
            if OPENINGS.contains(&first) {
                let message =
                    format!("the doc comment opens with \"{first}\"; open it with a verb or a noun phrase");
                report(index + 1, &message);
            }
        }
        previous = marker;
    }
}

/// Reports `use` declarations with nested braces.
fn nested_imports(text: &str, report: &mut impl FnMut(usize, &str)) {
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let words = line.trim_start();
        let words = words.strip_prefix("pub(crate) ").or(words.strip_prefix("pub ")).unwrap_or(words);
        if !words.starts_with("use ") {
            continue;
        }
        let mut declaration = words.to_owned();
        while !declaration.contains(';') {
            let Some((_, line)) = lines.next() else { break };
            declaration.push_str(line);
        }
        let mut depth = 0_usize;
        let is_nested = declaration.split(';').next().unwrap_or_default().chars().any(|character| {
            match character {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > 1
        });
        if is_nested {
            report(index + 1, "this `use` has nested braces; write one `use` for each module path");
        }
    }
}
