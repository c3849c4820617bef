//! The names of families, types, protocols, flags and options, with Linux's numbers.

/// No family: `connect` to it takes the peer away.
pub const AF_UNSPEC: i32 = 0;
/// Sockets inside one host.
pub const AF_UNIX: i32 = 1;
/// IPv4.
pub const AF_INET: i32 = 2;
/// IPv6, which this stack does not speak yet.
pub const AF_INET6: i32 = 10;

/// A stream of octets: TCP.
pub const SOCK_STREAM: i32 = 1;
/// Datagrams: UDP.
pub const SOCK_DGRAM: i32 = 2;
/// IP packets of one protocol.
pub const SOCK_RAW: i32 = 3;
/// Datagrams in order, over a connection.
pub const SOCK_SEQPACKET: i32 = 5;
/// Beside the type: the descriptor does not block from its beginning.
pub const SOCK_NONBLOCK: i32 = 0o4000;
/// Beside the type: of no consequence here, where no program is replaced by another.
pub const SOCK_CLOEXEC: i32 = 0o2_000_000;
/// The one status flag that `fcntl` knows: the descriptor does not block.
pub const O_NONBLOCK: i32 = 0o4000;

/// The protocol that suits the type; as a level, options of IP.
pub const IPPROTO_IP: i32 = 0;
/// ICMP (RFC 792 §Introduction).
pub const IPPROTO_ICMP: i32 = 1;
/// TCP (RFC 9293 §3.1); as a level, its options.
pub const IPPROTO_TCP: i32 = 6;
/// UDP (RFC 768 §Protocol Number).
pub const IPPROTO_UDP: i32 = 17;
/// As a level: options of raw sockets.
pub const SOL_RAW: i32 = 255;
/// Types of ICMP messages that a raw socket does not want, a bit each.
pub const ICMP_FILTER: i32 = 1;
/// A raw socket that receives nothing, and whose packets bring their own header.
pub const IPPROTO_RAW: i32 = 255;

/// Directions for `shutdown`: nothing more is received.
pub const SHUT_RD: i32 = 0;
/// Nothing more is sent.
pub const SHUT_WR: i32 = 1;
/// Neither.
pub const SHUT_RDWR: i32 = 2;

/// The longest accept queue that `listen` gives (Linux: `SOMAXCONN`).
pub const SOMAXCONN: i32 = 4096;

/// Flags of `send` and `recv`: urgent data, which this stack neither sends nor keeps apart.
pub const MSG_OOB: i32 = 0x1;
/// What is received stays there.
pub const MSG_PEEK: i32 = 0x2;
/// What did not fit was cut off; and of a datagram, say its whole length.
pub const MSG_TRUNC: i32 = 0x20;
/// Some control data was cut off.
pub const MSG_CTRUNC: i32 = 0x8;
/// Not to wait, just this once.
pub const MSG_DONTWAIT: i32 = 0x40;
/// To wait until the whole buffer is full.
pub const MSG_WAITALL: i32 = 0x100;
/// The queue of errors is meant.
pub const MSG_ERRQUEUE: i32 = 0x2000;
/// No signal: there are none here.
pub const MSG_NOSIGNAL: i32 = 0x4000;
/// More follows, to go along with this.
pub const MSG_MORE: i32 = 0x8000;

/// Something can be read.
pub const POLLIN: i16 = 0x1;
/// Something urgent can be read: never here.
pub const POLLPRI: i16 = 0x2;
/// Something can be written.
pub const POLLOUT: i16 = 0x4;
/// An error waits. Told whether asked for or not.
pub const POLLERR: i16 = 0x8;
/// Both directions are closed. Told whether asked for or not.
pub const POLLHUP: i16 = 0x10;
/// No such descriptor. Told whether asked for or not.
pub const POLLNVAL: i16 = 0x20;
/// As [`POLLIN`].
pub const POLLRDNORM: i16 = 0x40;
/// As [`POLLOUT`].
pub const POLLWRNORM: i16 = 0x100;
/// The peer has closed its direction.
pub const POLLRDHUP: i16 = 0x2000;

/// The level of options that all sockets have.
pub const SOL_SOCKET: i32 = 1;
/// The level of IP's options, as [`IPPROTO_IP`].
pub const SOL_IP: i32 = IPPROTO_IP;
/// The level of TCP's options, as [`IPPROTO_TCP`].
pub const SOL_TCP: i32 = IPPROTO_TCP;

