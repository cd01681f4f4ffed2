//! Layout of Python code: lines that are too long, docstrings and comments.

use crate::emit::wrap::wrapped;

/// Maximum number of characters in a line.
const WIDTH: usize = 100;

/// Start and end of a docstring.
const QUOTES: &str = "\"\"\"";

/// Returns a comma-separated list between `head` and `tail`. If the result does not fit into one line, the items get
/// a line of their own, or a line each.
pub(super) fn list(indent: usize, head: &str, items: &[String], tail: &str) -> String {
    let margin = " ".repeat(indent);
    let inner = items.join(", ");
    let line = format!("{margin}{head}{inner}{tail}\n");
    if line.len() <= WIDTH + 1 || items.is_empty() {
        return line;
    }
    if format!("{margin}    {inner}").len() <= WIDTH {
        return format!("{margin}{head}\n{margin}    {inner}\n{margin}{tail}\n");
    }
    let lines: String = items.iter().map(|item| format!("{margin}    {item},\n")).collect();
    format!("{margin}{head}\n{lines}{margin}{tail}\n")
}

/// Returns a docstring, or an empty string if there is no documentation.
pub(super) fn docstring(indent: usize, doc: &str) -> String {
    let margin = " ".repeat(indent);
    let escaped = |text: &str| text.replace('\\', "\\\\").replace(QUOTES, "\\\"\\\"\\\"");
    // A quote at the end must not become a part of the closing quotes.
    let text = match doc.trim().strip_suffix('"') {
        Some(rest) => format!("{}\\\"", escaped(rest)),
        None => escaped(doc.trim()),
    };
    match lines(indent + 3, &text).as_slice() {
        [] => String::new(),
        [only] if indent + only.len() + 6 <= WIDTH => format!("{margin}\"\"\"{only}\"\"\"\n"),
        [first, rest @ ..] => {
            let mut code = format!("{margin}\"\"\"{first}\n");
            for line in rest {
                code.push_str(&if line.is_empty() { "\n".to_owned() } else { format!("{margin}{line}\n") });
            }
            code.push_str(&format!("{margin}\"\"\"\n"));
            code
        }
    }
}

/// Returns comments, or an empty string if there is no documentation.
pub(super) fn comment(indent: usize, doc: &str) -> String {
    let margin = " ".repeat(indent);
    let comment = |line: String| format!("{}\n", format!("{margin}# {line}").trim_end());
    lines(indent + 2, doc).into_iter().map(comment).collect()
}

fn lines(indent: usize, doc: &str) -> Vec<String> {
    let lines = doc.trim().lines().flat_map(|line| wrapped(line.trim(), WIDTH - indent));
    lines.collect()
}

/// Returns an import statement.
pub(super) fn import(indent: usize, from: &str, names: &[String]) -> String {
    let line = format!("{}from {from} import {}\n", " ".repeat(indent), names.join(", "));
    if line.len() <= WIDTH + 1 {
        return line;
    }
    let margin = " ".repeat(indent);
    let lines: String = names.iter().map(|name| format!("{margin}    {name},\n")).collect();
    format!("{margin}from {from} import (\n{lines}{margin})\n")
}

/// Returns a string literal.
pub(super) fn string(value: &str) -> String {
    let mut code = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => code.extend(['\\', character]),
            _ if character.is_control() => code.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => code.push(character),
        }
    }
    code.push('"');
    code
}
