//! Finds the last user turn in a prompt that is one string.

/// The text between the last of `open` and the next of `close`; the whole prompt when none of `open` is in
/// it.
pub(super) fn last_turn<'a>(prompt: &'a str, open: &[&str], close: &[&str]) -> &'a str {
    let start =
        open.iter().filter_map(|mark| prompt.rfind(mark).map(|at| at + mark.len())).max().unwrap_or(0);
    let turn = &prompt[start..];
    let end = close.iter().filter_map(|mark| turn.find(mark)).min().unwrap_or(turn.len());
    turn[..end].trim()
}
