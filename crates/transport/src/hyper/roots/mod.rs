//! Root certificates: their sources, and how they are loaded.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::{env, fmt, fs, process};

use bytes::Bytes;
use rustls::RootCertStore;
use rustls::client::VerifierBuilderError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};

use super::certificate::Verifier;

/// Source of the root certificates.
#[derive(Clone)]
pub(super) enum Roots {
    System,
    Pem(Bytes),
    PemFile(PathBuf),
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the system's"),
            Self::Pem(_) => f.write_str("PEM"),
            Self::PemFile(path) => path.fmt(f),
        }
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub(super) enum RootsError {
    #[error(
        "this system has no root certificates: install its package `ca-certificates`, or set SSL_CERT_FILE to a PEM \
         file{0}"
    )]
    System(String),
    #[error("`root_certificates_pem` has no usable PEM certificates: {0}")]
    Pem(BoxError),
    #[error("cannot read the root certificates file {0}: {1}")]
    Unreadable(PathBuf, io::Error),
    #[error("the root certificates file {0} has no usable PEM certificates: {1}")]
    PemFile(PathBuf, BoxError),
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
}

impl Roots {
    /// Loads the certificates, and returns a verifier that trusts them. This function blocks, because it reads files.
    pub(super) fn verifier(&self) -> Result<Arc<Verifier>, RootsError> {
        let roots = match self {
            Self::System => return shared_system_verifier(),
            Self::Pem(pem) => parse(pem).map_err(RootsError::Pem)?,
            Self::PemFile(path) => {
                let pem = fs::read(path).map_err(|error| RootsError::Unreadable(path.clone(), error))?;
                parse(&pem).map_err(|error| RootsError::PemFile(path.clone(), error))?
            }
        };
        Ok(Arc::new(Verifier::new(roots)?))
    }
}

/// Values of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
type Variables = [Option<OsString>; 2];

/// The verifier of the system's certificates that was created last. It belongs to a process and to the values of the
/// variables. A forked process creates its own verifier, because a thread of the other process may have held a lock in
/// the verifier.
static SYSTEM: Mutex<Option<(u32, Variables, Weak<Verifier>)>> = Mutex::new(None);

/// Returns the verifier of another transport if one exists, or creates a verifier.
#[expect(
    clippy::disallowed_methods,
    reason = "rustls-native-certs reads the same two variables of the process"
)]
fn shared_system_verifier() -> Result<Arc<Verifier>, RootsError> {
    let (process, variables) = (process::id(), ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(env::var_os));
    // Never waits for the lock, because it stays locked in a process that was forked while another thread held it.
    let shared = SYSTEM.try_lock().ok().and_then(|shared| match &*shared {
        Some((id, of, verifier)) if (*id, of) == (process, &variables) => verifier.upgrade(),
        _ => None,
    });
    if let Some(verifier) = shared {
        return Ok(verifier);
    }
    let verifier = match certificate_file(&variables) {
        Some(file) => {
            let folders = certificate_folders(&variables);
            system_verifier(Some(file.clone()), move || load_certificates(&file, &folders))?
        }
        None => system_verifier(None, load_native_certs)?,
    };
    let verifier = Arc::new(verifier);
    if let Ok(mut shared) = SYSTEM.try_lock() {
        *shared = Some((process, variables, Arc::downgrade(&verifier)));
    }
    Ok(verifier)
}

/// Returns the file that contains the system's certificates. Returns `None` if there is no such file.
fn certificate_file(variables: &Variables) -> Option<PathBuf> {
    match variables {
        [Some(file), _] => Some(file.into()),
        [None, Some(folders)] if !folders.is_empty() => None,
        [None, _] => probed_file(),
    }
}

/// Returns the folders that contain more certificates than [`certificate_file`]. Each file of such a folder is a
/// certificate.
fn certificate_folders(variables: &Variables) -> Vec<PathBuf> {
    match variables {
        [_, Some(folders)] if !folders.is_empty() => env::split_paths(folders).collect(),
        [Some(_), _] => Vec::new(),
        [None, _] => probed_folders(),
    }
}

