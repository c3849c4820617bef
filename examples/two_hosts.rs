//! Two hosts and a lossy link: a server that answers in upper case, and a client that waits for the answer.
//!
//! `cargo run --example two_hosts` runs it; `cargo test --example two_hosts` tests it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab::sim::{Network, percent};
use wirelab::stack::socket::net::{TcpListener, TcpStream, report};
use wirelab::stack::time::{Duration, Instant};

/// Builds the network and runs it; returns how long it took in virtual time.
fn upper_case(seed: u64, text: &'static str) -> Duration {
    let mut net = Network::new(seed);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(Duration::from_millis(20)).loss(percent(5));
    net.spawn(server, "server", async {
        let (mut stream, _) = TcpListener::bind("10.0.0.2:6999").await?.accept().await?;
        let mut question = String::new();
        stream.read_to_string(&mut question).await?;
        stream.write_all(question.to_uppercase().as_bytes()).await?;
        Ok(())
    });
    net.spawn(client, "client", async move {
        let mut stream = TcpStream::connect("10.0.0.2:6999").await?;
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        report(&answer);
        assert_eq!(answer, text.to_uppercase());
        Ok(())
    });
    net.finish();
    net.world().now().since(Instant::ZERO)
}

fn main() {
    println!("done after {} of virtual time", upper_case(42, "欢迎新同学! hello"));
}

#[test]
fn the_answer_comes_whatever_the_link_loses() {
    for seed in 0..100 {
        let took = upper_case(seed, "欢迎新同学! hello");
        assert!(took < Duration::from_secs(60), "seed {seed}: {took}");
    }
}

#[test]
fn a_seed_decides_how_long_it_takes() {
    assert_eq!(upper_case(7, "again"), upper_case(7, "again"));
}
