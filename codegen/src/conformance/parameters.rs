//! Parameters of test cases with malformed requests.
//!
//! <https://smithy.io/2.0/additional-specs/http-protocol-compliance-tests.html#parameterized-test-cases>

use serde_json::{Map, Value};

/// Returns a test case for each value of the parameters of a case. The first test case has the first value of
/// each parameter, and the suffix `_case0`. A case without parameters becomes one test case.
///
/// # Errors
/// Returns an error if the parameters have different numbers of values, or if a value is not a string.
pub(super) fn expand(case: &Value) -> Result<Vec<Value>, String> {
    let Some(parameters) = case.get("testParameters").and_then(Value::as_object) else {
        return Ok(vec![replaced(case, &[])]);
    };
    let id = case.get("id").and_then(Value::as_str).unwrap_or_default();
    let lists =
        parameters.iter().map(|(name, values)| values_of(values).map(|values| (name.as_str(), values)));
    let lists =
        lists.collect::<Option<Vec<_>>>().ok_or_else(|| format!("{id}: a parameter is not a string"))?;
    let count = lists.first().map_or(0, |(_, values)| values.len());
    if lists.iter().any(|(_, values)| values.len() != count) {
        return Err(format!("{id}: the parameters have different numbers of values"));
    }
    let expanded = (0..count).map(|index| {
        let values: Vec<(&str, &str)> = lists.iter().map(|(name, values)| (*name, values[index])).collect();
        let mut case = case.clone();
        if let Some(members) = case.as_object_mut() {
            members.remove("testParameters");
        }
        let mut case = replaced(&case, &values);
        case["id"] = format!("{id}_case{index}").into();
        case
    });
    Ok(expanded.collect())
}

fn values_of(values: &Value) -> Option<Vec<&str>> {
    values.as_array()?.iter().map(Value::as_str).collect()
}

/// Replaces the parameters in all strings of a case.
fn replaced(value: &Value, values: &[(&str, &str)]) -> Value {
    match value {
        Value::String(text) => Value::String(interpolate(text, values)),
        Value::Array(elements) => elements.iter().map(|element| replaced(element, values)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), replaced(value, values)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// Replaces `$name:L` by the value of the parameter, `$name:S` by the value as a JSON string, and `$$` by `$`.
fn interpolate(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let found = values.iter().find_map(|(name, value)| {
            let (format, rest) = after.strip_prefix(name)?.strip_prefix(':')?.split_at_checked(1)?;
            match format {
                "L" => Some(((*value).to_owned(), rest)),
                "S" => Some((Value::String((*value).to_owned()).to_string(), rest)),
                _ => None,
            }
        });
        match found {
            Some((value, after)) => {
                out.push_str(&value);
                rest = after;
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_values_of_parameters_are_combined_by_index() {
        let case = json!({
            "id": "A",
            "request": {"body": "{\"a\": $value:S, \"n\": $n:L}", "headers": {"x": "$value:L$$"}},
            "response": {"code": 400},
            "testParameters": {"value": ["a\"", "b"], "n": ["1", "2"]},
        });
        let request = |body: &str, x: &str| json!({"body": body, "headers": {"x": x}});
        assert_eq!(
            expand(&case).unwrap(),
            [
                json!({"id": "A_case0", "request": request(r#"{"a": "a\"", "n": 1}"#, "a\"$"), "response": {"code": 400}}),
                json!({"id": "A_case1", "request": request(r#"{"a": "b", "n": 2}"#, "b$"), "response": {"code": 400}}),
            ]
        );
    }

    #[test]
    fn cases_without_parameters_keep_their_ids() {
        let case = json!({"id": "A", "request": {"body": "^[a-m]+$$ $ $x:L"}});
        assert_eq!(expand(&case).unwrap(), [json!({"id": "A", "request": {"body": "^[a-m]+$ $ $x:L"}})]);
    }

    #[test]
    fn parameters_must_have_the_same_number_of_values() {
        let case = |parameters: Value| expand(&json!({"id": "A", "testParameters": parameters})).unwrap_err();
        assert_eq!(case(json!({"a": ["1"], "b": []})), "A: the parameters have different numbers of values");
        assert_eq!(case(json!({"a": [1]})), "A: a parameter is not a string");
    }
}
