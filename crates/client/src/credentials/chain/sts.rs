//! Roles that are assumed with AWS STS, with our signature.

use std::time::{Duration, SystemTime};

use http::Method;
use http::request::Parts;
use invoke_model_signing::{Credentials, PayloadHash, Signer};
use reqsign_aws_core::{
    AssumeRoleCredentialProvider, AssumeRoleWithWebIdentityCredentialProvider, Credential,
    StaticCredentialProvider,
};
use reqsign_core::{Context, Error, SignRequest};

use super::plan::{Role, WebIdentity};
use crate::config::Clock;

/// Assumes a role with these credentials, at the region's endpoint.
pub(super) fn assume(
    role: &Role,
    source: Credential,
    region: &str,
    clock: &Clock,
    context: Context,
) -> AssumeRoleCredentialProvider {
    let mut source_provider = StaticCredentialProvider::new(&source.access_key_id, &source.secret_access_key);
    if let Some(token) = &source.session_token {
        source_provider = source_provider.with_session_token(token);
    }
    let signer = Sts { signer: Signer::new(region, "sts"), clock: clock.clone() };
    let signer = reqsign_core::Signer::new(context, source_provider, signer);
    let mut provider = AssumeRoleCredentialProvider::new(role.arn.clone(), signer)
        .with_role_session_name(session(role.session.as_deref(), clock.now()))
        .with_region(region.to_owned())
        .with_regional_sts_endpoint();
    if let Some(id) = &role.external_id {
        provider = provider.with_external_id(id.clone());
    }
    if let Some(seconds) = role.seconds {
        provider = provider.with_duration_seconds(seconds);
    }
    provider
}

/// Assumes a role with the token in a file, at the region's endpoint.
pub(super) fn web_identity(
    role: &WebIdentity,
    region: &str,
    clock: &Clock,
) -> AssumeRoleWithWebIdentityCredentialProvider {
    let (arn, file) = (role.role.clone(), role.token_file.clone().into());
    AssumeRoleWithWebIdentityCredentialProvider::with_config(arn, file)
        .with_role_session_name(session(role.session.as_deref(), clock.now()))
        .with_region(region.to_owned())
        .with_regional_sts_endpoint()
}

/// The name under which the logs of the account know the session.
fn session(given: Option<&str>, now: SystemTime) -> String {
    let millis = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
    given.map_or_else(|| format!("invoke-model-{millis}"), str::to_owned)
}

/// Our signature in the library's place for one.
#[derive(Debug)]
struct Sts {
    signer: Signer,
    clock: Clock,
}

impl SignRequest for Sts {
    type Credential = Credential;

    async fn sign_request(
        &self,
        _: &Context,
        request: &mut Parts,
        credential: Option<&Credential>,
        _: Option<Duration>,
    ) -> Result<(), Error> {
        let credential =
            credential.ok_or_else(|| Error::credential_invalid("no credentials to sign with"))?;
        // The library puts what is longer than a URL into the body, which is not here to be hashed.
        if request.method != Method::GET {
            return Err(Error::request_invalid("the role's ARN and external id are too long together"));
        }
        let credentials = Credentials::new(
            &credential.access_key_id,
            &credential.secret_access_key,
            credential.session_token.clone(),
        );
        let signed = self.signer.sign(request, &credentials, &PayloadHash::EMPTY, self.clock.now());
        signed.map(drop).map_err(|error| Error::request_invalid(error.to_string()))
    }
}
