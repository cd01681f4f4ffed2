//! Errors of certificates that are not trusted. The errors of rustls name the problem, but not its solution.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};

/// A verifier that makes the same decisions as [`WebPkiServerVerifier`] with all root certificates. If the issuer of a
/// certificate is not trusted, its error tells if the certificate is self-signed.
#[derive(Debug)]
pub(super) struct Verifier {
    verifier: Arc<WebPkiServerVerifier>,
    /// The verifier with all root certificates, if `verifier` has only some of them.
    complete: Option<CompleteVerifier>,
}

/// A verifier that is created when it is needed.
struct CompleteVerifier {
    /// Loads all root certificates. The flag is `false` if some of them could not be read.
    load: Box<dyn Fn() -> (RootCertStore, bool) + Send + Sync>,
    /// The verifier, if all root certificates were read.
    loaded: OnceLock<Arc<WebPkiServerVerifier>>,
}

impl CompleteVerifier {
    /// Returns the verifier. If certificates could not be read, for example because the process has too many open files,
    /// the next call reads them again. Returns `None` if there are no root certificates.
    fn get(&self) -> Option<Arc<WebPkiServerVerifier>> {
        if let Some(verifier) = self.loaded.get() {
            return Some(verifier.clone());
        }
        let (roots, is_complete) = (self.load)();
        let verifier = webpki(roots).ok()?;
        Some(if is_complete { self.loaded.get_or_init(|| verifier).clone() } else { verifier })
    }
}

impl fmt::Debug for CompleteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompleteVerifier").field("loaded", &self.loaded).finish_non_exhaustive()
    }
}

/// The error of a certificate that is its own issuer.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is self-signed")]
struct SelfSigned;

impl Verifier {
    /// Creates a verifier that trusts `roots`. Returns an error if there are no roots.
    pub(super) fn new(roots: RootCertStore) -> Result<Self, VerifierBuilderError> {
        Ok(Self { verifier: webpki(roots)?, complete: None })
    }

    /// Creates a verifier that first loads `roots`, and loads all root certificates only if a verification fails.
    ///
    /// A certificate that is valid with some of the roots is also valid with all of them, so this verifier accepts the
    /// same certificates as a verifier with all roots.
    pub(super) fn with_more_roots(
        roots: RootCertStore,
        load_all: impl Fn() -> (RootCertStore, bool) + Send + Sync + 'static,
    ) -> Result<Self, VerifierBuilderError> {
        let complete = CompleteVerifier { load: Box::new(load_all), loaded: OnceLock::new() };
        Ok(Self { verifier: webpki(roots)?, complete: Some(complete) })
    }
}

fn webpki(roots: RootCertStore) -> Result<Arc<WebPkiServerVerifier>, VerifierBuilderError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider())).build()
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let mut verified = verify(&self.verifier);
        if let (Err(_), Some(complete)) = (&verified, &self.complete) {
            verified = complete.get().map_or(verified, |complete| verify(&complete));
        }
        verified.map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer)
                if is_self_signed(end_entity, server_name, now) =>
            {
                CertificateError::Other(OtherError(Arc::new(SelfSigned))).into()
            }
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.verifier.root_hint_subjects()
    }
}

/// Returns `true` if a certificate is its own issuer: the certificate would be trusted if it were a root.
fn is_self_signed(certificate: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> bool {
    let mut roots = RootCertStore::empty();
    if roots.add(certificate.clone().into_owned()).is_err() {
        return false;
    }
    let verified =
        webpki(roots).map(|verifier| verifier.verify_server_cert(certificate, &[], name, &[], now));
    // Any other problem, such as a wrong name, does not matter here.
    !matches!(verified, Err(_) | Ok(Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))))
}

/// Describes an error of rustls, and its solution.
pub(super) fn describe(error: &Error) -> String {
    const TRUST: &str = "to the root certificates: AWS_CA_BUNDLE, `ca_bundle` or `root_certificates_file`";
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => format!(
            "invalid peer certificate: its issuer is unknown; if a proxy inspects TLS or the server has a private \
             certificate authority, add the certificate of the authority {TRUST}"
        ),
        Error::InvalidCertificate(CertificateError::BadSignature) => format!(
            "invalid peer certificate: its issuer has the name of a root certificate, but another key; add the current \
             certificate of the authority {TRUST}"
        ),
        Error::InvalidCertificate(CertificateError::Other(OtherError(other))) if other.is::<SelfSigned>() => {
            format!("invalid peer certificate: {other}; if you trust the server, add its certificate {TRUST}")
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => format!("{error}; check the host in the endpoint URL, and that nothing redirects the connection"),
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            format!("{error}; renew the certificate of the server, or set the clock of this machine")
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => format!("{error}; set the clock of this machine, or wait until the certificate is valid"),
        // rustls reports the certificate of an authority as an error that it does not export.
        Error::InvalidCertificate(CertificateError::Other(other))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            "invalid peer certificate: it is the certificate of an authority, and not of a server; create a server \
             certificate (basic constraint CA:FALSE)"
                .to_owned()
        }
        Error::InvalidCertificate(_) => format!("{error}; replace the certificate of the server"),
        Error::InvalidMessage(_) => {
            format!("{error}; the server may not support TLS on this port: check scheme and port of the URL")
        }
        error => error.to_string(),
    }
}
