//! A request before it is signed, for as many attempts as there will be.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{HeaderValue, USER_AGENT};
use http::request::Parts;
use invoke_model_protocol::Operation;
use invoke_model_signing::PayloadHash;
use invoke_model_transport::{RequestBody, TransportError, TransportErrorKind};

use super::{Call, State, Trail, header};
use crate::authorization::{Authorization, Authorizer};
use crate::body::BodyFile;
use crate::credentials::LoadedCredentials;
use crate::timeout::OperationTimer;
use crate::{BodyError, Client, ErrorKind, TokenEstimate};

/// Who sends, for the logs of the service.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("invoke-model/", env!("CARGO_PKG_VERSION")));

/// A request that does not say yet who calls.
pub(super) struct Prepared {
    client: Client,
    authorizer: Arc<Authorizer>,
    parts: Parts,
    pub(super) payload: Payload,
    /// Taken once, for the first signature.
    hash: OnceLock<PayloadHash>,
    /// Told once, for the first attempt that is asked for it.
    demand: Option<TokenEstimate>,
}

pub(super) enum Payload {
    Bytes(Bytes),
    File(BodyFile),
}

impl<O: Operation> Call<O> {
    /// Serializes the input and applies the endpoint: what is the same for all attempts. A body file is still to be
    /// [attached](Prepared::attach).
    pub(super) fn prepare(
        self,
        trail: &mut Trail,
    ) -> Result<(Prepared, Option<PathBuf>), ErrorKind<O::Error>> {
        let State { client, authorizer, mut input, required, file, fields, .. } = *self.0;
        required.check()?;
        // Once, before anything is serialized: all attempts of a call have one token.
        O::fill_idempotency_tokens(&mut input, &mut || client.config().idempotency_token_provider.next());
        let host_prefix = O::host_prefix(&input)?;
        let (mut parts, bytes) = O::serialize(input)?.into_parts();

        parts.headers.insert(USER_AGENT, AGENT);
        header::insert(&mut parts.headers, fields)?;
        let target = trail.target.insert(std::mem::take(&mut parts.uri));
        let endpoint = &client.config().endpoint;
        parts.uri = endpoint
            .apply(target, host_prefix.as_deref())
            .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))?;
        let payload = Payload::Bytes(bytes);
        Ok((Prepared { client, authorizer, parts, payload, hash: OnceLock::new(), demand: None }, file))
    }
}

impl Prepared {
    /// Opens the body file, if there is one: its content is the payload.
    pub(super) async fn attach(&mut self, file: Option<PathBuf>) -> Result<(), BodyError> {
        if let Some(path) = file {
            self.payload = Payload::File(BodyFile::open(path).await?);
        }
        Ok(())
    }

    /// The head of the request, saying who calls: signed anew for each attempt, as credentials and time pass. With a
    /// bearer token, nothing is signed.
    pub(super) async fn authorized<O: Operation>(
        &mut self,
        running: &mut OperationTimer,
    ) -> Result<(Parts, Authorization), ErrorKind<O::Error>> {
        // The clone is kept for another attempt, which most calls do not need: it has no room for the fields to come.
        let clone = self.parts.clone();
        let mut parts = std::mem::replace(&mut self.parts, clone);
        let hash = || if O::UNSIGNED_PAYLOAD { PayloadHash::unsigned() } else { self.hash().clone() };
        let now = || self.client.now();
        let authorizing = self.authorizer.authorize(O::AUTHENTICATION, &mut parts, hash, now);
        let authorization = running.credentials(pin!(authorizing)).await??;
        Ok((parts, authorization))
    }

    /// The service says that the credentials of an attempt have expired.
    pub(super) fn expired(&self, refused: Option<&Arc<LoadedCredentials>>) {
        self.authorizer.invalidate(refused);
    }

    /// Whether an attempt after that has other credentials.
    pub(super) fn renews(&self) -> bool {
        self.authorizer.can_reload()
    }

    /// The head of the request as it is so far.
    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// What the request asks of the service's quotas.
    pub(super) async fn demand<E>(&mut self) -> Result<TokenEstimate, ErrorKind<E>> {
        if let Some(demand) = self.demand {
            return Ok(demand);
        }
        Ok(*self.demand.insert(match &self.payload {
            Payload::Bytes(bytes) => TokenEstimate::of_body(bytes),
            Payload::File(file) => file.token_estimate().await?,
        }))
    }

    /// The body for one attempt.
    pub(super) async fn body<E>(&mut self) -> Result<RequestBody, ErrorKind<E>> {
        Ok(match &mut self.payload {
            Payload::Bytes(bytes) => bytes.clone().into(),
            Payload::File(file) => RequestBody::from_body(file.stream().await?),
        })
    }

    fn hash(&self) -> &PayloadHash {
        match &self.payload {
            Payload::Bytes(bytes) => self.hash.get_or_init(|| PayloadHash::of(bytes)),
            Payload::File(file) => file.hash(),
        }
    }
}
