//! The shared files `config` and `credentials`, and their profiles.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

mod ini;
mod profile;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;

pub(crate) use self::ini::Section;
pub use self::profile::ProfileSettings;
use crate::environment::Environment;

const CONFIG_FILE: &str = "AWS_CONFIG_FILE";
const CREDENTIALS_FILE: &str = "AWS_SHARED_CREDENTIALS_FILE";

/// The content of the files `config` and `credentials`. `Debug` does not show it, because the files contain
/// secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SharedFiles {
    profiles: BTreeMap<String, Section>,
    sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
    /// The paths of the files, for error texts.
    paths: String,
    /// The reason why a file at a default path cannot be read.
    unreadable: Option<SharedFilesError>,
}

/// An error in the shared files: a file that cannot be read or parsed, or an invalid setting of a profile. The
/// error does not contain secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct SharedFilesError {
    /// A path or a profile.
    place: String,
    /// A text that states the problem and a solution.
    problem: String,
    /// The name of the profile, if it does not exist.
    missing_profile: Option<String>,
}

/// The path of a file, and whether the environment sets it.
struct SharedFile {
    path: PathBuf,
    variable: Option<&'static str>,
}

/// Both files. A file is `None` if neither the environment nor the home directory sets its path.
struct Paths {
    config: Option<SharedFile>,
    credentials: Option<SharedFile>,
}

/// Keys of static credentials.
const KEYS: [&str; 4] =
    ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];

impl SharedFiles {
    /// Reads both files. A file that does not exist counts as empty. The same applies to a file at a default path
    /// that cannot be read, because a container may run without access to the home directory.
    pub(crate) async fn read(environment: &Environment) -> Result<Self, SharedFilesError> {
        async fn read(file: Option<&SharedFile>) -> io::Result<Vec<u8>> {
            match file {
                Some(file) => tokio::fs::read(&file.path).await,
                None => Ok(Vec::new()),
            }
        }
        let paths = Paths::from_env(environment);
        let config = read(paths.config.as_ref()).await;
        let credentials = read(paths.credentials.as_ref()).await;
        Self::from_contents(&paths, config, credentials)
    }

    /// Reads both files with blocking calls, because builders are not async. Otherwise equal to
    /// [`read`](Self::read).
    pub(crate) fn read_blocking(environment: &Environment) -> Result<Self, SharedFilesError> {
        let paths = Paths::from_env(environment);
        let read = |file: &Option<SharedFile>| match file {
            Some(file) => std::fs::read(&file.path),
            None => Ok(Vec::new()),
        };
        Self::from_contents(&paths, read(&paths.config), read(&paths.credentials))
    }

    /// Parses the contents of the files `config` and `credentials`.
    ///
    /// The heading of a profile is `[profile NAME]` or `[default]` in `config`, and `[NAME]` in `credentials`.
    /// Values in `credentials` take precedence.
    ///
    /// ```
    /// use invoke_model_credentials::SharedFiles;
    ///
    /// let files = SharedFiles::parse(b"[profile 'my dev']\nregion = eu-west-1\n", b"")?;
    /// let profile = files.profile("my dev").ok_or("no profile")?;
    /// assert_eq!(profile.get("region"), Some("eu-west-1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if a file is not UTF-8, starts with a byte order mark, or has a line that is neither a
    /// heading nor a setting.
    pub fn parse(config: &[u8], credentials: &[u8]) -> Result<Self, SharedFilesError> {
        let mut files = Self::default();
        files.add_config(config).map_err(|problem| SharedFilesError::new("config", problem))?;
        files
            .add_credentials(credentials)
            .map_err(|problem| SharedFilesError::new("credentials", problem))?;
        Ok(files)
    }

    /// Returns the settings of a profile, or `None` if the profile does not exist.
    pub fn profile(&self, name: &str) -> Option<ProfileSettings> {
        Some(ProfileSettings::new(name, self.section(name)?.clone(), &self.services))
    }

    pub(crate) fn has(&self, profile: &str) -> bool {
        self.profiles.contains_key(profile)
    }

    pub(crate) fn section(&self, profile: &str) -> Option<&Section> {
        self.profiles.get(profile)
    }

    pub(crate) fn session(&self, name: &str) -> Option<&Section> {
        self.sessions.get(name)
    }

    /// Returns the paths of the files, for error texts. If a file cannot be read, also returns the reason.
    pub(crate) fn paths(&self) -> String {
        match &self.unreadable {
            None => self.paths.clone(),
            Some(error) => format!("{}; {error}", self.paths),
        }
    }

    /// Returns the reason why a file at a default path cannot be read.
    pub(crate) fn unreadable(&self) -> Option<&SharedFilesError> {
        self.unreadable.as_ref()
    }

