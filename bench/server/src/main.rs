//! Runs the server in a separate process. The measured costs of the client therefore do not include the work
//! of the server.
//!
//! The argument is the delay of small responses, in milliseconds. The program prints its URL without TLS, its
//! URL with TLS, its URL with TLS and HTTP/2, and its certificate. It exits at the end of standard input, so it
//! never runs longer than its parent process.

use std::error::Error;
use std::io::{self, Read};
use std::time::Duration;
use std::{env, process, thread};

use bench_server::{Identity, Listeners};
use bench_workload::raise_file_limit;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let pause = env::args().nth(1).map_or(Ok(0), |pause| pause.parse())?;
    raise_file_limit();
    let bind = || TcpListener::bind("127.0.0.1:0");
    let listeners = Listeners { http: bind().await?, https: bind().await?, http2: bind().await? };
    let identity = Identity::new()?;
    println!("http://{}", listeners.http.local_addr()?);
    println!("https://{}", listeners.https.local_addr()?);
    println!("https://{}", listeners.http2.local_addr()?);
    println!("{}", identity.certificate.trim_end());
    thread::spawn(|| {
        let end = io::stdin().read_to_end(&mut Vec::new());
        process::exit(i32::from(end.is_err()))
    });
    bench_server::serve(&listeners, identity, Duration::from_millis(pause)).await?;
    Ok(())
}
