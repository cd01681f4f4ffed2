//! Prints the doc comments of generated items. A doc comment contains the documentation from the model. For a
//! member, the doc comment also contains the HTTP binding and the constraints.

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::quote;

use crate::emit::wrap::wrapped;
use crate::ir::{Constraint, Location, Member, Presence};

/// Maximum number of characters in a line of documentation.
const WIDTH: usize = 100;

/// Converts a text to `///` lines and wraps long lines. Removes indentation, because rustdoc parses indented
/// lines as code.
pub(super) fn doc(text: &str) -> TokenStream {
    let lines = text.trim().lines().flat_map(|line| wrapped(line.trim(), WIDTH));
    let lines = lines.map(|line| if line.is_empty() { line } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}

/// Returns the doc comment of a shape. Uses `otherwise` if the model does not document the shape.
pub(super) fn or(text: &str, otherwise: &str) -> TokenStream {
    doc(if text.is_empty() { otherwise } else { text })
}

/// Returns the first sentence of a documentation text, or an empty string if the text is empty.
pub(super) fn first_sentence(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_end = |(at, _): &(usize, &str)| {
        paragraph[at + 2..].starts_with(|next: char| next.is_uppercase() || next == '`')
    };
    let end = paragraph.match_indices(". ").find(is_end).map_or(paragraph.len(), |(at, _)| at + 1);
    let sentence = &paragraph[..end];
    match sentence.strip_suffix(':') {
        // The colon introduces a list, which is not part of the returned sentence.
        Some(introduction) => format!("{introduction}."),
        None => sentence.to_owned(),
    }
}

/// Returns the doc comment for the setter of a member: the first sentence of the member's documentation.
pub(super) fn setter(member: &Member) -> String {
    match first_sentence(&member.doc) {
        sentence if sentence.is_empty() => format!("Sets `{}`.", member.wire_name),
        sentence => sentence,
    }
}

/// Returns the lines of a doc comment as arguments of a macro. Each line starts with a space.
pub(super) fn macro_lines(text: &str) -> Vec<String> {
    wrapped(text, 85).into_iter().map(|line| format!(" {line}")).collect()
}

/// Returns the doc comment of a member: its documentation, its location and its constraints.
pub(super) fn member(member: &Member) -> TokenStream {
    let mut facts = vec![location(member)];
    facts.extend(member.constraints.iter().filter_map(constraint));
    if let Presence::Default(value) = &member.presence {
        facts.push(format!("default `{}`", value.json));
    }
    if member.sensitive {
        facts.push("sensitive: hidden by `Debug`".to_owned());
    }
    let facts = facts.join("; ");
    if member.doc.is_empty() {
        doc(&format!("{facts}."))
    } else {
        doc(&format!("{}\n\n{facts}.", member.doc))
    }
}

/// Names that the module of a type cannot have. Some are names of crates: a module with such a name would
/// shadow the crate in `use` declarations. The others are names of other generated files.
const TAKEN_MODULES: &[&str] = &[
    "alloc",
    "builders",
    "bytes",
    "core",
    "http",
    "invoke_model_protocol",
    "messages",
    "mod",
    "serde",
    "serde_json",
    "server",
    "std",
    "thiserror",
];

/// Returns the name of the module that contains a type.
pub(super) fn module_name(rust_name: &str) -> String {
    match rust_name.to_snake_case() {
        name if TAKEN_MODULES.contains(&name.as_str()) => format!("{name}_"),
        name if syn::parse_str::<syn::Ident>(&name).is_err() => format!("{name}_"),
        name => name,
    }
}

fn location(member: &Member) -> String {
    let name = &member.wire_name;
    match &member.location {
        Location::Label { greedy: false } => format!("Label `{name}` in the path"),
        Location::Label { greedy: true } => format!("Label `{name}` in the path; `/` is not encoded"),
        Location::Query(parameter) => format!("Query parameter `{parameter}`"),
        Location::QueryMap { .. } => "All other query parameters".to_owned(),
        Location::Header(header) => format!("Header `{header}`"),
        Location::PrefixHeaders(prefix) => format!("Headers `{prefix}*`"),
        Location::Payload { content_type, .. } => format!("Payload, `{content_type}` by default"),
        Location::Body => format!("Member `{}` of the JSON body", member.json_name),
        Location::EventHeader => format!("Header `{name}` of the event"),
        Location::EventPayload { content_type } => format!("Payload of the event, `{content_type}`"),
        Location::StatusCode => "Status code".to_owned(),
    }
}

fn constraint(constraint: &Constraint) -> Option<String> {
    match constraint {
        Constraint::Length { min: Some(min), max: Some(max) } => {
            Some(format!("length {} to {}", grouped(*min), grouped(*max)))
        }
        Constraint::Length { min: Some(min), max: None } => {
            Some(format!("length at least {}", grouped(*min)))
        }
        Constraint::Length { min: None, max: Some(max) } => Some(format!("length at most {}", grouped(*max))),
        Constraint::Range { min: Some(min), max: Some(max) } => Some(format!("{min} to {max}")),
        Constraint::Range { min: Some(min), max: None } => Some(format!("at least {min}")),
        Constraint::Range { min: None, max: Some(max) } => Some(format!("at most {max}")),
        // The text omits these constraints: the documentation describes the pattern, the enum lists its
        // values, and the nested shape documents its members.
        Constraint::Pattern(_)
        | Constraint::OneOf { .. }
        | Constraint::UniqueItems
        | Constraint::Required
        | Constraint::Members
        | Constraint::JsonMembers
        | Constraint::NoNulls
        | Constraint::Utc
        | Constraint::Elements(_)
        | Constraint::Keys(_)
        | Constraint::Values(_)
        | Constraint::Length { .. }
        | Constraint::Range { .. } => None,
    }
}

/// Formats `25000000` as `25,000,000`.
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
