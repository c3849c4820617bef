//! The socket calls: they change state and mark ready; they send nothing themselves (RFC 9293 §3.9.1).

use core::net::SocketAddr;

use bytes::Bytes;

use super::Tcp;
use super::connection::{Connection, Cx};
use super::listener::Listener;
use super::settings::StreamOptions;
use crate::context::Ctx;
use crate::time::Duration;
use crate::trace::{Cause, ConnectionId, ConnectionInfo, Ending, State, Trigger};
use crate::transport::{Key, Readiness, SocketError, ports};

impl Tcp {
    /// A listener at `local`, whose port it has by `claim`.
    pub(super) fn add_listener(&mut self, local: SocketAddr, backlog: usize, claim: Key) -> Key {
        let backlog = backlog.max(1);
        let key = self.listeners.insert_with(|key| Listener::new(key, claim, local, backlog));
        match self.by_port.get_mut(&local) {
            Some(group) => group.push(key),
            None => _ = self.by_port.insert(local, vec![key]),
        }
        key
    }

    /// Changes TTL and type of service of a connection's packets.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn set_header(
        &mut self,
        key: Key,
        change: impl FnOnce(Option<u8>, u8) -> (Option<u8>, u8),
    ) -> Result<(), SocketError> {
        let connection = self.connections.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        let (ttl, tos) = connection.header();
        connection.set_header(change(ttl, tos));
        self.own_headers = true;
        Ok(())
    }

    /// TTL and type of service of a connection's packets, as far as they are its own.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn header(&self, key: Key) -> Result<(Option<u8>, u8), SocketError> {
        self.connections.get(key).map(|connection| connection.header()).ok_or(SocketError::BadDescriptor)
    }

    /// Takes the first complete connection of a listener, and says who its peer is.
    ///
    /// # Errors
    /// `WouldBlock` where there is none, `BadDescriptor` where there is no such listener.
    pub fn accept(&mut self, ctx: &mut Ctx<'_>, listener: Key) -> Result<(Key, SocketAddr), SocketError> {
        let _ = ctx;
        let queue = self.listeners.get_mut(listener).ok_or(SocketError::BadDescriptor)?;
        while let Some(key) = queue.complete.pop_front() {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.parent = None;
                return Ok((key, connection.id.remote));
            }
        }
        if let Some(error) = queue.error {
            return Err(error);
        }
        queue.wants = Readiness::READ;
        Err(SocketError::WouldBlock)
    }

    /// Where a listener listens.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such listener.
    pub fn listener_local(&self, listener: Key) -> Result<SocketAddr, SocketError> {
        self.listeners.get(listener).map(|listener| listener.local).ok_or(SocketError::BadDescriptor)
    }

    /// Ends a listener: what waits in its queues is reset (RFC 9293 §3.10.4).
    pub fn close_listener(&mut self, ctx: &mut Ctx<'_>, listener: Key) {
        let Some(gone) = self.listeners.remove(listener) else { return };
        if let Some(group) = self.by_port.get_mut(&gone.local) {
            group.retain(|other| *other != listener);
            if group.is_empty() {
                self.by_port.remove(&gone.local);
            }
        }
        self.release(gone.claim);
        let children: Vec<Key> = self
            .connections
            .iter()
            .filter(|child| child.parent == Some(listener))
            .map(|child| child.key)
            .collect();
        for key in children {
            self.abort(ctx, key);
        }
    }

    /// As [`connect_with`](Self::connect_with), by a socket that was told nothing.
    ///
    /// # Errors
    /// As `connect_with`.
    pub fn connect(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Result<Key, SocketError> {
        self.connect_with(ctx, local, remote, &StreamOptions::default())
    }

    /// Begins a handshake from `local`, one of the host's addresses (port 0 picks an ephemeral one), to `remote`.
    ///
    /// # Errors
    /// `AddressInUse` where the two ends are connected already, `AddressNotAvailable` where no port is free, `InvalidInput`
    /// where `remote` has port 0.
    pub fn connect_with(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        remote: SocketAddr,
        options: &StreamOptions,
    ) -> Result<Key, SocketError> {
        if remote.port() == 0 {
            return Err(SocketError::InvalidInput);
        }
        let taken = |tcp: &Self, local| tcp.by_ends.contains(&ConnectionId { local, remote });
        let local = match local.port() {
            0 => {
                let at = |port| SocketAddr::new(local.ip(), port);
                let in_use = |port| taken(self, at(port)) || self.claims.has(at(port));
                let port = ports::ephemeral(ctx.rng, &ports::EPHEMERAL, in_use);
                port.map(at).ok_or(SocketError::AddressNotAvailable)?
            }
            _ => local,
        };
        if taken(self, local) {
            return Err(SocketError::AddressInUse);
        }
        let sharing = self.sharing_at(local);
        let key = self.open(ctx, ConnectionId { local, remote }, State::SynSent, options, sharing);
        self.call(ctx, key, |_, _| Ok(()))?;
        Ok(key)
    }

    /// Runs a call on a connection: what it causes is triggered by a call.
    pub(super) fn call<R>(
        &mut self,
        ctx: &mut Ctx<'_>,
        key: Key,
        call: impl FnOnce(&mut Connection, &mut Cx<'_, '_>) -> Result<R, SocketError>,
    ) -> Result<R, SocketError> {
        self.with(ctx, key, |connection, cx| {
            connection.trigger = Trigger::Call;
            call(connection, cx)
        })
        .unwrap_or(Err(SocketError::BadDescriptor))
    }

    pub(super) fn of(&mut self, key: Key) -> Result<&mut Connection, SocketError> {
        self.connections.get_mut(key).map(|connection| &mut **connection).ok_or(SocketError::BadDescriptor)
    }

    /// Whether the handshake is complete.
    ///
    /// # Errors
    /// `WouldBlock` while it is under way; else why it failed.
    pub fn connected(&mut self, key: Key) -> Result<(), SocketError> {
        let connection = self.of(key)?;
        if let Some(error) = connection.error.take() {
            return Err(error);
        }
        if matches!(connection.state, State::SynSent | State::SynReceived) {
            connection.wants = connection.wants.or(Readiness::WRITE);
            return Err(SocketError::WouldBlock);
        }
        Ok(())
    }

    /// Queues as much of `data` as there is room for, and says how much that was (0 only for no data).
    ///
    /// # Errors
    /// `WouldBlock` where there is no room or the handshake is under way, `BrokenPipe` where this direction is closed, or
    /// why the connection failed.
    pub fn send(&mut self, ctx: &mut Ctx<'_>, key: Key, data: &[u8]) -> Result<usize, SocketError> {
        self.call(ctx, key, |connection, cx| {
            connection.end_more();
            connection.write(cx, data)
        })
    }

    /// As [`send`](Self::send), without the copy: takes what there is room for off the front of `data`.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_bytes(
        &mut self,
        ctx: &mut Ctx<'_>,
        key: Key,
        data: &mut Bytes,
    ) -> Result<usize, SocketError> {
        self.call(ctx, key, |connection, cx| {
            connection.end_more();
            let room = connection.room(cx, data.len())?;
            connection.send.write_bytes(data.split_to(room));
            connection.after_write(cx);
            Ok(room)
        })
    }

    /// Copies out at most `buffer.len()` octets; 0 at the end of the stream, and for an empty buffer.
    ///
    /// # Errors
    /// `WouldBlock` where nothing has come, or why the connection failed.
    pub fn recv(&mut self, ctx: &mut Ctx<'_>, key: Key, buffer: &mut [u8]) -> Result<usize, SocketError> {
        self.call(ctx, key, |connection, cx| {
            if buffer.is_empty() || !connection.can_read()? {
                return Ok(0);
            }
            let length = connection.receive.read(buffer);
            connection.after_read(cx, length);
            Ok(length)
        })
    }

    /// As [`recv`](Self::recv), without the copy: the next slice of at most `most` octets; empty at the end of the stream.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn recv_bytes(&mut self, ctx: &mut Ctx<'_>, key: Key, most: usize) -> Result<Bytes, SocketError> {
        self.call(ctx, key, |connection, cx| {
            if most == 0 || !connection.can_read()? {
                return Ok(Bytes::new());
            }
            let octets = connection.receive.read_bytes(most);
            connection.after_read(cx, octets.len());
            Ok(octets)
        })
    }

    /// As [`recv`](Self::recv), but leaves the octets there.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn peek(&mut self, key: Key, buffer: &mut [u8]) -> Result<usize, SocketError> {
        let connection = self.of(key)?;
        Ok(if connection.can_read()? { connection.receive.peek(buffer) } else { 0 })
    }

    /// Whether [`recv`](Self::recv) or [`send`](Self::send) would not block now.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn readiness(&self, key: Key) -> Result<Readiness, SocketError> {
        let connection = self.connections.get(key).ok_or(SocketError::BadDescriptor)?;
        let opening = matches!(connection.state, State::SynSent | State::SynReceived);
        let ended = connection.state == State::Closed || connection.error.is_some();
        let readable = connection.receive.readable() > 0
            || connection.fin_received()
            || connection.is_read_shut()
            || ended;
        let writable =
            !opening && (ended || connection.send.len() < self.settings_of(connection).send_buffer as usize);
        let read = if readable { Readiness::READ } else { Readiness::NONE };
        Ok(if writable { read.or(Readiness::WRITE) } else { read })
    }

    /// Sends FIN after what is queued; further calls do nothing.
    ///
    /// # Errors
    /// `NotConnected` before the handshake is complete and after the connection's end.
    pub fn shutdown_write(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Result<(), SocketError> {
        self.call(ctx, key, |connection, cx| {
            if !connection.can_be_shut() {
                return Err(SocketError::NotConnected);
            }
            connection.close_direction(cx);
            Ok(())
        })
    }

    /// The socket is gone. FIN after what is queued, or a reset where received data was not read (RFC 9293 §3.6.1); the
    /// connection goes on to its end by itself.
    pub fn close(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let closed = self.call(ctx, key, |connection, cx| {
            connection.orphan = true;
            connection.wants = Readiness::NONE;
            let at_once = cx.knobs.options.linger == Some(Duration::ZERO);
            match connection.state {
                State::SynSent => connection.end(cx, Ending::Aborted, None),
                State::Closed | State::TimeWait => {}
                _ if at_once => connection.end_at_once(cx),
                _ if connection.receive.readable() > 0 => connection.reset(cx, Ending::Aborted, None),
                State::FinWait2 => connection.start_fin_wait2(cx),
                _ => connection.close_direction(cx),
            }
            Ok(connection.state == State::Closed)
        });
        if closed == Ok(true) {
            self.forget(key);
        }
    }

    /// Resets the connection (RFC 9293 §3.10.5); the socket is gone.
    pub fn abort(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let _ = self.call(ctx, key, |connection, cx| {
            connection.orphan = true;
            connection.wants = Readiness::NONE;
            connection.reset(cx, Ending::Aborted, None);
            Ok(())
        });
        self.forget(key);
    }

    /// Turns Nagle's algorithm off (`on`) or on.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn set_nodelay(&mut self, ctx: &mut Ctx<'_>, key: Key, on: bool) -> Result<(), SocketError> {
        self.call(ctx, key, |connection, cx| {
            connection.nodelay = on;
            // Linux: it flushes what waits under a cork too.
            connection.override_small |= on && connection.has_unsent() && connection.is_corked(cx);
            Ok(())
        })
    }

    /// Whether Nagle's algorithm is off.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn nodelay(&self, key: Key) -> Result<bool, SocketError> {
        self.connections.get(key).map(|connection| connection.nodelay).ok_or(SocketError::BadDescriptor)
    }

    /// The connection's ends.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn id(&self, key: Key) -> Result<ConnectionId, SocketError> {
        self.connections.get(key).map(|connection| connection.id).ok_or(SocketError::BadDescriptor)
    }

    /// The connection's state and counters.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn info(&self, key: Key) -> Result<ConnectionInfo, SocketError> {
        let connection = self.connections.get(key).ok_or(SocketError::BadDescriptor)?;
        Ok(connection.info(self.settings_of(connection)))
    }
}

