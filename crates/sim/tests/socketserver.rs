//! Servers by the names of Python's `socketserver`, in virtual time.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use wirelab_sim::{HostRef, Network};
use wirelab_stack::application::AppError;
use wirelab_stack::socket::net::unix::{self, UnixDatagram, UnixStream};
use wirelab_stack::socket::net::{TcpStream, UdpSocket, spawn, time};
use wirelab_stack::socket::server::{
    Base, BaseRequestHandler, BaseServer, Connection, DatagramRequest, DatagramRequestHandler,
    DatagramSocket, Datagrams, HandlerError, HandlerResult, Options, Request, ServerHooks, StreamRequest,
    StreamRequestHandler, Streams, TcpEndpoint, TcpServer, Threading, UdpServer, UnixDatagramServer,
    UnixStreamServer,
};
use wirelab_stack::time::{Duration, Instant};

type Log = Rc<RefCell<Vec<String>>>;

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn log(log: &Log, text: impl Into<String>) {
    log.borrow_mut().push(text.into());
}

fn seconds() -> u64 {
    (time::now() - Instant::ZERO).as_secs()
}

/// A client and a server without delay between them, so that instants are whole seconds.
fn pair() -> (Network, HostRef, HostRef) {
    let mut net = Network::new(7);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server);
    (net, client, server)
}

/// Answers each line in upper case, after a second for each `z` in it.
struct Upper;

impl<C: Connection, A: 'static> StreamRequestHandler<C, A> for Upper {
    async fn handle(&mut self, request: &mut StreamRequest<C, A>) -> HandlerResult {
        let mut line = String::new();
        while request.rfile.read_line(&mut line).await? > 0 {
            time::sleep(Duration::from_secs(line.matches('z').count() as u64)).await;
            request.wfile.write_all(line.to_uppercase().as_bytes()).await?;
            line.clear();
        }
        Ok(())
    }
}

impl<S: DatagramSocket> DatagramRequestHandler<S> for Upper {
    async fn handle(&mut self, request: &mut DatagramRequest<S, S::Address>) -> HandlerResult {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut request.rfile, &mut text)?;
        request.wfile.extend_from_slice(text.to_uppercase().as_bytes());
        Ok(())
    }
}

/// Sends a line; returns the answer and the second in which it came.
async fn ask(remote: SocketAddr, line: &str) -> Result<(String, u64), AppError> {
    let mut stream = TcpStream::connect(remote).await?;
    stream.write_all(line.as_bytes()).await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok((answer, seconds()))
}

/// A slow client and two quick ones at once; when each has its answer.
fn three_clients(threading: Option<Threading>) -> Vec<String> {
    let (mut net, client, server) = pair();
    net.background(server, "server", async move {
        let options = Options { threading, ..Options::default() };
        let mut server = TcpServer::with_options(at("10.0.0.2:9999"), Streams(|| Upper), options)?;
        Ok(server.serve_forever().await?)
    });
    let heard = Log::default();
    for (name, line) in [("slow", "zzzzz\n"), ("second", "ab\n"), ("third", "ef\n")] {
        let heard = Rc::clone(&heard);
        net.spawn(client, name, async move {
            // In this order, whatever the draws of ports.
            time::sleep(ms(if name == "slow" { 0 } else { 10 })).await;
            let (answer, second) = ask(at("10.0.0.2:9999"), line).await?;
            log(&heard, format!("{} {name} {second}", answer.trim()));
            Ok(())
        });
    }
    net.finish();
    let mut heard = heard.take();
    heard.sort();
    heard
}

#[test]
fn a_slow_client_delays_others_in_a_serial_server() {
    assert_eq!(three_clients(None), ["AB second 5", "EF third 5", "ZZZZZ slow 5"]);
}

#[test]
fn a_slow_client_delays_nobody_in_a_concurrent_server() {
    let threading = Some(Threading::default());
    assert_eq!(three_clients(threading), ["AB second 0", "EF third 0", "ZZZZZ slow 5"]);
}