/// Loads the certificates of a file and of folders, as [`load_native_certs`] does. That function would read the variables
/// again, which may have changed since the verifier was created: the verifier would then trust other certificates.
fn load_certificates(file: &Path, folders: &[PathBuf]) -> CertificateResult {
    let mut all = load_certs_from_paths(Some(file), None);
    for folder in folders.iter().filter(|folder| !folder.as_os_str().is_empty()) {
        let CertificateResult { certs, errors, .. } = load_certs_from_paths(None, Some(folder));
        all.certs.extend(certs);
        all.errors.extend(errors);
    }
    all
}

#[cfg(all(unix, not(target_os = "macos")))]
fn probed_folders() -> Vec<PathBuf> {
    openssl_probe::probe().cert_dir
}

/// On other platforms, the certificates are not in folders.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn probed_folders() -> Vec<PathBuf> {
    Vec::new()
}

#[cfg(all(unix, not(target_os = "macos")))]
fn probed_file() -> Option<PathBuf> {
    openssl_probe::probe().cert_file
}

/// On other platforms, the certificates are not in a file.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn probed_file() -> Option<PathBuf> {
    None
}

/// Creates a verifier that trusts the certificates that `load_all` returns. `file` contains some of them, and usually
/// all of them, because the folders of most systems contain each certificate of the file again, in a file of its own.
/// Reading the folders takes longer than everything else that the first call of a program does. Therefore the verifier
/// calls `load_all` only if the certificates of `file` do not suffice to verify a server. `load_all` then blocks the
/// thread of the handshake for some milliseconds, once in a process.
///
/// Like other clients, skips certificates that rustls cannot use.
fn system_verifier(
    file: Option<PathBuf>,
    load_all: impl Fn() -> CertificateResult + Send + Sync + 'static,
) -> Result<Verifier, RootsError> {
    let roots = file.and_then(|file| read_certificates(&file)).unwrap_or_else(RootCertStore::empty);
    if !roots.is_empty() {
        return Ok(Verifier::with_more_roots(roots, move || {
            let CertificateResult { certs, errors, .. } = load_all();
            (store(certs), errors.is_empty())
        })?);
    }
    let CertificateResult { certs, errors, .. } = load_all();
    let roots = store(certs);
    if roots.is_empty() {
        let errors: Vec<String> = errors.iter().map(|error| format!(" ({error})")).collect();
        return Err(RootsError::System(errors.concat()));
    }
    Ok(Verifier::new(roots)?)
}

fn store(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}

/// Reads the certificates of a PEM file. Returns `None` if the file is not readable, or if a certificate is not
/// terminated or not valid base64. The caller then reads the file with `rustls-native-certs`.
///
/// This function executes a third of the instructions of the PEM decoder of rustls. The difference is almost as large
/// as all other instructions of a program that makes one call.
fn read_certificates(file: &Path) -> Option<RootCertStore> {
    // Each section, also the first, follows a line break.
    let mut pem = String::from("\n");
    File::open(file).ok()?.read_to_string(&mut pem).ok()?;
    let sections = pem.split("\n-----BEGIN CERTIFICATE-----").skip(1);
    let certificates = sections.map(|section| {
        let (base64, _) = section.split_once("\n-----END CERTIFICATE-----")?;
        let base64: String = base64.trim_end().lines().collect();
        base64_simd::STANDARD.decode_to_vec(base64).ok().map(CertificateDer::from)
    });
    Some(store(certificates.collect::<Option<Vec<_>>>()?))
}

/// Parses the certificates that the user has set. Returns an error if one of them is not usable.
fn parse(pem: &[u8]) -> Result<RootCertStore, BoxError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|error| error.to_string())?)?;
    }
    if roots.is_empty() { Err("no certificate found".into()) } else { Ok(roots) }
}
