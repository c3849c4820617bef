//! The SMTP client against the server.

use wirelab_sim::{Change, percent};
use wirelab_stack::application::AppError;
use wirelab_stack::application::smtp::codec::stored;
use wirelab_stack::application::smtp::{client, server};
use wirelab_stack::socket::net::{TcpListener, time};
use wirelab_stack::time::{Duration, Instant};

use super::talk::{at, ended, file, files, pair, path, storage};

const HOURS: Duration = Duration::from_secs(4 * 3600);

pub fn server_config() -> server::Config {
    server::Config {
        local: at("0.0.0.0:25"),
        name: "mail.example.com".into(),
        domains: vec!["example.com".into()],
        store: path("mail"),
        size: 1_000_000,
        sessions: None,
    }
}

pub fn client_config(to: &[&str]) -> client::Config {
    client::Config {
        remote: at("10.0.0.2:25"),
        name: "client.example".into(),
        from: Some("carl@client.example".parse().unwrap()),
        to: to.iter().map(|to| to.parse().unwrap()).collect(),
        message: path("message"),
        attempts: 1,
        pause: Duration::from_secs(60),
    }
}

/// A message of about so many octets, with lines that a dot begins.
pub fn message(octets: usize) -> String {
    let mut text = "Subject: hello\n\n".to_owned();
    while text.len() < octets {
        text.push_str(".\n..two\n. and some more words, so that it takes a while\nplain\n");
    }
    text
}

#[test]
fn a_message_arrives_as_it_is() {
    let (mut net, client, server) = pair(1);
    net.world().set_storage(client.node(), storage(&[("message", message(100_000).as_bytes())]));
    net.background(server, "server", server::serve(server_config()));
    net.spawn(client, "client", client::run(client_config(&["anna@example.com", "Ben@Example.COM"])));
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
    let octets = file(&mut net, server, "/mail/00000001.eml").unwrap();
    let (envelope, text) = stored::read(&octets).unwrap();
    assert_eq!(envelope.from.unwrap().to_string(), "carl@client.example");
    assert_eq!(
        envelope.to.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["anna@example.com", "Ben@Example.COM"]
    );
    assert!(text == message(100_000).replace('\n', "\r\n").as_bytes());
    let head = String::from_utf8_lossy(&octets[..300]).into_owned();
    assert!(head.contains("Received: from client.example ([10.0.0.1])\r\n\tby mail.example.com with ESMTP id 1;\r\n\tThu, 1 Jan 2026 00:00:00 +0000\r\n"), "{head}");
}

#[test]
fn a_session_with_pipelining_takes_few_turns() {
    // Greeting, EHLO, all of the envelope, the text, QUIT: each a round trip of 10 ms or so, whatever the recipients.
    for (count, until) in [(2, 400), (90, 400)] {
        let (mut net, client, server) = pair(1);
        net.world().set_storage(client.node(), storage(&[("message", b"hello\n")]));
        net.background(server, "server", server::serve(server_config()));
        let to: Vec<_> = (0..count).map(|number| format!("u{number}@example.com")).collect();
        let to: Vec<_> = to.iter().map(String::as_str).collect();
        net.spawn(client, "client", client::run(client_config(&to)));
        assert_eq!(ended(&mut net, "client", Duration::from_millis(until)), Ok(()), "{count}");
    }
}

#[test]
fn more_recipients_than_a_message_has_get_it_all_the_same() {
    let (mut net, client, server) = pair(1);
    net.world().set_storage(client.node(), storage(&[("message", b"hello\n")]));
    net.background(server, "server", server::serve(server_config()));
    let to: Vec<_> = (0..250).map(|number| format!("u{number}@example.com")).collect();
    let to: Vec<_> = to.iter().map(String::as_str).collect();
    net.spawn(client, "client", client::run(client_config(&to)));
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
    let all = files(&mut **net.world().storage_mut(server.node()).unwrap());
    let recipients: Vec<_> = all.iter().map(|(_, octets)| stored::read(octets).unwrap().0.to.len()).collect();
    assert_eq!(recipients, [100, 100, 50]);
}

#[test]
fn what_is_refused_is_an_error_and_the_others_get_it() {
    let (mut net, client, server) = pair(1);
    net.world().set_storage(client.node(), storage(&[("message", b"hello\n")]));
    net.background(server, "server", server::serve(server_config()));
    let to = ["anna@example.com", "carl@elsewhere.example"];
    net.spawn(client, "client", client::run(client::Config { attempts: 5, ..client_config(&to) }));
    let error = ended(&mut net, "client", HOURS).unwrap_err();
    assert!(error.contains("carl@elsewhere.example: 550 5.7.1"), "{error}");
    let octets = file(&mut net, server, "/mail/00000001.eml").unwrap();
    assert_eq!(stored::read(&octets).unwrap().0.to.len(), 1);
    assert_eq!(files(&mut **net.world().storage_mut(server.node()).unwrap()).len(), 1, "once");
}

