//! Prints the IR as Rust code. This module does not read traits of the model, because lowering has already
//! made all decisions.

mod builder;
mod client;
mod codec;
mod conformance;
mod constraint;
mod doc;
mod endpoint;
mod error;
mod event_stream;
mod facts;
mod field;
mod header;
mod imports;
mod int_enum;
mod message;
mod operation;
mod partition;
mod request;
mod sequence;
mod server;
mod service;
mod string_enum;
mod structure;
mod ty;
mod union;
mod variants;

pub(crate) use conformance::conformance;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::config::{Config, ServerHalf};
use crate::diagnostic::Diagnostic;
use crate::files::Files;
use crate::format::{self, Unformatted};
use crate::ir::{EventStream, Operation, Service, Shape, Structure};

/// Returns the files of the types crate.
pub(crate) fn types(service: &Service, config: &Config) -> Result<Files, Diagnostic> {
    let mut out = Output::new(service, config);
    let folders = [out.operations()?, out.shapes()?, out.errors()?];
    let mut modules = Vec::new();
    out.file(
        "service.rs",
        "Names of the service, and the authentication that it accepts.",
        service::service(service),
    )?;
    modules.push(quote!(
        pub mod service;
    ));
    if let Some(constants) = header::constants(service) {
        out.file("header.rs", "Names of headers.", constants)?;
        modules.push(quote!(
            pub(crate) mod header;
        ));
    }
    if let (Some(rules), Some(partitions)) = (&service.endpoint_rules, &config.partitions) {
        let doc = "Resolution of endpoints by the rules of the model.";
        out.file("endpoint/mod.rs", doc, endpoint::endpoint(rules, &service.sdk_id))?;
        let doc = "Partitions: their regions and DNS suffixes.";
        out.file("endpoint/partition.rs", doc, partition::partition(partitions))?;
        modules.push(quote!(
            pub mod endpoint;
        ));
    }
    let doc = format!("{} {}, generated from its Smithy model.", service.sdk_id, service.version);
    out.file("mod.rs", &doc, quote!(#(#folders)* #(#modules)*))?;
    out.into_files()
}

/// Returns the generated files of the client.
pub(crate) fn client(service: &Service, config: &Config) -> Result<Files, Diagnostic> {
    let in_types = Config { root: config.types_crate.clone(), ..config.clone() };
    let mut out = Output::new(service, &in_types);
    let mut modules = Vec::new();
    for operation in &service.operations {
        let module = doc::module_name(&operation.rust_name);
        let doc = format!("`Client::{module}`, and the setters of `{}`.", operation.input.rust_name);
        out.file(&format!("{module}.rs"), &doc, client::operation(operation, config))?;
        let module = format_ident!("{module}");
        modules.push(quote!(mod #module;));
    }
    out.file("by_name.rs", "The operations by name.", client::by_name(service, config))?;
    let items = quote!(pub(crate) mod by_name; #(#modules)*);
    out.file("mod.rs", "Methods of the client, one for each operation.", items)?;
    out.into_files()
}

struct Output<'a> {
    service: &'a Service,
    config: &'a Config,
    files: Vec<(String, Unformatted)>,
}

impl<'a> Output<'a> {
    fn new(service: &'a Service, config: &'a Config) -> Self {
        Self { service, config, files: Vec::new() }
    }

    fn file(&mut self, path: &str, doc: &str, items: TokenStream) -> Result<(), Diagnostic> {
        let (imports, items) = imports::collect(items, &self.config.root);
        let file = Unformatted::new(doc, &imports, items)
            .map_err(|message| Diagnostic::model(format!("{path} cannot be formatted: {message}")))?;
        self.files.push((path.to_owned(), file));
        Ok(())
    }

    /// Formats all files.
    fn into_files(self) -> Result<Files, Diagnostic> {
        let (paths, files): (Vec<String>, Vec<Unformatted>) = self.files.into_iter().unzip();
        let texts = format::files(&files).map_err(Diagnostic::model)?;
        let mut files = Files::default();
        for (path, text) in paths.into_iter().zip(texts) {
            files.insert(path, text);
        }
        Ok(files)
    }

    fn operations(&mut self) -> Result<TokenStream, Diagnostic> {
        let mut modules = Vec::new();
        for operation in &self.service.operations {
            self.operation(operation)?;
            let module = format_ident!("{}", doc::module_name(&operation.rust_name));
            let names = [&operation.rust_name, &operation.input.rust_name, &operation.output.rust_name];
            let names = names.into_iter().chain([&operation.error_name]).map(|name| format_ident!("{name}"));
            modules.push((quote!(mod #module;), quote!(pub use #module::{#(#names),*};)));
        }
        self.folder_module("operation", "Operations, with their inputs, outputs and errors.", &modules)
    }

    /// Returns the `cfg` attribute for modules with server code. Returns `None` if the server code is always
    /// compiled.
    fn server_gate(&self) -> Option<TokenStream> {
        (self.config.server == ServerHalf::Feature).then(|| quote!(#[cfg(feature = "server")]))
    }

    fn operation(&mut self, operation: &Operation) -> Result<(), Diagnostic> {
        let folder = format!("operation/{}", doc::module_name(&operation.rust_name));
        let name = &operation.wire_name;
        let input = structure::structure(&operation.input, &format!("Input of the `{name}` operation."));
        let output = structure::structure(&operation.output, &format!("Output of the `{name}` operation."));
        let messages = quote!(#input #output);
        let doc = format!("Input and output of the `{name}` operation.");
        self.file(&format!("{folder}/messages.rs"), &doc, messages)?;
        let server = server::operation(operation);
        self.file(
            &format!("{folder}/server.rs"),
            &format!("Server code of the `{name}` operation."),
            server,
        )?;
        let gate = self.server_gate();
        let (input, output) =
            (format_ident!("{}", operation.input.rust_name), format_ident!("{}", operation.output.rust_name));
        let (error, body) = (error::operation_error(operation), operation::operation(operation));
        let items = quote! {
            mod messages;
            #gate
            mod server;
            pub use messages::{#input, #output};
            #body
            #error
        };
        let doc = format!(
            "The `{name}` operation: `{} {}`, status {}.",
            operation.http.method, operation.http.path, operation.http.status
        );
        self.file(&format!("{folder}/mod.rs"), &doc, items)
    }

    fn shapes(&mut self) -> Result<TokenStream, Diagnostic> {
        let service = self.service;
        let (mut modules, mut builders) = (Vec::new(), Vec::new());
        for (name, shape) in &service.shapes {
            let (kind, items) = match shape {
                Shape::Structure(structure) if structure.error.is_some() => continue,
                Shape::Structure(structure) => {
                    ("structure", structure::nested(structure, self.config.builders))
                }
                Shape::Union(union) => ("union", union::union(union)),
                Shape::StringEnum(string_enum) => ("string enum", string_enum::string_enum(string_enum)),
                Shape::IntEnum(int_enum) => ("int enum", int_enum::int_enum(int_enum)),
                Shape::EventStream(stream) => {
                    modules.push(self.event_stream(name, stream)?);
                    continue;
                }
            };
            modules.push(self.shape("shape", name, kind, items)?);
            if let Shape::Structure(Structure { builder_name: Some(builder), .. }) = shape {
                if !self.config.builders {
                    continue;
                }
                let (module, builder) =
                    (format_ident!("{}", doc::module_name(name)), format_ident!("{builder}"));
                builders.push(quote!(pub use super::#module::#builder;));
            }
        }
        if !builders.is_empty() {
            self.file("shape/builders.rs", "Builders of structures.", quote!(#(#builders)*))?;
            modules.push((
                quote!(
                    pub mod builders;
                ),
                quote!(),
            ));
        }
        let checks: Vec<_> = service.shapes.values().filter_map(constraint::checks).collect();
        if !checks.is_empty() {
            self.file("shape/server.rs", "Checks of the constraints of shapes.", quote!(#(#checks)*))?;
            let gate = self.server_gate();
            modules.push((quote!(#gate mod server;), quote!()));
        }
        self.folder_module("shape", "Structures, unions and enums.", &modules)
    }

    fn event_stream(
        &mut self,
        name: &str,
        stream: &EventStream,
    ) -> Result<(TokenStream, TokenStream), Diagnostic> {
        let items = event_stream::event_stream(stream, self.service);
        let (module, _) = self.shape("shape", name, "event stream", items)?;
        let path = format_ident!("{}", doc::module_name(name));
        let (name, error) = (format_ident!("{name}"), format_ident!("{}", stream.error_name));
        Ok((module, quote!(pub use #path::{#name, #error};)))
    }

    fn errors(&mut self) -> Result<TokenStream, Diagnostic> {
        let service = self.service;
        let mut modules = Vec::new();
        let mut responses = Vec::new();
        for (name, shape) in &service.shapes {
            if let Shape::Structure(structure) = shape {
                if let Some(facts) = &structure.error {
                    let items = error::error(structure, facts);
                    modules.push(self.shape("error", name, "error", items)?);
                    if facts.is_response {
                        responses.push(error::serialize(structure));
                    }
                }
            }
        }
        if !responses.is_empty() {
            self.file("error/server.rs", "Server code of the errors.", quote!(#(#responses)*))?;
            let gate = self.server_gate();
            modules.push((quote!(#gate mod server;), quote!()));
        }
        self.folder_module("error", "Modeled errors.", &modules)
    }

    fn shape(
        &mut self,
        folder: &str,
        name: &str,
        kind: &str,
        items: TokenStream,
    ) -> Result<(TokenStream, TokenStream), Diagnostic> {
        let module = doc::module_name(name);
        self.file(&format!("{folder}/{module}.rs"), &format!("The `{name}` {kind}."), items)?;
        let (module, name) = (format_ident!("{module}"), format_ident!("{name}"));
        Ok((quote!(mod #module;), quote!(pub use #module::#name;)))
    }

    /// Adds the `mod.rs` of a folder, and returns the declaration of the module. If the folder has no
    /// modules, adds no file and returns no declaration.
    fn folder_module(
        &mut self,
        folder: &str,
        doc: &str,
        modules: &[(TokenStream, TokenStream)],
    ) -> Result<TokenStream, Diagnostic> {
        if modules.is_empty() {
            return Ok(quote!());
        }
        let declared = modules.iter().map(|(module, _)| module);
        let reexported = modules.iter().map(|(_, names)| names);
        self.file(&format!("{folder}/mod.rs"), doc, quote!(#(#declared)* #(#reexported)*))?;
        let folder = format_ident!("{folder}");
        Ok(quote!(mod #folder; pub use #folder::*;))
    }
}
