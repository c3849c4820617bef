//! Programs in the words of the BSD calls, on two hosts and a line of 10 ms.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use wirelab_sim::{HostRef, Network};
use wirelab_stack::socket::net::bsd::*;
use wirelab_stack::socket::net::{spawn, time};
use wirelab_stack::time::{Duration, Instant};

const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 6999);

fn network() -> (Network, HostRef, HostRef) {
    let mut net = Network::new(7);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(Duration::from_millis(10));
    (net, client, server)
}

fn errno<T: std::fmt::Debug>(result: io::Result<T>) -> Option<Errno> {
    Errno::of(&result.unwrap_err())
}

/// The tutorial's server: one receive, upper-cased, sent, closed.
async fn upper() -> io::Result<()> {
    let server = socket(AF_INET, SOCK_STREAM, 0)?;
    server.setsockopt(SOL_SOCKET, SO_REUSEADDR, true)?;
    server.bind(([0, 0, 0, 0], 6999))?;
    server.listen(5)?;
    let (connection, _) = server.accept().await?;
    let data = connection.recv(1024).await?;
    connection.sendall(&data.to_ascii_uppercase()).await?;
    connection.close().await
}

#[test]
fn the_echo_of_the_tutorial_by_name() {
    let (mut net, client, server) = network();
    net.spawn(server, "upper", async { Ok(upper().await?) });
    net.spawn(client, "client", async {
        let client = create_connection(("server", 6999), None).await?;
        assert_eq!(client.getpeername()?, SERVER.into());
        client.sendall(b"hello").await?;
        assert_eq!(client.recv(1024).await?, b"HELLO");
        assert_eq!(client.recv(1024).await?, b"");
        let refused = create_connection(("server", 1), None).await;
        assert_eq!(errno(refused), Some(Errno::ECONNREFUSED));
        let nobody = create_connection(("nobody", 1), None).await.unwrap_err();
        assert_eq!(nobody.to_string(), "EAI_NONAME: name or service not known");
        assert_eq!(gethostbyname("SERVER")?, [std::net::Ipv4Addr::new(10, 0, 0, 2)]);
        Ok(())
    });
    net.finish();
}

#[test]
fn a_call_waits_no_longer_than_it_is_told() {
    let (mut net, client, server) = network();
    net.spawn(server, "silent", async {
        let server = create_server(SERVER, 5, false)?;
        let (connection, _) = server.accept().await?;
        // It ends when the client does.
        assert_eq!(connection.recv(1).await?, b"");
        Ok(())
    });
    net.spawn(client, "client", async {
        let socket = socket(AF_INET, SOCK_STREAM, 0)?;
        socket.settimeout(Some(Duration::from_millis(5)))?;
        let began = time::now();
        assert_eq!(socket.connect(SERVER).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(time::now() - began, Duration::from_millis(5));
        socket.settimeout(Some(Duration::from_secs(1)))?;
        socket.connect(SERVER).await?;
        let began = time::now();
        assert_eq!(socket.recv(1).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(time::now() - began, Duration::from_secs(1));
        // The option's time ends in another error, as on Linux.
        socket.settimeout(None)?;
        socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, Duration::from_secs(2))?;
        assert_eq!(errno(socket.recv(1).await), Some(Errno::EAGAIN));
        assert_eq!(time::now() - began, Duration::from_secs(3));
        socket.setblocking(false)?;
        assert_eq!(errno(socket.recv(1).await), Some(Errno::EAGAIN));
        socket.setblocking(true)?;
        assert_eq!(errno(socket.recv_with(1, MSG_DONTWAIT).await), Some(Errno::EAGAIN));
        assert_eq!(time::now() - began, Duration::from_secs(3));
        assert_eq!(socket.gettimeout(), None);
        Ok(())
    });
    net.finish();
}

#[test]
fn who_sends_waits_no_longer_than_the_option_says() {
    let (mut net, client, server) = network();
    net.spawn(server, "silent", async {
        let server = create_server(SERVER, 5, false)?;
        let (connection, _) = server.accept().await?;
        // It reads nothing until the client has long given up.
        time::sleep(Duration::from_secs(30)).await;
        while !connection.recv(65_536).await?.is_empty() {}
        Ok(())
    });
    net.spawn(client, "client", async {
        let socket = socket(AF_INET, SOCK_STREAM, 0)?;
        socket.connect(SERVER).await?;
        socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, Duration::from_secs(2))?;
        let (error, waited) = loop {
            let began = time::now();
            if let Err(error) = socket.send(&[7; 10_000]).await {
                break (error, time::now() - began);
            }
        };
        assert_eq!(errno::<()>(Err(error)), Some(Errno::EAGAIN));
        assert_eq!(waited, Duration::from_secs(2));
        // Without it the same send waits until there is room.
        socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, Duration::ZERO)?;
        assert!(socket.send(&[7; 10_000]).await? > 0);
        assert!(time::now() - Instant::ZERO >= Duration::from_secs(30));
        Ok(())
    });
    net.finish();
}

