//! Errors of sockets by name.

use wirelab_stack::transport::SocketError;

/// Errors that an application can end with: to wait is none.
fn all() -> impl Iterator<Item = SocketError> + Clone {
    SocketError::ALL.iter().copied().filter(|error| *error != SocketError::WouldBlock)
}

/// POSIX's names of all errors.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    all().map(SocketError::name)
}

/// The text of the error that POSIX calls `name`.
pub fn text_of(name: &str) -> Option<String> {
    all().find(|error| error.name() == name).map(|error| error.to_string())
}