#[test]
fn no_more_are_served_at_once_than_may_be() {
    let threading = Some(Threading { max: 1, ..Threading::default() });
    assert_eq!(three_clients(threading), ["AB second 5", "EF third 5", "ZZZZZ slow 5"]);
}

/// What its steps do, and in which order they are taken.
struct Steps {
    log: Log,
    fails: &'static str,
}

impl Steps {
    fn step(&self, name: &str) -> HandlerResult {
        log(&self.log, name);
        if self.fails == name { Err(format!("{name} fails").into()) } else { Ok(()) }
    }
}

impl<R: 'static, A: 'static> BaseRequestHandler<R, A> for Steps {
    async fn setup(&mut self, _: &mut Request<R, A>) -> HandlerResult {
        self.step("setup")
    }

    async fn handle(&mut self, _: &mut Request<R, A>) -> HandlerResult {
        self.step("handle")
    }

    async fn finish(&mut self, _: &mut Request<R, A>) -> HandlerResult {
        self.step("finish")
    }
}

/// What a server of one's own overrides.
struct Noting {
    log: Log,
    refuses: bool,
}

impl ServerHooks<TcpStream, SocketAddr> for Noting {
    fn verify_request(&self, _: &TcpStream, client_address: &SocketAddr) -> bool {
        log(&self.log, format!("verify {}", client_address.ip()));
        !self.refuses
    }

    fn handle_error(&self, client_address: &SocketAddr, error: &HandlerError) {
        log(&self.log, format!("{}: {error}", client_address.ip()));
    }

    fn handle_timeout(&self) {
        log(&self.log, format!("timeout {}", seconds()));
    }

    fn service_actions(&self) {
        log(&self.log, format!("service {}", seconds()));
    }
}

/// One request, to a server whose handler fails at one step; what was done.
fn one_request(fails: &'static str, refuses: bool) -> Vec<String> {
    let (mut net, client, server) = pair();
    let heard = Log::default();
    let noted = Rc::clone(&heard);
    net.spawn(server, "server", async move {
        let handlers = Base({
            let log = Rc::clone(&noted);
            move || Steps { log: Rc::clone(&log), fails }
        });
        let hooks = Noting { log: noted, refuses };
        let mut server: BaseServer<TcpEndpoint, _, _> =
            BaseServer::unbound(at("10.0.0.2:9999"), handlers, Options::default(), hooks);
        assert_eq!(server.fileno(), None);
        server.server_bind()?;
        assert!(server.fileno().is_some());
        Ok(server.handle_request().await?)
    });
    net.spawn(client, "client", async move {
        let (answer, _) = ask(at("10.0.0.2:9999"), "").await?;
        assert_eq!(answer, "", "the connection is closed");
        Ok(())
    });
    net.finish();
    heard.take()
}

#[test]
fn finish_follows_handle_that_fails_and_not_setup_that_does() {
    let verify = "verify 10.0.0.1";
    assert_eq!(one_request("", false), [verify, "setup", "handle", "finish"]);
    let told = "10.0.0.1: handle fails";
    assert_eq!(one_request("handle", false), [verify, "setup", "handle", "finish", told]);
    assert_eq!(one_request("setup", false), [verify, "setup", "10.0.0.1: setup fails"]);
    assert_eq!(one_request("finish", false), [verify, "setup", "handle", "finish", "10.0.0.1: finish fails"]);
}

#[test]
fn a_request_that_is_not_verified_is_closed_and_no_more() {
    assert_eq!(one_request("", true), ["verify 10.0.0.1"]);
}

