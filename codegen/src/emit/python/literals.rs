//! Prints the module `literals`: the values of string enums.

use super::names::Names;
use super::{layout, module};
use crate::ir::{Service, Shape};

/// Returns the text of the module.
pub(super) fn literals(service: &Service, names: &Names<'_>) -> String {
    let mut items = Vec::new();
    for (rust_name, shape) in &service.shapes {
        let (Shape::StringEnum(string_enum), Some(name)) = (shape, names.literal(rust_name)) else {
            continue;
        };
        let values: Vec<String> =
            string_enum.members.iter().map(|member| layout::string(&member.value)).collect();
        let alias = match values.is_empty() {
            true => format!("{name} = str\n"),
            false => layout::list(0, &format!("{name} = Literal["), &values, "]"),
        };
        items.push(format!("{}{alias}", layout::comment(0, &string_enum.doc)));
    }
    let doc = format!("Values of the enums of {}.\n\nThe names are those of types-boto3.", service.sdk_id);
    module(&doc, &["from typing import Literal\n".to_owned()], "\n", &items)
}
