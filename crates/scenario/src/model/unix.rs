//! Applications on sockets within a host.

use crate::read::{List, choice, record};
use crate::units::{Span, UnixAddress};

choice! {
    /// A type of socket within a host.
    pub enum SocketTypeWord ("type of socket") {
        /// Octets in order, on a connection (`SOCK_STREAM`).
        Stream = "stream",
        /// Messages, whole and in order, to any socket (`SOCK_DGRAM`).
        Datagram = "datagram",
        /// Messages, whole and in order, on a connection (`SOCK_SEQPACKET`).
        SeqPacket = "seqpacket",
    }
}

record! {
    /// Sends back in upper case what others on its host send it by an `AF_UNIX` socket, and says who they are.
    pub struct UnixServer ("a unix-server") {
        /// Of which type its socket is: `"stream"`, `"datagram"` or `"seqpacket"`; `"stream"` where left out.
        socket_type: optional SocketTypeWord,
        /// Where it is bound: a path in the host's own name space, or an abstract name behind an `@`.
        address: required UnixAddress,
        /// Whether it first takes the path out of the name space, as what an earlier server left there; no where left out.
        unlink: optional bool,
        /// It ends after so many connections, or datagrams; never where left out.
        requests: optional u32,
    }
}

record! {
    /// Sends its texts to a `unix-server` on its host, each when the one before was answered.
    pub struct UnixClient ("a unix-client") {
        /// Of which type its socket is: the server's; `"stream"` where left out.
        socket_type: optional SocketTypeWord,
        /// The server: its path, or its abstract name behind an `@`.
        to: required UnixAddress,
        /// Where it is bound itself. Where left out: with datagrams at an abstract name that the host finds, else nowhere.
        address: optional UnixAddress,
        /// What it sends.
        texts: required List<String>,
        /// How long it waits before each text but the first.
        pause: optional Span,
    }
}
