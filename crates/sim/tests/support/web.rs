//! What the tests of HTTP share: a server with files, and peers that write what they like.

#![allow(dead_code, reason = "each test uses some of it")]

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab_sim::{HostRef, Network};
use wirelab_stack::application::Pattern;
use wirelab_stack::application::http::client::{self, Content};
use wirelab_stack::application::http::{Url, server};
use wirelab_stack::clock::DEFAULT_DATE;
use wirelab_stack::socket::net::TcpStream;
use wirelab_stack::storage::{FilePath, MemoryStorage, Storage};
use wirelab_stack::time::Duration;

pub const SERVER: &str = "10.0.0.2:80";

pub fn at() -> SocketAddr {
    SERVER.parse().unwrap()
}

pub fn path(text: &str) -> FilePath {
    FilePath::new(text).unwrap()
}

/// A server that may be written to, of the directory `www`.
pub fn config() -> server::Config {
    server::Config {
        local: at(),
        connections: None,
        root: path("www"),
        writable: true,
        max_body: 100_000,
        head_timeout: server::DEFAULT_HEAD_TIMEOUT,
        max_requests: Some(server::DEFAULT_MAX_REQUESTS),
        log: Some(path("access.log")),
        redirects: vec![
            (path("here"), "/hello.txt".to_owned()),
            (path("circle"), "/circle".to_owned()),
            (path("twice"), "here".to_owned()),
        ],
    }
}

pub fn pattern(number: u64, length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    Pattern::new(number).fill(&mut octets);
    octets
}

/// The files that are served.
pub fn files() -> MemoryStorage {
    let mut storage = MemoryStorage::default();
    for (name, content) in [
        ("secret", b"not served".to_vec()),
        ("www/hello.txt", b"Hello, network!\n".to_vec()),
        ("www/index.html", b"<p>root</p>".to_vec()),
        ("www/docs/index.html", b"<p>docs</p>".to_vec()),
        ("www/empty", Vec::new()),
        ("www/big.bin", pattern(1, 300_000)),
    ] {
        storage.put(&path(name), &content, DEFAULT_DATE).unwrap();
    }
    for directory in ["www/inbox", "www/bare"] {
        storage.create_directory(&path(directory), DEFAULT_DATE).unwrap();
    }
    storage
}

pub fn pair(seed: u64) -> (Network, HostRef, HostRef) {
    let mut net = Network::new(seed);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(Duration::from_millis(10));
    (net, client, server)
}

/// A server in the background, and a host for its clients.
pub fn served(config: server::Config) -> (Network, HostRef, HostRef) {
    let (mut net, client, server) = pair(7);
    net.background(server, "server", server::server(config));
    net.world().set_storage(server.node(), Box::new(files()));
    (net, client, server)
}

/// A whole file of a host.
pub fn content(net: &mut Network, host: HostRef, name: &str) -> Option<Vec<u8>> {
    let storage = net.world().storage_mut(host.node()).unwrap();
    let (file, metadata) = storage.open(&path(name)).ok()?;
    let mut whole = Vec::new();
    while (whole.len() as u64) < metadata.length {
        whole.extend_from_slice(&storage.read_at(file, whole.len() as u64, 1_000_000).unwrap());
    }
    storage.close(file);
    Some(whole)
}

/// Sends `octets` and reads to the end of the connection. What is not wanted any more need not be sent.
pub async fn exchange(octets: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(at()).await?;
    let _ = stream.write_all(octets).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Status, fields and body of an answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn read(octets: &[u8]) -> Self {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head") + 4;
        let head = String::from_utf8(octets[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: octets[end..].to_vec() }
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        let line = self
            .head
            .lines()
            .find(|line| line.split_once(':').is_some_and(|(known, _)| known.eq_ignore_ascii_case(name)));
        line.map(|line| line.split_once(':').unwrap().1.trim())
    }
}

/// Asks with these lines, on a connection of its own.
pub async fn ask(lines: &str) -> Answer {
    let mut request = String::new();
    for line in lines.lines() {
        request.push_str(line.trim());
        request.push_str("\r\n");
    }
    request.push_str("Host: server\r\nConnection: close\r\n\r\n");
    Answer::read(&exchange(request.as_bytes()).await.unwrap())
}

pub fn url(target: &str) -> Url {
    format!("http://server{target}").parse().unwrap()
}

pub fn get(target: &str) -> client::Request {
    client::Request::get(url(target))
}

pub fn save(target: &str, name: &str) -> client::Request {
    client::Request { save: Some(path(name)), ..get(target) }
}

pub fn put(target: &str, octets: Vec<u8>) -> client::Request {
    client::Request { method: "PUT".parse().unwrap(), content: Content::Octets(octets.into()), ..get(target) }
}

/// A client of these requests.
pub fn client(requests: Vec<client::Request>) -> client::Config {
    client::Config { requests, max_redirects: client::DEFAULT_MAX_REDIRECTS }
}
