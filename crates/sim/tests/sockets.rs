//! The async sockets, each through its whole face.

use std::io::ErrorKind;
use std::net::SocketAddr;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab_sim::{HostRef, Network, Outcome, percent};
use wirelab_stack::application::{AppError, echo};
use wirelab_stack::socket::net::{EchoSocket, TcpListener, TcpStream, UdpSocket, spawn, time};
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::State;

const SERVER: &str = "10.0.0.2:80";

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn pair() -> (Network, HostRef, HostRef) {
    let mut net = Network::new(5);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(ms(10));
    (net, client, server)
}

/// Runs both ends of one connection to their end.
fn connected<C, S>(
    client: impl FnOnce(TcpStream) -> C + 'static,
    server: impl FnOnce(TcpStream) -> S + 'static,
) where
    C: Future<Output = Result<(), AppError>>,
    S: Future<Output = Result<(), AppError>>,
{
    let (mut net, client_host, server_host) = pair();
    net.spawn(server_host, "server", async {
        let listener = TcpListener::bind(at(SERVER)).await?;
        assert_eq!(listener.local_addr()?, at(SERVER));
        let (stream, peer) = listener.accept().await?;
        assert_eq!(stream.peer_addr()?, peer);
        server(stream).await
    });
    net.spawn(client_host, "client", async {
        let stream = TcpStream::connect(at(SERVER)).await?;
        assert_eq!(stream.peer_addr()?, at(SERVER));
        assert_eq!(stream.local_addr()?.ip(), at("10.0.0.1:0").ip());
        client(stream).await
    });
    net.finish();
}

#[test]
fn halves_read_and_write_at_once_and_come_together_again() {
    connected(
        |mut stream| async move {
            let (mut read, mut write) = stream.split();
            let mut answer = [0; 4];
            write.write_all(b"ping").await?;
            read.read_exact(&mut answer).await?;
            assert_eq!(&answer, b"pong");
            let (read, write) = stream.into_split();
            let mut stream = read.reunite(write)?;
            stream.write_all(b"last").await?;
            stream.shutdown().await?;
            assert_eq!(stream.read(&mut answer).await?, 0);
            Ok(())
        },
        |stream| async move {
            let (mut read, mut write) = stream.into_split();
            let reader = spawn(async move {
                let mut text = String::new();
                let mut first = [0; 4];
                read.read_exact(&mut first).await?;
                read.read_to_string(&mut text).await?;
                Ok::<_, std::io::Error>((first, text))
            });
            write.write_all(b"pong").await?;
            assert_eq!(reader.await??, (*b"ping", "last".to_owned()));
            Ok(())
        },
    );
}

#[test]
fn a_writing_half_that_is_dropped_closes_its_direction_only() {
    connected(
        |stream| async move {
            let (mut read, write) = stream.into_split();
            drop(write);
            let mut text = String::new();
            read.read_to_string(&mut text).await?;
            assert_eq!(text, "still here");
            Ok(())
        },
        |mut stream| async move {
            assert_eq!(stream.read(&mut [0; 9]).await?, 0);
            stream.write_all(b"still here").await?;
            Ok(())
        },
    );
}

#[test]
fn halves_of_two_connections_do_not_fit() {
    let (mut net, client, server) = pair();
    net.spawn(server, "server", async {
        let listener = TcpListener::bind(at(SERVER)).await?;
        let (_one, _other) = (listener.accept().await?, listener.accept().await?);
        Ok(())
    });
    net.spawn(client, "client", async {
        let one = TcpStream::connect(at(SERVER)).await?;
        let other = TcpStream::connect(at(SERVER)).await?;
        let ((read, _write), (_read, write)) = (one.into_split(), other.into_split());
        let error = read.reunite(write).unwrap_err();
        assert_eq!(error.to_string(), "the halves are of different connections");
        Ok(())
    });
    net.finish();
}

#[test]
fn peeked_data_stays() {
    connected(
        |mut stream| async move {
            stream.write_all(b"look").await?;
            Ok(())
        },
        |mut stream| async move {
            let (mut peeked, mut read) = ([0; 4], [0; 4]);
            assert_eq!(stream.peek(&mut peeked).await?, 4);
            assert_eq!(stream.read(&mut read).await?, 4);
            assert_eq!((peeked, read), (*b"look", *b"look"));
            Ok(())
        },
    );
}

