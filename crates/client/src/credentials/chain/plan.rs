//! From a profile to what has to be done for credentials.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>

use reqsign_aws_core::Credential;

use super::error::ChainError;
use super::files::{Section, SharedFiles};
use crate::env::Environment;

/// Where the first credentials are, and the roles that are assumed with them, one with the other.
pub(super) struct Plan {
    pub(super) base: Base,
    pub(super) roles: Vec<Role>,
    /// The whole way, for a person.
    pub(super) words: String,
}

/// A source of credentials.
pub(super) enum Base {
    Keys(Credential),
    Process(String),
    Sso(Sso),
    WebIdentity(WebIdentity),
    Environment,
    Container,
    Instance,
}

pub(super) struct Sso {
    pub(super) account: String,
    pub(super) role: String,
    pub(super) region: String,
    /// What the cached login is named for: the session, or without one the start URL.
    pub(super) login: String,
}

pub(super) struct WebIdentity {
    pub(super) role: String,
    pub(super) token_file: String,
    pub(super) session: Option<String>,
}

pub(super) struct Role {
    pub(super) arn: String,
    pub(super) session: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) seconds: Option<u32>,
}

impl Plan {
    pub(super) fn of(base: Base) -> Self {
        Self { words: base.words().to_owned(), base, roles: Vec::new() }
    }
}

impl Base {
    fn words(&self) -> &'static str {
        match self {
            Self::Keys(_) => "static keys",
            Self::Process(_) => "credential_process",
            Self::Sso(_) => "SSO",
            Self::WebIdentity(_) => "web identity",
            Self::Environment => "environment variable AWS_ACCESS_KEY_ID",
            Self::Container => "container",
            Self::Instance => "instance metadata",
        }
    }
}

/// The plan of a profile; `None` if it has no credentials, or is not there.
pub(super) fn plan(files: &SharedFiles, profile: &str) -> Result<Option<Plan>, ChainError> {
    follow(files, profile, &mut Vec::new())
}

/// The plan of the environment, without a profile.
pub(super) fn web_identity(environment: &Environment) -> Result<Option<Plan>, ChainError> {
    let Some(token_file) = environment.read("AWS_WEB_IDENTITY_TOKEN_FILE") else { return Ok(None) };
    let Some(role) = environment.read("AWS_ROLE_ARN") else {
        return Err(ChainError::failed("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not"));
    };
    let session = environment.read("AWS_ROLE_SESSION_NAME");
    Ok(Some(Plan::of(Base::WebIdentity(WebIdentity { role, token_file, session }))))
}

fn follow(files: &SharedFiles, name: &str, seen: &mut Vec<String>) -> Result<Option<Plan>, ChainError> {
    let Some(section) = files.profile(name) else { return Ok(None) };
    let profile = Profile { name, section };
    let whole = |base: Base| Plan {
        words: format!("profile `{}`: {}", name.escape_debug(), base.words()),
        base,
        roles: Vec::new(),
    };
    // A profile that another one names as its source, or that names itself, gives its keys before its role.
    if !seen.is_empty() {
        if let Some(keys) = profile.keys()? {
            return Ok(Some(whole(keys)));
        }
    }
    if seen.iter().any(|seen| seen == name) {
        return Err(profile.problem("has itself as a source_profile, and no keys"));
    }
    seen.push(name.to_owned());
    if let Some(arn) = profile.text("role_arn") {
        if let Some(token_file) = profile.text("web_identity_token_file") {
            let session = profile.text("role_session_name");
            return Ok(Some(whole(Base::WebIdentity(WebIdentity { role: arn, token_file, session }))));
        }
        let mut plan = profile.source(files, seen)?;
        plan.words = format!("profile `{}`: role {} assumed with {}", name.escape_debug(), arn, plan.words);
        plan.roles.push(profile.role(arn)?);
        return Ok(Some(plan));
    }
    let base = match profile.sso(files)? {
        Some(sso) => Some(sso),
        None => profile.text("credential_process").map(Base::Process),
    };
    let base = match base {
        None => profile.keys()?,
        found => found,
    };
    Ok(base.map(whole))
}

