//! Converts the documentation of a model to text for rustdoc. Smithy specifies CommonMark, but many AWS
//! models contain HTML.

use crate::model::Traits;

use super::traits::DOCUMENTATION;

/// Returns the value of the trait `documentation` for rustdoc, or an empty string if the trait is missing.
pub(super) fn of(traits: &Traits) -> String {
    text(super::string_trait(traits, DOCUMENTATION).unwrap_or_default())
}

/// Converts a documentation text for rustdoc.
pub(super) fn text(text: &str) -> String {
    if text.trim_start().starts_with('<') { from_html(text) } else { text.trim().to_owned() }
}

/// Converts HTML to paragraphs of text. Escapes brackets, because rustdoc would parse them as links.
fn from_html(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag_and_rest)) = rest.split_once('<') {
        plain.push_str(before);
        // If a tag is incomplete, the result contains only the text before the tag.
        let Some((tag, after)) = tag_and_rest.split_once('>') else {
            rest = "";
            break;
        };
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        match name {
            "code" => plain.push('`'),
            "p" | "ul" | "ol" | "dl" | "br" | "note" | "important" => plain.push('\u{0}'),
            "li" | "dt" if !tag.starts_with('/') => plain.push('\u{0}'),
            _ => {}
        }
        rest = after;
    }
    plain.push_str(rest);
    let paragraphs = plain.split('\u{0}').map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let paragraphs: Vec<String> =
        paragraphs.filter(|part| !part.is_empty()).map(|part| escaped(&part)).collect();
    paragraphs.join("\n\n")
}

fn escaped(text: &str) -> String {
    text.replace('[', "\\[")
        .replace(']', "\\]")
        .replace("&lt;", "\\<")
        .replace("&gt;", "\\>")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::from_html;

    #[test]
    fn converts_html_to_paragraphs() {
        assert_eq!(
            from_html("<p>Takes <code>a[0]</code>.</p>\n <ul> <li>one</li></ul>"),
            "Takes `a\\[0\\]`.\n\none"
        );
        assert_eq!(from_html("<p>truncated <b"), "truncated");
    }
}
