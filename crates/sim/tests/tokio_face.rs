//! One body of code, compiled against tokio and against the sockets here: the same names with the same signatures. It runs on
//! the sockets here.

/// The body, with the names that it uses imported by `$imports`.
macro_rules! programs {
    ($name:ident { $($imports:item)* }) => {
        mod $name {
            $($imports)*

            use std::future::{pending, poll_fn};
            use std::io::{self, ErrorKind};
            use std::net::{Shutdown, SocketAddr};
            use std::pin::pin;
            use std::time::Duration;

            use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};

            const fn ms(millis: u64) -> Duration {
                Duration::from_millis(millis)
            }

            /// Serves an echo by halves, then one by readiness.
            pub async fn serve(at: impl ToSocketAddrs) -> io::Result<u64> {
                let listener = TcpListener::bind(at).await?;
                listener.set_ttl(60)?;
                assert_eq!((listener.ttl()?, listener.local_addr()?.port()), (60, 7));
                let (first, _) = listener.accept().await?;
                assert_eq!(first.ttl()?, 60);
                let echoed = task::spawn(echo(first));
                let (second, peer) = poll_fn(|cx| listener.poll_accept(cx)).await?;
                assert_eq!(second.peer_addr()?, peer);
                by_readiness(&second).await?;
                echoed.await?
            }

            async fn echo(stream: TcpStream) -> io::Result<u64> {
                let (mut read, mut write): (tcp::OwnedReadHalf, tcp::OwnedWriteHalf) = stream.into_split();
                read.readable().await?;
                write.writable().await?;
                let octets = tokio::io::copy(&mut read, &mut write).await?;
                assert_eq!(read.peer_addr()?, write.peer_addr()?);
                let mut stream = read.reunite(write).map_err(io::Error::other)?;
                stream.shutdown().await?;
                Ok(octets)
            }

            /// Reads all, then writes it back, and is never made to wait by a call.
            async fn by_readiness(stream: &TcpStream) -> io::Result<()> {
                let mut came = Vec::with_capacity(1000);
                loop {
                    let ready = stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
                    assert!(!ready.is_empty() && ready.is_writable());
                    match stream.try_read_buf(&mut came) {
                        Ok(0) => break,
                        Ok(_) => {}
                        Err(error) if error.kind() == ErrorKind::WouldBlock => stream.readable().await?,
                        Err(error) => return Err(error),
                    }
                }
                let mut left = came.as_slice();
                while !left.is_empty() {
                    stream.writable().await?;
                    match stream.try_write(left) {
                        Ok(octets) => left = &left[octets..],
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            }

            pub async fn call(at: SocketAddr) -> io::Result<()> {
                let socket = TcpSocket::new_v4()?;
                socket.set_reuseaddr(true)?;
                socket.set_nodelay(true)?;
                socket.set_keepalive(true)?;
                socket.set_recv_buffer_size(100_000)?;
                socket.set_send_buffer_size(100_000)?;
                assert!(socket.reuseaddr()? && socket.nodelay()? && socket.keepalive()?);
                assert!(socket.recv_buffer_size()? >= 100_000 && socket.send_buffer_size()? >= 100_000);
                socket.bind(SocketAddr::from(([0, 0, 0, 0], 0)))?;
                let bound = socket.local_addr()?;
                let mut stream = socket.connect(at).await?;
                assert_eq!((stream.local_addr()?.port(), stream.peer_addr()?), (bound.port(), at));
                stream.set_ttl(61)?;
                assert!(stream.nodelay()? && stream.ttl()? == 61 && stream.take_error()?.is_none());
                assert_eq!(stream.try_read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
                stream.write_all(b"hello").await?;
                let mut peeked = [0; 8];
                while stream.peek(&mut peeked).await? < 5 {
                    task::yield_now().await;
                }
                let mut answer = Vec::new();
                {
                    let (mut read, mut write) = stream.split();
                    write.write_all(b", world").await?;
                    write.shutdown().await?;
                    read.read_to_end(&mut answer).await?;
                }
                assert_eq!((&peeked[..5], answer.as_slice()), (&b"hello"[..], &b"hello, world"[..]));

                let mut second = TcpStream::connect((at.ip(), at.port())).await?;
                second.set_nodelay(true)?;
                second.write_all(&[7; 3000]).await?;
                second.shutdown().await?;
                answer.clear();
                second.read_to_end(&mut answer).await?;
                assert_eq!(answer, [7; 3000]);
                second.set_zero_linger()?;
                assert_eq!(second.linger()?, Some(Duration::ZERO));
                Ok(())
            }

            /// Answers three datagrams, each received another way.
            pub async fn answer(at: impl ToSocketAddrs) -> io::Result<()> {
                let socket = UdpSocket::bind(at).await?;
                let mut buffer = [0; 100];
                let (octets, from) = socket.recv_from(&mut buffer).await?;
                socket.send_to(&buffer[..octets], from).await?;
                socket.readable().await?;
                assert_eq!(socket.try_peek_from(&mut buffer)?, (3, from));
                let (octets, from) = socket.try_recv_from(&mut buffer)?;
                socket.try_send_to(&buffer[..octets], from)?;
                let mut filled = ReadBuf::new(&mut buffer);
                let from = poll_fn(|cx| socket.poll_recv_from(cx, &mut filled)).await?;
                poll_fn(|cx| socket.poll_send_to(cx, filled.filled(), from)).await?;
                Ok(())
            }

            pub async fn ask(at: SocketAddr) -> io::Result<()> {
                let socket = UdpSocket::bind("0.0.0.0:0").await?;
                socket.set_ttl(9)?;
                socket.set_broadcast(true)?;
                assert!(socket.ttl()? == 9 && socket.broadcast()? && socket.take_error()?.is_none());
                socket.connect(at).await?;
                assert_eq!(socket.peer_addr()?, at);
                let mut buffer = [0; 2];
                socket.send(b"one").await?;
                assert_eq!((socket.peek(&mut buffer).await?, socket.recv(&mut buffer).await?), (2, 2));
                let ready = socket.ready(Interest::WRITABLE).await?;
                assert!(ready.is_writable());
                assert_eq!(socket.try_send(b"two")?, 3);
                assert_eq!(socket.peek_sender().await?, at);
                assert_eq!(socket.recv_from(&mut buffer).await?, (2, at));
                assert_eq!(socket.try_recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
                poll_fn(|cx| socket.poll_send(cx, b"three")).await?;
                let mut long = Vec::with_capacity(10);
                socket.recv_buf(&mut long).await?;
                assert_eq!(long, b"three");
                Ok(())
            }

            /// Serves an echo within the host by halves.
            pub async fn serve_within(path: &str) -> io::Result<()> {
                let listener = UnixListener::bind(path)?;
                assert_eq!(listener.local_addr()?.as_pathname(), Some(path.as_ref()));
                let (stream, peer) = listener.accept().await?;
                assert!(peer.is_unnamed() && stream.peer_addr()?.is_unnamed());
                let (mut read, write): (unix::OwnedReadHalf, unix::OwnedWriteHalf) = stream.into_split();
                read.readable().await?;
                let mut came = Vec::with_capacity(100);
                assert_eq!(read.try_read_buf(&mut came)?, 5);
                assert_eq!(read.try_read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
                write.writable().await?;
                assert_eq!(write.try_write(&came)?, 5);
                assert!(write.ready(Interest::WRITABLE).await?.is_writable());
                assert_eq!(read.local_addr()?.as_pathname(), write.local_addr()?.as_pathname());
                read.read_to_end(&mut came).await?;
                let mut stream: UnixStream = read.reunite(write).map_err(io::Error::other)?;
                stream.write_all(&came[5..]).await?;
                stream.shutdown().await?;
                let (second, _) = poll_fn(|cx| listener.poll_accept(cx)).await?;
                let (mut read, write) = second.into_split();
                write.forget();
                // Forgotten, it has closed nothing: the other end still writes, and ends its stream itself.
                assert_eq!(read.read(&mut [0; 8]).await?, 4);
                Ok(())
            }

            pub async fn call_within(path: &str) -> io::Result<()> {
                let mut stream = UnixStream::connect(path).await?;
                stream.write_all(b"hello").await?;
                let mut answer = Vec::with_capacity(100);
                {
                    let (read, mut write): (unix::ReadHalf<'_>, unix::WriteHalf<'_>) = stream.split();
                    read.readable().await?;
                    assert_eq!(read.try_read_buf(&mut answer)?, 5);
                    write.writable().await?;
                    assert_eq!(write.try_write(b", wor")?, 5);
                    write.write_all(b"ld").await?;
                    write.shutdown().await?;
                }
                poll_fn(|cx| stream.poll_read_ready(cx)).await?;
                stream.read_to_end(&mut answer).await?;
                assert_eq!(answer, b"hello, world");
                let second = UnixStream::connect(path).await?;
                poll_fn(|cx| second.poll_write_ready(cx)).await?;
                assert_eq!(second.try_write(b"last")?, 4);
                assert!(second.take_error()?.is_none());
                Ok(())
            }

            /// Datagrams within the host, and what is left once a direction is shut.
            pub async fn datagrams_within(path: &str) -> io::Result<()> {
                let bound = UnixDatagram::bind(path)?;
                let other = UnixDatagram::unbound()?;
                assert_eq!(other.try_send_to(b"one", path)?, 3);
                let mut buffer = [0; 8];
                let (octets, from) = bound.try_recv_from(&mut buffer)?;
                assert!(octets == 3 && from.is_unnamed());
                other.connect(path)?;
                other.send(b"two").await?;
                bound.readable().await?;
                assert_eq!(bound.try_recv(&mut buffer)?, 3);
                other.shutdown(Shutdown::Write)?;
                assert_eq!(other.try_send(b"late").unwrap_err().kind(), ErrorKind::BrokenPipe);
                let (left, right) = UnixDatagram::pair()?;
                left.send(b"pair").await?;
                assert_eq!(right.recv(&mut buffer).await?, 4);
                Ok(())
            }

            pub async fn times() -> io::Result<()> {
                let start = Instant::now();
                time::sleep(ms(10)).await;
                assert!(start.elapsed() >= ms(10) && Instant::now() >= start + ms(10));
                time::sleep_until(start + ms(20)).await;
                let late = time::timeout(ms(5), pending::<()>()).await.unwrap_err();
                assert_eq!(io::Error::from(late).kind(), ErrorKind::TimedOut);
                assert_eq!(time::timeout_at(start + ms(500), async { 3 }).await?, 3);
                let mut sleep = pin!(time::sleep(ms(1)));
                sleep.as_mut().reset(Instant::now() + ms(2));
                assert!(!sleep.is_elapsed() && sleep.deadline() > start);
                sleep.await;
                let mut ticks = time::interval(ms(10));
                ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
                assert!(ticks.period() == ms(10) && ticks.missed_tick_behavior() == MissedTickBehavior::Skip);
                let first: Instant = ticks.tick().await;
                time::sleep(ms(25)).await;
                assert!(ticks.tick().await >= first + ms(10));
                ticks.reset();
                ticks.tick().await;
                let mut ticks = time::interval_at(start + ms(100), ms(1));
                assert_eq!(ticks.tick().await.duration_since(start), ms(100));
                Ok(())
            }

            pub async fn tasks() -> io::Result<()> {
                assert_eq!(task::spawn(async { 5 }).await?, 5);
                let forever: task::JoinHandle<()> = task::spawn(pending());
                let handle: task::AbortHandle = forever.abort_handle();
                task::yield_now().await;
                assert!(!forever.is_finished() && !handle.is_finished());
                handle.abort();
                let error: task::JoinError = forever.await.unwrap_err();
                assert!(error.is_cancelled() && !error.is_panic() && handle.is_finished());
                let found: Vec<SocketAddr> = lookup_host("localhost:80").await?.collect();
                assert!(found.contains(&SocketAddr::from(([127, 0, 0, 1], 80))));
                Ok(())
            }
        }
    };
}

programs!(ours {
    use wirelab_stack::socket::net::{
        Interest, TcpListener, TcpSocket, TcpStream, ToSocketAddrs, UdpSocket, UnixDatagram, UnixListener, UnixStream,
        lookup_host, task, tcp, time, unix,
    };
    use wirelab_stack::socket::net::time::{Instant, MissedTickBehavior};
});

programs!(tokios {
    use tokio::io::Interest;
    use tokio::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs, UdpSocket, lookup_host, tcp};
    use tokio::net::{UnixDatagram, UnixListener, UnixStream, unix};
    use tokio::time::{Instant, MissedTickBehavior};
    use tokio::{task, time};
});

#[test]
fn it_compiles_against_tokio() {
    // None of these is polled: nothing but the stack here runs in virtual time.
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], 7));
    drop((tokios::serve(at), tokios::call(at), tokios::answer(at), tokios::ask(at)));
    drop((tokios::times(), tokios::tasks()));
    drop((tokios::serve_within("/s"), tokios::call_within("/s"), tokios::datagrams_within("/d")));
}

#[test]
fn it_runs_here() {
    let mut net = wirelab_sim::Network::new(5);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(wirelab_stack::time::Duration::from_millis(10));
    let at = std::net::SocketAddr::from(([10, 0, 0, 2], 7));
    net.spawn(server, "stream server", async {
        assert_eq!(ours::serve("0.0.0.0:7").await?, 12);
        Ok(())
    });
    net.spawn(server, "datagram server", async { Ok(ours::answer("0.0.0.0:7").await?) });
    net.spawn(client, "stream client", async move { Ok(ours::call(at).await?) });
    net.spawn(client, "datagram client", async move { Ok(ours::ask(at).await?) });
    net.spawn(client, "stream server within", async { Ok(ours::serve_within("/run/s").await?) });
    net.spawn(client, "stream client within", async { Ok(ours::call_within("/run/s").await?) });
    net.spawn(client, "datagrams within", async { Ok(ours::datagrams_within("/run/d").await?) });
    net.spawn(client, "times", async { Ok(ours::times().await?) });
    net.spawn(client, "tasks", async { Ok(ours::tasks().await?) });
    net.finish();
}
