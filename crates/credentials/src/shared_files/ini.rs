//! Parser of the format of the shared files. The syntax is the syntax of Python's `RawConfigParser`, because the
//! AWS CLI writes the files, and botocore reads them with that class. In contrast to Python, this parser removes
//! comments after values, uses the last value of a repeated key, and accepts indented headings.
//! <https://docs.python.org/3/library/configparser.html#supported-ini-file-structure>

use std::collections::BTreeMap;

/// The settings of a section. The keys are in lower case.
///
/// A value of several lines contains the text of all lines, separated by line feeds. If the first line of a value
/// is empty, the other lines are nested settings.
pub(crate) type Section = BTreeMap<String, String>;

/// Decodes a file.
///
/// # Errors
/// Returns a text that states the problem and a solution.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, String> {
    if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
        return Err("the file starts with a byte order mark; save it as UTF-8 without one".to_owned());
    }
    // A text file without null bytes is neither UTF-16 nor UTF-32.
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.contains(&0) {
        return Err("the file is UTF-16 or contains null bytes; save it as UTF-8".to_owned());
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
        let line = lines(valid.unwrap_or_default()).count().max(1);
        format!("line {line} is not UTF-8; save the file as UTF-8")
    })
}

/// Returns the sections with their headings. If a key is repeated, its last value is used.
///
/// A line that is indented deeper than the key above it continues the value of this key. An indented heading is
/// a heading: in contrast to Python, it never continues a value.
///
/// # Errors
/// Returns a text that states the number of the invalid line, the problem and a solution. The text does not
/// contain the line, because the line can contain a secret.
pub(super) fn sections(text: &str) -> Result<Vec<(String, Section)>, String> {
    let mut sections: Vec<(String, Section)> = Vec::new();
    // The most recent key, and its indentation.
    let mut open: Option<(String, usize)> = None;
    for (number, line) in (1..).zip(lines(text)) {
        let invalid = |problem: &str| Err(format!("line {number} {problem}"));
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = content.strip_prefix('[') {
            let Some((heading, _)) = rest.split_once(']') else {
                return invalid("starts with `[` but has no `]`; write `[HEADING]`");
            };
            sections.push((heading.trim().to_owned(), Section::new()));
            open = None;
            continue;
        }
        let Some((_, section)) = sections.last_mut() else {
            return invalid("is not below a heading; add a heading such as `[default]` above it");
        };
        let indentation = line.chars().take_while(|character| character.is_whitespace()).count();
        if let Some((key, _)) = open.as_ref().filter(|(_, of_key)| indentation > *of_key) {
            if let Some(value) = section.get_mut(key) {
                value.push('\n');
                value.push_str(content);
            }
            continue;
        }
        let Some((key, value)) = content.split_once(['=', ':']) else {
            return invalid("is neither a heading nor a setting; write `KEY = VALUE`, or remove the line");
        };
        let key = key.trim().to_lowercase();
        if key.is_empty() {
            return invalid("has no key before `=`; write `KEY = VALUE`, or remove the line");
        }
        // The shell that runs the command recognizes comments itself.
        let value = if key == "credential_process" { value } else { without_comment(value) };
        section.insert(key.clone(), value.trim().to_owned());
        open = Some((key, indentation));
    }
    Ok(sections)
}

/// Returns the nested settings of a value, with keys in lower case. Returns `None` if a line is not a setting.
///
/// A value with nested settings is an empty first line, followed by a line for each nested setting. In contrast
/// to other settings, the only separator is `=`, as in botocore.
pub(super) fn nested(value: &str) -> Option<BTreeMap<String, &str>> {
    fn setting(line: &str) -> Option<(String, &str)> {
        let (key, value) = line.split_once('=')?;
        let key = key.trim().to_lowercase();
        let is_key = key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        is_key.then(|| (key, without_comment(value).trim()))
    }
    value.lines().skip(1).map(setting).collect()
}

/// Returns the lines of a text. A line ends with a line feed, a carriage return, or both.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Removes the comment from a value. A comment starts with `#` or `;` after a space or a tab.
fn without_comment(value: &str) -> &str {
    let marks = [" #", " ;", "\t#", "\t;"];
    let end = marks.iter().filter_map(|mark| value.find(mark)).min();
    &value[..end.unwrap_or(value.len())]
}