/// A port may be had beside others that share it, and beside connections of sockets before.
pub const SO_REUSEADDR: i32 = 2;
/// The type of the socket. Read only.
pub const SO_TYPE: i32 = 3;
/// The error that waits; it is taken. Read only.
pub const SO_ERROR: i32 = 4;
/// Whether datagrams may be broadcast.
pub const SO_BROADCAST: i32 = 6;
/// Octets that may wait to be sent.
pub const SO_SNDBUF: i32 = 7;
/// Octets that may wait to be received.
pub const SO_RCVBUF: i32 = 8;
/// Whether an idle connection is probed.
pub const SO_KEEPALIVE: i32 = 9;
/// What `close` does with data that is not sent yet.
pub const SO_LINGER: i32 = 13;
/// A port may be had beside others that share it.
pub const SO_REUSEPORT: i32 = 15;
/// Who the peer of a `AF_UNIX` socket is. Read only.
pub const SO_PEERCRED: i32 = 17;
/// How long a blocking call waits to receive.
pub const SO_RCVTIMEO: i32 = 20;
/// How long a blocking call waits to send.
pub const SO_SNDTIMEO: i32 = 21;
/// The interface that a socket is bound to, by name.
pub const SO_BINDTODEVICE: i32 = 25;
/// Whether the socket listens. Read only.
pub const SO_ACCEPTCONN: i32 = 30;
/// The protocol of the socket. Read only.
pub const SO_PROTOCOL: i32 = 38;
/// The family of the socket. Read only.
pub const SO_DOMAIN: i32 = 39;

/// Type of service of what is sent.
pub const IP_TOS: i32 = 1;
/// Time to live of what is sent.
pub const IP_TTL: i32 = 2;
/// Whether a raw socket's packets bring their own header.
pub const IP_HDRINCL: i32 = 3;
/// Options of what is sent, as they stand in a header.
pub const IP_OPTIONS: i32 = 4;
/// Whether it is told to which address, and by which interface, a datagram came.
pub const IP_PKTINFO: i32 = 8;
/// What a path's MTU means.
pub const IP_MTU_DISCOVER: i32 = 10;
/// Whether ICMP errors are queued.
pub const IP_RECVERR: i32 = 11;
/// Whether it is told with which TTL a datagram came.
pub const IP_RECVTTL: i32 = 12;
/// Whether it is told with which type of service a datagram came.
pub const IP_RECVTOS: i32 = 13;
/// The MTU of the path to the peer. Read only.
pub const IP_MTU: i32 = 14;
/// By which interface groups are sent to.
pub const IP_MULTICAST_IF: i32 = 32;
/// Time to live of what is sent to groups.
pub const IP_MULTICAST_TTL: i32 = 33;
/// Whether this host's own members get what is sent to groups.
pub const IP_MULTICAST_LOOP: i32 = 34;
/// Joins a group.
pub const IP_ADD_MEMBERSHIP: i32 = 35;
/// Leaves a group.
pub const IP_DROP_MEMBERSHIP: i32 = 36;
/// Of a group that was joined, wants this source again.
pub const IP_UNBLOCK_SOURCE: i32 = 37;
/// Of a group that was joined, does not want this source.
pub const IP_BLOCK_SOURCE: i32 = 38;
/// Joins a group for this source.
pub const IP_ADD_SOURCE_MEMBERSHIP: i32 = 39;
/// Leaves a group for this source.
pub const IP_DROP_SOURCE_MEMBERSHIP: i32 = 40;

/// [`IP_MTU_DISCOVER`]: all may be cut.
pub const IP_PMTUDISC_DONT: i32 = 0;
/// [`IP_MTU_DISCOVER`]: what fits must not be cut.
pub const IP_PMTUDISC_WANT: i32 = 1;
/// [`IP_MTU_DISCOVER`]: nothing may be cut.
pub const IP_PMTUDISC_DO: i32 = 2;

/// Segments are not delayed.
pub const TCP_NODELAY: i32 = 1;
/// The largest segment.
pub const TCP_MAXSEG: i32 = 2;
/// Partial segments wait.
pub const TCP_CORK: i32 = 3;
/// Idle time until the first keep-alive.
pub const TCP_KEEPIDLE: i32 = 4;
/// Time between keep-alives.
pub const TCP_KEEPINTVL: i32 = 5;
/// Keep-alives without an answer until the connection is given up.
pub const TCP_KEEPCNT: i32 = 6;
/// SYNs until a connection attempt is given up.
pub const TCP_SYNCNT: i32 = 7;
/// A connection is accepted when its first data has come.
pub const TCP_DEFER_ACCEPT: i32 = 9;
/// State and counters. Read only.
pub const TCP_INFO: i32 = 11;
/// Acknowledgements are not delayed.
pub const TCP_QUICKACK: i32 = 12;
/// The congestion control, by name.
pub const TCP_CONGESTION: i32 = 13;
/// How long data may stay without acknowledgement.
pub const TCP_USER_TIMEOUT: i32 = 18;
