//! Bulk transfer: a source of deterministic octets, and a sink.

use core::net::SocketAddr;
use std::io;

use bytes::Bytes;

use super::group::{Membership, Sending};
use super::open::{any_address, connect};
use super::server::serve;
use super::{AppError, Pattern};
use crate::network::sending::MtuDiscovery;
use crate::socket::net::{UdpSocket, received, report, sent, time};
use crate::time::Duration;
use crate::transport::SocketError;

/// A TCP sink: reads each connection to its end, then closes.
pub use super::server::ServerConfig as SinkConfig;

/// A TCP source: connects, sends, half-closes, and waits for the peer's end.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// The sink.
    pub remote: SocketAddr,
    /// How many octets, exactly.
    pub bytes: u64,
    /// Which octets: see [`Pattern`].
    pub seed: u64,
}

/// A UDP source.
#[derive(Clone, Debug)]
pub struct UdpSourceConfig {
    /// The sink.
    pub remote: SocketAddr,
    /// How many octets in all, exactly.
    pub bytes: u64,
    /// Which octets: see [`Pattern`].
    pub seed: u64,
    /// Octets in a datagram; the last may be shorter.
    pub datagram: usize,
    /// From the beginning of one datagram to the next; zero sends as fast as the host takes them.
    pub interval: Duration,
    /// How it sends where the sink is a group.
    pub to_group: Sending,
    /// Whether datagrams must not be fragmented, or must always be free to be; without it the host's knob says so.
    pub dont_fragment: Option<bool>,
}

/// A UDP sink.
#[derive(Clone, Debug)]
pub struct UdpSinkConfig {
    /// Where it is bound.
    pub local: SocketAddr,
    /// It ends once it has received so many octets.
    pub bytes: Option<u64>,
    /// It ends when nothing came for so long after the first datagram.
    pub idle: Option<Duration>,
    /// The group that it receives from; without one, what is for this host. Sinks of groups share their port.
    pub membership: Option<Membership>,
}

/// Octets of the pattern that are made, and queued, at once.
const CHUNK: usize = 64 * 1024;

/// Sends the pattern over TCP, half-closes, and waits for the sink to close.
///
/// # Errors
/// When the connection fails.
pub async fn tcp_source(config: SourceConfig) -> Result<(), AppError> {
    let SourceConfig { remote, bytes, seed } = config;
    let stream = connect(remote).await?;
    let began = time::now();
    let mut pattern = Pattern::new(seed);
    while pattern.offset() < bytes {
        let chunk = next_chunk(&mut pattern, bytes, CHUNK);
        stream.write_all_bytes(chunk.clone()).await?;
        sent(&chunk);
    }
    stream.shutdown_write()?;
    while !stream.read_bytes(CHUNK).await?.is_empty() {}
    report(format!("sent {bytes} octets in {}", time::now() - began));
    Ok(())
}

/// The next octets of the pattern: `most`, but none beyond `end`.
fn next_chunk(pattern: &mut Pattern, end: u64, most: usize) -> Bytes {
    let left = usize::try_from(end - pattern.offset()).unwrap_or(usize::MAX);
    let mut chunk = vec![0; most.min(left)];
    pattern.fill(&mut chunk);
    chunk.into()
}

/// Receives over TCP. What it receives it shows to the observer.
///
/// # Errors
/// When it cannot listen, or one of a limited number of connections failed.
pub async fn tcp_sink(config: SinkConfig) -> Result<(), AppError> {
    serve(config.local, config.connections, |stream, peer| async move {
        let began = time::now();
        let mut total = 0;
        loop {
            let octets = stream.read_bytes(CHUNK).await?;
            if octets.is_empty() {
                report(format!("received {total} octets from {peer} in {}", time::now() - began));
                return Ok(());
            }
            received(&octets);
            total += octets.len() as u64;
        }
    })
    .await
}

/// Sends the pattern over UDP.
///
/// # Errors
/// When it cannot be sent.
pub async fn udp_source(config: UdpSourceConfig) -> Result<(), AppError> {
    let UdpSourceConfig { remote, bytes, seed, datagram, interval, to_group, dont_fragment } = config;
    if datagram == 0 && bytes > 0 {
        return Err(AppError::new("datagrams of no octets never carry any"));
    }
    let socket = UdpSocket::bind(any_address(remote.ip())).await?;
    to_group.apply(&socket)?;
    socket.connect(remote).await?;
    if let Some(forbidden) = dont_fragment {
        socket.set_mtu_discovery(if forbidden { MtuDiscovery::Do } else { MtuDiscovery::Dont })?;
    }
    let mut pattern = Pattern::new(seed);
    let mut next = time::now();
    while pattern.offset() < bytes {
        let chunk = next_chunk(&mut pattern, bytes, datagram);
        match socket.send(&chunk).await {
            Err(error) if is_too_long(&error) => {
                // RFC 1191 §3: an earlier datagram was. This one may still go, in pieces.
                report(format!("{error}: the path takes {} octets", socket.path_mtu()?));
                socket.send(&chunk).await?;
            }
            other => _ = other?,
        }
        sent(&chunk);
        next += interval;
        if pattern.offset() < bytes && !interval.is_zero() {
            time::sleep_until(next).await;
        }
    }
    report(format!("sent {bytes} octets"));
    Ok(())
}

fn is_too_long(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<SocketError>());
    inner == Some(&SocketError::MessageTooLong)
}

/// Receives over UDP. What it receives it shows to the observer.
///
/// # Errors
/// When it cannot be bound.
pub async fn udp_sink(config: UdpSinkConfig) -> Result<(), AppError> {
    let UdpSinkConfig { local, bytes, idle, membership } = config;
    let bound = match &membership {
        None => UdpSocket::bind(local).await,
        Some(_) => UdpSocket::bind_sharing(local).await,
    };
    let socket = bound.map_err(|error| AppError::new(format!("cannot be bound to {local}: {error}")))?;
    if let Some(membership) = &membership {
        let group = membership.group;
        membership.join(&socket).map_err(|error| AppError::new(format!("cannot join {group}: {error}")))?;
    }
    let leave_at = membership.as_ref().and_then(|membership| membership.leave_at);
    let (mut total, mut datagrams) = (0, 0_u64);
    while bytes.is_none_or(|bytes| total < bytes) {
        let quiet = idle.filter(|_| datagrams > 0).map(|idle| time::now() + idle);
        let until = [quiet, leave_at].into_iter().flatten().min();
        let datagram = match until {
            None => socket.recv_bytes().await,
            Some(until) => match time::timeout(until.since(time::now()), socket.recv_bytes()).await {
                Ok(datagram) => datagram,
                Err(_) => break,
            },
        };
        let (octets, _) = datagram?;
        received(&octets);
        total += octets.len() as u64;
        datagrams += 1;
    }
    if let Some(membership) = &membership {
        membership.leave(&socket)?;
    }
    report(format!("received {total} octets in {datagrams} datagrams"));
    Ok(())
}
