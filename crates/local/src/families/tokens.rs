//! The token estimate that all families use.
//!
//! A token is a sequence of up to eight letters and digits, or one other character that is not white space.
//! Therefore most English words are one token, and each punctuation mark is one token. A longer sequence of
//! letters is split into several tokens. The tokenizers of the vendors use other rules.

pub(super) const MAX_CHARACTERS: usize = 8;

/// Returns the number of tokens of `text`.
pub(crate) fn count(text: &str) -> u64 {
    ranges(text).map(|_| 1).sum()
}

/// Returns the longest prefix of `text` with at most `limit` tokens.
pub(crate) fn first(text: &str, limit: u64) -> &str {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if ranges(text).nth(limit).is_none() {
        return text;
    }
    let end = limit.checked_sub(1).and_then(|last| ranges(text).nth(last)).map_or(0, |(_, end)| end);
    &text[..end]
}

/// Returns the longest suffix of `text` with at most `limit` tokens.
pub(super) fn last(text: &str, limit: u64) -> &str {
    match count(text).saturating_sub(limit) {
        0 => text,
        surplus => {
            let surplus = usize::try_from(surplus).unwrap_or(usize::MAX);
            let start = ranges(text).nth(surplus).map_or(text.len(), |(start, _)| start);
            &text[start..]
        }
    }
}

/// Returns the start and the end of each token of `text`, in bytes.
pub(super) fn ranges(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = characters.find(|(_, character)| !character.is_whitespace())?;
        let mut end = start + first.len_utf8();
        if first.is_alphanumeric() {
            for _ in 1..MAX_CHARACTERS {
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
