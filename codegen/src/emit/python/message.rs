//! Dictionaries of operations: their arguments and responses.

use super::annotation::Annotation;
use super::names::{self, Names};
use super::typed_dict::{Key, TypedDict};
use super::types::{self, Direction};
use super::{AsyncMethods, shape};
use crate::ir::Operation;

/// Returns the arguments of an operation, or `None` if the operation has no arguments. The caller sends the events of
/// an input after the call has started, so the events are not an argument.
pub(super) fn request(operation: &Operation, names: &Names<'_>) -> Option<TypedDict> {
    let members = operation.input.members.iter();
    let keys: Vec<Key> = members.map(|member| shape::key(member, names, Direction::Request)).collect();
    let doc = format!("Arguments of the `{}` operation.", operation.wire_name);
    (!keys.is_empty()).then(|| TypedDict { name: names::request(&operation.wire_name), doc, keys })
}

/// Returns the arguments of a paginator: the arguments of the operation except those that select a page. Returns
/// `None` if the operation does not return a list in pages.
pub(super) fn paginate(operation: &Operation, names: &Names<'_>) -> Option<TypedDict> {
    let pages = &operation.pagination.as_ref()?.names;
    let selects_page = |name: &String| *name == pages.input_token || pages.page_size.as_ref() == Some(name);
    let members = operation.input.members.iter().filter(|member| !selects_page(&member.wire_name));
    let mut keys: Vec<Key> = members.map(|member| shape::key(member, names, Direction::Request)).collect();
    let config = Annotation::Declared(names::PAGINATOR_CONFIG.to_owned());
    keys.push(Key { required: false, ..Key::required("PaginationConfig", config) });
    let doc = format!("Arguments of the paginator of the `{}` operation.", operation.wire_name);
    Some(TypedDict { name: names::paginate(&operation.wire_name), doc, keys })
}

/// Returns the response of an operation. A response contains each member of the output, with one exception: the last
/// page of a list has no token of a next page.
pub(super) fn response(operation: &Operation, names: &Names<'_>, methods: AsyncMethods) -> TypedDict {
    let either = |blocking, other| if methods == AsyncMethods::No { blocking } else { other };
    let next_token = operation.pagination.as_ref().map(|pagination| &pagination.names.output_token);
    let mut keys = Vec::new();
    for member in &operation.output.members {
        let mut key = shape::key(member, names, Direction::Response);
        key.required = Some(&member.wire_name) != next_token;
        if operation.payload_output.as_ref() == Some(&member.wire_name) {
            let body = Annotation::Name(either("StreamingBody", "AsyncStreamingBody"));
            key.annotation = Annotation::Unevaluated(Box::new(body));
        }
        keys.push(key);
    }
    if let Some(events) = &operation.output_events {
        let event = types::shape(names, &events.stream, Direction::Response);
        let stream = Annotation::of(either("EventStream", "AsyncEventStream"), event);
        keys.push(Key::required(&events.wire_name, Annotation::Unevaluated(Box::new(stream))));
    }
    let metadata = Annotation::Declared(names::RESPONSE_METADATA.to_owned());
    keys.push(Key::required("ResponseMetadata", metadata));
    let name = response_name(operation, methods);
    let client = either("", " of an asynchronous client");
    TypedDict { name, doc: format!("Response of the `{}` operation{client}.", operation.wire_name), keys }
}

/// Returns the name of the response of an operation. The responses of both kinds of clients have the same type if
/// they contain neither a stream nor a payload that the caller reads in parts.
pub(super) fn response_name(operation: &Operation, methods: AsyncMethods) -> String {
    match methods {
        AsyncMethods::Yes if is_read_in_parts(operation) => names::async_response(&operation.wire_name),
        _ => names::response(&operation.wire_name),
    }
}

/// Returns the types of the events of an operation whose input and output are event streams.
pub(super) fn bidirectional_events(operation: &Operation, names: &Names<'_>) -> Option<[Annotation; 2]> {
    let (input, output) = operation.input_events.as_ref().zip(operation.output_events.as_ref())?;
    Some([
        types::shape(names, &input.stream, Direction::Request),
        types::shape(names, &output.stream, Direction::Response),
    ])
}

/// Returns `true` if the caller reads a part of the response in parts: the events or the payload.
pub(super) fn is_read_in_parts(operation: &Operation) -> bool {
    operation.output_events.is_some() || operation.payload_output.is_some()
}
