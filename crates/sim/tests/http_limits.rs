//! HTTP: how many requests a connection carries, and how much of a body is read that is too long or that nobody wants; at
//! each bound and one past it.

#[path = "support/web.rs"]
mod web;

use core::num::NonZeroU32;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use web::{Answer, at, client, config, content, get, pattern, served};
use wirelab_sim::Network;
use wirelab_stack::application::http::client::client as fetch;
use wirelab_stack::application::http::server;
use wirelab_stack::socket::net::{TcpStream, spawn};

/// What comes back for so many requests in a pipeline, of one octet each; the last says that it is, if `closes`.
async fn pipeline(requests: usize, closes: bool) -> std::io::Result<Vec<Answer>> {
    let (mut read, mut write) = TcpStream::connect(at()).await?.into_split();
    let writer = spawn(async move {
        for number in 1..=requests {
            let close = if closes && number == requests { "Connection: close\r\n" } else { "" };
            let range = format!("Range: bytes={number}-{number}\r\n");
            let request = format!("GET /big.bin HTTP/1.1\r\nHost: s\r\n{range}{close}\r\n");
            write.write_all(request.as_bytes()).await?;
        }
        Ok::<_, std::io::Error>(write)
    });
    let mut octets = Vec::new();
    read.read_to_end(&mut octets).await?;
    drop(writer.await?);
    let (mut answers, mut rest) = (Vec::new(), octets.as_slice());
    while !rest.is_empty() {
        let mut answer = Answer::read(rest);
        rest = &rest[answer.head.len() + 1..];
        answer.body.truncate(1);
        answers.push(answer);
    }
    Ok(answers)
}

fn limited(most: u32) -> server::Config {
    server::Config { max_requests: NonZeroU32::new(most), ..config() }
}

/// Asked so often by one pipeline, the server answers so often; the last answer alone says that it is.
fn answers(config: server::Config, requests: usize, closes: bool, expected: usize) {
    let (mut net, host, server) = served(config);
    net.spawn(host, "client", async move {
        let answers = pipeline(requests, closes).await?;
        assert_eq!(answers.len(), expected, "of {requests}");
        let octets = pattern(1, expected + 1);
        for (number, answer) in answers.iter().enumerate() {
            assert_eq!((answer.status, answer.body[0]), (206, octets[number + 1]));
            let close = answer.field("connection") == Some("close");
            assert_eq!(close, number + 1 == expected, "answer {number} of {expected}");
        }
        Ok(())
    });
    net.finish();
    // None was done that was not answered either.
    let log = String::from_utf8(content(&mut net, server, "access.log").unwrap()).unwrap();
    assert_eq!(log.lines().count(), expected);
}

#[test]
fn a_connection_carries_so_many_requests_and_no_more() {
    for (most, requests, expected) in [(1, 1, 1), (1, 2, 1), (5, 4, 4), (5, 5, 5), (5, 6, 5), (5, 500, 5)] {
        answers(limited(most), requests, true, expected);
    }
    // At the bound nobody need say that it is the last.
    answers(limited(5), 5, false, 5);
    let most = server::DEFAULT_MAX_REQUESTS.get() as usize;
    answers(config(), most, false, most);
    answers(config(), most + 1, true, most);
    answers(server::Config { max_requests: None, ..config() }, most + 1, true, most + 1);
}

#[test]
fn what_stands_behind_the_last_request_is_not_done() {
    let (mut net, host, server) = served(limited(2));
    net.spawn(host, "client", async {
        let put = |name: &str| format!("PUT /{name} HTTP/1.1\r\nHost: s\r\nContent-Length: 1\r\n\r\nx");
        let octets = web::exchange([put("one"), put("two"), put("three")].concat().as_bytes()).await?;
        let first = Answer::read(&octets);
        let second = Answer::read(&first.body);
        assert_eq!((first.status, first.field("connection")), (201, None));
        assert_eq!((second.status, second.field("connection")), (201, Some("close")));
        assert!(second.body.is_empty());
        Ok(())
    });
    net.finish();
    assert!(content(&mut net, server, "www/two").is_some());
    assert!(content(&mut net, server, "www/three").is_none());
}

fn connections(net: &mut Network, server: wirelab_sim::HostRef) -> u64 {
    let server = net.world().host(server.node()).unwrap();
    server.counters().iter().find(|(name, _)| *name == "tcp.passive_opens").unwrap().1
}

#[test]
fn a_client_goes_on_by_another_connection() {
    let (mut net, host, server) = served(limited(4));
    net.spawn(host, "client", async { fetch(client(vec![get("/hello.txt"); 9])).await });
    net.finish();
    assert_eq!(connections(&mut net, server), 3);
    let log = String::from_utf8(content(&mut net, server, "access.log").unwrap()).unwrap();
    assert_eq!(log.lines().count(), 9);
}
