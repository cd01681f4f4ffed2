//! The conversation of a `Converse` call.

/// Texts of the 10 messages, oldest first. The roles alternate, and the first message is from the user.
pub const MESSAGES: [&str; 10] = [
    "Which rivers of Europe end in the Black Sea?",
    "The Danube, the Dniester, the Southern Bug and the Dnieper are the largest. The Don ends in the Sea of Azov.",
    "Which of them is the longest?",
    "The Danube. It is about 2,850 km long, and it flows through or along ten countries.",
    "Name a town of fifty thousand people on the Danube.",
    "Straubing, in Bavaria, has about 48,000 inhabitants, and stands on the south bank.",
    "And one on the Dniester?",
    "Soroca, in Moldova, is smaller: it has about 22,000 inhabitants. Bender has about 91,000.",
    "What do the two rivers have in common?",
    "Both end in the Black Sea, both are borders in part of their course, and both have deltas or limans.",
];

/// The system prompt.
pub const SYSTEM: &str = "You are an assistant for geography. Answer in one or two sentences.";

/// Largest number of tokens in the response.
pub const MAX_TOKENS: i32 = 512;

/// Length of the text in a response to `Converse`, in bytes.
pub const CONVERSE_TEXT_LENGTH: usize = 400;
