//! Comparison of two models.

use std::collections::BTreeSet;
use std::fmt;

use invoke_model_codegen::Diagnostic;
use invoke_model_codegen::model::{Model, ShapeId};
use invoke_model_codegen::select::{Selection, select};
use serde_json::Value;

use super::Error;
use super::facts::{Aspects, Facts};
use super::wire::{self, Wire};

/// A difference between the models. `Display` writes the line that the command prints. `model/README.md`
/// lists the same line.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// The service, operation, shape or member that differs.
    subject: String,
    /// Aspect that differs, or `None` if only one model has the subject.
    aspect: Option<String>,
    /// Location in the value of the aspect, as a JSON pointer.
    pointer: String,
    theirs: Option<Value>,
    ours: Option<Value>,
}

impl Difference {
    /// Returns the difference for a subject that only one model has.
    pub(super) fn presence(subject: &str, is_ours: bool) -> Self {
        Self {
            subject: subject.to_owned(),
            aspect: None,
            pointer: String::new(),
            theirs: (!is_ours).then_some(Value::Null),
            ours: is_ours.then_some(Value::Null),
        }
    }
}

/// Returns the differences, sorted by shape. Compares only `operations`, or all operations if the list is
/// empty. If our model lacks an operation, reports only the name of the operation.
///
/// # Errors
/// Returns an error if our model does not have one of `operations`, or if the other model does not have our
/// service.
pub(super) fn diff(ours: &Model, theirs: &Model, operations: &[String]) -> Result<Vec<Difference>, Error> {
    let our_selection = select(ours, None, operations).map_err(select_error("our"))?;
    let (their_selection, missing) =
        select_shared(theirs, &our_selection).map_err(select_error("the other"))?;
    let mut differences = compare(&Facts::new(ours, &our_selection), &Facts::new(theirs, &their_selection));
    if operations.is_empty() {
        differences.extend(missing.iter().map(|id| Difference::presence(id.as_str(), false)));
    }
    Ok(differences)
}

/// Returns the differences between our model and a service model of botocore. Compares only `operations`, or
/// all operations if the list is empty.
///
/// # Errors
/// Returns an error if our model does not have one of `operations`.
pub(super) fn diff_botocore(
    ours: &Model,
    theirs: &Value,
    operations: &[String],
) -> Result<Vec<Difference>, Error> {
    let selection = select(ours, None, operations).map_err(select_error("our"))?;
    let (ours, theirs) = (Wire::from_smithy(ours, &selection), Wire::from_botocore(theirs));
    Ok(wire::compare(&ours, &theirs, operations))
}

/// Selects the operations that both models have. Also returns the operations that only the other model has.
fn select_shared(theirs: &Model, ours: &Selection) -> Result<(Selection, Vec<ShapeId>), Vec<Diagnostic>> {
    let service = Some(ours.service.as_str());
    let all = select(theirs, service, &[])?;
    let (shared, missing): (Vec<ShapeId>, Vec<ShapeId>) =
        all.operations.iter().cloned().partition(|id| ours.operations.contains(id));
    if shared.is_empty() {
        // Does not call `select`, because it would select all operations for an empty list.
        return Ok((Selection { operations: Vec::new(), closure: BTreeSet::new(), ..all }, missing));
    }
    let shared: Vec<String> = shared.iter().map(|id| id.name().to_owned()).collect();
    Ok((select(theirs, service, &shared)?, missing))
}

fn select_error(whose: &'static str) -> impl Fn(Vec<Diagnostic>) -> Error {
    move |diagnostics| {
        let findings: Vec<String> = diagnostics.iter().map(Diagnostic::to_string).collect();
        Error::Select { whose, findings: findings.join("; ") }
    }
}

fn compare(ours: &Facts, theirs: &Facts) -> Vec<Difference> {
    let mut differences = Vec::new();
    let subjects: BTreeSet<&ShapeId> = ours.aspects.keys().chain(theirs.aspects.keys()).collect();
    for subject in subjects {
        match (ours.aspects.get(subject), theirs.aspects.get(subject)) {
            (Some(ours), Some(theirs)) => differences.extend(aspects(subject.as_str(), ours, theirs)),
            // Only one model has the shape of this member. The difference for the shape also covers its
            // members.
            _ if is_member_of_unshared_shape(subject, ours, theirs) => {}
            (our_aspects, _) => {
                differences.push(Difference::presence(subject.as_str(), our_aspects.is_some()));
            }
        }
        if let (Some(ours), Some(theirs)) = (ours.members.get(subject), theirs.members.get(subject)) {
            differences.extend(order(subject.as_str(), ours, theirs));
        }
    }
    differences
}

