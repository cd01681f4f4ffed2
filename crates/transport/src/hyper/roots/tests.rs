//! Tests of the certificates of the system. The tests replace the files of the system.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::CertificateError;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{ServerName, UnixTime};
use rustls_native_certs::load_certs_from_paths;

use super::*;

const ROOT: &str = include_str!("../../../tests/data/root.pem");
const SERVER: &str = include_str!("../../../tests/data/server.pem");

/// Creates a root certificate that did not issue the certificate of the server.
fn other_root() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.self_signed(&key).unwrap().pem()
}

fn verify(verifier: &Verifier, name: &'static str) -> Result<(), rustls::Error> {
    let server = CertificateDer::from_pem_slice(SERVER.as_bytes()).unwrap();
    let name = ServerName::try_from(name).unwrap();
    verifier.verify_server_cert(&server, &[], &name, &[], UnixTime::now()).map(|_| ())
}

/// Verifies the certificate of the server twice, with a certificate file and a folder with one file. Checks how often
/// the folder is read.
fn check(
    file: Option<&str>,
    folder: &str,
    name: &'static str,
    expected: Result<(), CertificateError>,
    reads: usize,
) {
    let directory = tempfile::tempdir().unwrap();
    let write = |name, pem| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, pem).unwrap();
        path
    };
    let file = file.map(|pem| write("file", pem));
    let folder = write("folder/root.pem", folder).parent().unwrap().to_owned();
    let count = Arc::new(AtomicUsize::new(0));
    let verifier = system_verifier(file.clone(), {
        let count = Arc::clone(&count);
        move || {
            count.fetch_add(1, Ordering::Relaxed);
            load_certs_from_paths(file.as_deref(), Some(&folder))
        }
    });
    let verifier = verifier.unwrap();
    for _ in 0..2 {
        assert_eq!(verify(&verifier, name), expected.clone().map_err(rustls::Error::from));
    }
    assert_eq!(count.load(Ordering::Relaxed), reads);
}

#[test]
fn the_folders_are_read_only_if_the_file_does_not_suffice() {
    let other = other_root();
    check(Some(ROOT), &other, "localhost", Ok(()), 0);
    check(Some(&format!("{other}{ROOT}")), &other, "localhost", Ok(()), 0);
    check(Some(&other), ROOT, "localhost", Ok(()), 1);
    check(None, ROOT, "localhost", Ok(()), 1);
    // A file without usable certificates.
    check(
        Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ROOT,
        "localhost",
        Ok(()),
        1,
    );
}

#[test]
fn a_server_that_no_root_has_issued_is_not_trusted() {
    let other = other_root();
    let error = Err(CertificateError::UnknownIssuer);
    check(Some(&other), &other, "localhost", error.clone(), 1);
    check(None, &other, "localhost", error, 1);
}

#[test]
fn other_errors_do_not_depend_on_the_source_of_the_root() {
    let name = "other.example";
    let error = || {
        let presented = vec!["IpAddress(127.0.0.1)".to_owned(), "DnsName(\"localhost\")".to_owned()];
        Err(CertificateError::NotValidForNameContext {
            expected: ServerName::try_from(name).unwrap().to_owned(),
            presented,
        })
    };
    check(Some(ROOT), &other_root(), name, error(), 1);
    check(None, ROOT, name, error(), 1);
}

#[test]
fn a_system_without_certificates_is_an_error() {
    let missing = || load_certs_from_paths(Some(Path::new("no/such/file")), None);
    let error = system_verifier(Some("no/such/file".into()), missing).unwrap_err().to_string();
    assert!(error.contains("SSL_CERT_FILE") && error.contains("no/such/file"), "{error}");
}

#[test]
fn the_variables_select_the_file() {
    let set = |value: &str| Some(OsString::from(value));
    let check = |variables, expected: Option<&str>| {
        assert_eq!(certificate_file(&variables), expected.map(PathBuf::from), "{variables:?}");
    };
    check([set("file"), None], Some("file"));
    check([set("file"), set("folder")], Some("file"));
    // The system's own file is not trusted if only folders are set.
    check([None, set("folder")], None);
    let system = probed_file();
    check([None, None], system.as_deref().and_then(Path::to_str));
    check([None, set("")], system.as_deref().and_then(Path::to_str));
}

#[test]
fn the_variables_select_the_folders() {
    let set = |value: &str| Some(OsString::from(value));
    let check = |variables, expected: Vec<PathBuf>| {
        assert_eq!(certificate_folders(&variables), expected, "{variables:?}");
    };
    let folders = env::join_paths(["a", "b"]).unwrap();
    check([set("file"), Some(folders.clone())], vec!["a".into(), "b".into()]);
    check([set("file"), None], Vec::new());
    check([set("file"), set("")], Vec::new());
    check([None, None], probed_folders());
}

#[test]
fn certificates_that_could_not_be_read_are_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let (file, folder) = (directory.path().join("file"), directory.path().join("folder"));
    std::fs::write(&file, other_root()).unwrap();
    let folders = vec![folder.clone()];
    let verifier = system_verifier(Some(file.clone()), move || load_certificates(&file, &folders)).unwrap();
    assert!(verify(&verifier, "localhost").is_err());
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("root.pem"), ROOT).unwrap();
    assert_eq!(verify(&verifier, "localhost"), Ok(()));
}

/// Reads certificates with our decoder, and compares them with those of `rustls-native-certs`.
fn check_decoder(pem: &str, expected: Option<usize>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let roots = read_certificates(file.path()).map(|store| store.roots);
    assert_eq!(roots.as_ref().map(Vec::len), expected, "{pem}");
    let known = store(load_certs_from_paths(Some(file.path()), None).certs).roots;
    assert!(roots.iter().flatten().all(|root| known.contains(root)), "{pem}");
}

#[test]
fn the_decoder_returns_the_certificates_of_well_formed_files() {
    let crlf = ROOT.replace('\n', "\r\n");
    check_decoder(ROOT, Some(1));
    check_decoder(ROOT.trim_end(), Some(1));
    check_decoder(&crlf, Some(1));
    check_decoder(&format!("# Főtanúsítvány\n{ROOT}\nA comment\n{crlf}{}", other_root()), Some(3));
    check_decoder("", Some(0));
    check_decoder(&ROOT.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), Some(0));
    check_decoder(&ROOT.replace("-----BEGIN", "#-----BEGIN"), Some(0));
    check_decoder(&ROOT.replace("-----END", "#-----END"), None);
    check_decoder(&ROOT.replace("MIIB", "!IIB"), None);
    check_decoder(&format!("-----BEGIN CERTIFICATE-----\n{ROOT}"), None);
}

#[test]
fn the_file_of_the_system_is_decoded_completely() {
    let Some(file) = certificate_file(&[None, None]) else { return };
    let all = store(load_certs_from_paths(Some(&file), None).certs);
    let mut subjects: Vec<_> = all.roots.iter().map(|root| root.subject.to_vec()).collect();
    let mut found: Vec<_> =
        read_certificates(&file).unwrap().roots.iter().map(|root| root.subject.to_vec()).collect();
    subjects.sort();
    found.sort();
    found.dedup();
    subjects.dedup();
    assert_eq!(found, subjects);
}

#[test]
fn transports_share_the_certificates_of_the_system() {
    let Ok(one) = shared_system_verifier() else { return };
    let other = shared_system_verifier().unwrap();
    assert!(Arc::ptr_eq(&one, &other));
}
