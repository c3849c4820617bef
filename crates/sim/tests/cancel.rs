//! Futures and sockets dropped wherever they wait: nothing is lost, nothing is left over.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab_sim::Network;
use wirelab_stack::application::AppError;
use wirelab_stack::socket::net::context::{Held, held};
use wirelab_stack::socket::net::{TcpListener, TcpSocket, TcpStream, UdpSocket, spawn, time};
use wirelab_stack::time::Duration;

const SERVER: &str = "10.0.0.2:7";

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Ready with the future's output, or with none once that has waited so often; then the future is dropped.
struct DroppedAt<F> {
    future: Option<Pin<Box<F>>>,
    waits: u32,
}

fn dropped_at<F: Future>(waits: u32, future: F) -> DroppedAt<F> {
    DroppedAt { future: Some(Box::pin(future)), waits }
}

impl<F: Future> Future for DroppedAt<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.future else { return Poll::Ready(None) };
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        if self.waits == 0 {
            self.future = None;
            return Poll::Ready(None);
        }
        self.waits -= 1;
        Poll::Pending
    }
}

/// A little of everything that waits.
async fn conversation() -> Result<(), AppError> {
    let mut stream = TcpStream::connect(SERVER).await?;
    let mut buffer = [0; 64];
    stream.write_all(b"question").await?;
    stream.readable().await?;
    let octets = time::timeout(ms(500), stream.read(&mut buffer)).await??;
    assert_eq!(&buffer[..octets], b"question");
    // More than the buffers hold: writing waits too.
    let (mut read, mut write) = stream.into_split();
    let writer = spawn(async move {
        write.write_all(&vec![7; 700_000]).await?;
        write.shutdown().await
    });
    let mut came = 0;
    while let Ok(octets @ 1..) = read.read(&mut buffer).await {
        came += octets;
        if came == 64 {
            time::sleep(ms(50)).await;
        }
    }
    assert_eq!(came, 700_000);
    writer.await??;

    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    let peer: SocketAddr = SERVER.parse()?;
    socket.send_to(b"datagram", peer).await?;
    socket.peek(&mut buffer).await?;
    assert_eq!(socket.recv_from(&mut buffer).await?, (8, peer));

    let early = TcpSocket::new_v4()?;
    early.bind(SocketAddr::from(([0, 0, 0, 0], 0)))?;
    let stream = early.connect(peer).await?;
    stream.set_linger(Some(std::time::Duration::from_secs(1)))?;
    stream.writable().await?;
    stream.close().await?;

    let mut ticks = time::interval(ms(10));
    ticks.tick().await;
    ticks.tick().await;
    let aborted = spawn(async { time::sleep(ms(1000)).await });
    let handle = aborted.abort_handle();
    spawn(async move {
        time::sleep(ms(5)).await;
        handle.abort();
    });
    assert!(aborted.await.is_err());
    Ok(())
}

/// Echoes to whoever comes, as long as it lasts.
async fn serve() -> Result<(), AppError> {
    let listener = TcpListener::bind(SERVER).await?;
    let datagrams = UdpSocket::bind(SERVER).await?;
    spawn(async move {
        let mut buffer = [0; 64];
        while let Ok((octets, peer)) = datagrams.recv_from(&mut buffer).await {
            let _ = datagrams.send_to(&buffer[..octets], peer).await;
        }
    });
    loop {
        let (stream, _) = listener.accept().await?;
        spawn(async move {
            let (mut read, mut write) = stream.into_split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
        });
    }
}

#[test]
fn a_conversation_dropped_at_any_wait_leaves_nothing() {
    let mut ended_at = None;
    // Reading 700,000 octets waits often: each of the first waits is tried, and some of the many that are alike.
    let waits = (0..60).chain((60..400).step_by(23)).chain([u32::MAX]);
    for waits in waits {
        let mut net = Network::new(5);
        let client = net.host("client", "10.0.0.1/24");
        let server = net.host("server", "10.0.0.2/24");
        net.link(client, server)
            .delay(ms(10))
            .rate(wirelab_sim::Rate::from_bits_per_second(100_000_000).unwrap());
        net.background(server, "server", serve());
        // What the server holds while nobody talks to it, seen before and after.
        net.spawn(server, "witness", async move {
            time::sleep(ms(1)).await;
            let before = held();
            assert_eq!((before.sockets, before.tasks), (2, 1));
            time::sleep(Duration::from_secs(700)).await;
            assert_eq!(held(), before, "dropped at wait {waits}");
            Ok(())
        });
        let (tell, told) = std::sync::mpsc::channel();
        net.spawn(client, "client", async move {
            time::sleep(ms(2)).await;
            let before = held();
            assert_eq!((before.sockets, before.tasks), (0, 0));
            let output = dropped_at(waits, conversation()).await;
            let _ = tell.send(output.is_some());
            output.unwrap_or(Ok(()))?;
            // Long enough for every connection to come to its end: TIME-WAIT lasts four minutes.
            time::sleep(Duration::from_secs(600)).await;
            let Held { sockets, waiting, sleeping, tasks, .. } = held();
            assert_eq!((sockets, waiting, tasks), (0, 0, 0), "dropped at wait {waits}");
            assert_eq!(sleeping, before.sleeping, "dropped at wait {waits}");
            Ok(())
        });
        net.finish();
        if told.recv() == Ok(true) {
            ended_at = ended_at.or(Some(waits));
        }
    }
    let ended_at = ended_at.expect("undisturbed it comes to its end");
    assert!(ended_at > 20, "it waits {ended_at} times: too few to learn from");
}

