//! Finds the closest known name for a name that the service does not know.

use invoke_model_client::{Error, families};
use invoke_model_local::families::models;

/// Returns the known model id or alias that is closest to the model id of a failed call.
///
/// Returns `None` if the service did not reject the model id, or if no name is close.
pub(crate) fn model<'a>(error: &Error, aliases: impl Iterator<Item = &'a str>) -> Option<String> {
    let is_invalid = |message: &str| message.to_ascii_lowercase().contains("model identifier is invalid");
    let is_unknown = match error.code()? {
        "ResourceNotFoundException" => true,
        "ValidationException" => error.message().is_some_and(is_invalid),
        _ => false,
    };
    let id = error.model_id().filter(|id| is_unknown && !id.starts_with("arn:"))?;
    closest_model(id, aliases)
}

fn closest_model<'a>(id: &str, aliases: impl Iterator<Item = &'a str>) -> Option<String> {
    let base = families::base_model_id(id)?;
    // Keep the prefix of an inference profile, such as `us.`, in the suggestion.
    let prefix = id.strip_suffix(base)?;
    let known = models().iter().map(|model| format!("{prefix}{}", model.id));
    let (name, similarity) = known
        .chain(aliases.map(str::to_owned))
        .map(|name| {
            let similarity = similarity(id, &name);
            (name, similarity)
        })
        .max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    (similarity >= MIN_SIMILARITY && name != id).then_some(name)
}

/// The minimum similarity of a suggested name.
const MIN_SIMILARITY: f64 = 0.75;

/// Returns the similarity of two names, from 0 to 1. If `text` has at least four letters or digits and is
/// part of `name`, the names count as similar. Users often omit the vendor, the date or the version of a
/// model.
fn similarity(text: &str, name: &str) -> f64 {
    let letters = |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect() };
    let (text, name) = (letters(&text.to_ascii_lowercase()), letters(name));
    let distance = strsim::normalized_damerau_levenshtein(&text, &name);
    if text.len() >= 4 && name.contains(&text) { distance.max(0.9 + distance / 10.0) } else { distance }
}

#[cfg(test)]
mod tests;
