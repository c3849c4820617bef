//! The small services and the tutorial's two, with peers that behave and peers that do not.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab_sim::{HostRef, Network, Outcome, percent};
use wirelab_stack::application::small::chargen::MAX_DATAGRAM;
use wirelab_stack::application::small::date::MAX_LINE;
use wirelab_stack::application::small::{self, Service, Transport};
use wirelab_stack::application::upper::{once, session};
use wirelab_stack::application::{self, AppError, LINGER, LINGER_OCTETS};
use wirelab_stack::socket::net::{TcpListener, TcpStream, UdpSocket, time};
use wirelab_stack::time::{Duration, Instant};

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 2], port))
}

fn pair() -> (Network, HostRef, HostRef) {
    let mut net = Network::new(11);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(Duration::from_millis(10));
    (net, client, server)
}

fn served(service: Service, transport: Transport) -> (Network, HostRef, HostRef) {
    let (mut net, client, server) = pair();
    let local = at(service.port());
    net.background(
        server,
        "server",
        small::serve(small::ServerConfig { service, transport, local, requests: None }),
    );
    (net, client, server)
}

fn client(service: Service, transport: Transport) -> small::ClientConfig {
    small::ClientConfig {
        service,
        transport,
        remote: at(service.port()),
        texts: vec!["one ".into(), "two".into()],
        bytes: 100_000,
        timeout: Duration::from_millis(300),
        attempts: 8,
    }
}

#[test]
fn each_client_is_served_by_its_service_across_a_link_that_loses_frames() {
    for service in [Service::Echo, Service::Chargen, Service::Daytime, Service::Time] {
        for transport in [Transport::Tcp, Transport::Udp] {
            let mut net = Network::new(3);
            let one = net.host("client", "10.0.0.1/24");
            let other = net.host("server", "10.0.0.2/24");
            net.link(one, other).delay(Duration::from_millis(10)).loss(percent(10));
            let local = at(service.port());
            let config = small::ServerConfig { service, transport, local, requests: None };
            net.background(other, "server", small::serve(config));
            net.spawn(one, "client", small::ask(client(service, transport)));
            net.finish();
        }
    }
}

#[test]
fn a_server_with_a_number_ends_after_so_many() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let (mut net, one, other) = pair();
        let config =
            small::ServerConfig { service: Service::Time, transport, local: at(37), requests: Some(2) };
        net.spawn(other, "server", small::serve(config));
        for name in ["first", "second"] {
            net.spawn(one, name, small::ask(client(Service::Time, transport)));
        }
        net.finish();
    }
}

#[test]
fn a_datagram_from_a_service_is_not_answered() {
    for port in small::LOOPING_PORTS {
        let (mut net, one, _) = served(Service::Echo, Transport::Udp);
        net.spawn(one, "looping", async move {
            let socket = UdpSocket::bind(SocketAddr::from(([10, 0, 0, 1], port))).await?;
            socket.send_to(b"again", at(7)).await?;
            assert!(time::timeout(Duration::from_secs(9), socket.recv_bytes()).await.is_err(), "{port}");
            Ok(())
        });
        net.finish();
    }
    let (mut net, one, _) = served(Service::Echo, Transport::Udp);
    net.spawn(one, "beside", async {
        let socket = UdpSocket::bind("10.0.0.1:8").await?;
        socket.send_to(b"once", at(7)).await?;
        assert_eq!(socket.recv_bytes().await?.0, "once");
        Ok(())
    });
    net.finish();
}

/// RFC 867 §TCP, RFC 868 §TCP: what comes is thrown away, and does not take the answer with it.
#[test]
fn an_answer_comes_though_its_client_talks() {
    for service in [Service::Daytime, Service::Time] {
        let (mut net, one, _) = served(service, Transport::Tcp);
        net.spawn(one, "talker", async move {
            let mut stream = TcpStream::connect(at(service.port())).await?;
            stream.write_all(&vec![b'?'; 100_000]).await?;
            time::sleep(Duration::from_secs(1)).await;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            assert!(answer.len() >= 4, "{answer:?}");
            Ok(())
        });
        net.finish();
    }
}

/// RFC 1122 §4.2.2.13: who goes on after the last answer is reset, but is heard for a while, so that the answer arrives.
#[test]
fn what_comes_after_the_last_answer() {
    for (octets, later, reset) in [
        (LINGER_OCTETS, LINGER - Duration::from_secs(1), false),
        (LINGER_OCTETS + 1, Duration::from_secs(1), true),
        (1, LINGER + Duration::from_secs(1), true),
    ] {
        let (mut net, one, _) = served(Service::Daytime, Transport::Tcp);
        net.spawn(one, "talker", async move {
            let stream = TcpStream::connect(at(13)).await?;
            assert!(!stream.read_bytes(100).await?.is_empty());
            stream.write_all_bytes(vec![b'?'; octets].into()).await?;
            time::sleep(later).await;
            assert_eq!(stream.take_error()?.is_some(), reset, "{octets} octets, and an end after {later}");
            drop(stream);
            Ok(())
        });
        net.finish();
    }
}