fn is_member_of_unshared_shape(subject: &ShapeId, ours: &Facts, theirs: &Facts) -> bool {
    subject
        .split_member()
        .is_some_and(|(shape, _)| !(ours.aspects.contains_key(&shape) && theirs.aspects.contains_key(&shape)))
}

/// Returns the differences of the aspects of a subject.
pub(super) fn aspects(subject: &str, ours: &Aspects, theirs: &Aspects) -> Vec<Difference> {
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let differing = names.into_iter().filter_map(|name| {
        let (pointer, theirs, ours) = first_difference(theirs.get(name), ours.get(name))?;
        Some(Difference {
            subject: subject.to_owned(),
            aspect: Some(name.clone()),
            pointer,
            theirs: theirs.cloned(),
            ours: ours.cloned(),
        })
    });
    differing.collect()
}

/// Compares the order of the members that both models have. The order matters, because the generator keeps it
/// in the generated code.
pub(super) fn order(subject: &str, ours: &[String], theirs: &[String]) -> Option<Difference> {
    let of_both = |names: &[String], others: &[String]| -> Value {
        names.iter().filter(|name| others.contains(name)).map(String::as_str).collect()
    };
    let (theirs, ours) = (of_both(theirs, ours), of_both(ours, theirs));
    let (pointer, theirs, ours) = first_difference(Some(&theirs), Some(&ours))?;
    Some(Difference {
        subject: subject.to_owned(),
        aspect: Some("member order".to_owned()),
        pointer,
        theirs: theirs.cloned(),
        ours: ours.cloned(),
    })
}

type Location<'a> = (String, Option<&'a Value>, Option<&'a Value>);

/// Returns the first location at which two values differ, and both values at this location. The location is a
/// JSON pointer (RFC 6901).
fn first_difference<'a>(theirs: Option<&'a Value>, ours: Option<&'a Value>) -> Option<Location<'a>> {
    match (theirs, ours) {
        (Some(Value::Object(theirs)), Some(Value::Object(ours))) => {
            theirs.keys().chain(ours.keys()).find_map(|key| {
                let (rest, theirs, ours) = first_difference(theirs.get(key), ours.get(key))?;
                Some((format!("/{}{rest}", key.replace('~', "~0").replace('/', "~1")), theirs, ours))
            })
        }
        (Some(Value::Array(theirs)), Some(Value::Array(ours))) => {
            (0..theirs.len().max(ours.len())).find_map(|index| {
                let (rest, theirs, ours) = first_difference(theirs.get(index), ours.get(index))?;
                Some((format!("/{index}{rest}"), theirs, ours))
            })
        }
        (theirs, ours) if theirs == ours => None,
        (theirs, ours) => Some((String::new(), theirs, ours)),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, value) = match (&self.theirs, &self.ours) {
            (None, Some(ours)) if self.pointer.is_empty() => ('+', suffix(ours)),
            (Some(theirs), None) if self.pointer.is_empty() => ('-', suffix(theirs)),
            (theirs, ours) => ('~', format!(": {} -> {}", brief(theirs.as_ref()), brief(ours.as_ref()))),
        };
        write!(f, "{sign} {}", self.subject)?;
        for part in self.aspect.iter().chain((!self.pointer.is_empty()).then_some(&self.pointer)) {
            write!(f, " {part}")?;
        }
        f.write_str(&value)
    }
}

/// Returns the text that follows the name of an aspect: `: ` and the value. Returns an empty text for null
/// and `{}`, because these values mean that the aspect has no value.
fn suffix(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Object(object) if object.is_empty() => String::new(),
        value => format!(": {}", brief(Some(value))),
    }
}

/// Formats a value on one line. Replaces a long object by `{..}` and a long list by `[..]`.
fn brief(value: Option<&Value>) -> String {
    const WIDTH: usize = 80;
    let Some(value) = value else { return "absent".to_owned() };
    let text = value.to_string();
    match value {
        Value::Object(_) if text.len() > WIDTH => "{..}".to_owned(),
        Value::Array(_) if text.len() > WIDTH => "[..]".to_owned(),
        _ => text,
    }
}
