//! The sockets of a host as others see them.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::echo::EchoSockets;
use super::raw::Raw;
use super::tcp::Tcp;
use super::udp::Udp;
use crate::trace::ConnectionInfo;

/// Which transport a socket is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SocketKind {
    /// UDP.
    Udp,
    /// ICMP echo.
    Echo,
    /// Raw, of a protocol; or of datagrams of ICMP.
    Raw,
    /// A TCP listener.
    Listener,
    /// A TCP connection.
    Connection,
}

/// A socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketInfo {
    /// Of which transport.
    pub kind: SocketKind,
    /// This end; of an echo socket the identifier stands for the port, of a raw one the protocol.
    pub local: SocketAddr,
    /// The other end, where it has one.
    pub remote: Option<SocketAddr>,
    /// Octets that were received and not read yet; of a listener: connections that wait to be accepted.
    pub receive_queue: u64,
    /// Octets that the other end has not acknowledged; of a listener: how many connections may wait.
    pub send_queue: u64,
    /// Of a connection: its state and counters.
    pub connection: Option<ConnectionInfo>,
}

/// All sockets: UDP's, echo's, raw ones, TCP's; each in the order of ends.
pub fn list(udp: &Udp, echo: &EchoSockets, raw: &Raw, tcp: &Tcp) -> Vec<SocketInfo> {
    let mut all = Vec::new();
    let plain = |kind, local, remote, receive_queue: usize| SocketInfo {
        kind,
        local,
        remote,
        receive_queue: receive_queue as u64,
        send_queue: 0,
        connection: None,
    };
    udp.for_each(|local, remote, held| all.push(plain(SocketKind::Udp, local, remote, held)));
    echo.for_each(|identifier, held| {
        let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), identifier);
        all.push(plain(SocketKind::Echo, local, None, held));
    });
    raw.for_each(|_, local, remote, held| all.push(plain(SocketKind::Raw, local, remote, held)));
    tcp.for_each_socket(|socket| all.push(socket));
    // Places in the tables are reused; ends say more.
    all.sort_by_key(|socket| (socket.kind, socket.local, socket.remote));
    all
}