#[test]
fn what_cannot_be_sent_is_not_begun() {
    let long = [b'a'; 999];
    let cases: [(&[u8], &str); 4] = [
        (&long, "longer than 1000"),
        (b"a\rb", "CR"),
        (&[b'a', b'\n'].repeat(400_000), "longer than the 1000000"),
        (b"", ""),
    ];
    for (octets, expected) in cases {
        let (mut net, client, server) = pair(1);
        net.world().set_storage(client.node(), storage(&[("message", octets)]));
        net.background(server, "server", server::serve(server_config()));
        net.spawn(client, "client", client::run(client_config(&["anna@example.com"])));
        let ended = ended(&mut net, "client", HOURS);
        let stored = files(&mut **net.world().storage_mut(server.node()).unwrap()).len();
        match ended {
            Ok(()) => assert_eq!((expected, stored), ("", 1)),
            Err(error) => assert!(error.contains(expected) && stored == 0, "{error}"),
        }
    }
}

#[test]
fn a_partition_delays_a_message() {
    let mut net = wirelab_sim::Network::new(4);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    let link = net.link(client, server).delay(Duration::from_millis(10)).loss(percent(2));
    let link = link.rate(wirelab_sim::Rate::from_bits_per_second(1_000_000).unwrap()).id();
    net.world().set_storage(client.node(), storage(&[("message", message(500_000).as_bytes())]));
    net.background(server, "server", server::serve(server_config()));
    let config = client::Config {
        attempts: 5,
        pause: Duration::from_secs(600),
        ..client_config(&["anna@example.com"])
    };
    net.spawn(client, "client", client::run(config));
    net.world().at(Instant::from_secs(2), Change::Cut(link));
    net.world().at(Instant::from_secs(1_000), Change::Restore(link));
    assert_eq!(ended(&mut net, "client", HOURS), Ok(()));
    let all = files(&mut **net.world().storage_mut(server.node()).unwrap());
    assert_eq!(all.len(), 1);
}

/// A server without extensions, which says what it is told.
async fn scripted(answers: &'static [(&'static str, &'static str)]) -> Result<(), AppError> {
    let (stream, _) = TcpListener::bind(at("0.0.0.0:25")).await?.accept().await?;
    stream.write_all_bytes((&b"220 old\r\n"[..]).into()).await?;
    loop {
        let read = stream.read_bytes(10_000).await?;
        if read.is_empty() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&read).into_owned();
        // One at a time: it never offered to take more.
        assert_eq!(text.lines().count(), 1, "{text}");
        let answer = answers
            .iter()
            .find(|(verb, _)| text.starts_with(verb))
            .map_or("250 fine\r\n", |(_, answer)| answer);
        stream.write_all_bytes(answer.as_bytes().into()).await?;
    }
}

#[test]
fn a_server_without_extensions_is_talked_to_as_one() {
    let cases: [(&'static [(&'static str, &'static str)], &str); 7] = [
        (&[("EHLO", "500 what\r\n"), ("DATA", "354 go\r\n")], ""),
        (&[("EHLO", "500 what\r\n"), ("HELO", "500 what\r\n")], "HELO: 500"),
        (&[("EHLO", "250 hi\r\n"), ("MAIL", "550 5.1.8 no\r\n")], "MAIL: 550 5.1.8 no"),
        (&[("RCPT", "550 no\r\n")], "anna@example.com: 550"),
        (&[("RCPT", "450 later\r\n")], "left for later"),
        (&[("DATA", "554 no\r\n")], "DATA: 554"),
        (&[("EHLO", "250-a\r\n251 b\r\n")], "no reply"),
    ];
    for (answers, expected) in cases {
        let (mut net, client, server) = pair(1);
        net.world().set_storage(client.node(), storage(&[("message", b"")]));
        net.background(server, "server", scripted(answers));
        net.spawn(client, "client", client::run(client_config(&["anna@example.com"])));
        match ended(&mut net, "client", HOURS) {
            Ok(()) => assert_eq!(expected, ""),
            Err(error) => assert!(!expected.is_empty() && error.contains(expected), "{error}"),
        }
    }
}

#[test]
fn a_silent_server_is_given_up() {
    let (mut net, client, server) = pair(1);
    net.world().set_storage(client.node(), storage(&[("message", b"hello\n")]));
    net.background(server, "server", async {
        let (stream, _) = TcpListener::bind(at("0.0.0.0:25")).await?.accept().await?;
        time::sleep(HOURS).await;
        drop(stream);
        Ok(())
    });
    net.spawn(client, "client", client::run(client_config(&["anna@example.com"])));
    let error = ended(&mut net, "client", client::GREETING + Duration::from_secs(60)).unwrap_err();
    assert!(error.contains("deadline"), "{error}");
}
