//! Prints a test for each protocol test case of a model. The tests call hand-written functions of
//! `invoke-model-test-support` to compare values.

mod event;
mod http;
mod value;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::imports;
use crate::conformance::{Case, Cases, Conformance, Head, Kind, Side, test_name};
use crate::diagnostic::Diagnostic;
use crate::format::{self, Unformatted};
use crate::ir::{Operation, Service, Shape, Structure};

/// Returns the tests of a service.
pub(crate) fn conformance(
    service: &Service,
    cases: &Cases,
    root: &str,
) -> Result<Conformance, Vec<Diagnostic>> {
    let mut tests = Tests::default();
    for operation in &service.operations {
        let name = &operation.wire_name;
        for case in cases.requests.get(name).into_iter().flatten() {
            tests.add([Kind::ClientRequest, Kind::ServerRequest], &case.head, |side| {
                http::request(operation, case, side, service)
            });
        }
        for case in cases.responses.get(name).into_iter().flatten() {
            tests.add([Kind::ClientResponse, Kind::ServerResponse], &case.head, |side| {
                http::response(operation, case, side, service)
            });
        }
        for case in cases.malformed.get(name).into_iter().flatten() {
            let body = http::malformed(operation, case);
            tests.written.push((Kind::ServerMalformed, case.head.id.clone(), body));
        }
        for case in cases.events.get(name).into_iter().flatten() {
            tests.add([Kind::ClientEvent, Kind::ServerEvent], &case.head, |side| {
                event::event(operation, case, side, service)
            });
        }
    }
    for (error, operation) in errors(service) {
        for case in cases.errors.get(&error.wire_name).into_iter().flatten() {
            tests.add([Kind::ClientError, Kind::ServerError], &case.head, |side| {
                http::error(error, operation, case, side, service)
            });
        }
    }
    tests.into_file(root)
}

/// Returns each error of the service, together with the first operation that lists the error. The operation
/// is `None` if no operation lists the error.
fn errors(service: &Service) -> impl Iterator<Item = (&Structure, Option<&Operation>)> {
    let structures = service.shapes.values().filter_map(|shape| match shape {
        Shape::Structure(structure) if structure.error.is_some() => Some(structure),
        _ => None,
    });
    structures.map(|error| {
        let has_error =
            |operation: &&Operation| operation.errors.iter().any(|one| one.rust_name == error.rust_name);
        (error, service.operations.iter().find(has_error))
    })
}

#[derive(Default)]
struct Tests {
    written: Vec<(Kind, String, TokenStream)>,
    faults: Vec<Diagnostic>,
}

impl Tests {
    /// Adds a test for each side to which a test case applies. `kinds` are the kinds for the client and for the server.
    fn add(
        &mut self,
        kinds: [Kind; 2],
        head: &Head,
        body: impl Fn(Side) -> Result<TokenStream, value::InvalidCase>,
    ) {
        let id = &head.id;
        for (kind, side) in kinds.into_iter().zip([Side::Client, Side::Server]) {
            if !head.applies_to(side) {
                continue;
            }
            match body(side) {
                Ok(body) => self.written.push((kind, id.clone(), body)),
                Err(fault) => {
                    let message = format!("test case {id} does not fit the model: {fault}");
                    self.faults.push(Diagnostic::model(message));
                }
            }
        }
    }

    fn into_file(mut self, root: &str) -> Result<Conformance, Vec<Diagnostic>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        self.written.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let modules = Kind::ALL.into_iter().filter_map(|kind| {
            let tests: Vec<TokenStream> = self.written.iter().filter(|one| one.0 == kind).map(test).collect();
            if tests.is_empty() {
                return None;
            }
            let module = format_ident!("{}", kind.module());
            let (imports, tests) = imports::collect(quote!(#(#tests)*), root);
            Some(quote!(mod #module { #imports #tests }))
        });
        let items = quote!(#(#modules)*);
        let doc = "The protocol tests of the model, named by their ids.";
        let text = Unformatted::new(doc, &quote!(), items)
            .and_then(|file| format::files(&[file]))
            .map_err(|message| vec![Diagnostic::model(format!("cannot format the tests: {message}"))])?
            .concat();
        let cases = self.written.into_iter().map(|(kind, id, _)| {
            let test = format!("{}::{}", kind.module(), test_name(&id));
            Case { kind, id, test }
        });
        Ok(Conformance { tests: text, cases: cases.collect() })
    }
}

fn test((_, id, body): &(Kind, String, TokenStream)) -> TokenStream {
    let name = format_ident!("{}", test_name(id));
    quote!(#[test] fn #name() { #body })
}
