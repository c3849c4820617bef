//! POSIX's errors, by name and by Linux's numbers.

use core::fmt;
use std::io;

use crate::transport::SocketError;

/// Defines the errors: name, Linux's number, what it says, and the kind that `std::io` has for it.
macro_rules! errors {
    ($( $(#[doc = $doc:literal])* $name:ident = $number:literal, $text:literal, $kind:ident; )*) => {
        /// Why a call failed: POSIX's names with Linux's numbers. Shown as `ECONNREFUSED: connection refused`.
        ///
        /// As an [`io::Error`] it has the kind that `std` gives to the same number, and is its source: the text is the
        /// same on every machine, and [`Errno::of`] finds the number again.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Errno {
            $( $(#[doc = $doc])* $name = $number, )*
        }

        impl Errno {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name: `ECONNREFUSED`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What it says.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The kind of the [`io::Error`] made of it.
            pub const fn kind(self) -> io::ErrorKind {
                match self { $(Self::$name => io::ErrorKind::$kind,)* }
            }
        }
    };
}

errors! {
    /// The peer, or the call, is not permitted.
    EPERM = 1, "operation not permitted", PermissionDenied;
    /// Nothing has that name.
    ENOENT = 2, "no such file or directory", NotFound;
    /// No such descriptor.
    EBADF = 9, "bad file descriptor", Other;
    /// Not now.
    EAGAIN = 11, "resource temporarily unavailable", WouldBlock;
    /// A broadcast without `SO_BROADCAST`.
    EACCES = 13, "permission denied", PermissionDenied;
    /// No such interface.
    ENODEV = 19, "no such device", Other;
    /// The arguments make no sense together, or with what the socket has done.
    EINVAL = 22, "invalid argument", InvalidInput;
    /// The host's table of descriptors is full.
    EMFILE = 24, "too many open files", Other;
    /// This direction was shut down, or the connection has ended.
    EPIPE = 32, "broken pipe", BrokenPipe;
    /// A value that an option cannot take.
    EDOM = 33, "numerical argument out of domain", Other;
    /// ICMP says that a header was wrong.
    EPROTO = 71, "protocol error", Other;
    /// The descriptor is no socket of that kind.
    ENOTSOCK = 88, "socket operation on non-socket", Other;
    /// Nobody to send to was named.
    EDESTADDRREQ = 89, "destination address required", Other;
    /// Longer than a datagram, or than the path and the socket let it be.
    EMSGSIZE = 90, "message too long", Other;
    /// That protocol is of another type.
    EPROTOTYPE = 91, "protocol wrong type for socket", Other;
    /// No such option at that level for that socket.
    ENOPROTOOPT = 92, "protocol not available", Other;
    /// No such protocol of that type.
    EPROTONOSUPPORT = 93, "protocol not supported", Other;
    /// No such type in that family.
    ESOCKTNOSUPPORT = 94, "socket type not supported", Other;
    /// Sockets of that type have no such call, or no such flag.
    EOPNOTSUPP = 95, "operation not supported", Unsupported;
    /// No such family, or the address is of another.
    EAFNOSUPPORT = 97, "address family not supported by protocol", Other;
    /// The address and port are taken.
    EADDRINUSE = 98, "address already in use", AddrInUse;
    /// The address is not this host's, or no port is left.
    EADDRNOTAVAIL = 99, "cannot assign requested address", AddrNotAvailable;
    /// The interface is down.
    ENETDOWN = 100, "network is down", NetworkDown;
    /// No route, or ICMP says so.
    ENETUNREACH = 101, "network is unreachable", NetworkUnreachable;
    /// The connection was aborted here.
    ECONNABORTED = 103, "software caused connection abort", ConnectionAborted;
    /// The peer reset the connection.
    ECONNRESET = 104, "connection reset by peer", ConnectionReset;
    /// A table or queue is at its bound.
    ENOBUFS = 105, "no buffer space available", Other;
    /// The socket has a peer already.
    EISCONN = 106, "transport endpoint is already connected", Other;
    /// The socket has no peer.
    ENOTCONN = 107, "transport endpoint is not connected", NotConnected;
    /// No answer in time.
    ETIMEDOUT = 110, "connection timed out", TimedOut;
    /// A reset answered the SYN, or ICMP port unreachable the datagram.
    ECONNREFUSED = 111, "connection refused", ConnectionRefused;
    /// The next hop does not answer, or ICMP says so.
    EHOSTUNREACH = 113, "no route to host", HostUnreachable;
    /// The connection that was begun before is not there yet.
    EALREADY = 114, "operation already in progress", Other;
    /// The connection has been begun.
    EINPROGRESS = 115, "operation now in progress", Other;
}

impl Errno {
    /// What [`EAGAIN`](Self::EAGAIN) is called too; on Linux both are one number.
    pub const EWOULDBLOCK: Self = Self::EAGAIN;

    /// Linux's number.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The error with Linux's number `number`.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|errno| errno.number() == number)
    }

    /// The error that an [`io::Error`] was made of.
    pub fn of(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        let own = inner.downcast_ref::<Self>().copied();
        own.or_else(|| inner.downcast_ref::<SocketError>().map(|error| (*error).into()))
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.text())
    }
}

impl core::error::Error for Errno {}

impl From<SocketError> for Errno {
    fn from(error: SocketError) -> Self {
        match error {
            SocketError::WouldBlock => Self::EAGAIN,
            SocketError::ConnectionRefused => Self::ECONNREFUSED,
            SocketError::ConnectionReset => Self::ECONNRESET,
            SocketError::ConnectionAborted => Self::ECONNABORTED,
            SocketError::TimedOut => Self::ETIMEDOUT,
            SocketError::HostUnreachable => Self::EHOSTUNREACH,
            SocketError::NetworkUnreachable => Self::ENETUNREACH,
            SocketError::AddressInUse => Self::EADDRINUSE,
            SocketError::AddressNotAvailable => Self::EADDRNOTAVAIL,
            SocketError::NotConnected => Self::ENOTCONN,
            SocketError::AlreadyConnected => Self::EISCONN,
            SocketError::BrokenPipe => Self::EPIPE,
            SocketError::MessageTooLong => Self::EMSGSIZE,
            SocketError::InvalidInput => Self::EINVAL,
            SocketError::PermissionDenied => Self::EACCES,
            SocketError::BadDescriptor => Self::EBADF,
            SocketError::NoBuffers => Self::ENOBUFS,
            SocketError::ProtocolError => Self::EPROTO,
            SocketError::NotSupported => Self::EOPNOTSUPP,
            SocketError::NotFound => Self::ENOENT,
            SocketError::WrongType => Self::EPROTOTYPE,
            SocketError::NotPermitted => Self::EPERM,
        }
    }
}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> Self {
        Self::new(errno.kind(), errno)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_its_name_and_survives_the_way_through_std() {
        assert_eq!(Errno::ECONNREFUSED.to_string(), "ECONNREFUSED: connection refused");
        for errno in Errno::ALL {
            let error = io::Error::from(*errno);
            assert_eq!(error.kind(), errno.kind());
            assert_eq!(error.to_string(), errno.to_string());
            assert_eq!(Errno::of(&error), Some(*errno));
            assert_eq!(Errno::from_number(errno.number()), Some(*errno));
        }
        let error = io::Error::from(SocketError::TimedOut);
        assert_eq!(Errno::of(&error), Some(Errno::ETIMEDOUT));
        assert_eq!(Errno::of(&io::ErrorKind::TimedOut.into()), None);
        assert_eq!(Errno::from_number(0), None);
    }

    /// What `std` makes of Linux's numbers is the reference for number, kind and text.
    #[cfg(target_os = "linux")]
    #[test]
    fn numbers_kinds_and_texts_are_linux_s() {
        for errno in Errno::ALL {
            let theirs = io::Error::from_raw_os_error(errno.number());
            let text = theirs.to_string().to_lowercase();
            assert_eq!(text, format!("{} (os error {})", errno.text(), errno.number()));
            // A kind that is not stable yet, or that has no name, cannot be made here.
            let kind = format!("{:?}", theirs.kind());
            match errno.kind() {
                io::ErrorKind::Other => assert!(kind == "Uncategorized" || kind == "InProgress", "{kind}"),
                own => assert_eq!(own, theirs.kind()),
            }
        }
    }

    #[test]
    fn the_stack_s_errors_have_the_same_names() {
        for error in SocketError::ALL {
            // POSIX has two names for that one.
            let expected = if *error == SocketError::WouldBlock { "EAGAIN" } else { error.name() };
            assert_eq!(Errno::from(*error).name(), expected);
        }
    }
}
