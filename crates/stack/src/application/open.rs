//! How applications open their sockets: what fails says where.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::AppError;
use crate::socket::net::{TcpListener, TcpStream, UdpSocket};

/// Connects to `remote`.
pub(super) async fn connect(remote: SocketAddr) -> Result<TcpStream, AppError> {
    let connected = TcpStream::connect(remote).await;
    connected.map_err(|error| AppError::new(format!("cannot connect to {remote}: {error}")))
}

/// A listener at `local`, with room for `backlog` connections that are not accepted yet.
pub(super) fn listen(local: SocketAddr, backlog: usize) -> Result<TcpListener, AppError> {
    TcpListener::with_backlog(local, backlog)
        .map_err(|error| AppError::new(format!("cannot listen on {local}: {error}")))
}

/// A UDP socket at `local`.
pub(super) async fn bind(local: SocketAddr) -> Result<UdpSocket, AppError> {
    let bound = UdpSocket::bind(local).await;
    bound.map_err(|error| AppError::new(format!("cannot be bound to {local}: {error}")))
}

/// Any address and port of the family of `peer`: where a client is bound that does not care.
pub(super) const fn any_address(peer: IpAddr) -> SocketAddr {
    let any = match peer {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(any, 0)
}
