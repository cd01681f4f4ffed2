//! The steps that load the credentials of a profile.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>

use reqsign_aws_core::Credential;

use super::error::ChainError;
use crate::environment::Environment;
use crate::shared_files::{Section, SharedFiles};

/// A source of credentials, and a list of roles. The chain assumes the first role with the credentials of the
/// source. It assumes each further role with the credentials of the previous role.
pub(super) struct Plan {
    pub(super) base: BaseSource,
    pub(super) roles: Vec<Role>,
    /// A description of the source and the roles.
    pub(super) description: String,
}

/// The source of the first credentials of a plan.
pub(super) enum BaseSource {
    Keys(Credential),
    /// The command line of a `credential_process`.
    Process(String),
    Sso(Sso),
    WebIdentity(WebIdentity),
    Environment,
    Container,
    Instance,
}

pub(super) struct Sso {
    pub(super) account_id: String,
    pub(super) role_name: String,
    pub(super) region: String,
    /// The session name, or the start URL if there is no session. The file name of the cached login is
    /// derived from this text.
    pub(super) cache_key: String,
}

pub(super) struct WebIdentity {
    pub(super) role_arn: String,
    pub(super) token_file: String,
    pub(super) session_name: Option<String>,
}

pub(super) struct Role {
    pub(super) arn: String,
    pub(super) session_name: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) duration_seconds: Option<u32>,
}

/// Advice for a role that cannot be assumed.
pub(super) const ROLE_ADVICE: &str =
    "check that the source credentials are valid and that the role trusts them";

impl Plan {
    pub(super) fn new(base: BaseSource) -> Self {
        Self { description: base.description().to_owned(), base, roles: Vec::new() }
    }
}

impl BaseSource {
    pub(super) fn description(&self) -> &'static str {
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

    /// Returns advice for a failure of the source.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Keys(_) | Self::Environment => "set both keys",
            Self::Process(_) => "run the command in a shell to see its output",
            Self::Sso(_) => "run `aws sso login` for this profile",
            Self::WebIdentity(_) => {
                "check that the token file is readable and that the role trusts its issuer"
            }
            Self::Container => "check the AWS_CONTAINER_* variables and the role of the task or pod",
            Self::Instance => "check the role of the instance",
        }
    }
}

/// Returns the plan of a profile, or `None` if the profile does not exist or has no credentials.
pub(super) fn from_profile(files: &SharedFiles, profile: &str) -> Result<Option<Plan>, ChainError> {
    follow(files, profile, &mut Vec::new())
}

/// Returns the plan of the web identity variables, or `None` if they are not set.
pub(super) fn from_web_identity(environment: &Environment) -> Result<Option<Plan>, ChainError> {
    let Some(token_file) = environment.read("AWS_WEB_IDENTITY_TOKEN_FILE") else { return Ok(None) };
    let Some(role_arn) = environment.read("AWS_ROLE_ARN") else {
        return Err(ChainError::Source {
            description: "web identity".to_owned(),
            problem: "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not; set both, or neither"
                .to_owned(),
        });
    };
    let session_name = environment.read("AWS_ROLE_SESSION_NAME");
    Ok(Some(Plan::new(BaseSource::WebIdentity(WebIdentity { role_arn, token_file, session_name }))))
}

/// Returns the plan of a profile. `visited` contains the profiles whose `source_profile` refers to this
/// profile, directly or through other profiles.
fn follow(files: &SharedFiles, name: &str, visited: &mut Vec<String>) -> Result<Option<Plan>, ChainError> {
    let Some(section) = files.section(name) else { return Ok(None) };
    let profile = Profile { name, section };
    let without_role = |base: BaseSource| Plan {
        description: format!("profile `{}`: {}", name.escape_debug(), base.description()),
        base,
        roles: Vec::new(),
    };
    // In a source profile, keys take precedence over a role. Therefore a profile with keys can be its own
    // source.
    if !visited.is_empty() {
        if let Some(keys) = profile.keys()? {
            return Ok(Some(without_role(keys)));
        }
    }
    if visited.iter().any(|visited| visited == name) {
        return Err(profile.problem(
            "its chain of `source_profile` settings is a cycle; end the chain with a profile that has keys",
        ));
    }
    visited.push(name.to_owned());
    if let Some(role_arn) = profile.text("role_arn") {
        if let Some(token_file) = profile.text("web_identity_token_file") {
            let session_name = profile.text("role_session_name");
            let web_identity = WebIdentity { role_arn, token_file, session_name };
            return Ok(Some(without_role(BaseSource::WebIdentity(web_identity))));
        }
        let mut plan = profile.source(files, visited)?;
        let name = name.escape_debug();
        plan.description = format!("profile `{name}`: role {role_arn} assumed with ({})", plan.description);
        plan.roles.push(profile.role(role_arn)?);
        return Ok(Some(plan));
    }
    if profile.text("login_session").is_some() {
        return Err(profile.problem(
            "`login_session` is set, but this program cannot use a login of `aws login`; use SSO, or a \
             `credential_process`",
        ));
    }
    let base = match profile.sso(files)? {
        Some(sso) => Some(sso),
        None => profile.text("credential_process").map(BaseSource::Process),
    };
    let base = match base {
        None => profile.keys()?,
        found => found,
    };
    Ok(base.map(without_role))
}

