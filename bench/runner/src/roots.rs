//! What a client trusts over https: what it would in life, and the server's certificate.
//!
//! Loading the system's root certificates is most of what the first call of a process costs, so each client loads them
//! here, too, from the places where it would find them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, io};

use crate::Result;
use crate::programs::workspace;

/// Root certificates, for the environment of a program.
#[derive(Debug)]
pub(crate) struct Roots {
    file: PathBuf,
    folders: OsString,
}

impl Roots {
    /// Those of the system and one more, in PEM.
    pub(crate) fn with(certificate: &str) -> Result<Self> {
        let system = openssl_probe::probe();
        let bundle = system.cert_file.map_or(Ok(String::new()), fs::read_to_string)?;
        let file = workspace().join("target/roots.pem");
        fs::write(&file, joined(&bundle, certificate))?;
        Ok(Self { file, folders: env::join_paths(system.cert_dir).map_err(io::Error::other)? })
    }

    /// Has a program trust them: both clients that speak TLS read these variables.
    pub(crate) fn trusted_by(&self, command: &mut Command) {
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
    fn a_certificate_begins_its_own_line() {
        let check = |bundle, expected: &str| assert_eq!(joined(bundle, "b\n"), expected);
        check("", "b\n");
        check("a", "a\nb\n");
        check("a\n", "a\nb\n");
    }
}