impl Connection {
    /// Queues as much of `data` as there is room for.
    pub(super) fn write(&mut self, cx: &mut Cx<'_, '_>, data: &[u8]) -> Result<usize, SocketError> {
        let room = self.room(cx, data.len())?;
        let segment = self.mss() as usize;
        self.send.write(&data[..room], segment);
        self.after_write(cx);
        Ok(room)
    }

    fn after_write(&mut self, cx: &Cx<'_, '_>) {
        self.release_later(cx);
        if self.is_corked(cx) {
            self.start_cork(cx);
        }
    }

    /// How much of `wanted` octets may be queued.
    fn room(&mut self, cx: &Cx<'_, '_>, wanted: usize) -> Result<usize, SocketError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        match self.state {
            State::SynSent | State::SynReceived => {
                self.wants = self.wants.or(Readiness::WRITE);
                return Err(SocketError::WouldBlock);
            }
            State::Established | State::CloseWait if !self.fin_requested => {}
            _ => return Err(SocketError::BrokenPipe),
        }
        let room = (cx.knobs.send_buffer as usize).saturating_sub(self.send.len());
        if room == 0 && wanted > 0 {
            self.wants = self.wants.or(Readiness::WRITE);
            return Err(SocketError::WouldBlock);
        }
        Ok(room.min(wanted))
    }

    /// Whether there is something to read; false at the end of the stream.
    fn can_read(&mut self) -> Result<bool, SocketError> {
        if self.receive.readable() > 0 {
            return Ok(true);
        }
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        if self.fin_received() || self.state == State::Closed || self.is_read_shut() {
            return Ok(false);
        }
        self.wants = self.wants.or(Readiness::READ);
        Err(SocketError::WouldBlock)
    }

    /// The application has read: the window may open (RFC 9293 §3.8.6.2.2).
    fn after_read(&mut self, cx: &Cx<'_, '_>, length: usize) {
        self.release_later(cx);
        self.counters.delivered_bytes += length as u64;
        self.open_window(cx);
    }

    /// There is more room to receive than before: tells the peer where that is worth a segment.
    pub(super) fn open_window(&mut self, cx: &Cx<'_, '_>) {
        let readable = self.receive.readable();
        if !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2)
            || self.fin_received()
        {
            return;
        }
        let buffer = u64::from(cx.knobs.receive_buffer);
        let edge = self.rcv_nxt() + buffer.saturating_sub(readable as u64);
        let gain = edge.saturating_sub(self.rcv_adv);
        let offered = self.rcv_adv.saturating_sub(self.rcv_nxt());
        let segment = u64::from(self.peer_segment).max(1);
        // Half the buffer at once; or, where the peer may be stuck, as soon as a full segment fits.
        if gain >= (buffer / 2).max(1) || (offered < segment && gain >= segment.min((buffer / 2).max(1))) {
            self.owe_now(Cause::WindowUpdate);
        }
    }

    /// No more will be sent: the FIN follows what is queued.
    pub(super) fn close_direction(&mut self, cx: &mut Cx<'_, '_>) {
        if self.fin_requested {
            return;
        }
        self.fin_requested = true;
        match self.state {
            State::Established => self.set_state(cx, State::FinWait1),
            State::CloseWait => self.set_state(cx, State::LastAck),
            // Before that the handshake's end takes it up.
            _ => {}
        }
    }
}
