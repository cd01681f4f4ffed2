//! Tests of the configuration file.

use super::*;

fn parse(text: &str) -> Result<Settings, String> {
    Settings::parse(text, PathBuf::from("c.toml")).map_err(|error| error.to_string())
}

#[test]
fn error_has_the_line_and_the_column() {
    let check = |text: &str, expected: &str| {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    };
    check("region = 1\n", "c.toml:1:10: invalid type: integer `1`, expected a string");
    check("\n[aliases]\nä = 1\n", "c.toml:3:");
    check("region = \"a\"\n  modle = \"b\"\n", "c.toml:2:3: unknown field `modle`, expected one of ");
}

#[test]
fn alias_is_resolved_once() {
    let text = "model = \"one\"\n[aliases]\none = \"two\"\ntwo = \"three\"\n";
    let settings = parse(text).unwrap();
    let check = |argument, expected: &str| assert_eq!(settings.model_id(argument).unwrap(), expected);
    check(None, "two");
    check(Some("two"), "three");
    check(Some("amazon.nova-lite-v1:0"), "amazon.nova-lite-v1:0");
    let error = settings.embedding_model_id(None).unwrap_err().to_string();
    assert_eq!(error, "no model: set --model-id, or `embedding_model` in c.toml");
}

#[cfg(unix)]
#[test]
fn default_path_follows_the_xdg_rules() {
    let check = |variables: &[(&str, &str)], expected: Option<&str>| {
        let value = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(default_path(value), expected.map(PathBuf::from));
    };
    check(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")], Some("/x/invoke-model/config.toml"));
    check(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")], Some("/h/.config/invoke-model/config.toml"));
    check(&[("HOME", "/h")], Some("/h/.config/invoke-model/config.toml"));
    check(&[], None);
}
