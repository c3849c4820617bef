//! A thousand HTTP clients at once on one host, across a link that loses frames: each gets what it asked for, and what all
//! of them hold together is bounded. And one that asks and asks, on one connection.

use allocation_counter::measure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab::sim::{Network, percent};
use wirelab::stack::application::http::client::{self, client};
use wirelab::stack::application::http::server::{self, server};
use wirelab::stack::application::{AppError, Pattern};
use wirelab::stack::clock::DEFAULT_DATE;
use wirelab::stack::socket::net::{TcpStream, fs, spawn};
use wirelab::stack::storage::{FilePath, MemoryStorage};
use wirelab::stack::time::Duration;

const CLIENTS: usize = 1_000;

/// Octets of each file; each client has one of its own.
const LENGTH: usize = 20_000;

/// What a connection may hold at both its ends: buffers of HTTP and TCP, tasks, and frames under way.
const HELD_BY_EACH: u64 = 96 * 1024;

fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

fn content(number: usize) -> Vec<u8> {
    let mut octets = vec![0; LENGTH];
    Pattern::new(number as u64).fill(&mut octets);
    octets
}

fn storage() -> MemoryStorage {
    let mut storage = MemoryStorage::default();
    for number in 0..CLIENTS {
        storage.put(&path(&format!("{number}.bin")), &content(number), DEFAULT_DATE).unwrap();
    }
    storage
}

/// Asks for its file, and compares it.
async fn ask(number: usize) -> Result<(), AppError> {
    let save = path(&format!("saved/{number}"));
    let request = client::Request {
        save: Some(save.clone()),
        ..client::Request::get(format!("http://server/{number}.bin").parse()?)
    };
    client(client::Config { requests: vec![request], max_redirects: 0 }).await?;
    let same = fs::read(&save, LENGTH)? == content(number);
    fs::remove(&save)?;
    if same { Ok(()) } else { Err(AppError::new(format!("{number} got another file"))) }
}

fn config() -> server::Config {
    server::Config {
        local: "10.0.0.2:80".parse().unwrap(),
        connections: None,
        root: FilePath::root(),
        writable: false,
        max_body: 0,
        head_timeout: server::DEFAULT_HEAD_TIMEOUT,
        max_requests: None,
        log: None,
        redirects: Vec::new(),
    }
}

fn run() {
    let mut net = Network::new(1_000);
    let one = net.host("clients", "10.0.0.1/16");
    let other = net.host("server", "10.0.0.2/16");
    net.link(one, other).delay(Duration::from_millis(5)).loss(percent(1));
    net.background(other, "server", server(config()));
    for number in 0..CLIENTS {
        net.spawn(one, &format!("client {number}"), ask(number));
    }
    let world = net.world();
    world.set_storage(other.node(), Box::new(storage()));
    world.storage_mut(one.node()).unwrap().create_directory(&path("saved"), DEFAULT_DATE).unwrap();
    net.finish();
    let server = net.world().host(other.node()).unwrap();
    let opened = server.counters().iter().find(|(name, _)| *name == "tcp.passive_opens").unwrap().1;
    assert_eq!(opened, CLIENTS as u64);
}

#[test]
fn a_thousand_clients_get_what_they_asked_for() {
    let info = measure(run);
    let each = info.bytes_max / CLIENTS as u64;
    println!("{each} octets of heap for each client at most");
    assert!(each <= HELD_BY_EACH, "{each} octets of heap for each client at most");
    assert!(info.bytes_current <= 1024 * 1024, "{} octets are left over", info.bytes_current);
}

/// What one connection may hold at both its ends, however much has gone over it.
const HELD_BY_ONE: u64 = 1_500_000;

/// Asks so often, not waiting for answers, and reads them.
async fn ask_on_and_on(requests: usize) -> Result<(), AppError> {
    const REQUEST: &str = "GET /0.bin HTTP/1.1\r\nHost: s\r\nRange: bytes=0-0\r\n\r\n";
    let (mut read, mut write) = TcpStream::connect("10.0.0.2:80").await?.into_split();
    let writer = spawn(async move {
        let hundred = REQUEST.repeat(100);
        for _ in 0..requests / 100 {
            write.write_all(hundred.as_bytes()).await?;
        }
        write.shutdown().await
    });
    let (mut buffer, mut answers, mut line) = (vec![0; 16_384], 0, Vec::new());
    loop {
        let octets = read.read(&mut buffer).await?;
        if octets == 0 {
            break;
        }
        for octet in &buffer[..octets] {
            match octet {
                b'\n' => {
                    // A body is an octet without a line of its own: the next answer begins behind it.
                    answers += usize::from(line.ends_with(b"HTTP/1.1 206 Partial Content\r"));
                    line.clear();
                }
                octet => line.push(*octet),
            }
        }
    }
    writer.await??;
    if answers == requests { Ok(()) } else { Err(AppError::new(format!("{answers} answers of {requests}"))) }
}

/// A million with `WIRELAB_DEEP=1`.
#[test]
fn a_pipeline_without_end_holds_no_more_than_a_short_one() {
    let requests = if std::env::var_os("WIRELAB_DEEP").is_some() { 1_000_000 } else { 20_000 };
    let mut net = Network::new(1);
    let one = net.host("client", "10.0.0.1/24");
    let other = net.host("server", "10.0.0.2/24");
    net.link(one, other).delay(Duration::from_millis(1));
    net.background(other, "server", server(config()));
    net.spawn(one, "client", ask_on_and_on(requests));
    net.world().set_storage(other.node(), Box::new(storage()));
    let info = measure(|| net.finish());
    println!("{requests} requests: {} octets of heap at most", info.bytes_max);
    assert!(info.bytes_max <= HELD_BY_ONE, "{} octets of heap at most", info.bytes_max);
}
