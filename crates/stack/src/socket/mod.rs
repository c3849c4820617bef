//! Sockets: the host's fifth door. Calls change state and mark ready; they send nothing themselves.
//!
//! A call that cannot be done now returns [`SocketError::WouldBlock`] and notes what its caller waits for; the
//! event that makes it possible puts one [`Wake`] on the host's list.

pub mod bsd;
mod datagram;
mod echo;
mod ip;
mod multicast;
pub mod net;
mod options;
mod raw;
mod ready;
pub mod server;
mod stream;
mod unix;

pub use datagram::Envelope;

pub use crate::transport::echo::EchoEvent;
pub use crate::transport::{Readiness, SocketError, SocketId, Wake};

use core::net::{Ipv4Addr, SocketAddr};

use crate::context::Ctx;
use crate::host::Host;

impl Host {
    /// Closes a socket of any kind. Its id means nothing from here on.
    pub fn close(&mut self, ctx: &mut Ctx<'_>, id: SocketId) {
        self.called();
        match id {
            SocketId::Tcp(key) => self.tcp.close(ctx, key),
            SocketId::Listener(key) => self.tcp.close_listener(ctx, key),
            SocketId::Bound(key) => self.tcp.release(key),
            SocketId::Udp(key) => {
                for (on, group) in self.udp.close(key) {
                    self.membership_changed(ctx, on, group);
                }
            }
            SocketId::Icmp(key) => self.echo.close(key),
            SocketId::Raw(key) => self.raw_close(key),
            SocketId::Unix(key) => self.unix.close(key),
            SocketId::Addresses => {}
        }
    }

    /// This end's address. An echo socket's port is its identifier, a raw one's its protocol.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket, `NotSupported` for one within the host
    /// ([`unix_local`](Self::unix_local)).
    pub fn local_addr(&self, id: SocketId) -> Result<SocketAddr, SocketError> {
        match id {
            SocketId::Tcp(key) => self.tcp.id(key).map(|id| id.local),
            SocketId::Listener(key) => self.tcp.listener_local(key),
            SocketId::Bound(key) => self.tcp.bound(key),
            SocketId::Udp(key) => self.udp.local(key),
            SocketId::Raw(key) => self.raw.local(key),
            SocketId::Icmp(key) => {
                let identifier = self.echo.identifier(key)?;
                Ok(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), identifier))
            }
            SocketId::Unix(key) => self.unix.kind(key).and(Err(SocketError::NotSupported)),
            SocketId::Addresses => Err(SocketError::BadDescriptor),
        }
    }

    /// The other end's address.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket, `NotConnected` without a peer, `NotSupported` for one within the
    /// host ([`unix_peer`](Self::unix_peer)).
    pub fn peer_addr(&self, id: SocketId) -> Result<SocketAddr, SocketError> {
        match id {
            SocketId::Tcp(key) => self.tcp.id(key).map(|id| id.remote),
            SocketId::Udp(key) => self.udp.peer(key),
            SocketId::Raw(key) => self.raw.peer(key),
            SocketId::Listener(key) => self.tcp.listener_local(key).and(Err(SocketError::NotConnected)),
            SocketId::Bound(key) => self.tcp.bound(key).and(Err(SocketError::NotConnected)),
            SocketId::Icmp(key) => self.echo.identifier(key).and(Err(SocketError::NotConnected)),
            SocketId::Unix(key) => self.unix.kind(key).and(Err(SocketError::NotSupported)),
            SocketId::Addresses => Err(SocketError::BadDescriptor),
        }
    }
}
