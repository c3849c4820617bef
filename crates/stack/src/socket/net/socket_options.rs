//! A socket of TCP before it listens or connects: tokio's `TcpSocket`.

use core::net::SocketAddr;
use std::io;

use super::context;
use super::listener::TcpListener;
use super::socket::Socket;
use super::stream::TcpStream;
use crate::frame::NodeId;
use crate::time::Duration;
use crate::transport::tcp::{Sharing, StreamOption, StreamOptions};
use crate::transport::{Key, Readiness, SocketError, SocketId};

/// What a socket that neither listens nor connects yet has been told.
#[derive(Debug, Default)]
pub(super) struct Embryo {
    options: StreamOptions,
    sharing: Sharing,
    bound: Option<SocketId>,
}

/// A socket of TCP that neither listens nor connects yet: it is bound, and told what its connections are to be like.
#[derive(Debug)]
pub struct TcpSocket {
    node: NodeId,
    key: Key,
}

impl TcpSocket {
    /// A socket of IPv4.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    #[track_caller]
    pub fn new_v4() -> io::Result<Self> {
        Ok(context::with(|seat| {
            let key = seat.embryos.insert_with(|_| Embryo::default());
            Self { node: seat.host.node(), key }
        }))
    }

    /// A socket of IPv6.
    ///
    /// # Errors
    /// Always: there is no IPv6 yet.
    pub fn new_v6() -> io::Result<Self> {
        Err(SocketError::AddressNotAvailable.into())
    }

    #[track_caller]
    fn with<R>(&self, act: impl FnOnce(&mut Embryo) -> Result<R, SocketError>) -> io::Result<R> {
        context::with(|seat| {
            let here = seat.host.node() == self.node;
            let embryo = seat.embryos.get_mut(self.key).filter(|_| here);
            embryo.map_or(Err(SocketError::BadDescriptor), act).map_err(io::Error::from)
        })
    }

    /// Tells it something of which tokio has no name.
    ///
    /// # Errors
    /// When the value is out of its range.
    pub fn set_option(&self, option: StreamOption<'_>) -> io::Result<()> {
        self.with(|embryo| embryo.options.set(option))
    }

