//! Assumes roles with AWS STS. The signer of this project signs the requests.

use std::time::{Duration, SystemTime};

use http::Method;
use http::request::Parts;
use invoke_model_signing::{Credentials, PayloadHash, Signer};
use reqsign_aws_core::{
    AssumeRoleCredentialProvider, AssumeRoleWithWebIdentityCredentialProvider, Credential,
    StaticCredentialProvider,
};
use reqsign_core::{Context, Error, SignRequest};

use super::endpoint::redirect;
use super::plan::{Role, WebIdentity};
use crate::time_source::TimeSource;

/// Returns a provider that assumes a role with the credentials in `source`. `url` is the URL of STS.
pub(super) fn assume_role(
    role: &Role,
    source: &Credentials,
    region: &str,
    url: String,
    time_source: &TimeSource,
    context: Context,
) -> AssumeRoleCredentialProvider {
    let mut source_provider =
        StaticCredentialProvider::new(source.access_key_id(), source.secret_access_key());
    if let Some(token) = source.session_token() {
        source_provider = source_provider.with_session_token(token);
    }
    let signer = StsSigner { signer: Signer::new(region, "sts"), url, time_source: time_source.clone() };
    let signer = reqsign_core::Signer::new(context, source_provider, signer);
    let mut provider = AssumeRoleCredentialProvider::new(role.arn.clone(), signer)
        .with_role_session_name(session_name(role.session_name.as_deref(), time_source.now()))
        .with_region(region.to_owned())
        .with_regional_sts_endpoint();
    if let Some(id) = &role.external_id {
        provider = provider.with_external_id(id.clone());
    }
    if let Some(seconds) = role.duration_seconds {
        provider = provider.with_duration_seconds(seconds);
    }
    provider
}

/// Returns a provider that assumes a role with the token in a file. The provider uses the STS endpoint of the
/// region.
pub(super) fn assume_role_with_web_identity(
    role: &WebIdentity,
    region: &str,
    time_source: &TimeSource,
) -> AssumeRoleWithWebIdentityCredentialProvider {
    let (arn, file) = (role.role_arn.clone(), role.token_file.clone().into());
    AssumeRoleWithWebIdentityCredentialProvider::with_config(arn, file)
        .with_role_session_name(session_name(role.session_name.as_deref(), time_source.now()))
        .with_region(region.to_owned())
        .with_regional_sts_endpoint()
}

/// Returns the configured session name, or a name with the current time. CloudTrail logs the session name.
fn session_name(configured: Option<&str>, now: SystemTime) -> String {
    let millis = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
    configured.map_or_else(|| format!("invoke-model-{millis}"), str::to_owned)
}

/// An adapter that implements the signing trait of the library with the signer of this project.
#[derive(Debug)]
struct StsSigner {
    signer: Signer,
    /// The URL of STS. The library cannot change its endpoint.
    url: String,
    time_source: TimeSource,
}

impl SignRequest for StsSigner {
    type Credential = Credential;

    async fn sign_request(
        &self,
        _: &Context,
        request: &mut Parts,
        credential: Option<&Credential>,
        _: Option<Duration>,
    ) -> Result<(), Error> {
        let credential = credential
            .ok_or_else(|| Error::credential_invalid("no credentials to sign the STS request with"))?;
        // If the parameters are too long for a URL, the library sends them in the body. This function cannot
        // hash the body, because it has no access to the body.
        if request.method != Method::GET {
            return Err(Error::request_invalid(
                "the ARN and the external id of the role are too long; shorten the external id",
            ));
        }
        request.uri = redirect(&request.uri, &self.url)?;
        let credentials = Credentials::new(
            &credential.access_key_id,
            &credential.secret_access_key,
            credential.session_token.clone(),
        );
        let signed = self.signer.sign(request, &credentials, &PayloadHash::EMPTY, self.time_source.now());
        signed.map(drop).map_err(|error| Error::request_invalid(error.to_string()))
    }
}
