//! The texts that a guardrail evaluates.

/// The number of characters that the service bills as one unit.
const UNIT: usize = 1_000;

/// Texts and images, in the order of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pub(crate) texts: Vec<Text>,
    pub(crate) images: usize,
}

/// A text. A guardrail counts the characters of all texts, but evaluates only guarded texts.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) is_guarded: bool,
}

impl Content {
    /// Returns content in which all texts are guarded.
    pub(crate) fn guarded(texts: impl IntoIterator<Item = String>) -> Self {
        let texts = texts.into_iter().map(|text| Text { text, is_guarded: true }).collect();
        Self { texts, images: 0 }
    }

    pub(crate) fn push(&mut self, text: impl Into<String>, is_guarded: bool) {
        self.texts.push(Text { text: text.into(), is_guarded });
    }

    /// Returns the number of characters in all texts.
    pub(super) fn total(&self) -> usize {
        self.texts.iter().map(|text| text.text.chars().count()).sum()
    }

    /// Returns the number of characters in the guarded texts.
    pub(super) fn guarded_characters(&self) -> usize {
        let guarded = self.texts.iter().filter(|text| text.is_guarded);
        guarded.map(|text| text.text.chars().count()).sum()
    }
}

/// Returns the number of units that the service bills for a number of characters.
pub(crate) fn text_units(characters: usize) -> i32 {
    int(characters.div_ceil(UNIT))
}

/// Converts a number to the integer type of the Smithy model.
pub(super) fn int(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
