//! Blocking programs in virtual time: one thread at a time, nothing lost when one is dropped.

use std::io::{BufRead, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use wirelab_blocking::bsd::{
    self, AF_INET, AF_UNIX, Address, Errno, MSG_PEEK, POLLIN, PollFd, SHUT_WR, SO_REUSEADDR, SOCK_DGRAM,
    SOCK_STREAM, SOL_SOCKET,
};
use wirelab_blocking::{
    TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream, program, report, thread,
};
use wirelab_sim::{HostRef, Network, Outcome, TraceHash};
use wirelab_stack::application::AppError;
use wirelab_stack::time::{Duration, Instant};

fn pair() -> (Network, HostRef, HostRef) {
    let mut net = Network::new(7);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(Duration::from_millis(10));
    (net, client, server)
}

fn at(address: [u8; 4], port: u16) -> Address {
    Address::from((address, port))
}

/// Counts those that are dropped.
struct Guard(Arc<AtomicU32>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_tutorial_s_echo_in_bsd_calls() {
    let (mut net, client, server) = pair();
    net.spawn(
        server,
        "server",
        program(|| {
            let listener = bsd::socket(AF_INET, SOCK_STREAM, 0)?;
            listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, true)?;
            listener.bind(at([0; 4], 6999))?;
            listener.listen(5)?;
            let (connection, peer) = listener.accept()?;
            assert_eq!(peer.inet().unwrap().ip().to_string(), "10.0.0.1");
            assert_eq!(connection.recv_with(2, MSG_PEEK)?, b"he");
            let text = connection.recv(1024)?;
            connection.sendall(&text.to_ascii_uppercase())?;
            connection.close()?;
            Ok::<_, AppError>(())
        }),
    );
    net.spawn(
        client,
        "client",
        program(|| {
            let socket = bsd::create_connection(("10.0.0.2", 6999), None)?;
            socket.sendall(b"hello")?;
            socket.shutdown(SHUT_WR)?;
            let mut answer = String::new();
            socket.makefile().read_line(&mut answer)?;
            assert_eq!(answer, "HELLO");
            report("it is right");
            Ok(())
        }),
    );
    net.finish();
}

#[test]
fn calls_wait_in_the_network_s_time_and_time_out() {
    let (mut net, client, _) = pair();
    net.spawn(
        client,
        "client",
        program(|| {
            thread::sleep(Duration::from_secs(2));
            assert_eq!(thread::now(), Instant::from_secs(2));
            let socket = bsd::socket(AF_INET, SOCK_DGRAM, 0)?;
            socket.bind(at([10, 0, 0, 1], 5000))?;
            socket.settimeout(Some(Duration::from_secs(3)))?;
            assert_eq!(socket.recv(10).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
            assert_eq!(thread::now(), Instant::from_secs(5));
            let mut asked = [PollFd::new(socket.fileno(), POLLIN)];
            assert_eq!(bsd::poll(&mut asked, Some(Duration::from_secs(1)))?, 0);
            socket.sendto(b"to oneself", at([10, 0, 0, 1], 5000))?;
            assert_eq!(bsd::poll(&mut asked, Some(Duration::from_secs(1)))?, 1);
            assert_eq!(socket.recvfrom(4)?.0, b"to o");
            assert_eq!(thread::now(), Instant::from_secs(6));
            socket.setblocking(false)?;
            let error = socket.recv(1).unwrap_err();
            assert_eq!(Errno::of(&error), Some(Errno::EAGAIN));
            let (one, other) = bsd::socketpair(AF_UNIX, SOCK_STREAM, 0)?;
            one.sendall(b"across")?;
            assert_eq!(other.recv(9)?, b"across");
            Ok(())
        }),
    );
    net.finish();
}

/// A server with a thread for each connection, and a slow client beside a quick one; the hash of all that happened.
fn threads() -> String {
    let (mut net, client, server) = pair();
    net.background(
        server,
        "server",
        program(|| {
            let listener = TcpListener::bind("10.0.0.2:9999")?;
            for stream in listener.incoming() {
                let mut stream = stream?;
                thread::spawn(move || {
                    let mut text = Vec::new();
                    stream.read_to_end(&mut text)?;
                    stream.write_all(&text.to_ascii_uppercase())
                });
            }
            Ok(())
        }),
    );
    for (name, pause, end) in [("slow", 10, 10), ("quick", 1, 1)] {
        net.spawn(
            client,
            name,
            program(move || {
                let mut stream = TcpStream::connect("10.0.0.2:9999")?;
                stream.write_all(name.as_bytes())?;
                thread::sleep(Duration::from_secs(pause));
                stream.shutdown_write()?;
                let mut answer = String::new();
                stream.read_to_string(&mut answer)?;
                assert_eq!(answer, name.to_uppercase());
                let waited = thread::now().since(Instant::ZERO);
                assert!(waited < Duration::from_secs(end + 1), "{name} has waited for {waited}");
                Ok(())
            }),
        );
    }
    let hash = TraceHash::new(net.world().names());
    net.world().set_recorder(Box::new(hash));
    net.finish();
    net.world().take_recorder().unwrap().downcast::<TraceHash>().ok().unwrap().to_string()
}

#[test]
fn threads_of_a_program_go_on_while_it_waits_and_each_run_is_the_same() {
    let first = threads();
    for _ in 0..20 {
        assert_eq!(threads(), first);
    }
}

#[test]
fn never_do_two_threads_run() {
    let (mut net, client, server) = pair();
    let running = Arc::new(Mutex::new(()));
    for (host, name) in [(client, "a"), (client, "b"), (server, "c")] {
        let running = Arc::clone(&running);
        net.spawn(
            host,
            name,
            program(move || {
                for _ in 0..50 {
                    let alone = running.try_lock().expect("nobody else computes");
                    std::hint::black_box((0..10_000_u64).sum::<u64>());
                    drop(alone);
                    thread::yield_now();
                    thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            }),
        );
    }
    net.finish();
}

#[test]
fn sockets_within_the_host_and_datagrams_block_too() {
    let (mut net, client, server) = pair();
    net.spawn(
        client,
        "server",
        program(|| {
            let listener = UnixListener::bind("/stream")?;
            let datagrams = UnixDatagram::bind("/datagrams")?;
            let (mut stream, _) = listener.accept()?;
            assert_eq!(&*stream.peer_cred()?.application, "client");
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            assert_eq!(text.len(), 1_000_000, "more than there is room for at once");
            let mut buffer = [0; 4];
            let (octets, from) = datagrams.recv_from(&mut buffer)?;
            assert_eq!((&buffer[..octets], from.is_unnamed()), (&b"data"[..], false));
            Ok(())
        }),
    );
    net.spawn(
        client,
        "client",
        program(|| {
            let mut stream = UnixStream::connect("/stream")?;
            stream.write_all("x".repeat(1_000_000).as_bytes())?;
            stream.shutdown_write()?;
            UnixDatagram::bind("/client")?.send_to(b"datagram", "/datagrams")?;
            let (mut one, mut other) = UnixStream::pair()?;
            one.write_all(b"pair")?;
            drop(one);
            let mut text = String::new();
            other.read_to_string(&mut text)?;
            assert_eq!(text, "pair");
            Ok(())
        }),
    );
    net.spawn(
        server,
        "udp",
        program(|| {
            let socket = UdpSocket::bind("10.0.0.2:5000")?;
            let (one, two) = (UdpSocket::bind("10.0.0.2:0")?, &mut [0; 9]);
            one.connect("10.0.0.2:5000")?;
            one.send(b"datagram")?;
            let (octets, from) = socket.recv_from(two)?;
            assert_eq!((octets, from), (8, one.local_addr()?));
            Ok(())
        }),
    );
    net.finish();
}

#[test]
fn a_socket_that_is_dropped_is_closed_at_once() {
    let (mut net, client, _) = pair();
    net.spawn(
        client,
        "client",
        program(|| {
            drop(TcpListener::bind("10.0.0.1:7")?);
            let listener = TcpListener::bind("10.0.0.1:7")?;
            assert_eq!(listener.local_addr()?.port(), 7);
            Ok(())
        }),
    );
    net.finish();
}

#[test]
fn a_program_that_is_dropped_unwinds_and_its_sockets_close() {
    let (mut net, client, _) = pair();
    let dropped = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&dropped);
    net.spawn(
        client,
        "parent",
        program(move || {
            let guard = Guard(counted);
            // The application fails, and this thread, which waits for ever, is dropped with it.
            let _thread = thread::spawn(move || {
                let _guard = guard;
                TcpListener::bind("10.0.0.1:7").unwrap().accept().map(drop)
            });
            thread::sleep(Duration::from_secs(1));
            Err::<(), _>(AppError::new("on purpose"))
        }),
    );
    net.spawn(
        client,
        "after",
        program(|| {
            thread::sleep(Duration::from_secs(2));
            TcpListener::bind("10.0.0.1:7").map(drop)?;
            Ok(())
        }),
    );
    assert_eq!(net.run(), Outcome::Completed);
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    let ended: Vec<bool> =
        net.world().applications().iter().map(|program| matches!(program.ended, Some((_, Ok(()))))).collect();
    assert_eq!(ended, [false, true], "the port is free again");
}

#[test]
fn a_world_that_is_dropped_and_a_host_that_crashes_end_their_programs() {
    for crashes in [false, true] {
        let (mut net, client, _) = pair();
        let dropped = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&dropped);
        net.spawn(
            client,
            "waits",
            program(move || {
                let _guard = Guard(counted);
                TcpListener::bind("10.0.0.1:7")?.accept().map(drop)?;
                Ok(())
            }),
        );
        if crashes {
            net.crash(client, Instant::from_secs(1), Duration::from_secs(1));
        }
        net.world().run_until(Instant::from_secs(3));
        assert_eq!(dropped.load(Ordering::Relaxed), u32::from(crashes));
        drop(net);
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_program_s_panic_is_its_run_s() {
    let (mut net, client, _) = pair();
    net.spawn(
        client,
        "panics",
        program(|| {
            thread::sleep(Duration::from_secs(1));
            assert_eq!(thread::now(), Instant::ZERO, "on purpose");
            Ok::<(), AppError>(())
        }),
    );
    let panic = catch_unwind(AssertUnwindSafe(|| net.finish())).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("on purpose"));
}

#[test]
#[should_panic(expected = "there is no loop here")]
fn what_blocks_outside_of_a_program_says_so() {
    thread::sleep(Duration::from_secs(1));
}
