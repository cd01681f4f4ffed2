//! Parser of the shared files `config` and `credentials`.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::environment::Environment;

/// The settings of a section. The keys are in lower case.
pub(super) type Section = BTreeMap<String, String>;

/// The content of the files `config` and `credentials`. This type does not implement `Debug`, because the
/// files contain secrets.
#[derive(Default)]
pub(super) struct SharedFiles {
    profiles: BTreeMap<String, Section>,
    sessions: BTreeMap<String, Section>,
    /// The paths of the files, for error texts.
    paths: String,
}

/// The paths of both files.
struct Paths {
    config: PathBuf,
    credentials: PathBuf,
}

impl SharedFiles {
    /// Reads both files. A file that does not exist, or cannot be read, counts as empty.
    pub(super) async fn read(environment: &Environment) -> Self {
        let Some(paths) = Paths::from_env(environment) else { return Self::without_home() };
        let read = |path: PathBuf| async move { tokio::fs::read(path).await.unwrap_or_default() };
        let (config, credentials) = (read(paths.config.clone()).await, read(paths.credentials.clone()).await);
        Self::parse(&config, &credentials).with_paths(&paths)
    }

    /// Reads both files with blocking calls. The builder of the chain uses this function to find the region,
    /// because the builder is not async.
    pub(super) fn read_blocking(environment: &Environment) -> Self {
        let Some(paths) = Paths::from_env(environment) else { return Self::without_home() };
        let read = |path: &PathBuf| std::fs::read(path).unwrap_or_default();
        Self::parse(&read(&paths.config), &read(&paths.credentials)).with_paths(&paths)
    }

    /// Parses both files. The heading of a profile is `[profile NAME]` or `[default]` in `config`, and
    /// `[NAME]` in `credentials`. Values in `credentials` take precedence.
    pub(super) fn parse(config: &[u8], credentials: &[u8]) -> Self {
        let mut files = Self::default();
        let mut plain_default = None;
        for (heading, section) in sections(&String::from_utf8_lossy(config)) {
            let words: Vec<&str> = heading.splitn(2, char::is_whitespace).map(str::trim).collect();
            match words[..] {
                ["default"] => plain_default = Some(section),
                ["profile", name] => files.profiles.entry(name.to_owned()).or_default().extend(section),
                ["sso-session", name] => files.sessions.entry(name.to_owned()).or_default().extend(section),
                _ => {}
            }
        }
        // `[profile default]` replaces `[default]`.
        if let Some(section) = plain_default {
            files.profiles.entry("default".to_owned()).or_insert(section);
        }
        for (name, section) in sections(&String::from_utf8_lossy(credentials)) {
            files.profiles.entry(name).or_default().extend(section);
        }
        files
    }

    pub(super) fn has(&self, profile: &str) -> bool {
        self.profiles.contains_key(profile)
    }

    pub(super) fn profile(&self, name: &str) -> Option<&Section> {
        self.profiles.get(name)
    }

    pub(super) fn session(&self, name: &str) -> Option<&Section> {
        self.sessions.get(name)
    }

    /// Returns the paths of the files, for error texts.
    pub(super) fn paths(&self) -> String {
        self.paths.clone()
    }

    fn with_paths(self, paths: &Paths) -> Self {
        let paths = format!("{}, {}", paths.config.display(), paths.credentials.display());
        Self { paths, ..self }
    }

    fn without_home() -> Self {
        Self { paths: "no shared files, because HOME is not set".to_owned(), ..Self::default() }
    }
}

impl Paths {
    fn from_env(environment: &Environment) -> Option<Self> {
        let home = environment.home();
        let path = |variable, name| match (environment.read(variable), &home) {
            (None, home) => Some(home.as_ref()?.join(".aws").join(name)),
            (Some(path), Some(home)) if path.starts_with("~/") => Some(home.join(&path[2..])),
            (Some(path), _) => Some(path.into()),
        };
        let config = path("AWS_CONFIG_FILE", "config")?;
        Some(Self { config, credentials: path("AWS_SHARED_CREDENTIALS_FILE", "credentials")? })
    }
}

/// Returns the sections with their headings. If a key is repeated, its last value is used.
///
/// Skips lines that are neither a heading nor a setting. Also skips indented lines, because they are nested
/// settings for other tools.
fn sections(text: &str) -> Vec<(String, Section)> {
    let mut sections: Vec<(String, Section)> = Vec::new();
    for line in text.lines() {
        if line.starts_with(char::is_whitespace) || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some((heading, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            sections.push((heading.trim().to_owned(), Section::new()));
        } else if let (Some((key, value)), Some((_, section))) = (line.split_once('='), sections.last_mut()) {
            section.insert(key.trim().to_ascii_lowercase(), without_comment(value).trim().to_owned());
        }
    }
    sections
}

/// Removes the comment from a value. A comment starts with `#` or `;` after a space or a tab.
fn without_comment(value: &str) -> &str {
    let marks = [" #", " ;", "\t#", "\t;"];
    let end = marks.iter().filter_map(|mark| value.find(mark)).min();
    &value[..end.unwrap_or(value.len())]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_panics(config: Vec<u8>, credentials in r"[\[\]a-z =#;\t\né]{0,60}") {
            SharedFiles::parse(&config, credentials.as_bytes());
        }

        #[test]
        fn reads_a_written_value(name in "[a-z][a-z ]{0,8}[a-z]", key in "[a-z_]{1,8}", value in "[!-~]([ -~]{0,8}[!-~])?") {
            let text = format!(" {value}");
            prop_assume!(!text.contains(" #") && !text.contains(" ;"));
            let text = format!("[profile {name}]\n{key} = {value}\n");
            let files = SharedFiles::parse(text.as_bytes(), b"");
            prop_assert_eq!(&files.profile(&name).unwrap()[&key], &value);
        }
    }
}
