//! Parses arbitrary files as the shared files `config` and `credentials`.

use invoke_model_credentials::SharedFiles;

/// Checks that line ends, a common indentation and comments do not change the parsed files. The input is the file
/// `config`, or both files, separated by a null byte.
///
/// # Panics
/// Panics if the parsed files change.
pub fn shared_files(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (config, credentials) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(files) = SharedFiles::parse(config, credentials) else { return };
    if let Some(profile) = files.profile("default") {
        let _ = profile.endpoint_url("bedrock_runtime");
        let _ = profile.flag("use_fips_endpoint");
        assert!(profile.get("region").is_none_or(|region| !region.is_empty()));
    }
    let check = |change: fn(&str) -> String| {
        let changed = [config, credentials].map(|file| change(&String::from_utf8_lossy(file)));
        let again = SharedFiles::parse(changed[0].as_bytes(), changed[1].as_bytes());
        assert!(again.as_ref() == Ok(&files), "{changed:?} {again:?}");
    };
    let has_carriage_returns = data.contains(&b'\r');
    if !has_carriage_returns {
        check(|text| text.replace('\n', "\r\n"));
        check(|text| text.replace('\n', "\r"));
        check(|text| format!("  {}", text.replace('\n', "\n  ")));
    }
    check(|text| format!("# a comment\n{text}\n; a comment"));
}
