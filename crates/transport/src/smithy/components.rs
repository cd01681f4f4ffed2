//! Placeholders for the runtime components that an `HttpClient` requires.
//!
//! `HttpClient::http_connector` takes the `RuntimeComponents` of an SDK client. They cannot be built without
//! an endpoint resolver, an auth scheme, an identity resolver, an identity cache and a retry strategy. A
//! connector does not use these components. It uses at most the sleep implementation, the time source and the
//! retry classifiers. These three are optional, and are not set here. [`Absent`] implements all required
//! components. Each method of [`Absent`] returns an error.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign};
use aws_smithy_runtime_api::client::endpoint::{EndpointFuture, EndpointResolverParams, ResolveEndpoint};
use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::{RetryStrategy, ShouldAttempt};
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::ConfigBag;

const SCHEME: AuthSchemeId = AuthSchemeId::new("absent");

/// Returns components that contain only [`Absent`].
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
        "signing, identities, endpoints and retries are not available to an HTTP client".into()
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
