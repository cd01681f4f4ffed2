//! Interceptors: code of the application that runs in each attempt of a call.

mod context;
mod error;
mod run;

use std::error::Error;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use http::{request, response};

pub use context::InterceptorContext;
pub use error::{Hook, InterceptorError, InterceptorErrorKind};

pub(crate) use run::Interception;

use crate::metadata::Attempt;

/// The future of a hook that may wait.
///
/// If the future returns an error, the text of the error becomes part of the error of the call. Therefore the
/// text must not contain a secret.
pub type InterceptorFuture<'a> =
    Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// An interceptor: it adds headers to requests, refuses requests and responses, and observes attempts.
///
/// An interceptor has four hooks. The client calls each hook once per attempt, for every kind of call. By
/// default, a hook does nothing. Set an interceptor for all calls with
/// [`ConfigBuilder::interceptor`](crate::ConfigBuilder::interceptor), or for one call with
/// [`Call::interceptor`](crate::Call::interceptor).
///
/// | hook | when | may |
/// |---|---|---|
/// | [`before_sign`](Self::before_sign) | before the credentials are loaded | change headers, refuse, wait |
/// | [`before_send`](Self::before_send) | after the request was signed | refuse, wait |
/// | [`after_response`](Self::after_response) | when the head of the response has arrived | refuse |
/// | [`after_attempt`](Self::after_attempt) | after the outcome of the attempt is known | observe |
///
/// The interceptors of the client come first, in the order in which they were added. Then the interceptors of
/// the call follow. For `after_response` and `after_attempt`, the order is reversed.
///
/// ```
/// use http::{HeaderValue, request};
/// use invoke_model_client::{Intercept, InterceptorContext, InterceptorFuture};
///
/// /// Adds the tenant of the caller. The signature covers the header.
/// struct Tenant(HeaderValue);
///
/// impl Intercept for Tenant {
///     fn before_sign<'a>(
///         &'a self,
///         request: &'a mut request::Parts,
///         _context: &'a mut InterceptorContext,
///     ) -> InterceptorFuture<'a> {
///         Box::pin(async move {
///             request.headers.insert("x-tenant", self.0.clone());
///             Ok(())
///         })
///     }
/// }
/// ```
///
/// # Refusals
///
/// If a hook returns an error, the call fails with [`ErrorKind::Interceptor`](crate::ErrorKind::Interceptor),
/// and the client does not retry it. The hooks of the same name that would follow do not run. Before the
/// request is sent, the class of the error is [`NotSent`](crate::FailureClass::NotSent), and a
/// [`QuotaLimiter`](crate::QuotaLimiter) counts nothing. After the response has arrived, the class is
/// [`Ambiguous`](crate::FailureClass::Ambiguous), because the service may have billed the request.
///
/// # Panics and slow hooks
///
/// A hook that panics does not crash the call: the error of the call names the interceptor. The operation
/// timeout and [`TimeoutConfig::interceptor`](crate::TimeoutConfig::interceptor) limit the time of
/// `before_sign` and `before_send`. A hook that blocks its thread cannot be interrupted, but the client checks
/// the limit before it sends the request. The other two hooks cannot wait, because they would delay a response
/// that has arrived. They must return quickly.
#[doc(alias("Hook", "Interceptor", "Middleware"))]
pub trait Intercept: Send + Sync + 'static {
    /// Returns the name of the interceptor in errors. Default: the name of the type.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// Changes the headers of a request before it is signed. The signature covers the changed headers.
    ///
    /// Each attempt begins with the unchanged request. [`Call::sign`](crate::Call::sign) and
    /// [`Call::explain`](crate::Call::explain) call this hook too.
    ///
    /// # Errors
    /// An error refuses the request. The client also refuses a request if this hook has changed anything
    /// except headers and extensions, or if it has changed one of the headers that the client sets itself:
    /// `authorization`, `connection`, `content-length`, `host`, `te`, `transfer-encoding`, `upgrade`,
    /// `x-amz-date` and `x-amz-security-token`. A request can have at most 4,096 headers.
    fn before_sign<'a>(
        &'a self,
        request: &'a mut request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        let _ = (request, context);
        Box::pin(ready(Ok(())))
    }

    /// Observes a request before it is sent. The request has a signature or a bearer token, so it cannot be
    /// changed. `Debug` does not show the signature and the token.
    ///
    /// # Errors
    /// An error refuses the request.
    fn before_send<'a>(
        &'a self,
        request: &'a request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        let _ = (request, context);
        Box::pin(ready(Ok(())))
    }

    /// Observes the head of a response with any status. The body has not been read yet.
    ///
    /// # Errors
    /// An error refuses the response. The client drops the body, although the service may bill the request.
    fn after_response(
        &self,
        response: &response::Parts,
        context: &mut InterceptorContext,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let _ = (response, context);
        Ok(())
    }

    /// Observes the outcome of an attempt. If the call has further attempts, this hook runs before the backoff.
    ///
    /// The client also calls this hook if the attempt failed before its request was sent, for example because
    /// an interceptor refused the request. If the caller reads the response in parts, the attempt ends when
    /// the head of the response has arrived. The client does not call this hook if the call is cancelled.
    ///
    /// If this hook panics, the client logs an error, and the outcome of the call does not change.
    fn after_attempt(&self, attempt: &Attempt, context: &mut InterceptorContext) {
        let _ = (attempt, context);
    }
}

impl<I: Intercept + ?Sized> Intercept for Arc<I> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn before_sign<'a>(
        &'a self,
        request: &'a mut request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        (**self).before_sign(request, context)
    }

    fn before_send<'a>(
        &'a self,
        request: &'a request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        (**self).before_send(request, context)
    }

    fn after_response(
        &self,
        response: &response::Parts,
        context: &mut InterceptorContext,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        (**self).after_response(response, context)
    }

    fn after_attempt(&self, attempt: &Attempt, context: &mut InterceptorContext) {
        (**self).after_attempt(attempt, context);
    }
}