#[test]
fn bytes_go_through_without_a_copy_on_either_side() {
    let data = Bytes::from(vec![7; 300_000]);
    let expected = data.clone();
    connected(
        |stream| async move {
            stream.set_nodelay(true)?;
            assert!(stream.nodelay()?);
            stream.write_all_bytes(data).await?;
            assert_eq!(stream.info()?.state, State::Established);
            stream.shutdown_write()?;
            assert!(stream.read_bytes(1).await?.is_empty());
            Ok(())
        },
        |stream| async move {
            let mut got = Vec::new();
            loop {
                let bytes = stream.read_bytes(10_000).await?;
                assert!(bytes.len() <= 10_000);
                if bytes.is_empty() {
                    break;
                }
                got.extend_from_slice(&bytes);
            }
            assert!(got == expected);
            Ok(())
        },
    );
}

#[test]
fn an_abort_resets_the_peer() {
    connected(
        |stream| async move {
            stream.abort();
            Ok(())
        },
        |mut stream| async move {
            let error = stream.read(&mut [0; 9]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            Ok(())
        },
    );
}

#[test]
fn who_cannot_be_reached_is_an_error_in_time() {
    let (mut net, client, _) = pair();
    net.spawn(client, "client", async {
        let closed = TcpStream::connect(at("10.0.0.2:81")).await.unwrap_err();
        assert_eq!(closed.kind(), ErrorKind::ConnectionRefused);
        let silent = TcpStream::connect(at("10.0.0.9:80")).await.unwrap_err();
        assert_eq!(silent.kind(), ErrorKind::HostUnreachable);
        let nowhere = TcpStream::connect(at("10.1.0.1:80")).await.unwrap_err();
        assert_eq!(nowhere.kind(), ErrorKind::NetworkUnreachable);
        let taken = TcpListener::bind(at("10.0.0.1:80")).await?;
        let error = TcpListener::bind(at("10.0.0.1:80")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        drop(taken);
        TcpListener::bind(at("10.0.0.1:80")).await?;
        assert!(TcpListener::bind(at("10.0.0.2:80")).await.is_err());
        Ok(())
    });
    net.finish();
}

#[test]
fn datagrams_keep_their_bounds_and_their_senders() {
    let (mut net, client, server) = pair();
    net.spawn(server, "server", async {
        let socket = UdpSocket::bind(at("0.0.0.0:53")).await?;
        let mut buffer = [0; 5];
        let (length, first) = socket.recv_from(&mut buffer).await?;
        assert_eq!((length, &buffer), (5, b"first"));
        let (bytes, second) = socket.recv_bytes().await?;
        assert_eq!((&bytes[..], second), (&b""[..], first));
        socket.send_to(b"answer", first).await?;
        Ok(())
    });
    net.spawn(client, "client", async {
        let socket = UdpSocket::bind(at("0.0.0.0:0")).await?;
        socket.connect(at("10.0.0.2:53")).await?;
        assert_eq!(socket.peer_addr()?, at("10.0.0.2:53"));
        assert_ne!(socket.local_addr()?.port(), 0);
        socket.send(b"first and cut").await?;
        socket.send(b"").await?;
        assert_eq!(socket.recv(&mut [0; 9]).await?, 6);
        socket.connect(at("10.0.0.2:54")).await?;
        socket.send(b"nobody").await?;
        assert_eq!(socket.recv(&mut [0; 9]).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        Ok(())
    });
    net.finish();
}

#[test]
fn several_tasks_share_a_socket() {
    let (mut net, client, server) = pair();
    net.spawn(server, "server", async {
        let socket = std::sync::Arc::new(UdpSocket::bind(at("0.0.0.0:53")).await?);
        let receivers = [(); 3].map(|()| {
            let socket = std::sync::Arc::clone(&socket);
            spawn(async move { socket.recv(&mut [0; 9]).await })
        });
        for receiver in receivers {
            assert_eq!(receiver.await??, 1);
        }
        Ok(())
    });
    net.spawn(client, "client", async {
        let socket = UdpSocket::bind(at("0.0.0.0:0")).await?;
        for _ in 0..3 {
            socket.send_to(b"x", at("10.0.0.2:53")).await?;
        }
        Ok(())
    });
    net.finish();
}

#[test]
fn a_udp_client_gives_up_in_time() {
    let (mut net, client, server) = pair();
    net.background(server, "mute", async {
        let _socket = UdpSocket::bind(at("0.0.0.0:7")).await?;
        core::future::pending().await
    });
    let config = echo::UdpClientConfig {
        remote: at("10.0.0.2:7"),
        texts: vec!["hello".into()],
        timeout: ms(100),
        attempts: 3,
    };
    net.spawn(client, "client", echo::udp_client(config));
    assert_eq!(net.run(), Outcome::Completed);
    let (ended, how) = net.world().applications()[1].ended.clone().unwrap();
    assert_eq!(ended, Instant::from_millis(700), "100, 200 and 400 ms");
    assert_eq!(how, Err("no answer from 10.0.0.2:7 to hello, sent 3 times".to_owned()));
}

#[test]
fn echo_sockets_hear_replies_to_their_own_requests() {
    let (mut net, client, _) = pair();
    net.spawn(client, "client", async {
        let (one, other) = (EchoSocket::open().await?, EchoSocket::open().await?);
        one.send(at(SERVER).ip(), 1, b"one", None).await?;
        other.send(at(SERVER).ip(), 2, b"other", None).await?;
        let heard = [one.recv().await?, other.recv().await?].map(|event| match event {
            wirelab_stack::socket::EchoEvent::Reply { sequence, bytes, .. } => (sequence, bytes),
            other => panic!("{other:?}"),
        });
        assert_eq!(heard, [(1, Bytes::from_static(b"one")), (2, Bytes::from_static(b"other"))]);
        Ok(())
    });
    net.finish();
}

#[test]
fn a_timeout_is_met_by_what_is_ready_at_its_last_instant() {
    let mut net = Network::new(1);
    let host = net.host("host", "10.0.0.1/24");
    net.spawn(host, "client", async {
        assert!(time::timeout(ms(5), time::sleep(ms(5))).await.is_ok());
        assert!(time::timeout(ms(5), time::sleep(ms(6))).await.is_err());
        assert_eq!(time::now(), Instant::from_millis(10));
        time::sleep_until(Instant::ZERO).await;
        assert_eq!(time::now(), Instant::from_millis(10));
        Ok(())
    });
    net.finish();
    assert_eq!(net.world().now(), Instant::from_millis(10), "nothing is left that sleeps");
}

#[test]
fn sockets_move_to_other_tasks_but_not_to_other_hosts() {
    let (mut net, client, server) = pair();
    let give = std::rc::Rc::new(core::cell::RefCell::new(None));
    let taken = std::rc::Rc::clone(&give);
    net.spawn(client, "client", async move {
        *give.borrow_mut() = Some(UdpSocket::bind(at("0.0.0.0:9")).await?);
        Ok(())
    });
    net.spawn_at(server, "server", Instant::from_millis(1), async move {
        taken.borrow().as_ref().unwrap().local_addr()?;
        Ok(())
    });
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| net.run())).unwrap_err();
    let text = panicked.downcast_ref::<String>().unwrap();
    assert!(text.contains("used by a task of host `server`: they cannot move"), "{text}");
}

#[test]
fn a_world_after_one_that_panicked_is_as_any_other() {
    let (mut net, client, _) = pair();
    net.spawn(client, "client", async {
        let _socket = UdpSocket::bind(at("0.0.0.0:9")).await?;
        panic!("on purpose")
    });
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| net.run())).is_err());
    drop(net);
    let (mut net, client, server) = pair();
    let config = echo::ServerConfig { local: at("0.0.0.0:7"), connections: None };
    net.background(server, "server", echo::tcp_server(config));
    let texts = vec!["a".to_owned()];
    let config = echo::ClientConfig { remote: at("10.0.0.2:7"), texts, pause: Duration::ZERO };
    net.spawn(client, "client", echo::tcp_client(config));
    net.finish();
}

#[test]
fn a_server_in_the_background_does_not_prolong_a_run() {
    let mut net = Network::new(3);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(ms(10)).loss(percent(20));
    let config = echo::ServerConfig { local: at("0.0.0.0:7"), connections: None };
    net.background(server, "server", echo::tcp_server(config));
    let config =
        echo::ClientConfig { remote: at("10.0.0.2:7"), texts: vec!["a".into()], pause: Duration::ZERO };
    net.spawn(client, "client", echo::tcp_client(config));
    net.finish();
    // Not for TIME-WAIT, which lasts four minutes, but until both FINs were acknowledged.
    assert!(net.world().now() < Instant::from_secs(60), "{}", net.world().now());
    let mut states = Vec::new();
    for host in [client, server] {
        let host = net.world().host(host.node()).unwrap();
        host.for_each_connection(|_, info| states.push(info.state));
    }
    assert!(states.iter().all(|state| *state == State::TimeWait), "{states:?}");
}
