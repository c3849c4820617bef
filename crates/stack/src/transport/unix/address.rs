//! Addresses of sockets within a host.

use core::fmt;

use bytes::Bytes;

use crate::transport::SocketError;

/// The longest name in octets (`sun_path`).
pub const MAX_NAME: usize = 108;

/// Where an `AF_UNIX` socket is bound.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Address {
    /// Nowhere.
    #[default]
    Unnamed,
    /// At a path in the host's own name space. It stays there until it is unlinked.
    Path(Bytes),
    /// At a name beside all paths, which goes with its socket.
    Abstract(Bytes),
}

impl Address {
    /// A path.
    ///
    /// # Errors
    /// `InvalidInput` where it is empty, longer than [`MAX_NAME`], or has a NUL in it.
    pub fn path(path: impl AsRef<[u8]>) -> Result<Self, SocketError> {
        let path = path.as_ref();
        if path.is_empty() || path.len() > MAX_NAME || path.contains(&0) {
            return Err(SocketError::InvalidInput);
        }
        Ok(Self::Path(Bytes::copy_from_slice(path)))
    }

    /// An abstract name, without the NUL in front that marks it in `sun_path`.
    ///
    /// # Errors
    /// `InvalidInput` where it is longer than [`MAX_NAME`] less that NUL.
    pub fn abstract_name(name: impl AsRef<[u8]>) -> Result<Self, SocketError> {
        let name = name.as_ref();
        if name.len() >= MAX_NAME {
            return Err(SocketError::InvalidInput);
        }
        Ok(Self::Abstract(Bytes::copy_from_slice(name)))
    }

    /// As `sun_path` has it: nothing is unnamed, a NUL in front makes an abstract name, all else is a path.
    ///
    /// # Errors
    /// As [`path`](Self::path) and [`abstract_name`](Self::abstract_name).
    pub fn of_sun_path(octets: &[u8]) -> Result<Self, SocketError> {
        match octets {
            [] => Ok(Self::Unnamed),
            [0, name @ ..] => Self::abstract_name(name),
            path => Self::path(path),
        }
    }

    /// The path, where it is one.
    pub fn as_path(&self) -> Option<&[u8]> {
        if let Self::Path(path) = self { Some(path) } else { None }
    }

    /// The path as the standard library has paths, where it is one, and text.
    pub fn as_pathname(&self) -> Option<&std::path::Path> {
        core::str::from_utf8(self.as_path()?).ok().map(std::path::Path::new)
    }

    /// The abstract name, where it is one.
    pub fn as_abstract(&self) -> Option<&[u8]> {
        if let Self::Abstract(name) = self { Some(name) } else { None }
    }

    /// Whether the socket is bound nowhere.
    pub const fn is_unnamed(&self) -> bool {
        matches!(self, Self::Unnamed)
    }
}

impl fmt::Display for Address {
    /// As `ss` writes it: `*`, a path, or `@` and an abstract name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed => f.write_str("*"),
            Self::Path(path) => write!(f, "{}", path.escape_ascii()),
            Self::Abstract(name) => write!(f, "@{}", name.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_long_as_sun_path_and_no_longer() {
        assert!(Address::path([b'a'; MAX_NAME]).is_ok());
        assert_eq!(Address::path([b'a'; MAX_NAME + 1]), Err(SocketError::InvalidInput));
        assert!(Address::abstract_name([b'a'; MAX_NAME - 1]).is_ok());
        assert_eq!(Address::abstract_name([b'a'; MAX_NAME]), Err(SocketError::InvalidInput));
        assert_eq!(Address::path(""), Err(SocketError::InvalidInput));
        assert_eq!(Address::path("a\0b"), Err(SocketError::InvalidInput));
    }

    #[test]
    fn sun_path_has_three_forms() {
        let forms: [&[u8]; 3] = [b"", b"/run/echo", b"\0echo"];
        let shown = forms.map(|octets| Address::of_sun_path(octets).unwrap().to_string());
        assert_eq!(shown, ["*", "/run/echo", "@echo"]);
    }
}