#[test]
fn a_request_that_does_not_come_and_a_server_with_something_to_do_meanwhile() {
    let (mut net, client, server) = pair();
    let heard = Log::default();
    let noted = Rc::clone(&heard);
    net.spawn(server, "server", async move {
        let hooks = Noting { log: Rc::clone(&noted), refuses: false };
        let options = Options {
            timeout: Some(Duration::from_secs(3)),
            poll_interval: Some(Duration::from_secs(2)),
            ..Options::default()
        };
        let mut server: BaseServer<TcpEndpoint, _, _> =
            BaseServer::unbound(at("10.0.0.2:9999"), Streams(|| Upper), options, hooks);
        server.server_bind()?;
        server.handle_request().await?;
        let handle = server.handle();
        spawn(async move {
            time::sleep(ms(6_500)).await;
            handle.shutdown().await;
            log(&noted, format!("shut down {}", seconds()));
        });
        Ok(server.serve_forever().await?)
    });
    net.spawn(client, "client", async move {
        time::sleep(ms(8_000)).await;
        assert_eq!(ask(at("10.0.0.2:9999"), "late\n").await?.0, "LATE\n");
        Ok(())
    });
    net.finish();
    assert_eq!(
        heard.take(),
        ["timeout 3", "service 5", "service 7", "verify 10.0.0.1", "service 8", "shut down 9"]
    );
}

#[test]
fn a_stopped_server_can_serve_again_and_one_told_before_it_serves_ends_at_once() {
    let (mut net, client, server) = pair();
    net.spawn(server, "server", async move {
        let mut server = TcpServer::new(at("10.0.0.2:9999"), Streams(|| Upper))?;
        server.handle().request_shutdown();
        server.serve_forever().await?;
        assert_eq!(seconds(), 0);
        let handle = server.handle();
        spawn(async move {
            time::sleep(Duration::from_secs(3)).await;
            handle.shutdown().await;
        });
        server.serve_forever().await?;
        assert_eq!(seconds(), 3);
        server.server_close().await;
        assert!(server.serve_forever().await.is_err(), "it is closed");
        Ok(())
    });
    net.spawn(client, "client", async move {
        assert_eq!(ask(at("10.0.0.2:9999"), "a\n").await?.0, "A\n");
        time::sleep(Duration::from_secs(5)).await;
        assert!(ask(at("10.0.0.2:9999"), "a\n").await.is_err(), "nobody listens any more");
        Ok(())
    });
    net.finish();
}

/// A request of five seconds is under way when the server is closed after one; when it is closed, and what the client has
/// read.
fn closed_under_way(threading: Threading) -> (u64, String) {
    let (mut net, client, server) = pair();
    let closed = Rc::new(RefCell::new((0, String::new())));
    let (noted, heard) = (Rc::clone(&closed), Rc::clone(&closed));
    net.spawn(server, "server", async move {
        let options = Options { threading: Some(threading), ..Options::default() };
        let mut server = TcpServer::with_options(at("10.0.0.2:9999"), Streams(|| Upper), options)?;
        let handle = server.handle();
        spawn(async move {
            time::sleep(Duration::from_secs(1)).await;
            handle.request_shutdown();
        });
        server.serve_forever().await?;
        server.server_close().await;
        noted.borrow_mut().0 = seconds();
        Ok(())
    });
    net.spawn(client, "client", async move {
        let (answer, _) = ask(at("10.0.0.2:9999"), "zzzzz\n").await?;
        heard.borrow_mut().1 = answer;
        Ok(())
    });
    net.finish();
    closed.take()
}

#[test]
fn a_server_that_closes_waits_for_its_tasks_or_lets_them_go_on_or_ends_them() {
    let plain = Threading::default();
    assert_eq!(closed_under_way(plain), (5, "ZZZZZ\n".to_owned()));
    let apart = Threading { block_on_close: false, ..plain };
    assert_eq!(closed_under_way(apart), (1, "ZZZZZ\n".to_owned()));
    let daemons = Threading { daemon_threads: true, ..plain };
    assert_eq!(closed_under_way(daemons), (1, String::new()));
}

/// Waits for a line for two seconds at most, and holds its answers back until they are flushed.
struct Impatient(Log);

