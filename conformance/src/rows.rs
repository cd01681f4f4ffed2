//! Rows: a scenario of a file with `rows` stands for one scenario per row.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Returns one scenario for each row, or the scenario itself if it has no rows.
///
/// # Errors
/// Returns an error if `rows` is not a list of objects with an `id`, if a `${NAME}` has no value, or if the scenario
/// does not use a value of a row.
pub(crate) fn expand(scenario: &Value) -> Result<Vec<Value>, String> {
    let mut scenario = scenario.clone();
    let Some(rows) = scenario.as_object_mut().and_then(|members| members.remove("rows")) else {
        return Ok(vec![substitute(&scenario, &Map::new(), &mut BTreeSet::new())?]);
    };
    match rows {
        Value::Array(rows) if !rows.is_empty() => {
            rows.iter().map(|row| row_scenario(&scenario, row)).collect()
        }
        _ => Err("`rows` must be a list of objects".to_owned()),
    }
}

fn row_scenario(scenario: &Value, row: &Value) -> Result<Value, String> {
    let Value::Object(values) = row else { return Err("`rows` must be a list of objects".to_owned()) };
    let Some(Value::String(id)) = values.get("id") else { return Err("each row needs an `id`".to_owned()) };
    let mut used = BTreeSet::new();
    let mut scenario =
        substitute(scenario, values, &mut used).map_err(|error| format!("row `{id}`: {error}"))?;
    if let Some(name) = values.keys().find(|name| *name != "id" && !used.contains(*name)) {
        return Err(format!("row `{id}`: no text of the scenario contains ${{{name}}}: remove `{name}`"));
    }
    if let Some(Value::String(scenario_id)) = scenario.get_mut("id") {
        scenario_id.push('/');
        scenario_id.push_str(id);
    }
    Ok(scenario)
}

/// Replaces each `${NAME}` in strings and in the names of members.
fn substitute(
    value: &Value,
    values: &Map<String, Value>,
    used: &mut BTreeSet<String>,
) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => match whole_name(text) {
            Some(name) => lookup(name, values, used)?.clone(),
            None => Value::String(substitute_text(text, values, used)?),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| substitute(item, values, used)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let mut replaced = Map::new();
            for (name, value) in members {
                replaced.insert(substitute_text(name, values, used)?, substitute(value, values, used)?);
            }
            Value::Object(replaced)
        }
        other => other.clone(),
    })
}

/// Returns the name in a string that is exactly `${NAME}`.
fn whole_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    is_name(name).then_some(name)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

fn substitute_text(
    text: &str,
    values: &Map<String, Value>,
    used: &mut BTreeSet<String>,
) -> Result<String, String> {
    let mut parts = text.split("${");
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}').filter(|(name, _)| is_name(name)) {
            Some((name, rest)) => {
                match lookup(name, values, used)? {
                    Value::String(value) => replaced.push_str(value),
                    Value::Number(value) => replaced.push_str(&value.to_string()),
                    _ => return Err(format!("`{name}` is part of a text: it must be a string or a number")),
                }
                replaced.push_str(rest);
            }
            None => {
                replaced.push_str("${");
                replaced.push_str(part);
            }
        }
    }
    Ok(replaced)
}

fn lookup<'a>(
    name: &str,
    values: &'a Map<String, Value>,
    used: &mut BTreeSet<String>,
) -> Result<&'a Value, String> {
    used.insert(name.to_owned());
    values.get(name).ok_or_else(|| format!("${{{name}}} has no value: add `{name}` to each row"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(scenario: &Value, expected: Result<Value, &str>) {
        let found = expand(scenario).map(Value::Array);
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn names_stand_for_the_values_of_each_row() {
        check(&json!({"id": "a", "b": 1}), Ok(json!([{"id": "a", "b": 1}])));
        check(
            &json!({"id": "a", "b": ["${x}"], "c-${x}": "<${x}> $ ${ {", "rows": [{"id": "1", "x": "y"}, {"id": "2", "x": 5}]}),
            Ok(json!([
                {"id": "a/1", "b": ["y"], "c-y": "<y> $ ${ {"},
                {"id": "a/2", "b": [5], "c-5": "<5> $ ${ {"}
            ])),
        );
        check(
            &json!({"id": "a", "b": "${x}", "rows": [{"id": "1", "x": {"y": "${z}"}}]}),
            Ok(json!([{"id": "a/1", "b": {"y": "${z}"}}])),
        );
    }

    #[test]
    fn missing_and_unused_names_are_errors() {
        check(&json!({"id": "a", "b": "${x}"}), Err("${x} has no value: add `x` to each row"));
        check(
            &json!({"id": "a", "b": "${x}", "rows": [{"id": "1", "x": 1, "y": 2}]}),
            Err("row `1`: no text of the scenario contains ${y}: remove `y`"),
        );
        check(
            &json!({"id": "a", "b": "<${x}>", "rows": [{"id": "1", "x": [1]}]}),
            Err("row `1`: `x` is part of a text: it must be a string or a number"),
        );
        check(&json!({"id": "a", "rows": []}), Err("`rows` must be a list of objects"));
        check(&json!({"id": "a", "rows": [{"x": 1}]}), Err("each row needs an `id`"));
    }
}
