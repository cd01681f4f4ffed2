//! See `invoke_model_tests::fuzz::shared_files`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invoke_model_tests::fuzz::shared_files(data));
