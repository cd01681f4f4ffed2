//! See `invoke_model_tests::fuzz::event_stream`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invoke_model_tests::fuzz::event_stream(data));