    fn from_contents(
        paths: &Paths,
        config: io::Result<Vec<u8>>,
        credentials: io::Result<Vec<u8>>,
    ) -> Result<Self, SharedFilesError> {
        let mut files = Self { paths: paths.to_string(), ..Self::default() };
        if let Some(file) = &paths.config {
            let content = files.content(file, config)?;
            files.add_config(&content).map_err(|problem| file.error(problem))?;
        }
        if let Some(file) = &paths.credentials {
            let content = files.content(file, credentials)?;
            files.add_credentials(&content).map_err(|problem| file.error(problem))?;
        }
        Ok(files)
    }

    /// Returns the content of a file. A file that the environment names must be readable if it exists.
    fn content(
        &mut self,
        file: &SharedFile,
        content: io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, SharedFilesError> {
        let error = match content {
            Ok(content) => return Ok(content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => error,
        };
        let problem = format!("the file cannot be read ({error}); make it a readable file, or remove it");
        match file.variable {
            Some(_) => Err(file.error(problem)),
            None => {
                self.unreadable = Some(file.error(problem));
                Ok(Vec::new())
            }
        }
    }

    fn add_config(&mut self, content: &[u8]) -> Result<(), String> {
        let mut plain_default = Section::new();
        let mut has_plain_default = false;
        for (heading, section) in ini::sections(ini::decode(content)?)? {
            if heading == "default" {
                has_plain_default = true;
                plain_default.extend(section);
                continue;
            }
            let Some((kind, name)) = kind_and_name(&heading) else { continue };
            let sections = match kind.as_str() {
                "profile" => &mut self.profiles,
                "sso-session" => &mut self.sessions,
                "services" => &mut self.services,
                _ => continue,
            };
            sections.entry(name).or_default().extend(section);
        }
        // `[profile default]` replaces `[default]`.
        if has_plain_default {
            self.profiles.entry("default".to_owned()).or_insert(plain_default);
        }
        Ok(())
    }

    fn add_credentials(&mut self, content: &[u8]) -> Result<(), String> {
        let mut profiles = BTreeMap::<String, Section>::new();
        for (name, section) in ini::sections(ini::decode(content)?)? {
            profiles.entry(name).or_default().extend(section);
        }
        for (name, section) in profiles {
            let profile = self.profiles.entry(name).or_default();
            // A secret or a session token in `config` belongs to the access key in `config`.
            if KEYS[..2].iter().any(|key| section.get(*key).is_some_and(|value| !value.is_empty())) {
                profile.retain(|key, _| !KEYS.contains(&key.as_str()));
            }
            profile.extend(section);
        }
        Ok(())
    }
}

/// Splits a heading such as `profile dev` into its kind and its name. The AWS CLI quotes a name with special
/// characters as a shell does: `profile 'my dev'`.
fn kind_and_name(heading: &str) -> Option<(String, String)> {
    if let Some(Ok([kind, name])) = shlex::split(heading).map(<[String; 2]>::try_from) {
        return Some((kind, name));
    }
    // A name with spaces and without quotes.
    let (kind, name) = heading.split_once(char::is_whitespace)?;
    Some((kind.to_owned(), name.trim().to_owned()))
}

impl fmt::Debug for SharedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedFiles").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl SharedFilesError {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into(), missing_profile: None }
    }

    /// Returns the name of the selected profile if this profile does not exist.
    pub fn missing_profile(&self) -> Option<&str> {
        self.missing_profile.as_deref()
    }
}

impl SharedFile {
    fn error(&self, problem: String) -> SharedFilesError {
        let path = self.path.display();
        SharedFilesError::new(
            match self.variable {
                Some(variable) => format!("{path} (environment variable {variable})"),
                None => path.to_string(),
            },
            problem,
        )
    }
}

impl Paths {
    fn from_env(environment: &Environment) -> Self {
        let home = environment.home();
        let file = |variable, name| match (environment.read(variable), &home) {
            (None, home) => Some(SharedFile { path: home.as_ref()?.join(".aws").join(name), variable: None }),
            (Some(path), home) => {
                let path = match (path.strip_prefix("~/"), home) {
                    (Some(below), Some(home)) => home.join(below),
                    _ => PathBuf::from(path),
                };
                Some(SharedFile { path, variable: Some(variable) })
            }
        };
        Self { config: file(CONFIG_FILE, "config"), credentials: file(CREDENTIALS_FILE, "credentials") }
    }
}

impl fmt::Display for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.config, &self.credentials) {
            (Some(one), Some(two)) => write!(f, "{}, {}", one.path.display(), two.path.display()),
            (Some(file), None) | (None, Some(file)) => write!(f, "{}", file.path.display()),
            (None, None) => f.write_str("no shared files, because HOME is not set"),
        }
    }
}
