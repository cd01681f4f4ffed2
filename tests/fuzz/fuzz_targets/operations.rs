//! See `invoke_model_tests::fuzz::operations`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invoke_model_tests::fuzz::operations(data));
