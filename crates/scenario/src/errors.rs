//! Errors of sockets by name.

use wirelab_stack::transport::SocketError;

const ALL: &[SocketError] = &[
    SocketError::ConnectionRefused,
    SocketError::ConnectionReset,
    SocketError::ConnectionAborted,
    SocketError::TimedOut,
    SocketError::HostUnreachable,
    SocketError::NetworkUnreachable,
    SocketError::AddressInUse,
    SocketError::AddressNotAvailable,
    SocketError::NotConnected,
    SocketError::AlreadyConnected,
    SocketError::BrokenPipe,
    SocketError::MessageTooLong,
    SocketError::InvalidInput,
    SocketError::PermissionDenied,
    SocketError::BadDescriptor,
    SocketError::NoBuffers,
    SocketError::ProtocolError,
];

/// POSIX's names of all errors.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    ALL.iter().map(|error| error.name())
}

/// The text of the error that POSIX calls `name`.
pub fn text_of(name: &str) -> Option<String> {
    ALL.iter().find(|error| error.name() == name).map(ToString::to_string)
}
