//! What a client is shown of its surroundings: nothing.
//!
//! `HttpClient::http_connector` takes the `RuntimeComponents` of an SDK client, and these do not build without an
//! endpoint resolver, an auth scheme, an identity, a cache and a retry strategy. A connector has no business with
//! any of them (it may take the sleep implementation, the time source and the retry classifiers, which are
//! optional), so [`Absent`] stands in for all: it answers every question with an error.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        auth::{
            AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign,
            static_resolver::StaticAuthSchemeOptionResolver,
        },
        endpoint::{EndpointFuture, EndpointResolverParams, ResolveEndpoint},
        identity::{
            Identity, IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityResolver,
        },
        interceptors::context::InterceptorContext,
        orchestrator::HttpRequest,
        retries::{RetryStrategy, ShouldAttempt},
        runtime_components::{GetIdentityResolver, RuntimeComponents},
    },
};
use aws_smithy_types::config_bag::ConfigBag;

const SCHEME: AuthSchemeId = AuthSchemeId::new("absent");

pub(super) fn components() -> RuntimeComponents {
    RuntimeComponents::builder("invoke-model-transport")
        .with_auth_scheme(Absent)
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(Vec::new())))
        .with_endpoint_resolver(Some(Absent))
        .with_identity_cache(Some(Absent))
        .with_identity_resolver(SCHEME, Absent)
        .with_retry_strategy(Some(Absent))
        .build()
        .expect("every required component is set above")
}

#[derive(Debug)]
struct Absent;

impl Absent {
    fn error() -> BoxError {
        "an HTTP client has no business with signing, identities, endpoints or retries".into()
    }
}

impl AuthScheme for Absent {
    fn scheme_id(&self) -> AuthSchemeId {
        SCHEME
    }

    fn identity_resolver(&self, _: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        None
    }

    fn signer(&self) -> &dyn Sign {
        self
    }
}

impl Sign for Absent {
    fn sign_http_request(
        &self,
        _: &mut HttpRequest,
        _: &Identity,
        _: AuthSchemeEndpointConfig<'_>,
        _: &RuntimeComponents,
        _: &ConfigBag,
    ) -> Result<(), BoxError> {
        Err(Self::error())
    }
}

impl ResolveEndpoint for Absent {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::ready(Err(Self::error()))
    }
}

impl ResolveIdentity for Absent {
    fn resolve_identity<'a>(&'a self, _: &'a RuntimeComponents, _: &'a ConfigBag) -> IdentityFuture<'a> {
        IdentityFuture::ready(Err(Self::error()))
    }
}

impl ResolveCachedIdentity for Absent {
    fn resolve_cached_identity<'a>(
        &'a self,
        _: SharedIdentityResolver,
        _: &'a RuntimeComponents,
        _: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::ready(Err(Self::error()))
    }
}

impl RetryStrategy for Absent {
    fn should_attempt_initial_request(
        &self,
        _: &RuntimeComponents,
        _: &ConfigBag,
    ) -> Result<ShouldAttempt, BoxError> {
        Err(Self::error())
    }

    fn should_attempt_retry(
        &self,
        _: &InterceptorContext,
        _: &RuntimeComponents,
        _: &ConfigBag,
    ) -> Result<ShouldAttempt, BoxError> {
        Err(Self::error())
    }
}
