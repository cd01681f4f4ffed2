//! Guardrail files.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::{Deserialize, Deserializer};

use super::CheckKeywords;
use super::detect::Pii;
use super::policy::{Guardrail, PiiRule, RegexRule, RuleAction, Topic};
use crate::fault::one_of;
use crate::numbered_list::numbered_list;

/// The categories of `InvokeGuardrailChecks`.
const CATEGORIES: &[&str] = &[
    "VIOLENCE",
    "HATE",
    "SEXUAL",
    "MISCONDUCT",
    "INSULTS",
    "JAILBREAK",
    "PROMPT_INJECTION",
    "PROMPT_LEAKAGE",
];

/// A guardrail file: the policies of guardrails as JSON. `docs/guardrails.md` describes the format.
///
/// ```
/// use invoke_model_local::{GuardrailFile, LocalEndpoint};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policies = r#"{"guardrails": [{"id": "abc", "version": "1", "words": ["secret project"]}]}"#;
/// let file = GuardrailFile::from_json(policies)?;
/// let local = LocalEndpoint::builder().guardrail_file(file).start().await?;
/// let error = GuardrailFile::from_json("{\"guardrails\": [\n{\"id\": \"abc\", \"word\": []}]}");
/// let error = error.unwrap_err();
/// assert!(error.to_string().starts_with("guardrail 1: unknown field `word`"));
/// assert!(error.to_string().ends_with("at line 2 column 20"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an object with `guardrails` or `checks`")]
pub struct GuardrailFile {
    #[serde(deserialize_with = "guardrails")]
    pub(super) guardrails: Vec<Guardrail>,
    #[serde(deserialize_with = "checks")]
    pub(super) checks: Vec<CheckKeywords>,
}

/// The error of an invalid guardrail file. The message contains the line and the column. If a guardrail is
/// invalid, the message also contains its number. If a rule is invalid, the message also contains the number
/// of the rule.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct GuardrailFileError(serde_json::Error);

