//! From an input to a request that can be sent: serialize, endpoint, signature.

use bytes::Bytes;
use http::header::{HeaderValue, USER_AGENT};
use http::request::Parts;
use invoke_model_protocol::Operation;
use invoke_model_signing::{PayloadHash, Signed};
use invoke_model_transport::{RequestBody, TransportError, TransportErrorKind};

use super::trail::Trail;
use super::{Call, Explanation, field};
use crate::body::File;
use crate::{Error, ErrorKind};

/// Who sends, for the logs of the service.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("invoke-model/", env!("CARGO_PKG_VERSION")));

/// A request that says who calls.
pub(super) struct Authorized {
    parts: Parts,
    payload: Payload,
    /// `None` with a bearer token.
    signed: Option<Signed>,
}

enum Payload {
    Bytes(Bytes),
    File(File),
}

impl Payload {
    fn hash(&self) -> PayloadHash {
        match self {
            Self::Bytes(bytes) => PayloadHash::of(bytes),
            Self::File(file) => file.hash().clone(),
        }
    }
}

impl<O: Operation> Call<O> {
    /// Serializes the input, applies the endpoint, and signs. Nothing is sent.
    pub(super) async fn authorized(self, trail: &mut Trail) -> Result<Authorized, ErrorKind<O::Error>> {
        let Self { client, mut input, required, file, fields, deadlines: _ } = self;
        required.check()?;
        // Once, before anything is serialized: all attempts of a call have one token.
        O::fill_idempotency_tokens(&mut input, &mut || client.config().tokens.next());
        let host_prefix = O::host_prefix(&input)?;
        let (mut parts, bytes) = O::serialize(input)?.into_parts();
        trail.target = Some(parts.uri.clone());

        parts.headers.insert(USER_AGENT, AGENT);
        field::insert(&mut parts.headers, fields)?;
        let endpoint = &client.config().endpoint;
        parts.uri = endpoint
            .apply(&parts.uri, host_prefix.as_deref())
            .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error))?;
        let payload = match file {
            None => Payload::Bytes(bytes),
            Some(path) => Payload::File(File::open(path).await?),
        };
        let hash = || if O::UNSIGNED_PAYLOAD { PayloadHash::unsigned() } else { payload.hash() };
        let signed = client.authorize(O::AUTHENTICATION, &mut parts, hash).await?;
        Ok(Authorized { parts, payload, signed })
    }

    /// The request that [`send`](Call::send) would send, signed, with an absolute URI: for another HTTP client. A
    /// signature is good for five minutes. A body file is read whole.
    ///
    /// # Errors
    /// As [`send`](Call::send), but for what comes after the signature.
    pub async fn sign(self) -> Result<http::Request<Bytes>, Error<O::Error>> {
        Ok(self.explain().await?.request)
    }

    /// The request that [`send`](Call::send) would send, and what went into it. Nothing is sent, but credentials are
    /// looked up.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub async fn explain(self) -> Result<Explanation, Error<O::Error>> {
        let mut trail = Trail::new(self.client.clone());
        let explanation = self.explained(&mut trail).await;
        explanation.map_err(|kind| trail.error::<O>(kind))
    }

    async fn explained(self, trail: &mut Trail) -> Result<Explanation, ErrorKind<O::Error>> {
        let config = self.client.config().clone();
        let Authorized { parts, payload, signed } = self.authorized(trail).await?;
        let body = match payload {
            Payload::Bytes(bytes) => bytes,
            Payload::File(file) => file.into_bytes().await?,
        };
        let request = http::Request::from_parts(parts, body);
        Ok(Explanation { operation: O::NAME, config, request, signed })
    }
}

impl Authorized {
    /// The request for a transport.
    pub(super) fn into_request(self) -> http::Request<RequestBody> {
        let body = match self.payload {
            Payload::Bytes(bytes) => bytes.into(),
            Payload::File(file) => RequestBody::from_body(file.into_stream()),
        };
        http::Request::from_parts(self.parts, body)
    }
}
