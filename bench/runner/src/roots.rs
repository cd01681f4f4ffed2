//! Root certificates of the clients: the root certificates of the system, and the certificate of the server.
//!
//! The first call in a process loads the root certificates of the system, which causes a large part of the cost of this
//! call. Therefore the clients also load these certificates in the benchmark. The variables name the certificate
//! folders of the system, and a copy of its certificate file. The copy also contains the certificate of the server.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, io};

use crate::Result;
use crate::programs::workspace;

/// File and folders with root certificates, for the environment of a program.
#[derive(Debug)]
pub(crate) struct Roots {
    file: PathBuf,
    folders: OsString,
}

impl Roots {
    /// Combines the root certificates of the system with a certificate in PEM.
    pub(crate) fn with(certificate: &str) -> Result<Self> {
        let system = openssl_probe::probe();
        let bundle = system.cert_file.map_or(Ok(String::new()), fs::read_to_string)?;
        let file = workspace().join("target/roots.pem");
        fs::write(&file, joined(&bundle, certificate))?;
        Ok(Self { file, folders: env::join_paths(system.cert_dir).map_err(io::Error::other)? })
    }

    /// Sets the environment variables that both clients with TLS read.
    pub(crate) fn configure(&self, command: &mut Command) {
        command.env("SSL_CERT_FILE", &self.file).env("SSL_CERT_DIR", &self.folders);
    }
}

fn joined(bundle: &str, certificate: &str) -> String {
    let end = if bundle.is_empty() || bundle.ends_with('\n') { "" } else { "\n" };
    format!("{bundle}{end}{certificate}")
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn a_certificate_starts_on_a_new_line() {
        let check = |bundle, expected: &str| assert_eq!(joined(bundle, "b\n"), expected);
        check("", "b\n");
        check("a", "a\nb\n");
        check("a\n", "a\nb\n");
    }
}
