//! Lowers the traits that describe sequences of calls: pages of a list, and waiters.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ir::{
    self, Acceptor, Matcher, MemberPath, Pagination, PaginationNames, Shape, Structure, Type, Waiter,
    WaiterState,
};
use crate::model;

use super::facts::path_of_names;
use super::{Lowering, docs, traits};

/// The default delays of a waiter, in seconds.
/// <https://smithy.io/2.0/additional-specs/waiters.html#waiter-structure>
const DELAYS: (u64, u64) = (2, 120);

impl Lowering<'_> {
    /// Lowers the trait `paginated`. The trait of the service has defaults for the traits of its operations.
    ///
    /// Returns `None` if the token is not a string at the top level of the input, or if the pages do not
    /// contain a list. Callers of such an operation must request each page themselves.
    /// <https://smithy.io/2.0/spec/behavior-traits.html#paginated-trait>
    pub(super) fn pagination(
        &self,
        operation: &model::Shape,
        input: &Structure,
        output: &Structure,
        shapes: &BTreeMap<String, Shape>,
    ) -> Option<Pagination> {
        let own = operation.traits.get(traits::PAGINATED)?;
        let service = self.model.shape(&self.selection.service);
        let of_service = service.and_then(|service| service.traits.get(traits::PAGINATED));
        let name = |key: &str| {
            own.get(key).or_else(|| of_service.and_then(|defaults| defaults.get(key))).and_then(Value::as_str)
        };
        let is_text = |ty: &Type| matches!(ty, Type::String { .. });
        let names = PaginationNames {
            input_token: name("inputToken")?.to_owned(),
            output_token: name("outputToken")?.to_owned(),
            items: name("items")?.to_owned(),
            page_size: name("pageSize").map(str::to_owned),
        };
        let token = input.member(&names.input_token).filter(|member| is_text(&member.ty))?;
        let next_token =
            path_of_names(output, &names.output_token, shapes).filter(|path| is_text(&path.ty))?;
        let items = path_of_names(output, &names.items, shapes)?;
        let Type::List { element, sparse: false } = &items.ty else { return None };
        Some(Pagination {
            token: ir::Step { rust_name: token.rust_name.clone(), optional: token.is_optional() },
            next_token,
            item: (**element).clone(),
            items,
            names,
        })
    }

    /// Lowers the waiters of an operation. Omits a waiter if the generator does not support one of its
    /// matchers, because without this matcher the waiter could end too early.
    ///
    /// The supported matchers are the success of a call, an error code, and the comparison of a member of the
    /// output with a string or a boolean.
    /// <https://smithy.io/2.0/additional-specs/waiters.html>
    pub(super) fn waiters(
        &self,
        operation: &model::Shape,
        output: &Structure,
        shapes: &BTreeMap<String, Shape>,
    ) -> Vec<Waiter> {
        let waiters = operation.traits.get(traits::WAITABLE).and_then(Value::as_object);
        let waiters = waiters.into_iter().flatten().filter_map(|(name, waiter)| {
            let acceptors = waiter.get("acceptors")?.as_array()?;
            let acceptors =
                acceptors.iter().map(|one| acceptor(one, output, shapes)).collect::<Option<_>>()?;
            let seconds = |key: &str, default| waiter.get(key).and_then(Value::as_u64).unwrap_or(default);
            let doc = waiter.get("documentation").and_then(Value::as_str).unwrap_or_default();
            Some(Waiter {
                name: name.clone(),
                rust_name: super::names::Scope::default().shouty(name),
                doc: docs::text(doc),
                min_delay_seconds: seconds("minDelay", DELAYS.0),
                max_delay_seconds: seconds("maxDelay", DELAYS.1),
                acceptors,
            })
        });
        waiters.collect()
    }
}

fn acceptor(acceptor: &Value, output: &Structure, shapes: &BTreeMap<String, Shape>) -> Option<Acceptor> {
    let state = match acceptor.get("state")?.as_str()? {
        "success" => WaiterState::Success,
        "failure" => WaiterState::Failure,
        "retry" => WaiterState::Retry,
        _ => return None,
    };
    let (kind, value) = acceptor.get("matcher")?.as_object()?.iter().next()?;
    let matcher = match kind.as_str() {
        "success" => Matcher::Success(value.as_bool()?),
        "errorType" => {
            // The value can be a shape id. Keep only the name of the error, because a response contains no
            // namespace.
            let name = value.as_str()?;
            Matcher::ErrorCode(name.rsplit_once('#').map_or(name, |(_, name)| name).to_owned())
        }
        "output" => output_matcher(value, output, shapes)?,
        _ => return None,
    };
    Some(Acceptor { state, matcher })
}

fn output_matcher(matcher: &Value, output: &Structure, shapes: &BTreeMap<String, Shape>) -> Option<Matcher> {
    let text = |key: &str| matcher.get(key).and_then(Value::as_str);
    let path: MemberPath = path_of_names(output, text("path")?, shapes)?;
    match (text("comparator")?, &path.ty) {
        ("stringEquals", Type::String { .. } | Type::StringEnum(_)) => {
            Some(Matcher::Text { path, expected: text("expected")?.to_owned() })
        }
        ("booleanEquals", Type::Boolean) => {
            Some(Matcher::Boolean { path, expected: text("expected")?.parse().ok()? })
        }
        _ => None,
    }
}