struct Profile<'a> {
    name: &'a str,
    section: &'a Section,
}

impl Profile<'_> {
    fn text(&self, key: &str) -> Option<String> {
        self.section.get(key).filter(|value| !value.is_empty()).cloned()
    }

    fn problem(&self, problem: impl Into<String>) -> ChainError {
        ChainError::Profile { profile: self.name.to_owned(), problem: problem.into() }
    }

    fn demand(&self, section: &Section, key: &str) -> Result<String, ChainError> {
        let found = section.get(key).filter(|value| !value.is_empty()).cloned();
        found.ok_or_else(|| self.problem(format!("has no {key}")))
    }

    fn keys(&self) -> Result<Option<Base>, ChainError> {
        let session_token = self.text("aws_session_token");
        match (self.text("aws_access_key_id"), self.text("aws_secret_access_key")) {
            (None, None) => Ok(None),
            (Some(access_key_id), Some(secret_access_key)) => Ok(Some(Base::Keys(Credential {
                access_key_id,
                secret_access_key,
                session_token,
                expires_in: None,
            }))),
            (Some(_), None) => Err(self.problem("has an aws_access_key_id, but no aws_secret_access_key")),
            (None, Some(_)) => Err(self.problem("has an aws_secret_access_key, but no aws_access_key_id")),
        }
    }

    /// With what its role is assumed.
    fn source(&self, files: &SharedFiles, seen: &mut Vec<String>) -> Result<Plan, ChainError> {
        match (self.text("source_profile"), self.text("credential_source")) {
            (Some(_), Some(_)) => {
                Err(self.problem("has a source_profile and a credential_source: leave one of them out"))
            }
            (Some(source), None) => follow(files, &source, seen)?.ok_or_else(|| {
                let source = source.escape_debug();
                self.problem(format!(
                    "has source_profile `{source}`, which is not there or has no credentials"
                ))
            }),
            (None, Some(source)) => Ok(Plan::of(match source.as_str() {
                "Environment" => Base::Environment,
                "EcsContainer" => Base::Container,
                "Ec2InstanceMetadata" => Base::Instance,
                _ => {
                    return Err(self.problem(format!(
                        "has credential_source `{}`: give Environment, EcsContainer or Ec2InstanceMetadata",
                        source.escape_debug()
                    )));
                }
            })),
            (None, None) => Err(self.problem(
                "has a role_arn, but neither source_profile, credential_source nor web_identity_token_file",
            )),
        }
    }

    fn role(&self, arn: String) -> Result<Role, ChainError> {
        if self.text("mfa_serial").is_some() {
            return Err(self.problem(
                "has an mfa_serial, and nobody can be asked for a code here: take SSO, or a credential_process that \
                 asks",
            ));
        }
        let seconds = self.text("duration_seconds").map(|text| {
            text.parse().map_err(|_| {
                let text = text.escape_debug();
                self.problem(format!("has duration_seconds `{text}`: give a number from 900 to 43200"))
            })
        });
        Ok(Role {
            arn,
            session: self.text("role_session_name"),
            external_id: self.text("external_id"),
            seconds: seconds.transpose()?,
        })
    }

    fn sso(&self, files: &SharedFiles) -> Result<Option<Base>, ChainError> {
        let (place, login) = match (self.text("sso_session"), self.text("sso_start_url")) {
            (None, None) => return Ok(None),
            (Some(session), _) => {
                let place = files.session(&session).ok_or_else(|| {
                    let session = session.escape_debug();
                    self.problem(format!(
                        "has sso_session `{session}`, but there is no [sso-session {session}]"
                    ))
                })?;
                (place, session)
            }
            (None, Some(url)) => (self.section, url),
        };
        Ok(Some(Base::Sso(Sso {
            account: self.demand(self.section, "sso_account_id")?,
            role: self.demand(self.section, "sso_role_name")?,
            region: self.demand(place, "sso_region")?,
            login,
        })))
    }
}
