//! The token estimate that every family counts with.
//!
//! A token is a run of up to eight letters and digits, or any other character that is not white space.
//! English words are thus mostly one token, punctuation marks one each, and long runs without spaces are not
//! free. The vendors' own tokenizers differ from this and from each other.

const LONGEST: usize = 8;

/// How many tokens `text` is.
pub(super) fn count(text: &str) -> u64 {
    pieces(text).map(|_| 1).sum()
}

/// The longest start of `text` of at most `limit` tokens.
pub(super) fn first(text: &str, limit: u64) -> &str {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if pieces(text).nth(limit).is_none() {
        return text;
    }
    let end = limit.checked_sub(1).and_then(|last| pieces(text).nth(last)).map_or(0, |(_, end)| end);
    &text[..end]
}

/// The longest end of `text` of at most `limit` tokens.
pub(super) fn last(text: &str, limit: u64) -> &str {
    match count(text).saturating_sub(limit) {
        0 => text,
        surplus => {
            let surplus = usize::try_from(surplus).unwrap_or(usize::MAX);
            let start = pieces(text).nth(surplus).map_or(text.len(), |(start, _)| start);
            &text[start..]
        }
    }
}

/// The tokens of `text`: where each starts and ends, in bytes.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = characters.find(|(_, character)| !character.is_whitespace())?;
        let mut end = start + first.len_utf8();
        if first.is_alphanumeric() {
            for _ in 1..LONGEST {
                let Some((at, next)) = characters.next_if(|(_, character)| character.is_alphanumeric())
                else {
                    break;
                };
                end = at + next.len_utf8();
            }
        }
        Some((start, end))
    })
}
