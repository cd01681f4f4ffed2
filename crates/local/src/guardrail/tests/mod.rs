//! Tests of guardrail files and of the evaluation of texts.

mod detect;
mod evaluation;
mod file;
