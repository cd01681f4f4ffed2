//! The server as a process of its own, so that nothing of it is counted. Prints its URL, and serves until its input
//! ends: it does not outlive who started it. Its argument is how long each small answer takes, in milliseconds.

use std::io::{self, Read};
use std::time::Duration;
use std::{env, process, thread};

use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let pause = env::args().nth(1).map_or(Ok(0), |pause| pause.parse()).map_err(io::Error::other)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    thread::spawn(|| {
        let end = io::stdin().read_to_end(&mut Vec::new());
        process::exit(i32::from(end.is_err()))
    });
    bench_server::serve(listener, Duration::from_millis(pause)).await
}