#[test]
fn a_connection_that_is_not_waited_for_is_polled() {
    let (mut net, client, server) = network();
    net.spawn(server, "upper", async { Ok(upper().await?) });
    net.spawn(client, "client", async {
        let client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)?;
        assert_eq!(client.connect_ex(SERVER).await?, Errno::EINPROGRESS.number());
        assert_eq!(client.connect_ex(SERVER).await?, Errno::EALREADY.number());
        let writable = select(&[], &[client.fileno()], &[], None).await?;
        assert_eq!(writable.write, [client.fileno()]);
        assert_eq!(client.getsockopt(SOL_SOCKET, SO_ERROR)?, 0.into());
        client.sendall(b"x").await?;
        let mut asked = [PollFd::new(client.fileno(), POLLIN)];
        assert_eq!(poll(&mut asked, Some(Duration::from_millis(1))).await?, 0);
        assert_eq!(poll(&mut asked, None).await?, 1);
        assert_eq!(client.recv(9).await?, b"X");
        Ok(())
    });
    net.finish();
}

#[test]
fn one_select_waits_for_listener_and_connections_alike() {
    let (mut net, client, server) = network();
    net.spawn(server, "server", async {
        let listener = create_server(SERVER, 5, false)?;
        let mut connections: Vec<Socket> = Vec::new();
        let mut served = 0;
        while served < 3 {
            let mut all = vec![listener.fileno()];
            all.extend(connections.iter().map(Socket::fileno));
            let ready = select(&all, &[], &[], None).await?.read;
            if ready.contains(&listener.fileno()) {
                connections.push(listener.accept().await?.0);
            }
            for connection in connections.extract_if(.., |it| ready.contains(&it.fileno())) {
                connection.sendall(&connection.recv(1024).await?).await?;
                served += 1;
            }
        }
        Ok(())
    });
    for number in 0..3_u8 {
        net.spawn(client, &format!("client{number}"), async move {
            let client = create_connection(("server", 6999), None).await?;
            // The last is the first to speak.
            time::sleep(Duration::from_millis(100 - 30 * u64::from(number))).await;
            client.sendall(&[number]).await?;
            assert_eq!(client.recv(9).await?, [number]);
            Ok(())
        });
    }
    net.finish();
}

