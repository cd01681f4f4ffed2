//! Documentation of what is generated: the model's words, then the facts of the binding.

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::{Constraint, Location, Member, Presence};

/// Characters of a line of documentation.
const WIDTH: usize = 100;

/// `///` lines of readable width. Indented lines would be taken for code, so indents go.
pub(super) fn doc(text: &str) -> TokenStream {
    let lines = text.trim().lines().flat_map(|line| wrapped(line.trim()));
    let lines = lines.map(|line| if line.is_empty() { line } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}

/// A paragraph's lines; those of a list item stand behind its mark.
fn wrapped(paragraph: &str) -> Vec<String> {
    let indent = if paragraph.starts_with("- ") { "  " } else { "" };
    let mut lines = vec![String::new()];
    for word in paragraph.split(' ') {
        let line = lines.last_mut().filter(|line| line.is_empty() || line.len() + word.len() < WIDTH);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(format!("{indent}{word}")),
        }
    }
    lines
}

/// The words of a shape, or a stand-in where the model has none.
pub(super) fn or(text: &str, otherwise: &str) -> TokenStream {
    doc(if text.is_empty() { otherwise } else { text })
}

/// A member's words, then where it stands and what it keeps to.
pub(super) fn member(member: &Member) -> TokenStream {
    let mut facts = vec![location(member)];
    facts.extend(member.constraints.iter().filter_map(constraint));
    if let Presence::Default(value) = &member.presence {
        facts.push(format!("`{value}` unless set"));
    }
    if member.sensitive {
        facts.push("sensitive: never printed by `Debug`".to_owned());
    }
    let facts = facts.join("; ");
    if member.doc.is_empty() {
        doc(&format!("{facts}."))
    } else {
        doc(&format!("{}\n\n{facts}.", member.doc))
    }
}

/// Modules that generated folders have already, and crates: a module of their name would hide them from `use`.
const TAKEN_MODULES: &[&str] = &[
    "alloc",
    "bytes",
    "core",
    "error",
    "http",
    "input",
    "invoke_model_protocol",
    "mod",
    "output",
    "serde",
    "serde_json",
    "server",
    "std",
    "thiserror",
];

/// The file of a type.
pub(super) fn module_name(rust_name: &str) -> String {
    match rust_name.to_snake_case() {
        // The names of modules and crates that generated code names already, and words that are none.
        name if TAKEN_MODULES.contains(&name.as_str()) => format!("{name}_"),
        name if syn::parse_str::<syn::Ident>(&name).is_err() => format!("{name}_"),
        name => name,
    }
}

fn location(member: &Member) -> String {
    let name = &member.wire_name;
    match &member.location {
        Location::Label { greedy: false } => format!("Label `{name}` in the path"),
        Location::Label { greedy: true } => format!("Label `{name}` in the path, slashes kept"),
        Location::Query(parameter) => format!("Query parameter `{parameter}`"),
        Location::QueryMap => "All other query parameters".to_owned(),
        Location::Header(field) => format!("Header field `{field}`"),
        Location::PrefixHeaders(prefix) => format!("Header fields `{prefix}*`"),
        Location::Payload { content_type } => format!("The payload, `{content_type}` unless said otherwise"),
        Location::Body => format!("`{}` in the JSON", member.json_name),
        Location::EventHeader => format!("Header `{name}` of the event"),
        Location::EventPayload { content_type } => format!("The payload of the event, `{content_type}`"),
        Location::StatusCode => "The status".to_owned(),
    }
}

fn constraint(constraint: &Constraint) -> Option<String> {
    match constraint {
        Constraint::Length { min: Some(min), max: Some(max) } => {
            Some(format!("length {} to {}", grouped(*min), grouped(*max)))
        }
        Constraint::Length { min: Some(min), max: None } => Some(format!("length {} or more", grouped(*min))),
        Constraint::Length { min: None, max: Some(max) } => Some(format!("length at most {}", grouped(*max))),
        Constraint::Range { min: Some(min), max: Some(max) } => Some(format!("{min} to {max}")),
        Constraint::Range { min: Some(min), max: None } => Some(format!("{min} or more")),
        Constraint::Range { min: None, max: Some(max) } => Some(format!("at most {max}")),
        // A pattern is for machines; the model's words say what it means.
        Constraint::Pattern(_)
        | Constraint::OneOf(_)
        | Constraint::Length { .. }
        | Constraint::Range { .. } => None,
    }
}

/// `25000000` as `25,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
