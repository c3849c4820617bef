//! A thousand HTTP clients at once on one host, across a link that loses frames: each gets what it asked for, and what all
//! of them hold together is bounded.

use allocation_counter::measure;
use wirelab::sim::{Network, percent};
use wirelab::stack::application::http::client::{self, client};
use wirelab::stack::application::http::server::{self, server};
use wirelab::stack::application::{AppError, Pattern};
use wirelab::stack::clock::DEFAULT_DATE;
use wirelab::stack::socket::net::fs;
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

fn run() {
    let mut net = Network::new(1_000);
    let one = net.host("clients", "10.0.0.1/16");
    let other = net.host("server", "10.0.0.2/16");
    net.link(one, other).delay(Duration::from_millis(5)).loss(percent(1));
    let config = server::Config {
        local: "10.0.0.2:80".parse().unwrap(),
        connections: None,
        root: FilePath::root(),
        writable: false,
        max_body: 0,
        head_timeout: server::DEFAULT_HEAD_TIMEOUT,
        log: None,
        redirects: Vec::new(),
    };
    net.background(other, "server", server(config));
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
