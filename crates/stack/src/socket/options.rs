//! What sockets can be told, and closing so that the caller can wait. What packets' IP headers say is in `ip`.

use super::datagram::socket as datagram;
use super::stream::connection;
use crate::context::Ctx;
use crate::host::Host;
use crate::transport::tcp::{StreamOption, StreamOptions};
use crate::transport::{SocketError, SocketId};

impl Host {
    /// Tells a socket of TCP something. What a listener is told holds for the connections that it takes in from here on; a
    /// socket that neither listens nor connects yet is told by the [`StreamOptions`] that it will be given.
    ///
    /// # Errors
    /// `InvalidInput` for a value out of its range, and on a connection for what is settled when it has begun: a larger
    /// `MaxSegment` than it has, and `DeferAccept`. `NotFound` for a controller that does not exist, `BadDescriptor` where
    /// there is no such socket.
    pub fn tcp_set_option(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        option: StreamOption<'_>,
    ) -> Result<(), SocketError> {
        self.called();
        let bound = matches!(option, StreamOption::Device(_));
        if bound && matches!(option, StreamOption::Device(Some(on)) if self.interface(on).is_none()) {
            return Err(SocketError::InvalidInput);
        }
        match id {
            SocketId::Listener(key) => self.tcp.tell_listener(key, option),
            _ => self.tcp.tell(ctx, connection(id)?, option),
        }?;
        if bound {
            self.watch();
            self.forget_way();
        }
        Ok(())
    }

    /// Tells a listener all at once: what it was told before is forgotten.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such listener.
    pub fn tcp_configure(&mut self, id: SocketId, options: &StreamOptions) -> Result<(), SocketError> {
        let SocketId::Listener(key) = id else { return Err(SocketError::BadDescriptor) };
        self.tcp.configure_listener(key, options)?;
        self.watch();
        self.forget_way();
        Ok(())
    }

    /// What holds for a socket of TCP: what it was told, and the host's knobs for what it was not told.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn tcp_options(&self, id: SocketId) -> Result<StreamOptions, SocketError> {
        match id {
            SocketId::Listener(key) => self.tcp.listener_told(key),
            _ => self.tcp.told(connection(id)?),
        }
    }

    /// What would hold for a socket of TCP that was told `options`.
    pub fn tcp_options_of(&self, options: &StreamOptions) -> StreamOptions {
        self.tcp.would_hold(options)
    }

    /// As [`tcp_send`](Self::tcp_send), of octets that more will follow soon (`MSG_MORE`): what is not a full segment waits
    /// for them, 200 ms at the longest.
    ///
    /// # Errors
    /// As `tcp_send`.
    pub fn tcp_send_more(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        data: &[u8],
    ) -> Result<usize, SocketError> {
        self.called();
        self.tcp.send_more(ctx, connection(id)?, data)
    }

    /// Reads no more (`SHUT_RD`): behind what is there a reader finds the end of the stream. The peer does not learn of it,
    /// and what it sends is taken.
    ///
    /// # Errors
    /// `NotConnected` where there is no connection (any more).
    pub fn tcp_shutdown_read(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<(), SocketError> {
        self.called();
        self.tcp.shutdown_read(ctx, connection(id)?)
    }

    /// Sets how many octets a UDP socket holds that have come and were not received (`SO_RCVBUF`), the queue's own storage
    /// counted; what is out of range becomes the nearest that is not.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_set_receive_buffer(&mut self, id: SocketId, octets: u32) -> Result<(), SocketError> {
        self.udp.set_receive_buffer(datagram(id)?, octets)
    }

    /// How many octets a UDP socket holds that have come and were not received.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_receive_buffer(&self, id: SocketId) -> Result<usize, SocketError> {
        self.udp.receive_buffer(datagram(id)?)
    }

    /// Sets the longest datagram that a UDP socket sends (`SO_SNDBUF`, as it is on the BSDs: what is sent waits in the
    /// host's queue, not in the socket); what is out of range becomes the nearest that is not.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_set_send_buffer(&mut self, id: SocketId, octets: u32) -> Result<(), SocketError> {
        self.udp.set_send_buffer(datagram(id)?, octets)
    }

    /// The longest datagram that a UDP socket sends.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_send_buffer(&self, id: SocketId) -> Result<usize, SocketError> {
        self.udp.send_buffer(datagram(id)?)
    }

    /// Why the socket failed, once (`SO_ERROR`): what the next call would have returned.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn take_error(&mut self, id: SocketId) -> Result<Option<SocketError>, SocketError> {
        match id {
            SocketId::Tcp(key) => self.tcp.take_error(key),
            SocketId::Udp(key) => self.udp.take_error(key),
            SocketId::Unix(_) => self.unix_take_error(id),
            _ => self.local_addr(id).map(|_| None),
        }
    }

    /// As [`close`](Self::close), for a caller that can wait: where the socket lingers (`SO_LINGER`), `WouldBlock` until the
    /// peer has acknowledged everything, or until the time is up. The socket is there until then, and this is to be called
    /// again; in the end it is gone, and what is not acknowledged goes on being sent.
    ///
    /// # Errors
    /// `WouldBlock` as long as it lingers.
    pub fn close_lingering(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<(), SocketError> {
        self.called();
        if let SocketId::Tcp(key) = id {
            return self.tcp.close_lingering(ctx, key);
        }
        self.close(ctx, id);
        Ok(())
    }
}