/// The name and the section of a profile.
struct Profile<'a> {
    name: &'a str,
    section: &'a Section,
}

impl Profile<'_> {
    /// Returns the value of a key. An empty value counts as unset.
    fn text(&self, key: &str) -> Option<String> {
        text(self.section, key)
    }

    fn problem(&self, problem: impl Into<String>) -> ChainError {
        ChainError::Profile { profile: self.name.to_owned(), problem: problem.into() }
    }

    /// Returns the value of a key, or an error if the key is not set. `section` is the section of the profile
    /// or of its SSO session.
    fn required(&self, section: &Section, key: &str) -> Result<String, ChainError> {
        text(section, key).ok_or_else(|| self.problem(format!("`{key}` is not set; add it")))
    }

    fn keys(&self) -> Result<Option<BaseSource>, ChainError> {
        // Older tools write `aws_security_token`.
        let session_token = self.text("aws_session_token").or_else(|| self.text("aws_security_token"));
        match (self.text("aws_access_key_id"), self.text("aws_secret_access_key")) {
            (None, None) => Ok(None),
            (Some(access_key_id), Some(secret_access_key)) => Ok(Some(BaseSource::Keys(Credential {
                access_key_id,
                secret_access_key,
                session_token,
                expires_in: None,
            }))),
            (Some(_), None) => {
                Err(self.problem("`aws_access_key_id` is set, but `aws_secret_access_key` is not; set both"))
            }
            (None, Some(_)) => {
                Err(self.problem("`aws_secret_access_key` is set, but `aws_access_key_id` is not; set both"))
            }
        }
    }

    /// Returns the plan that loads the source credentials of the profile's role.
    fn source(&self, files: &SharedFiles, visited: &mut Vec<String>) -> Result<Plan, ChainError> {
        match (self.text("source_profile"), self.text("credential_source")) {
            (Some(_), Some(_)) => {
                Err(self.problem("`source_profile` and `credential_source` are both set; remove one of them"))
            }
            (Some(source), None) => follow(files, &source, visited)?.ok_or_else(|| {
                self.problem(format!(
                    "`source_profile` is `{}`, which does not exist or has no credentials; set another profile",
                    source.escape_debug()
                ))
            }),
            (None, Some(source)) => Ok(Plan::new(match source.as_str() {
                "Environment" => BaseSource::Environment,
                "EcsContainer" => BaseSource::Container,
                "Ec2InstanceMetadata" => BaseSource::Instance,
                _ => {
                    return Err(self.problem(format!(
                        "`credential_source` is `{}`; use Environment, EcsContainer or Ec2InstanceMetadata",
                        source.escape_debug()
                    )));
                }
            })),
            (None, None) => Err(self.problem(
                "`role_arn` is set without a source; set `source_profile`, `credential_source` or \
                 `web_identity_token_file`",
            )),
        }
    }

    fn role(&self, arn: String) -> Result<Role, ChainError> {
        if self.text("mfa_serial").is_some() {
            return Err(self.problem(
                "`mfa_serial` is set, but this program cannot prompt for an MFA code; use SSO, or a `credential_process` \
                 that prompts for the code",
            ));
        }
        let duration_seconds = self.text("duration_seconds").map(|text| {
            text.parse().map_err(|_| {
                let text = text.escape_debug();
                self.problem(format!("`duration_seconds` is `{text}`; use a number from 900 to 43200"))
            })
        });
        Ok(Role {
            arn,
            session_name: self.text("role_session_name"),
            external_id: self.text("external_id"),
            duration_seconds: duration_seconds.transpose()?,
        })
    }

    fn sso(&self, files: &SharedFiles) -> Result<Option<BaseSource>, ChainError> {
        // Other programs use a login without an account and a role, for example to get a bearer token.
        let is_set = |key| self.text(key).is_some();
        let has_role = is_set("sso_account_id") || is_set("sso_role_name");
        if !has_role && (is_set("aws_access_key_id") || is_set("credential_process")) {
            return Ok(None);
        }
        let (section, cache_key) = match (self.text("sso_session"), self.text("sso_start_url")) {
            (None, None) => return Ok(None),
            (Some(session), _) => {
                let section = files.session(&session).ok_or_else(|| {
                    let session = session.escape_debug();
                    self.problem(format!(
                        "`sso_session` is `{session}`, but there is no section [sso-session {session}]; add it"
                    ))
                })?;
                (section, session)
            }
            (None, Some(url)) => (self.section, url),
        };
        let region = self.required(section, "sso_region")?;
        // The region is a part of the host that receives the login, so it must not contain the end of a host.
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            let region = region.escape_debug();
            return Err(self.problem(format!("`sso_region` is `{region}`; use a region such as us-east-1")));
        }
        Ok(Some(BaseSource::Sso(Sso {
            account_id: self.required(self.section, "sso_account_id")?,
            role_name: self.required(self.section, "sso_role_name")?,
            region,
            cache_key,
        })))
    }
}

fn text(section: &Section, key: &str) -> Option<String> {
    section.get(key).filter(|value| !value.is_empty()).cloned()
}
