//! Generated code of each tiny model in `models/`, and the functions that the fuzz targets call.

pub mod fuzz;

#[path = "../models/constraints/generated/mod.rs"]
pub mod constraints;
#[path = "../models/defaults/generated/mod.rs"]
pub mod defaults;
#[path = "../models/errors/generated/mod.rs"]
pub mod errors;
#[path = "../models/headers/generated/mod.rs"]
pub mod headers;
#[path = "../models/json/generated/mod.rs"]
pub mod json;
#[path = "../models/names/generated/mod.rs"]
pub mod names;
#[path = "../models/payloads/generated/mod.rs"]
pub mod payloads;
#[path = "../models/python/generated/mod.rs"]
pub mod python;
#[path = "../models/requests/generated/mod.rs"]
pub mod requests;
#[path = "../models/rules/generated/mod.rs"]
pub mod rules;
#[path = "../models/sensitive/generated/mod.rs"]
pub mod sensitive;
#[path = "../models/streams/generated/mod.rs"]
pub mod streams;
#[path = "../models/target/generated/mod.rs"]
pub mod target;
#[path = "../models/v1/generated/mod.rs"]
pub mod v1;

/// Compiles and runs the Rust blocks of the README as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Compiles and runs the Rust blocks of these pages in `docs` as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/errors.md")]
#[doc = include_str!("../../docs/failover.md")]
#[doc = include_str!("../../docs/official-crate.md")]
#[doc = include_str!("../../docs/raw.md")]
#[doc = include_str!("../../docs/retries.md")]
#[doc = include_str!("../../docs/tenants.md")]
struct Docs;