/// However many have been served, those that are there now count.
#[test]
fn connections_at_once() {
    let (mut net, client, server) = pair();
    net.background(server, "server", async {
        let listener = TcpListener::with_backlog(at(7), 100)?;
        application::serve_on(listener, None, 3, |stream, _| async move {
            while !stream.read_bytes(100).await?.is_empty() {
                stream.write_all_bytes((&b"!"[..]).into()).await?;
            }
            Ok(())
        })
        .await
    });
    net.spawn(client, "client", async {
        let served = async |stream: &TcpStream| {
            stream.write_all_bytes((&b"?"[..]).into()).await?;
            let answer = time::timeout(Duration::from_secs(5), stream.read_bytes(9)).await;
            Ok::<_, AppError>(answer.is_ok())
        };
        let mut open = vec![TcpStream::connect(at(7)).await?, TcpStream::connect(at(7)).await?];
        // The first goes on while others come and go.
        for _ in 0..200 {
            assert!(served(&TcpStream::connect(at(7)).await?).await?);
        }
        open.push(TcpStream::connect(at(7)).await?);
        for stream in &open {
            assert!(served(stream).await?);
        }
        let late = TcpStream::connect(at(7)).await?;
        assert!(!served(&late).await?, "one too many waits");
        drop(open.pop());
        assert_eq!(late.read_bytes(9).await?, "!", "there is a place again");
        Ok(())
    });
    net.finish();
}

/// What a client takes for an answer, at its bound and one past it.
#[test]
fn answers_are_bounded() {
    for (service, transport, octets) in [
        (Service::Daytime, Transport::Tcp, MAX_LINE),
        (Service::Daytime, Transport::Udp, MAX_LINE),
        (Service::Time, Transport::Tcp, 4),
        (Service::Time, Transport::Udp, 4),
        (Service::Chargen, Transport::Udp, MAX_DATAGRAM as usize),
    ] {
        for (length, fits) in [(octets, true), (octets + 1, false)] {
            let (mut net, one, server) = pair();
            let answer = if service == Service::Time {
                vec![0xed; length]
            } else {
                wirelab_stack::application::small::chargen::octets(0, length)
            };
            net.background(server, "server", async move {
                if transport == Transport::Udp {
                    let socket = UdpSocket::bind(at(service.port())).await?;
                    loop {
                        let (_, peer) = socket.recv_bytes().await?;
                        socket.send_to(&answer, peer).await?;
                    }
                }
                let listener = TcpListener::bind(at(service.port())).await?;
                let (stream, _) = listener.accept().await?;
                stream.write_all_bytes(answer.into()).await?;
                Ok(())
            });
            net.spawn(one, "client", small::ask(client(service, transport)));
            net.run();
            let applications = net.world().applications();
            let client = applications.iter().find(|one| one.name == "client").unwrap();
            let ended = client.ended.clone().unwrap().1;
            assert_eq!(ended.is_ok(), fits, "{service:?} {transport:?} {length}: {ended:?}");
        }
    }
}

/// RFC 862 §UDP: datagrams of every size come back, in fragments where they must.
#[test]
fn datagrams_of_every_size_come_back() {
    let (mut net, one, _) = served(Service::Echo, Transport::Udp);
    net.spawn(one, "client", async {
        let socket = UdpSocket::bind("10.0.0.1:0").await?;
        socket.connect(at(7)).await?;
        for size in [0, 1, 2, 1_471, 1_472, 1_473, 4_000, 9_000, 32_768, 65_507] {
            let octets: Vec<u8> = (0..size).map(|at: u32| ((at * 7) >> 3) as u8).collect();
            socket.send(&octets).await?;
            let answer = time::timeout(Duration::from_secs(5), socket.recv_bytes()).await??;
            assert!(answer.0 == octets, "{size}");
        }
        Ok(())
    });
    net.finish();
}