impl<C: Connection, A: 'static> StreamRequestHandler<C, A> for Impatient {
    const TIMEOUT: Option<Duration> = Some(Duration::from_secs(2));
    const DISABLE_NAGLE_ALGORITHM: bool = true;
    const WBUFSIZE: usize = 64;

    async fn handle(&mut self, request: &mut StreamRequest<C, A>) -> HandlerResult {
        let mut line = String::new();
        loop {
            line.clear();
            if let Err(error) = request.rfile.read_line(&mut line).await {
                log(&self.0, format!("{error} {}", seconds()));
                return Ok(());
            }
            request.wfile.write_all(line.to_uppercase().as_bytes()).await?;
            assert_eq!(request.wfile.buffer().len(), line.len(), "kept back");
            request.set_timeout(Some(Duration::from_secs(4)));
        }
    }
}

#[test]
fn a_handler_s_reads_time_out_and_what_it_wrote_is_flushed_in_the_end() {
    let (mut net, client, server) = pair();
    let heard = Log::default();
    let noted = Rc::clone(&heard);
    net.spawn(server, "server", async move {
        let handlers = Streams(move || Impatient(Rc::clone(&noted)));
        let mut server = TcpServer::new(at("10.0.0.2:9999"), handlers)?;
        Ok(server.handle_request().await?)
    });
    net.spawn(client, "client", async move {
        let mut stream = TcpStream::connect(at("10.0.0.2:9999")).await?;
        time::sleep(ms(1_500)).await;
        stream.write_all(b"in time\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        assert_eq!(answer, "IN TIME\n");
        Ok(())
    });
    net.finish();
    assert_eq!(heard.take(), ["timed out 5"]);
}

#[test]
fn nagle_s_algorithm_is_off_where_a_handler_wants_it_so() {
    struct Asks(Log);

    impl<A: 'static> StreamRequestHandler<TcpStream, A> for Asks {
        const DISABLE_NAGLE_ALGORITHM: bool = true;

        async fn handle(&mut self, request: &mut StreamRequest<TcpStream, A>) -> HandlerResult {
            log(&self.0, format!("{}", request.connection().nodelay()?));
            Ok(())
        }
    }

    let (mut net, client, server) = pair();
    let heard = Log::default();
    let noted = Rc::clone(&heard);
    net.spawn(server, "server", async move {
        let handlers = Streams(move || Asks(Rc::clone(&noted)));
        Ok(TcpServer::new(at("10.0.0.2:9999"), handlers)?.handle_request().await?)
    });
    net.spawn(client, "client", async move { ask(at("10.0.0.2:9999"), "").await.map(drop) });
    net.finish();
    assert_eq!(heard.take(), ["true"]);
}

#[test]
fn datagrams_are_answered_by_what_the_handler_has_written() {
    let (mut net, client, server) = pair();
    net.spawn(server, "server", async move {
        let options = Options { max_packet_size: 4, ..Options::default() };
        let mut server = UdpServer::with_options(at("10.0.0.2:9999"), Datagrams(|| Upper), options)?;
        for _ in 0..2 {
            server.handle_request().await?;
        }
        Ok(())
    });
    net.spawn(client, "client", async move {
        let socket = UdpSocket::bind(at("10.0.0.1:0")).await?;
        socket.connect(at("10.0.0.2:9999")).await?;
        for (sent, answer) in [("abcdef", "ABCD"), ("", "")] {
            socket.send(sent.as_bytes()).await?;
            assert_eq!(socket.recv_bytes().await?.0, answer, "cut to the longest packet");
        }
        Ok(())
    });
    net.finish();
}

