//! TCP (RFC 9293).

use core::net::SocketAddr;

use bytes::Bytes;

use super::{IpInfo, Key, Path, SocketError, Trouble, Verdict, Wake};
use crate::context::Ctx;
use crate::frame::Frame;
use crate::rng::Rng;
use crate::time::Instant;
use crate::trace::{ConnectionId, ConnectionInfo};

/// TCP's knobs.
#[derive(Clone, Debug)]
pub struct Knobs {}

/// Something that TCP wants to send: a connection's next segment, or an answer that belongs to none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ready {
    /// A connection.
    Connection(Key),
    /// A reset or an ACK outside any connection.
    Reply,
}

/// All TCP state of a host.
#[derive(Clone, Debug)]
pub struct Tcp {}

#[allow(unused_variables, clippy::todo, missing_docs, clippy::pedantic)]
impl Tcp {
    /// No connections yet; keys are drawn from `rng`.
    pub fn new(knobs: Knobs, rng: &mut Rng) -> Self {
        todo!()
    }

    // ---- up ----
    /// A segment: `frame` begins with the TCP header (IP was stripped; length was cut to IP's).
    pub fn accept_segment(&mut self, ctx: &mut Ctx, ip: &IpInfo, frame: Frame) -> Verdict {
        todo!()
    }
    /// ICMP says something about a segment sent from `local` to `remote` with sequence number `sequence`.
    /// False where there is no such connection or `sequence` was not in flight (RFC 5927 §4.1).
    pub fn on_trouble(
        &mut self,
        ctx: &mut Ctx,
        local: SocketAddr,
        remote: SocketAddr,
        sequence: u32,
        trouble: Trouble,
    ) -> bool {
        todo!()
    }

    // ---- down ----
    /// What is to be sent next; it stays first until `emit` returns `None` for it, or it is parked.
    pub fn next_ready(&self) -> Option<Ready> {
        todo!()
    }
    /// The ends of what is ready: (this host's address, the destination).
    pub fn ends(&self, ready: Ready) -> ConnectionId {
        todo!()
    }
    /// The next frame of what is ready: TCP header in front of the payload, `meta.cause`/`trigger`/`checksum` set.
    /// `None`: it had nothing to send after all and has left the ready queue.
    pub fn emit(&mut self, ctx: &mut Ctx, ready: Ready, path: &Path) -> Option<Frame> {
        todo!()
    }
    /// The neighbour is being resolved: takes it off the ready queue until `unpark` (a reply is discarded).
    pub fn park(&mut self, ready: Ready) {
        todo!()
    }
    /// The neighbour was resolved.
    pub fn unpark(&mut self, key: Key) {
        todo!()
    }
    /// The way failed: no route, or the neighbour did not answer. Takes it off the ready queue.
    pub fn on_unreachable(&mut self, ctx: &mut Ctx, ready: Ready, trouble: Trouble) {
        todo!()
    }

    // ---- time ----
    pub fn next_timeout(&self) -> Option<Instant> {
        todo!()
    }
    pub fn handle_timeout(&mut self, ctx: &mut Ctx) {
        todo!()
    }

    // ---- calls ----
    /// Moves the wakes since the last time to `wakes`.
    pub fn take_wakes(&mut self, wakes: &mut Vec<Wake>) {
        todo!()
    }
    /// `local` address may be unspecified; port 0 picks an ephemeral one.
    pub fn listen(&mut self, ctx: &mut Ctx, local: SocketAddr, backlog: usize) -> Result<Key, SocketError> {
        todo!()
    }
    pub fn accept(&mut self, ctx: &mut Ctx, listener: Key) -> Result<(Key, SocketAddr), SocketError> {
        todo!()
    }
    pub fn listener_local(&self, listener: Key) -> Result<SocketAddr, SocketError> {
        todo!()
    }
    pub fn close_listener(&mut self, ctx: &mut Ctx, listener: Key) {
        todo!()
    }
    /// Starts the handshake; `local` address must be one of the host's; port 0 picks an ephemeral one.
    pub fn connect(
        &mut self,
        ctx: &mut Ctx,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Result<Key, SocketError> {
        todo!()
    }
    /// `Ok` once established (or data may be read); `WouldBlock` until then; the error if it failed.
    pub fn connected(&mut self, key: Key) -> Result<(), SocketError> {
        todo!()
    }
    pub fn send(&mut self, ctx: &mut Ctx, key: Key, data: &[u8]) -> Result<usize, SocketError> {
        todo!()
    }
    /// As `send`, without the copy: takes as much of `data` from its front as there is room for.
    pub fn send_bytes(&mut self, ctx: &mut Ctx, key: Key, data: &mut Bytes) -> Result<usize, SocketError> {
        todo!()
    }
    /// Copies out at most `buffer.len()` octets; `Ok(0)` at the end of the stream (or an empty buffer).
    pub fn recv(&mut self, ctx: &mut Ctx, key: Key, buffer: &mut [u8]) -> Result<usize, SocketError> {
        todo!()
    }
    /// As `recv`, without the copy: the next slice of at most `most` octets; empty at the end of the stream.
    pub fn recv_bytes(&mut self, ctx: &mut Ctx, key: Key, most: usize) -> Result<Bytes, SocketError> {
        todo!()
    }
    /// As `recv`, but leaves the data there.
    pub fn peek(&mut self, key: Key, buffer: &mut [u8]) -> Result<usize, SocketError> {
        todo!()
    }
    /// Sends FIN after what is queued.
    pub fn shutdown_write(&mut self, ctx: &mut Ctx, key: Key) -> Result<(), SocketError> {
        todo!()
    }
    /// The socket is gone: FIN after what is queued (RST if data is unread), the connection ends by itself.
    pub fn close(&mut self, ctx: &mut Ctx, key: Key) {
        todo!()
    }
    /// RST now.
    pub fn abort(&mut self, ctx: &mut Ctx, key: Key) {
        todo!()
    }
    pub fn set_nodelay(&mut self, ctx: &mut Ctx, key: Key, on: bool) -> Result<(), SocketError> {
        todo!()
    }
    pub fn nodelay(&self, key: Key) -> Result<bool, SocketError> {
        todo!()
    }
    pub fn id(&self, key: Key) -> Result<ConnectionId, SocketError> {
        todo!()
    }
    pub fn info(&self, key: Key) -> Result<ConnectionInfo, SocketError> {
        todo!()
    }
    /// Calls `each` for every connection in the table, in the order of their places.
    pub fn for_each(&self, each: impl FnMut(ConnectionId, ConnectionInfo)) {
        todo!()
    }
}

#[allow(missing_docs)]
impl Knobs {
    pub fn rfc() -> Self {
        Self {}
    }
    pub fn linux() -> Self {
        Self {}
    }
    pub fn freebsd() -> Self {
        Self {}
    }
}
