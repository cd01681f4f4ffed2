//! Servers with TLS, and nodes of a cluster.

use std::fs::write;
use std::time::Duration;

use invoke_model_client::{
    QuotaError, QuotaLimiter, QuotaLimits, QuotaStoreError, RedisQuotaStore, RedisQuotaStoreBuilder,
    TokenEstimate,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use redis::cmd;

use crate::server::{Server, free_port};
use crate::store::builder;

/// Asks a store for a decision.
async fn acquire(builder: RedisQuotaStoreBuilder) -> Result<(), QuotaStoreError> {
    // A busy machine must not cause an error.
    let store = builder.wait_after_server_start(false).timeout(Duration::from_secs(60)).build()?;
    let limits = QuotaLimits::default().requests_per_minute(10);
    let limiter = QuotaLimiter::builder().store(store).key("model", limits).build();
    match limiter.acquire(TokenEstimate::default()).await {
        Ok(permit) => permit.release(),
        Err(QuotaError::Store(error)) => return Err(error),
        Err(other) => panic!("{other}"),
    }
    Ok(())
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[tokio::test]
async fn a_server_with_tls_needs_a_trusted_certificate() {
    let (authority, key) = (authority(), KeyPair::generate().unwrap());
    let certificate =
        CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let server = Server::start_with("a_server_with_tls_needs_a_trusted_certificate", |port, folder| {
        let file = |name: &str, pem: String| {
            let path = folder.join(name);
            write(&path, pem).unwrap();
            path.display().to_string()
        };
        let (certificate, key) = (file("certificate", certificate.pem()), file("key", key.serialize_pem()));
        let tls =
            ["--port", "0", "--tls-auth-clients", "no", "--tls-port", &port.to_string()].map(str::to_owned);
        let files = ["--tls-cert-file".to_owned(), certificate, "--tls-key-file".to_owned(), key];
        [&tls[..], &files].concat()
    });
    let Some(server) = server else { return };
    let url = || server.url().replace("redis://", "rediss://");
    let root = |pem: String| RedisQuotaStore::builder(url()).root_certificates_pem(pem);
    acquire(root(authority.pem())).await.unwrap();
    let error = acquire(root(self::authority().pem())).await.unwrap_err();
    assert!(matches!(error, QuotaStoreError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
    // The certificate is valid for the address, and not for the name.
    let url = url().replace("127.0.0.1", "localhost");
    let builder = RedisQuotaStore::builder(url).root_certificates_pem(authority.pem());
    let error = acquire(builder).await.unwrap_err();
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
}

/// Returns the result of a command as a text.
fn query<const N: usize>(server: &Server, command: [&str; N]) -> String {
    let mut connection = server.client().get_connection().unwrap();
    let command = command.iter().fold(&mut cmd("CLUSTER"), |cmd, argument| cmd.arg(argument)).clone();
    match command.query(&mut connection).unwrap() {
        redis::Value::Int(number) => number.to_string(),
        other => redis::from_redis_value(other).unwrap(),
    }
}

#[tokio::test]
async fn the_error_of_a_redirect_names_the_node_of_the_cluster() {
    let start = || {
        Server::start_with("the_error_of_a_redirect_names_the_node_of_the_cluster", |_, _| {
            let bus = free_port().to_string();
            ["--cluster-enabled", "yes", "--cluster-port", &bus].map(str::to_owned).to_vec()
        })
    };
    let (Some(first), Some(second)) = (start(), start()) else { return };
    query(&first, ["ADDSLOTSRANGE", "0", "8191"]);
    query(&second, ["ADDSLOTSRANGE", "8192", "16383"]);
    let bus = second.argument("--cluster-port");
    query(&first, ["MEET", "127.0.0.1", &second.port().to_string(), bus]);
    let is_up = |server: &Server| query(server, ["INFO"]).contains("cluster_state:ok");
    while !(is_up(&first) && is_up(&second)) {
        std::thread::yield_now();
    }
    let slot: u16 = query(&first, ["KEYSLOT", "{invoke-model-quota}:model:counts"]).parse().unwrap();
    let (owner, other) = if slot < 8192 { (&first, &second) } else { (&second, &first) };
    acquire(builder(owner)).await.unwrap();
    let error = acquire(builder(other)).await.unwrap_err();
    let expected = format!(
        "the server is a node of a cluster, and the keys of the namespace are on the node 127.0.0.1:{}: use the URL of \
         that node, or a server without cluster mode",
        owner.port()
    );
    assert!(matches!(&error, QuotaStoreError::Failed { reason, .. } if *reason == expected), "{error:?}");
}