#[test]
fn a_client_notices_an_answer_that_is_not_that_of_the_service() {
    // An echo server where characters, a date and a time are expected, and a date where an echo is.
    for (asked, there) in [
        (Service::Daytime, Service::Chargen),
        (Service::Time, Service::Daytime),
        (Service::Chargen, Service::Daytime),
        (Service::Echo, Service::Daytime),
        (Service::Echo, Service::Time),
    ] {
        let (mut net, one, _) = served(there, Transport::Tcp);
        let config = small::ClientConfig { remote: at(there.port()), ..client(asked, Transport::Tcp) };
        net.spawn(one, "client", async move {
            let error = small::ask(config).await.expect_err("another service answered");
            assert!(!error.to_string().contains("time"), "{error}");
            Ok(())
        });
        net.finish();
    }
    let (mut net, one, _) = served(Service::Echo, Transport::Udp);
    let config = small::ClientConfig { remote: at(7), attempts: 3, ..client(Service::Time, Transport::Udp) };
    net.spawn(one, "client", async move {
        assert!(small::ask(config).await.unwrap_err().to_string().contains("asked 3 times"));
        Ok(())
    });
    net.finish();
}

#[test]
fn characters_end_when_the_client_goes_in_whichever_way() {
    for leave in 0..3 {
        let (mut net, one, other) = pair();
        let config = small::ServerConfig {
            service: Service::Chargen,
            transport: Transport::Tcp,
            local: at(19),
            requests: Some(1),
        };
        net.spawn(other, "server", small::serve(config));
        net.spawn(one, "client", async move {
            let mut stream = TcpStream::connect(at(19)).await?;
            stream.write_all(b"thrown away").await?;
            let mut first = [0; 74];
            stream.read_exact(&mut first).await?;
            match leave {
                0 => stream.shutdown_write()?,
                1 => stream.abort(),
                _ => drop(stream),
            }
            Ok(())
        });
        net.finish();
    }
}

async fn exchange(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(at(once::PORT)).await?;
    stream.write_all(text).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

#[test]
fn upper_receives_once_and_closes() {
    let (mut net, one, other) = pair();
    let config = once::ServerConfig { local: at(once::PORT), connections: Some(4) };
    net.spawn(other, "server", once::server(config));
    net.spawn(one, "client", async {
        assert_eq!(exchange("déjà vu\n".as_bytes()).await?, "DÉJÀ VU\n".as_bytes());
        // A character that the receive cuts, and what is none, pass; ASCII beside them is upper case.
        let mut cut = vec![b'x'; once::RECEIVE - 1];
        cut.push("é".as_bytes()[0]);
        let mut expected = vec![b'X'; once::RECEIVE - 1];
        expected.push("é".as_bytes()[0]);
        assert_eq!(exchange(&cut).await?, expected);
        assert_eq!(exchange(b"a\xffb\xe6\xacc").await?, b"A\xffB\xe6\xacC");
        // The rest of what is too long is never read, so the connection is reset: as a kernel does.
        let long = exchange(&vec![b'y'; once::RECEIVE + 1]).await;
        assert_eq!(long.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
        Ok(())
    });
    net.finish();
}

#[test]
fn upper_has_one_client_wait_for_the_other() {
    let (mut net, one, other) = pair();
    let config = once::ServerConfig { local: at(once::PORT), connections: Some(2) };
    net.spawn(other, "server", once::server(config));
    net.spawn(one, "slow", async {
        let mut stream = TcpStream::connect(at(once::PORT)).await?;
        time::sleep(Duration::from_secs(5)).await;
        stream.write_all(b"slow").await?;
        Ok(())
    });
    net.spawn_at(one, "fast", Instant::from_secs(1), async {
        assert_eq!(exchange(b"fast").await?, b"FAST");
        assert!(time::now() > Instant::from_secs(5), "it had to wait");
        Ok(())
    });
    net.finish();
}

#[test]
fn sessions_are_served_side_by_side_and_characters_come_back_whole() {
    let (mut net, one, other) = pair();
    let config = session::ServerConfig { local: at(session::PORT), connections: Some(3) };
    net.spawn(other, "server", session::server(config));
    net.spawn(one, "slow", async {
        let mut stream = TcpStream::connect(at(session::PORT)).await?;
        time::sleep(Duration::from_secs(5)).await;
        for octet in "é".as_bytes() {
            stream.write_all(&[*octet]).await?;
            time::sleep(Duration::from_secs(1)).await;
        }
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, "É".as_bytes());
        stream.write_all(b"z\xc3").await?;
        stream.shutdown_write()?;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await?;
        assert_eq!(rest, b"Z\xc3", "half a character at the end passes");
        Ok(())
    });
    for name in ["one", "two"] {
        net.spawn_at(one, name, Instant::from_secs(1), async {
            let texts = vec!["first, ß\n".into(), String::new(), "second".into()];
            let pause = Duration::from_millis(100);
            session::client(session::ClientConfig { remote: at(session::PORT), texts, pause }).await?;
            assert!(time::now() < Instant::from_secs(2), "it need not wait");
            Ok(())
        });
    }
    assert_eq!(net.run(), Outcome::Completed);
    net.finish();
}