#[test]
fn servers_within_a_host_have_the_same_handlers() {
    let mut net = Network::new(7);
    let host = net.host("host", "10.0.0.1/24");
    let address = |path: &str| unix::SocketAddr::path(path).unwrap();
    net.spawn(host, "server", async move {
        let mut streams = UnixStreamServer::new(address("/stream"), Streams(|| Upper))?;
        let mut datagrams = UnixDatagramServer::new(address("/datagram"), Datagrams(|| Upper))?;
        streams.handle_request().await?;
        datagrams.handle_request().await?;
        Ok(())
    });
    net.spawn(host, "client", async move {
        let mut stream = UnixStream::connect("/stream").await?;
        assert_eq!(&*stream.peer_cred()?.application, "server");
        stream.write_all(b"over the path\n").await?;
        stream.shutdown().await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        assert_eq!(answer, "OVER THE PATH\n");
        let socket = UnixDatagram::bind("/client")?;
        socket.send_to(b"datagram", "/datagram").await?;
        let (answer, from) = socket.recv_bytes().await?;
        assert_eq!((&answer[..], from.to_string().as_str()), (&b"DATAGRAM"[..], "/datagram"));
        Ok(())
    });
    net.finish();
}

#[test]
fn the_port_of_a_connection_that_outlives_its_server_can_be_had_by_who_says_so() {
    let (mut net, client, server) = pair();
    net.spawn(server, "server", async move {
        let open = |allow_reuse_address| {
            let options = Options { allow_reuse_address, ..Options::default() };
            TcpServer::with_options(at("10.0.0.2:9999"), Base(|| AtOnce), options)
        };
        let mut first = open(true)?;
        first.handle_request().await?;
        drop(first);
        time::sleep(Duration::from_secs(1)).await;
        // This end closed first: the connection is in TIME-WAIT here.
        assert_eq!(open(false).err().map(|error| error.kind()), Some(std::io::ErrorKind::AddrInUse));
        assert_eq!(open(true)?.server_address(), &at("10.0.0.2:9999"));
        Ok(())
    });
    net.spawn(client, "client", async move {
        let mut stream = TcpStream::connect(at("10.0.0.2:9999")).await?;
        stream.read_to_string(&mut String::new()).await?;
        Ok(())
    });
    net.finish();
}

/// Says nothing, and is done.
struct AtOnce;

impl<R: 'static, A: 'static> BaseRequestHandler<R, A> for AtOnce {
    async fn handle(&mut self, _: &mut Request<R, A>) -> HandlerResult {
        Ok(())
    }
}

#[test]
fn datagrams_are_spread_over_servers_that_share_a_port() {
    let (mut net, client, server) = pair();
    let counts = Rc::new(RefCell::new([0; 2]));
    for place in 0..2 {
        let counts = Rc::clone(&counts);
        net.background(server, "server", async move {
            let options = Options { allow_reuse_port: true, ..Options::default() };
            let mut server = UdpServer::with_options(at("10.0.0.2:9999"), Datagrams(|| Upper), options)?;
            loop {
                server.handle_request().await?;
                counts.borrow_mut()[place] += 1;
            }
        });
    }
    net.spawn(client, "client", async move {
        time::sleep(ms(10)).await;
        for _ in 0..64 {
            let socket = UdpSocket::bind(at("10.0.0.1:0")).await?;
            socket.connect(at("10.0.0.2:9999")).await?;
            socket.send(b"x").await?;
            assert_eq!(socket.recv_bytes().await?.0, "X");
        }
        Ok(())
    });
    net.finish();
    let [first, second] = *counts.borrow();
    assert_eq!(first + second, 64);
    assert!(first >= 10 && second >= 10, "{first} and {second}: flows go to either");
}

#[test]
fn two_servers_share_a_port_only_where_both_say_so() {
    let (mut net, _, server) = pair();
    net.spawn(server, "server", async move {
        let reuse = Options { allow_reuse_port: true, ..Options::default() };
        let open = |options: &Options| {
            TcpServer::with_options(at("10.0.0.2:9999"), Streams(|| Upper), options.clone())
        };
        let first = open(&reuse)?;
        assert_eq!(first.server_address(), &at("10.0.0.2:9999"));
        assert!(open(&Options::default()).is_err());
        let second = open(&reuse)?;
        drop((first, second));
        assert!(open(&Options::default()).is_ok(), "a server that is dropped is closed");
        Ok(())
    });
    net.finish();
}