    /// What holds for it: what it was told, and the host's knobs for what it was not told.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn options(&self) -> io::Result<StreamOptions> {
        let told = self.with(|embryo| Ok(embryo.options))?;
        Ok(context::with(|seat| seat.host.tcp_options_of(&told)))
    }

    /// Whether it asks a silent peer if it is still there (`SO_KEEPALIVE`).
    ///
    /// # Errors
    /// As [`set_option`](Self::set_option), as all that follow.
    pub fn set_keepalive(&self, on: bool) -> io::Result<()> {
        self.set_option(StreamOption::KeepAlive(on))
    }

    /// What was set.
    ///
    /// # Errors
    /// As [`options`](Self::options), as all that follow.
    pub fn keepalive(&self) -> io::Result<bool> {
        Ok(self.options()?.keep_alive == Some(true))
    }

    /// Whether it shares its port with connections that a listener has left (`SO_REUSEADDR`).
    ///
    /// # Errors
    /// As above.
    pub fn set_reuseaddr(&self, on: bool) -> io::Result<()> {
        self.with(|embryo| {
            embryo.sharing.address = on;
            Ok(())
        })
    }

    /// What was set.
    ///
    /// # Errors
    /// As above.
    pub fn reuseaddr(&self) -> io::Result<bool> {
        self.with(|embryo| Ok(embryo.sharing.address))
    }

    /// Whether it shares its port with others that do so too (`SO_REUSEPORT`).
    ///
    /// # Errors
    /// As above.
    pub fn set_reuseport(&self, on: bool) -> io::Result<()> {
        self.with(|embryo| {
            embryo.sharing.port = on;
            Ok(())
        })
    }

    /// What was set.
    ///
    /// # Errors
    /// As above.
    pub fn reuseport(&self) -> io::Result<bool> {
        self.with(|embryo| Ok(embryo.sharing.port))
    }

    /// Octets that it holds until the peer has acknowledged them (`SO_SNDBUF`).
    ///
    /// # Errors
    /// As above.
    pub fn set_send_buffer_size(&self, octets: u32) -> io::Result<()> {
        self.set_option(StreamOption::SendBuffer(octets))
    }

    /// What was set.
    ///
    /// # Errors
    /// As above.
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        Ok(self.options()?.send_buffer.unwrap_or_default())
    }

    /// Octets of received data that it holds: the largest window that it offers (`SO_RCVBUF`).
    ///
    /// # Errors
    /// As above.
    pub fn set_recv_buffer_size(&self, octets: u32) -> io::Result<()> {
        self.set_option(StreamOption::ReceiveBuffer(octets))
    }

    /// What was set.
    ///
    /// # Errors
    /// As above.
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        Ok(self.options()?.receive_buffer.unwrap_or_default())
    }

    /// Whether Nagle's algorithm is off (`TCP_NODELAY`).
    ///
    /// # Errors
    /// As above.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.set_option(StreamOption::NoDelay(on))
    }

    /// What was set.
    ///
    /// # Errors
    /// As above.
    pub fn nodelay(&self) -> io::Result<bool> {
        Ok(self.options()?.nodelay == Some(true))
    }

    /// How closing behaves (`SO_LINGER`): see [`TcpStream::set_linger`].
    ///
    /// # Errors
    /// As above.
    pub fn set_linger(&self, span: Option<core::time::Duration>) -> io::Result<()> {
        self.set_option(StreamOption::Linger(span.map(Duration::from)))
    }

    /// Closing resets the connection.
    ///
    /// # Errors
    /// As above.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_option(StreamOption::Linger(Some(Duration::ZERO)))
    }

    /// What was set.
    ///
    /// # Errors
    /// As above.
    pub fn linger(&self) -> io::Result<Option<core::time::Duration>> {
        Ok(self.options()?.linger.map(core::time::Duration::from))
    }

    /// The type of service of what it sends (`IP_TOS`).
    ///
    /// # Errors
    /// When it is more than an octet.
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        let tos = octet(tos)?;
        self.with(|embryo| {
            // ECN is TCP's own affair.
            embryo.options.tos = tos & !0b11;
            Ok(())
        })
    }

    /// What was set.
    ///
    /// # Errors
    /// As above.
    pub fn tos_v4(&self) -> io::Result<u32> {
        self.with(|embryo| Ok(embryo.options.tos.into()))
    }

    /// Binds it to an address of the host, or to all; port 0 picks one.
    ///
    /// # Errors
    /// When it is bound already, the address is not the host's, or another has the port and one of both does not share
    /// it.
    #[track_caller]
    pub fn bind(&self, local: SocketAddr) -> io::Result<()> {
        let sharing = self.with(|embryo| match embryo.bound {
            Some(_) => Err(SocketError::InvalidInput),
            None => Ok(embryo.sharing),
        })?;
        let bound = context::call(Some(self.node), |host, ctx| host.tcp_bind(ctx, local, sharing))?;
        self.with(|embryo| {
            embryo.bound = Some(bound);
            Ok(())
        })
    }

    /// Where it is bound; 0.0.0.0:0 where it is not.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self.with(|embryo| Ok(embryo.bound))? {
            Some(bound) => Ok(context::call(Some(self.node), |host, _| host.local_addr(bound))?),
            None => Ok(SocketAddr::from(([0, 0, 0, 0], 0))),
        }
    }

    /// The error that waits: none, since nothing has happened to it yet.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.with(|_| Ok(None))
    }

    /// Connects to `remote`.
    ///
    /// # Errors
    /// As [`TcpStream::connect`].
    pub async fn connect(self, remote: SocketAddr) -> io::Result<TcpStream> {
        let (options, bound) = self.with(|embryo| Ok((embryo.options, embryo.bound)))?;
        let socket = Socket::open(|host, ctx| {
            let local = bound.and_then(|bound| host.local_addr(bound).ok());
            host.tcp_connect_with(ctx, local, remote, &options)
        })?;
        // The connection has the port from here on.
        drop(self);
        socket.until(Readiness::WRITE, |host, _, id| host.tcp_connected(id)).await?;
        Ok(TcpStream::new(socket))
    }

    /// Listens where it is bound, with room for `backlog` connections that are not accepted yet.
    ///
    /// # Errors
    /// When another listens there.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        if self.with(|embryo| Ok(embryo.bound))?.is_none() {
            self.bind(SocketAddr::from(([0, 0, 0, 0], 0)))?;
        }
        let (options, bound) = self.with(|embryo| Ok((embryo.options, embryo.bound)))?;
        let socket = Socket::open(|host, _| {
            let listener = host.tcp_listen_on(bound.ok_or(SocketError::BadDescriptor)?, backlog as usize)?;
            host.tcp_configure(listener, &options)?;
            Ok(listener)
        })?;
        // The listener has the port from here on.
        self.with(|embryo| Ok(embryo.bound.take()))?;
        Ok(TcpListener::new(socket))
    }
}

impl Drop for TcpSocket {
    fn drop(&mut self) {
        context::try_with(|seat| {
            if seat.host.node() == self.node
                && let Some(bound) = seat.embryos.remove(self.key).and_then(|embryo| embryo.bound)
            {
                seat.drive(|host, ctx| host.close(ctx, bound));
            }
        });
    }
}

/// A number that must be an octet.
pub(super) fn octet(number: u32) -> io::Result<u8> {
    u8::try_from(number).map_err(|_| SocketError::InvalidInput.into())
}
