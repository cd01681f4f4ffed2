//! The configuration file: aliases of models, default models and a default region.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::exit::Failure;

/// The variable that names the configuration file.
const PATH_VARIABLE: &str = "INVOKE_MODEL_CONFIG";

/// The settings in the configuration file. Without a file, no setting is set.
///
/// ```toml
/// model = "haiku"
/// embedding_model = "amazon.titan-embed-text-v2:0"
/// region = "us-east-1"
///
/// [aliases]
/// haiku = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
/// ```
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The default of `--model-id` for `chat` and `invoke`.
    model: Option<String>,
    /// The default of `--model-id` for `embed`.
    embedding_model: Option<String>,
    pub(crate) region: Option<String>,
    #[serde(default)]
    pub(crate) aliases: BTreeMap<String, String>,
    /// The path of the file, for error messages.
    #[serde(skip)]
    path: Option<PathBuf>,
}

/// Error of a configuration file, or of a model that is not set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("{}: cannot read the configuration file: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },

    #[error("{}:{line}:{column}: {problem}", path.display())]
    Parse { path: PathBuf, line: usize, column: usize, problem: String },

    #[error("no model: set --model-id, or `{setting}` in {}", path.as_ref().map_or_else(|| PATH_VARIABLE.into(), |path| path.display().to_string()))]
    NoModel { setting: &'static str, path: Option<PathBuf> },
}

impl Settings {
    /// Reads the configuration file. A missing file is an error only if `INVOKE_MODEL_CONFIG` names it.
    pub(crate) fn load() -> Result<Self, Failure> {
        let named = variable(PATH_VARIABLE).map(PathBuf::from);
        let is_named = named.is_some();
        let Some(path) = named.or_else(|| default_path(variable)) else { return Ok(Self::default()) };
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => {
                Ok(Self { path: Some(path), ..Self::default() })
            }
            Err(error) => Err(SettingsError::Read { path, error }),
        }
        .map_err(Failure::input)
    }

    fn parse(text: &str, path: PathBuf) -> Result<Self, SettingsError> {
        match toml::from_str::<Self>(text) {
            Ok(settings) => Ok(Self { path: Some(path), ..settings }),
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                let before = text.get(..start).unwrap_or_default();
                let line_start = before.rfind('\n').map_or(0, |end| end + 1);
                Err(SettingsError::Parse {
                    path,
                    line: before.matches('\n').count() + 1,
                    column: before[line_start..].chars().count() + 1,
                    problem: error.message().replace('\n', " "),
                })
            }
        }
    }

    /// Returns the id of the model that `--model-id` names. Without an argument, returns the id of the
    /// default model.
    pub(crate) fn model_id(&self, argument: Option<&str>) -> Result<String, Failure> {
        self.resolve(argument, self.model.as_deref(), "model")
    }

    /// Returns the id of the model that `embed --model-id` names. Without an argument, returns the id of the
    /// default embedding model.
    pub(crate) fn embedding_model_id(&self, argument: Option<&str>) -> Result<String, Failure> {
        self.resolve(argument, self.embedding_model.as_deref(), "embedding_model")
    }

    fn resolve(
        &self,
        argument: Option<&str>,
        default: Option<&str>,
        setting: &'static str,
    ) -> Result<String, Failure> {
        let no_model = || Failure::input(SettingsError::NoModel { setting, path: self.path.clone() });
        argument.or(default).map(|name| self.without_alias(name)).ok_or_else(no_model)
    }

    /// Returns the model id of an alias. A name that is not an alias is a model id. An alias of an alias is not
    /// resolved.
    fn without_alias(&self, name: &str) -> String {
        self.aliases.get(name).map_or(name, String::as_str).to_owned()
    }
}

/// Returns the value of an environment variable. An empty variable counts as unset.
pub(crate) fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the command reads settings that the library does not have"
    )]
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// Returns the path of the configuration file of the user.
///
/// <https://specifications.freedesktop.org/basedir-spec/latest/> demands that a relative path in
/// `XDG_CONFIG_HOME` is ignored.
fn default_path(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let folder = absolute("XDG_CONFIG_HOME")
        .or_else(|| if cfg!(windows) { absolute("APPDATA") } else { None })
        .or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(folder.join(Path::new("invoke-model/config.toml")))
}

#[cfg(test)]
mod tests;
