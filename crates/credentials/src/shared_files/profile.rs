//! The settings of one profile.

use std::collections::BTreeMap;
use std::fmt;

use super::ini::{self, Section};
use super::{SharedFiles, SharedFilesError};
use crate::environment::Environment;

/// The settings of a profile in the shared files. `Debug` shows no values, because some of them are secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ProfileSettings {
    name: String,
    section: Section,
    /// The section that `services` of the profile names, or `None` if the section does not exist.
    services: Option<Section>,
}

impl ProfileSettings {
    pub(super) fn new(name: &str, section: Section, services: &BTreeMap<String, Section>) -> Self {
        let services = section.get("services").and_then(|name| services.get(name)).cloned();
        Self { name: name.to_owned(), section, services }
    }

    /// Reads the shared files with blocking calls. Returns the settings of the profile `selected`, otherwise of
    /// the profile `default`. Returns `None` if no profile is selected and the profile `default` does not exist.
    ///
    /// If a file at a default path cannot be read, returns an error if a profile is selected. Otherwise logs a
    /// warning. Also returns an error if the selected profile does not exist, because it may have settings that
    /// must not be passed over, such as `use_fips_endpoint`.
    pub(crate) fn read(
        environment: &Environment,
        selected: Option<&str>,
    ) -> Result<Option<Self>, SharedFilesError> {
        let files = SharedFiles::read_blocking(environment)?;
        match (files.unreadable(), selected) {
            (Some(error), Some(_)) => return Err(error.clone()),
            (Some(error), None) => tracing::warn!("shared files: {error}"),
            (None, _) => {}
        }
        match (files.profile(selected.unwrap_or("default")), selected) {
            (None, Some(name)) => {
                let problem =
                    format!("it does not exist in {}; add it, or select another profile", files.paths());
                let error = SharedFilesError::new(format!("profile `{}`", name.escape_debug()), problem);
                Err(SharedFilesError { missing_profile: Some(name.to_owned()), ..error })
            }
            (profile, _) => Ok(profile),
        }
    }

    /// Returns the name of the profile.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value of a key, such as `region`. The key must be in lower case. An empty value counts as
    /// unset.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.section.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns `true` or `false` for a flag such as `use_fips_endpoint`, or `None` if the flag is unset.
    ///
    /// # Errors
    /// Returns an error if the value is neither `true` nor `false`.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, SharedFilesError> {
        match self.get(key) {
            None => Ok(None),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(value) => {
                Err(self.error(format!("`{key}` is `{}`; use `true` or `false`", value.escape_debug())))
            }
        }
    }

    /// Returns the endpoint URL of a service: `endpoint_url` of the service in the section that `services`
    /// names, otherwise `endpoint_url` of the profile. `service` is the id of the service in snake case, such as
    /// `bedrock_runtime`.
    ///
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    ///
    /// # Errors
    /// Returns an error if the section does not exist, or if its settings are not nested below a service.
    pub fn endpoint_url(&self, service: &str) -> Result<Option<&str>, SharedFilesError> {
        if let Some(name) = self.get("services") {
            let name = name.escape_debug();
            let invalid = |problem: String| self.error(format!("[services {name}]: {problem}"));
            let Some(section) = &self.services else {
                return Err(self.error(format!(
                    "`services` is `{name}`, but there is no section [services {name}]; add it"
                )));
            };
            if section.contains_key("endpoint_url") {
                return Err(invalid(format!(
                    "`endpoint_url` is not below a service; write a line `{service} =`, and indent `endpoint_url` below it"
                )));
            }
            let letters = |key: &str| key.replace(['_', '-', ' '], "");
            let misspelled = section.keys().find(|key| *key != service && letters(key) == letters(service));
            if let Some(key) = misspelled {
                return Err(invalid(format!(
                    "`{}` is not a service id; write `{service}`",
                    key.escape_debug()
                )));
            }
            let value = section.get(service).map_or("", String::as_str);
            if !value.is_empty() && !value.starts_with('\n') {
                return Err(invalid(format!(
                    "`{service}` has a value; leave it empty, and indent `endpoint_url` in the next line"
                )));
            }
            let Some(settings) = ini::nested(value) else {
                return Err(invalid(format!(
                    "a line below `{service}` is not a setting; write `endpoint_url = URL`"
                )));
            };
            let is_misspelled = |key: &&String| *key != "endpoint_url" && letters(key) == "endpointurl";
            if let Some(key) = settings.keys().find(is_misspelled) {
                return Err(invalid(format!(
                    "`{key}` is not a setting of `{service}`; write `endpoint_url`"
                )));
            }
            if let Some(url) = settings.get("endpoint_url").filter(|url| !url.is_empty()) {
                return Ok(Some(url));
            }
        }
        Ok(self.get("endpoint_url"))
    }

    pub(crate) fn error(&self, problem: impl Into<String>) -> SharedFilesError {
        SharedFilesError::new(format!("profile `{}`", self.name.escape_debug()), problem)
    }
}

impl fmt::Debug for ProfileSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileSettings").field("name", &self.name).finish_non_exhaustive()
    }
}
