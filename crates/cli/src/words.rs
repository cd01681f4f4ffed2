//! Replaces the names of the library in texts of the client with the names of the command.

/// Texts of the client that name Rust items, and texts for users of the command. The command has a flag for only one
/// timeout.
const WORDS: [(&str, &str); 9] = [
    ("(set in code)", "(set by a flag or the configuration file)"),
    (": set in code", ": set by a flag or the configuration file"),
    (
        ", or call `credentials_provider` or `default_credentials_chain` (with the feature credentials-chain) of \
         ConfigBuilder",
        ", or select a profile with --profile",
    ),
    ("`region` of ConfigBuilder", "--region"),
    ("; raise `load_timeout` of CredentialsCacheConfig", "; retry, or use another source of credentials"),
    ("`TimeoutConfig::operation`", "`--timeout`"),
    ("; raise `TimeoutConfig::connect`", ""),
    ("; raise `TimeoutConfig::first_byte` if the model may think longer", ""),
    ("; raise `TimeoutConfig::idle` if the model may pause longer", ""),
];

/// Returns a text of the client without names of the library.
pub(crate) fn of_command(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (library, command)| text.replace(library, command))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use invoke_model_client::{ConfigError, CredentialsError, SettingSource};

    use super::*;

    #[test]
    fn texts_of_the_client_do_not_name_the_library() {
        let check = |error: &dyn std::error::Error| {
            let text = of_command(&error.to_string());
            for word in ["Config", "Builder", "in code", "::", "_"] {
                assert!(!text.replace("AWS_", "").replace("KEY_ID", "").contains(word), "{text}");
            }
        };
        let (endpoint, problem) = (SettingSource::Code, "problem".to_owned());
        check(&ConfigError::NoRegion);
        check(&ConfigError::NoSigningRegion { endpoint });
        check(&ConfigError::Invalid { setting: "region", origin: SettingSource::Code, problem });
        check(&CredentialsError::NoRegion);
        check(&CredentialsError::TimedOut { after: Duration::from_secs(1) });
    }

    #[test]
    fn texts_of_the_command_name_its_flags() {
        let check = |text: &str, expected: &str| assert_eq!(of_command(text), expected);
        check(&CredentialsError::NoRegion.to_string(), "no region to sign for: set AWS_REGION, or --region");
        check(
            "no data for 900s; raise `TimeoutConfig::idle` if the model may pause longer (region us-east-1)",
            "no data for 900s (region us-east-1)",
        );
        check(
            "no response after 90s; raise `TimeoutConfig::first_byte` if the model may think longer",
            "no response after 90s",
        );
        check("no connection after 3s; raise `TimeoutConfig::connect`", "no connection after 3s");
        check("raise `TimeoutConfig::operation` if", "raise `--timeout` if");
    }
}