/// The output of `make`'s futures: each is polled once, and dropped where it would wait.
async fn impatiently<F: Future>(mut make: impl FnMut() -> F) -> F::Output {
    loop {
        if let Some(output) = dropped_at(0, make()).await {
            return output;
        }
        time::sleep(ms(3)).await;
    }
}

#[test]
fn what_is_received_impatiently_is_received_whole() {
    let mut net = Network::new(5);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(ms(10));
    net.spawn(server, "server", async {
        let listener = TcpListener::bind(SERVER).await?;
        let socket = UdpSocket::bind(SERVER).await?;
        for round in 0..5_u8 {
            // Accepting loses no connection, reading no octet, receiving no datagram.
            let (stream, _) = impatiently(|| listener.accept()).await?;
            let mut came = Vec::new();
            loop {
                let octets = impatiently(|| stream.read_bytes(100)).await?;
                if octets.is_empty() {
                    break;
                }
                came.extend_from_slice(&octets);
            }
            assert_eq!(came, [round; 3000]);
            let (datagram, _) = impatiently(|| socket.recv_bytes()).await?;
            assert_eq!(datagram.as_ref(), [round; 30]);
        }
        Ok(())
    });
    net.spawn(client, "client", async {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        for round in 0..5 {
            let mut stream = TcpStream::connect(SERVER).await?;
            for piece in [round; 3000].chunks(700) {
                stream.write_all(piece).await?;
                time::sleep(ms(7)).await;
            }
            stream.shutdown().await?;
            socket.send_to(&[round; 30], SERVER).await?;
        }
        Ok(())
    });
    net.finish();
}

#[test]
fn ticks_are_not_lost_by_dropping_who_waits_for_them() {
    let mut net = Network::new(5);
    let host = net.host("host", "10.0.0.1/24");
    net.spawn(host, "ticks", async {
        let start = time::now();
        let mut ticks = time::interval(ms(10));
        for tick in 0..20 {
            let due = loop {
                match dropped_at(0, ticks.tick()).await {
                    Some(due) => break due,
                    None => time::sleep(ms(1)).await,
                }
            };
            assert_eq!(due, start + ms(10) * tick);
        }
        Ok(())
    });
    net.finish();
}

#[test]
fn missed_ticks_come_as_they_were_told_to() {
    use time::MissedTickBehavior::{Burst, Delay, Skip};
    let mut net = Network::new(5);
    let host = net.host("host", "10.0.0.1/24");
    net.spawn(host, "ticks", async {
        for (behavior, expected) in
            [(Burst, [0, 35, 35, 35, 40]), (Delay, [0, 35, 45, 55, 65]), (Skip, [0, 35, 40, 50, 60])]
        {
            let start = time::now();
            let mut ticks = time::interval(ms(10));
            ticks.set_missed_tick_behavior(behavior);
            let mut came = Vec::new();
            for tick in 0..5 {
                ticks.tick().await;
                came.push((time::now() - start).as_millis());
                if tick == 0 {
                    time::sleep(ms(35)).await;
                }
            }
            assert_eq!(came, expected, "{behavior:?}");
        }
        Ok(())
    });
    net.finish();
}

#[test]
fn a_task_that_is_aborted_drops_what_it_holds() {
    let mut net = Network::new(5);
    let host = net.host("host", "10.0.0.1/24");
    net.spawn(host, "tasks", async {
        let listening = spawn(async {
            let listener = TcpListener::bind("0.0.0.0:80").await?;
            listener.accept().await.map(drop)
        });
        time::sleep(ms(1)).await;
        let handle = listening.abort_handle();
        assert_eq!((held().sockets, held().tasks, handle.is_finished()), (1, 1, false));
        handle.abort();
        handle.abort();
        assert!(listening.await.unwrap_err().is_cancelled());
        assert_eq!((held().sockets, held().tasks, handle.is_finished()), (0, 0, true));
        // One that has ended keeps its output; one that was never polled never runs.
        let ended = spawn(async { 3 });
        time::sleep(ms(1)).await;
        ended.abort();
        assert_eq!(ended.await, Ok(3));
        let never = spawn(async { panic!("it was aborted before") });
        never.abort();
        assert!(never.await.is_err());
        Ok(())
    });
    net.finish();
}
