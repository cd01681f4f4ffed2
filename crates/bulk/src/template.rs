//! Makes inputs from the columns of a table.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::record::RecordError;

/// A JSON object with placeholders such as `{{title}}`. A bulk run replaces each placeholder by the value of the column
/// with this name.
///
/// ```
/// use invoke_model_bulk::Template;
///
/// let template = Template::from_json(r#"{"inputText": "{{title}}: {{text}}", "dimensions": "{{size}}"}"#)?;
/// assert_eq!(template.columns().collect::<Vec<_>>(), ["size", "text", "title"]);
/// # Ok::<_, invoke_model_bulk::TemplateError>(())
/// ```
///
/// A string that is only one placeholder is replaced by the JSON value of the column. In the example, `dimensions` is a
/// number if the column `size` contains numbers. In all other strings, the text of the column replaces the placeholder.
/// Every value of a CSV file is a text. Names of members cannot contain placeholders.
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// JSON text.
    Literal(String),
    /// The JSON value of a column.
    Value(String),
    /// The text of a column, within a string.
    Text(String),
}

/// The error of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The template is not JSON.
    #[error("template: {0}")]
    Json(String),

    /// The template is not an object.
    #[error("template: expected a JSON object such as {{\"inputText\": \"{{{{text}}}}\"}}")]
    NotObject,

    /// A placeholder has no end or no name.
    #[error("template: `{0}` has an incomplete placeholder: write `{{{{name}}}}`")]
    Placeholder(String),

    /// The template has no placeholder, so that all inputs would be equal.
    #[error("template: there is no placeholder such as `{{{{text}}}}`")]
    NoPlaceholder,
}

/// One row of a table.
pub(crate) trait Row {
    /// Returns the JSON text of a column, or `None` if the row has no such column, or if its value is null.
    fn json(&self, column: &str) -> Option<Cow<'_, str>>;

    /// Returns the text of a column: the content of a string, or the JSON text of any other value. Returns `None` if the
    /// row has no such column, or if its value is null.
    fn text(&self, column: &str) -> Option<Cow<'_, str>>;
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Returns an error if the text is not a JSON object, or if it has no placeholder or an incomplete one.
    pub fn from_json(json: &str) -> Result<Self, TemplateError> {
        let value: Value =
            serde_json::from_str(json).map_err(|error| TemplateError::Json(error.to_string()))?;
        if !value.is_object() {
            return Err(TemplateError::NotObject);
        }
        let mut template = Self(Vec::new());
        template.add(&value)?;
        let is_constant = template.columns().next().is_none();
        if is_constant { Err(TemplateError::NoPlaceholder) } else { Ok(template) }
    }

    /// Returns the names of the columns that the template needs, in alphabetical order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let names = self.0.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Value(name) | Part::Text(name) => Some(name.as_str()),
        });
        names.collect::<BTreeSet<_>>().into_iter()
    }

    /// Returns the input of a row.
    pub(crate) fn render(&self, row: &dyn Row) -> Result<String, RecordError> {
        let mut json = String::new();
        for part in &self.0 {
            let missing = |name: &String| RecordError::NoColumn { column: name.clone() };
            match part {
                Part::Literal(text) => json.push_str(text),
                Part::Value(name) => json.push_str(&row.json(name).ok_or_else(|| missing(name))?),
                Part::Text(name) => {
                    let text = row.text(name).ok_or_else(|| missing(name))?;
                    json.push_str(content(&escape(&text)));
                }
            }
        }
        Ok(json)
    }

    fn add(&mut self, value: &Value) -> Result<(), TemplateError> {
        match value {
            Value::String(text) => return self.add_string(text),
            Value::Array(values) => {
                self.literal("[");
                for (index, value) in values.iter().enumerate() {
                    self.literal(if index == 0 { "" } else { "," });
                    self.add(value)?;
                }
                self.literal("]");
            }
            Value::Object(members) => {
                self.literal("{");
                for (index, (name, value)) in members.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "," };
                    self.literal(&format!("{separator}{}:", escape(name)));
                    self.add(value)?;
                }
                self.literal("}");
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => self.literal(&value.to_string()),
        }
        Ok(())
    }

    fn add_string(&mut self, text: &str) -> Result<(), TemplateError> {
        let incomplete = || TemplateError::Placeholder(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or_else(incomplete)?;
            let name = name.trim();
            if name.is_empty() || name.contains("{{") {
                return Err(incomplete());
            }
            parts.push((before, name));
            rest = after;
        }
        if let ([("", name)], "") = (&parts[..], rest) {
            self.0.push(Part::Value((*name).to_owned()));
            return Ok(());
        }
        self.literal("\"");
        for (before, name) in parts {
            self.literal(content(&escape(before)));
            self.0.push(Part::Text(name.to_owned()));
        }
        self.literal(content(&escape(rest)));
        self.literal("\"");
        Ok(())
    }

    fn literal(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Part::Literal(literal)) => literal.push_str(text),
            _ => self.0.push(Part::Literal(text.to_owned())),
        }
    }
}

/// Returns a text as a JSON string.
pub(crate) fn escape(text: &str) -> String {
    Value::from(text).to_string()
}

/// Returns a JSON string without its quotes.
fn content(string: &str) -> &str {
    &string[1..string.len() - 1]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Texts(BTreeMap<&'static str, &'static str>);

    impl Row for Texts {
        fn json(&self, column: &str) -> Option<Cow<'_, str>> {
            self.text(column).map(|text| if text == "7" { text } else { escape(&text).into() })
        }

        fn text(&self, column: &str) -> Option<Cow<'_, str>> {
            self.0.get(column).map(|text| Cow::Borrowed(*text))
        }
    }

    fn check(template: &str, expected: &str) {
        let row = Texts(BTreeMap::from([("a", "\"x\"\n"), ("b c", "y"), ("n", "7")]));
        let rendered = Template::from_json(template).map(|template| template.render(&row));
        let rendered = match rendered {
            Ok(Ok(text)) => serde_json::from_str::<Value>(&text).unwrap().to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(rendered.contains(expected), "{template}: {rendered}");
    }

    #[test]
    fn placeholders_are_replaced() {
        check(r#"{"t":"{{a}}"}"#, r#"{"t":"\"x\"\n"}"#);
        check(r#"{"t":"{{ b c }} {{a}}!"}"#, r#"{"t":"y \"x\"\n!"}"#);
        check(
            r#"{"t":"{{n}}","u":["{{n}} {x} \"",null,1.5,{"é\"":"{{b c}}"}]}"#,
            r#"{"t":7,"u":["7 {x} \"",null,1.5,{"é\"":"y"}]}"#,
        );
        check(r#"{"t":"{{a}}{{a}}"}"#, r#"{"t":"\"x\"\n\"x\"\n"}"#);
    }

    #[test]
    fn mistakes_are_named() {
        check(r#"{"t":"{{z}}"}"#, "the column `z` is missing");
        check(r#"{"t":"{{a"}"#, "`{{a` has an incomplete placeholder");
        check(r#"{"t":"{{}}"}"#, "incomplete placeholder");
        check(r#"{"t":"a"}"#, "there is no placeholder");
        check(r#"["{{a}}"]"#, "expected a JSON object");
        check("{", "template: EOF");
    }
}
