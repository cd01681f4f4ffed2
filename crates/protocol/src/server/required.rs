//! Required members that are missing in a request.
//!
//! Servers search the request, because the parser gives a missing member the zero value of its type.
//! Clients need this rule for responses.
//! <https://smithy.io/2.0/spec/aggregate-types.html#client-error-correction>

use super::{Constraint, Query, Violations};
use crate::json::{BorrowedValue, Nodes, Object, members_by_name, read};
use crate::operation::Request;

/// A structure or union that contains required members. Generated code implements this trait.
pub trait RequiredMembers {
    /// Adds the required members that are missing in a JSON value, at any depth.
    fn check_json(violations: &mut Violations, json: BorrowedValue<'_>);
}

/// The checks ignore values of the wrong type, because the parser returns an error for them.
impl Violations {
    /// Checks a body. Ignores a body that is not JSON, because the parser returns an error for it.
    pub fn of_body(body: &[u8], check: impl FnOnce(&mut Self, BorrowedValue<'_>)) -> Self {
        let mut violations = Self::new();
        let mut nodes = Nodes::default();
        if let Ok(json) = nodes.parse(body) {
            check(&mut violations, json);
        }
        violations
    }

    /// Adds a member if the request has no such header.
    pub fn required_header(&mut self, request: &Request, name: &str, header: &str) {
        self.required_if(request.headers().contains_key(header), name);
    }

    /// Adds a member if the query has no such parameter.
    pub fn required_parameter(&mut self, request: &Request, name: &str, parameter: &str) {
        let found = Query::new(request.uri().query()).optional(parameter, name, |_| Ok(()));
        self.required_if(matches!(found, Ok(Some(()))), name);
    }

    fn required_if(&mut self, is_present: bool, name: &str) {
        if !is_present {
            self.member(name, &(), |violations, ()| violations.add(Constraint::Required));
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
        self.required_if(!matches!(object.member(json_name, |_| Ok(())), Ok(None)), name);
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
}