#[test]
fn a_buffer_is_filled_where_all_is_waited_for() {
    let (mut net, client, server) = network();
    net.spawn(server, "server", async {
        let (connection, _) = create_server(SERVER, 5, false)?.accept().await?;
        for piece in [&b"one "[..], b"two ", b"three"] {
            connection.sendall(piece).await?;
            time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    });
    net.spawn(client, "client", async {
        let client = create_connection(("server", 6999), None).await?;
        assert_eq!(client.recv_with(6, MSG_WAITALL | MSG_PEEK).await?, b"one tw");
        assert_eq!(client.recv_with(8, MSG_WAITALL).await?, b"one two ");
        assert_eq!(client.recv_with(99, MSG_WAITALL | MSG_PEEK).await?, b"three");
        assert_eq!(client.recv_with(99, MSG_WAITALL).await?, b"three");
        assert_eq!(client.recv_with(99, MSG_WAITALL).await?, b"");
        Ok(())
    });
    net.finish();
}

#[test]
fn a_file_is_read_and_written_by_lines() {
    let (mut net, client, server) = network();
    net.spawn(server, "server", async {
        let (connection, _) = create_server(SERVER, 5, false)?.accept().await?;
        let mut file = connection.makefile();
        let mut line = String::new();
        while file.read_line(&mut line).await? > 0 {
            file.write_all(line.to_uppercase().as_bytes()).await?;
            file.flush().await?;
            line.clear();
        }
        Ok(())
    });
    net.spawn(client, "client", async {
        let client = create_connection(("server", 6999), None).await?;
        client.settimeout(Some(Duration::from_secs(1)))?;
        let mut file = client.makefile();
        file.write_all(b"one\ntwo\n").await?;
        file.flush().await?;
        let mut lines = String::new();
        file.read_line(&mut lines).await?;
        file.read_line(&mut lines).await?;
        assert_eq!(lines, "ONE\nTWO\n");
        let late = file.read_line(&mut lines).await;
        assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
        file.shutdown().await?;
        assert_eq!(file.read_line(&mut lines).await?, 0);
        Ok(())
    });
    net.finish();
}

#[test]
fn datagrams_and_pairs_wait_too() {
    let (mut net, client, server) = network();
    net.spawn(server, "server", async {
        let server = socket(AF_INET, SOCK_DGRAM, 0)?;
        server.bind(SERVER)?;
        let (data, from) = server.recvfrom(1024).await?;
        server.sendto(&data, from.unwrap()).await?;
        Ok(())
    });
    net.spawn(client, "client", async {
        let client = socket(AF_INET, SOCK_DGRAM, 0)?;
        client.sendto(b"ping", SERVER).await?;
        assert_eq!(client.recvfrom(1024).await?, (b"ping".to_vec(), Some(SERVER.into())));
        let (one, other) = socketpair(AF_UNIX, SOCK_STREAM, 0)?;
        let echo = spawn(async move {
            let data = other.recv(9).await.unwrap();
            other.sendall(&data).await.unwrap();
        });
        one.sendall(b"x").await?;
        assert_eq!(one.recv(9).await?, b"x");
        assert_eq!(one.recv(9).await?, b"");
        echo.await?;
        Ok(())
    });
    net.finish();
}

/// A close that lingers ends when the peer has acknowledged everything; one that does not, at once.
#[test]
fn a_close_waits_where_the_socket_lingers() {
    let (mut net, client, server) = network();
    net.spawn(server, "server", async {
        let server = create_server(SERVER, 5, false)?;
        for _ in 0..2 {
            let (connection, _) = server.accept().await?;
            assert_eq!(connection.recv_with(1000, MSG_WAITALL).await?.len(), 1000);
        }
        Ok(())
    });
    net.spawn(client, "client", async {
        for (linger, waits) in [(None, false), (Some(Duration::from_secs(60)), true)] {
            let client = create_connection(("server", 6999), None).await?;
            client.setsockopt(SOL_SOCKET, SO_LINGER, OptionValue::Linger(linger))?;
            client.sendall(&[0; 1000]).await?;
            let began = time::now();
            client.close().await?;
            assert_eq!(time::now() - began >= Duration::from_millis(20), waits);
        }
        Ok(())
    });
    net.finish();
}

/// A call whose future is dropped has not happened: nothing is lost, and who calls next finds all.
#[test]
fn a_call_that_is_dropped_takes_nothing_along() {
    let (mut net, client, server) = network();
    net.spawn(server, "server", async {
        let (connection, _) = create_server(SERVER, 5, false)?.accept().await?;
        for octet in 0..100_u8 {
            connection.sendall(&[octet]).await?;
            time::sleep(Duration::from_millis(7)).await;
        }
        Ok(())
    });
    net.spawn(client, "client", async {
        let client = create_connection(("server", 6999), None).await?;
        let (mut all, mut dropped) = (Vec::new(), 0);
        while all.len() < 100 {
            match time::timeout(Duration::from_millis(3), client.recv(3)).await {
                Ok(data) => all.extend(data?),
                Err(_) => dropped += 1,
            }
        }
        assert_eq!(all, (0..100).collect::<Vec<u8>>());
        assert!(dropped > 50, "{dropped} futures were dropped");
        Ok(())
    });
    net.finish();
}
