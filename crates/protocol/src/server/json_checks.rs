//! Checks of the JSON text of a request that its parser does not make.
//!
//! The parser gives a missing member the zero value of its type, and accepts values that are not in the model.
//! Clients need these rules for responses of newer versions of the service. Therefore servers search the JSON
//! text for required members that are missing, and for values that only the parser accepts.
//! <https://smithy.io/2.0/spec/aggregate-types.html#client-error-correction>

use super::violations::Violations;
use super::{Constraint, is_utc};
use crate::error::ParseErrorKind;
use crate::json::{BorrowedValue, Nodes, Object, members_by_name, read};
use crate::operation::Request;

/// A structure or union whose JSON text servers check. Generated code implements this trait.
pub trait JsonChecks {
    /// Adds the required members that are missing in a JSON value, and the first value that does not match the
    /// model, at any depth.
    fn check_json(violations: &mut Violations, json: BorrowedValue<'_>);
}

/// The checks ignore values of the wrong type, because the parser returns an error for them.
impl Violations {
    /// Checks a body. Ignores a body that is not JSON, because the parser returns an error for it. Checks an
    /// empty body like an object without members.
    pub fn body(&mut self, body: &[u8], check: impl FnOnce(&mut Self, BorrowedValue<'_>)) {
        let mut nodes = Nodes::default();
        if let Ok(json) = nodes.parse(body) {
            check(self, json);
        }
    }

    /// Checks the value of a member whose JSON text is the entire body.
    pub fn payload(
        &mut self,
        json: BorrowedValue<'_>,
        name: &str,
        check: impl FnOnce(&mut Self, BorrowedValue<'_>),
    ) {
        self.member(name, &json, |violations, json| check(violations, *json));
    }

    /// Adds a member if the JSON object does not contain it.
    pub fn required(&mut self, json: BorrowedValue<'_>, name: &str, json_name: &str) {
        let Ok(object) = Object::from_value(json) else { return };
        self.required_value(name, !matches!(object.member(json_name, |_| Ok(())), Ok(None)));
    }

    /// Adds a member if the request does not contain its header.
    pub fn required_header(&mut self, request: &Request, name: &str, header: &str) {
        self.required_value(name, request.headers().contains_key(header));
    }

    /// Adds a member if the request does not contain its query parameter.
    pub fn required_parameter(&mut self, request: &Request, name: &str, parameter: &str) {
        self.required_value(name, super::Query::new(request.uri().query()).contains(parameter));
    }

    fn required_value(&mut self, name: &str, is_set: bool) {
        if !is_set {
            self.member(name, &(), |violations, ()| violations.add(Constraint::Required));
        }
    }

    /// Checks the value of a member if the JSON object contains it.
    pub fn in_member(
        &mut self,
        json: BorrowedValue<'_>,
        name: &str,
        json_name: &str,
        check: impl FnOnce(&mut Self, BorrowedValue<'_>),
    ) {
        let Ok(object) = Object::from_value(json) else { return };
        if let Ok(Some(value)) = object.member(json_name, Ok) {
            self.payload(value, name, check);
        }
    }

    /// Checks each element of a JSON array.
    pub fn in_elements(&mut self, json: BorrowedValue<'_>, check: impl Fn(&mut Self, BorrowedValue<'_>)) {
        if let Ok(list) = read::array(json) {
            let list: Vec<_> = list.collect();
            self.elements(&list, |violations, json| check(violations, *json));
        }
    }

    /// Checks each value of a JSON object that represents a map.
    pub fn in_values(&mut self, json: BorrowedValue<'_>, check: impl Fn(&mut Self, BorrowedValue<'_>)) {
        if let Ok(map) = members_by_name(json) {
            self.values(&map, |violations, json| check(violations, *json));
        }
    }

    /// Checks that the elements of an array, or the values of an object that represents a map, are not null.
    ///
    /// <https://smithy.io/2.0/spec/type-refinement-traits.html#sparse-trait>
    pub fn no_nulls(&mut self, json: BorrowedValue<'_>) {
        let has_null = match read::array(json) {
            Ok(mut elements) => elements.any(BorrowedValue::is_null),
            Err(_) => members_by_name(json).is_ok_and(|map| map.into_values().any(BorrowedValue::is_null)),
        };
        if has_null {
            self.add_malformed(ParseErrorKind::Null);
        }
    }

    /// Checks that an object represents a union: one of these members, and no other member.
    ///
    /// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#union-serialization>
    pub fn only_member(&mut self, json: BorrowedValue<'_>, names: &[&str]) {
        let Ok(members) = members_by_name(json) else { return };
        let set = || members.iter().filter(|(name, value)| !value.is_null() && *name != "__type");
        if set().any(|(name, _)| !names.contains(&name.as_ref())) {
            self.add_malformed(ParseErrorKind::UnknownUnionMember);
        } else if set().count() > 1 {
            self.add_malformed(ParseErrorKind::Union { found: set().count() });
        }
    }

    /// Checks that a timestamp in the format `date-time` has no offset from UTC.
    pub fn utc(&mut self, json: BorrowedValue<'_>) {
        if read::string(json).is_ok_and(|text| !is_utc(&text)) {
            self.add_malformed(ParseErrorKind::NotUtc);
        }
    }
}
