//! The file with the certificate that clients must trust.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use invoke_model_local::LocalEndpoint;

/// A file with the certificate. A file in the temporary directory is removed on drop.
#[derive(Debug)]
pub(crate) struct CertificateFile {
    path: PathBuf,
    is_temporary: bool,
}

/// The error of a certificate that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot write the certificate to {}: {source}; choose another file with --certificate FILE",
    path.display()
)]
pub(crate) struct CertificateFileError {
    path: PathBuf,
    source: io::Error,
}

impl CertificateFile {
    /// Writes the certificate to a file, by default to a new file in the temporary directory. Returns `None`
    /// if the endpoint does not use TLS.
    pub(crate) fn write(
        local: &LocalEndpoint,
        path: Option<&Path>,
    ) -> Result<Option<Self>, CertificateFileError> {
        let Some(certificate) = local.certificate_pem() else { return Ok(None) };
        let (path, is_temporary) = match path {
            Some(path) => (path.to_owned(), false),
            None => {
                let (port, process) = (local.address().port(), std::process::id());
                (std::env::temp_dir().join(format!("invoke-model-{port}-{process}.pem")), true)
            }
        };
        // Use `create_new` in the temporary directory, because it does not follow links that other users may
        // have created there.
        let file = match is_temporary {
            true => OpenOptions::new().write(true).create_new(true).open(&path),
            false => File::create(&path),
        };
        match file.and_then(|mut file| file.write_all(certificate.as_bytes())) {
            Ok(()) => Ok(Some(Self { path, is_temporary })),
            Err(source) => Err(CertificateFileError { path, source }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for CertificateFile {
    fn drop(&mut self) {
        if self.is_temporary {
            // The file contains no secret, so it does no harm if the removal fails.
            let _ = fs::remove_file(&self.path);
        }
    }
}