impl GuardrailFile {
    /// Parses a guardrail file.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON, has an unknown member, or has an invalid rule.
    pub fn from_json(text: &str) -> Result<Self, GuardrailFileError> {
        serde_json::from_str(text).map_err(GuardrailFileError)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `id`")]
struct GuardrailForm {
    id: String,
    #[serde(default = "draft")]
    version: String,
    #[serde(default, deserialize_with = "words")]
    words: Vec<WordForm>,
    #[serde(default, deserialize_with = "topics")]
    topics: Vec<Topic>,
    #[serde(default, deserialize_with = "pii")]
    pii: Vec<PiiRule>,
    #[serde(default, deserialize_with = "regexes")]
    regexes: Vec<RegexRule>,
    #[serde(default = "blocked_message")]
    blocked_input: String,
    #[serde(default = "blocked_message")]
    blocked_output: String,
}

/// A word or phrase.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct WordForm(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `name` and `keywords`")]
struct TopicForm {
    name: String,
    #[serde(deserialize_with = "words")]
    keywords: Vec<WordForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `type` and `action`")]
struct PiiForm {
    #[serde(rename = "type")]
    kind: String,
    action: RuleAction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `name`, `pattern` and `action`")]
struct RegexForm {
    name: String,
    pattern: String,
    action: RuleAction,
}

fn draft() -> String {
    "DRAFT".to_owned()
}

fn blocked_message() -> String {
    "Sorry, the model cannot answer this question.".to_owned()
}

impl TryFrom<String> for WordForm {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        if word.trim().is_empty() {
            return Err("the text is empty: write a word or a phrase");
        }
        Ok(Self(word))
    }
}

impl TryFrom<GuardrailForm> for Guardrail {
    type Error = String;

    fn try_from(form: GuardrailForm) -> Result<Self, String> {
        let GuardrailForm { id, version, words, topics, pii, regexes, blocked_input, blocked_output } = form;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err(format!("`id` is {id:?}: it must consist of lower case letters and digits"));
        }
        let is_number = !version.starts_with('0') && version.bytes().all(|byte| byte.is_ascii_digit());
        if version != "DRAFT" && !(is_number && (1..=8).contains(&version.len())) {
            return Err(format!("`version` is {version:?}: it must be \"DRAFT\" or a number such as \"1\""));
        }
        let words = words.into_iter().map(|word| word.0).collect();
        Ok(Self { id, version, words, topics, pii, regexes, blocked_input, blocked_output })
    }
}

impl TryFrom<TopicForm> for Topic {
    type Error = String;

    fn try_from(TopicForm { name, keywords }: TopicForm) -> Result<Self, String> {
        if keywords.is_empty() {
            return Err(format!("the topic {name:?} has no `keywords`: write at least one keyword"));
        }
        Ok(Self { name, keywords: keywords.into_iter().map(|word| word.0).collect() })
    }
}

impl TryFrom<PiiForm> for PiiRule {
    type Error = String;

    fn try_from(PiiForm { kind, action }: PiiForm) -> Result<Self, String> {
        let detector = Pii::detector(&kind).ok_or_else(|| {
            format!(
                "`type` is {kind:?}: it must be {}; for other data, write a rule in `regexes`",
                one_of(&Pii::names())
            )
        })?;
        Ok(Self { detector, action })
    }
}

impl TryFrom<RegexForm> for RegexRule {
    type Error = String;

    fn try_from(RegexForm { name, pattern, action }: RegexForm) -> Result<Self, String> {
        let regex = Regex::new(&pattern).map_err(|error| format!("`pattern` of {name:?}: {error}"))?;
        if regex.is_match("") {
            return Err(format!(
                "`pattern` of {name:?} matches the empty text: require at least one character"
            ));
        }
        Ok(Self { name, regex, action })
    }
}

/// Implements [`Deserialize`] for types that are converted from their form in the file.
macro_rules! deserialize_from {
    ($($name:ident: $form:ident),* $(,)?) => {
        $(impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $form::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
            }
        })*
    };
}

deserialize_from!(Guardrail: GuardrailForm, Topic: TopicForm, PiiRule: PiiForm, RegexRule: RegexForm);

fn guardrails<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Guardrail>, D::Error> {
    let guardrails: Vec<Guardrail> = numbered_list(deserializer, "guardrail")?;
    for (index, guardrail) in guardrails.iter().enumerate() {
        let is_same = |other: &Guardrail| (&other.id, &other.version) == (&guardrail.id, &guardrail.version);
        if guardrails.iter().take(index).any(is_same) {
            let Guardrail { id, version, .. } = guardrail;
            let number = index + 1;
            return Err(serde::de::Error::custom(format_args!(
                "guardrail {number}: the id {id:?} occurs twice with the version {version:?}"
            )));
        }
    }
    Ok(guardrails)
}

fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WordForm>, D::Error> {
    numbered_list(deserializer, "word")
}

fn topics<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Topic>, D::Error> {
    numbered_list(deserializer, "topic")
}

fn pii<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PiiRule>, D::Error> {
    numbered_list(deserializer, "pii rule")
}

fn regexes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RegexRule>, D::Error> {
    numbered_list(deserializer, "regex")
}

fn checks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CheckKeywords>, D::Error> {
    let checks = BTreeMap::<String, Vec<WordForm>>::deserialize(deserializer)?;
    let unknown = checks.keys().find(|category| !CATEGORIES.contains(&category.as_str()));
    if let Some(category) = unknown {
        let expected = one_of(CATEGORIES);
        return Err(serde::de::Error::custom(format_args!(
            "checks: the category is {category:?}: it must be {expected}"
        )));
    }
    let checks = checks.into_iter().map(|(category, keywords)| {
        let keywords = keywords.into_iter().map(|word| word.0).collect();
        CheckKeywords { category, keywords }
    });
    Ok(checks.collect())
}
