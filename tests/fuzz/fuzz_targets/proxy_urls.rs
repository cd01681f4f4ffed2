//! See `invoke_model_tests::fuzz::proxy_urls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invoke_model_tests::fuzz::proxy_urls(data));
