//! A call taken out before it is sent.

use bytes::Bytes;
use invoke_model_protocol::Operation;

use super::prepared::Payload;
use super::{Call, Explanation, Trail};
use crate::authorization::Authorization;
use crate::{Error, ErrorKind};

impl<O: Operation> Call<O> {
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
        let mut trail = Trail::new(self.0.client.clone());
        let explanation = self.explained(&mut trail).await;
        explanation.map_err(|kind| trail.error::<O>(kind))
    }

    async fn explained(self, trail: &mut Trail) -> Result<Explanation, ErrorKind<O::Error>> {
        let (config, deadlines) = (self.0.client.config().clone(), self.0.deadlines);
        let (mut prepared, file) = self.prepare(trail)?;
        prepared.attach(file).await?;
        let mut running = deadlines.start();
        let (parts, authorization) = prepared.authorized::<O>(&mut running).await?;
        let body = match prepared.payload {
            Payload::Bytes(bytes) => bytes,
            Payload::File(file) => file.into_bytes().await?,
        };
        let request = http::Request::from_parts(parts, body);
        let link = authorization.credentials_source();
        let Authorization { scheme, source, signed, .. } = authorization;
        let operation = O::NAME;
        Ok(Explanation { operation, config, auth_scheme: scheme, credentials: source, link, request, signed })
    }
}
