//! See `invoke_model_tests::fuzz::response_parsing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invoke_model_tests::fuzz::response_parsing(data));
