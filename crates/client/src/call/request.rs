//! From an input to a request that can be sent: serialize, endpoint, signature.

use bytes::Bytes;
use http::Uri;
use http::header::{HeaderValue, USER_AGENT};
use http::request::Parts;
use invoke_model_protocol::Operation;
use invoke_model_signing::{PayloadHash, Signed};
use invoke_model_transport::{RequestBody, TransportError, TransportErrorKind};

use super::{Call, field};
use crate::Client;
use crate::body::File;
use crate::error::{Context, Error, ErrorKind};

/// What AWS writes into its logs about who sent a request.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("invoke-model/", env!("CARGO_PKG_VERSION")));

/// A request without endpoint and signature, and its payload.
pub(super) struct Unsigned {
    pub(super) client: Client,
    /// As serialized: path and query.
    pub(super) target: Option<Uri>,
    parts: Parts,
    payload: Payload,
}

enum Payload {
    Bytes(Bytes),
    File(File),
}

/// A request that can be sent, and what was signed, if it was.
pub(super) struct Authorized {
    parts: Parts,
    payload: Payload,
    signed: Option<Signed>,
}

impl<O: Operation> Call<O> {
    /// Puts the input on the wire, with the endpoint before the target.
    pub(super) async fn unsigned(self) -> Result<Unsigned, Error<O::Error>> {
        let Self { client, input, required, file, fields } = self;
        let fault = |kind| Error::new(kind, Context::new::<O>(&client, None));
        required.check().map_err(|error| fault(error.into()))?;
        let request = O::serialize(input).map_err(|error| fault(error.into()))?;
        let (mut parts, bytes) = request.into_parts();
        parts.headers.entry(USER_AGENT).or_insert(AGENT);
        field::insert(&mut parts.headers, fields).map_err(|error| fault(error.into()))?;
        let payload = match file {
            None => Payload::Bytes(bytes),
            Some(path) => {
                let opened = File::open(path, client.signs()).await;
                Payload::File(opened.map_err(|error| fault(error.into()))?)
            }
        };
        let uri = client.config().endpoint.apply(&parts.uri);
        let invalid = |error| TransportError::new(TransportErrorKind::InvalidRequest, error);
        let uri = uri.map_err(|error| fault(invalid(error).into()))?;
        let target = std::mem::replace(&mut parts.uri, uri);
        Ok(Unsigned { client, target: Some(target), parts, payload })
    }
}
