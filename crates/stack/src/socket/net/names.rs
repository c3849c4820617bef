//! What can be connected or bound to: addresses, and names that the host knows.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::io;

use super::context::call;
use crate::host::Host;

/// Something that stands for one or more addresses with a port: as tokio's trait of that name, resolved by the ambient host.
pub trait ToSocketAddrs {
    /// The addresses, in the order in which they are to be tried.
    ///
    /// # Errors
    /// When it is a name that the host does not know, or no name with a port at all.
    fn resolve(&self, host: &Host) -> io::Result<Vec<SocketAddr>>;
}

/// The addresses of a name with a port, such as `server:80`.
///
/// # Errors
/// As [`ToSocketAddrs::resolve`].
pub async fn lookup_host<T: ToSocketAddrs>(name: T) -> io::Result<impl Iterator<Item = SocketAddr>> {
    addresses(&name).map(Vec::into_iter)
}

/// What the ambient host makes of `name`.
#[track_caller]
pub(super) fn addresses(name: &impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    call(None, |host, _| name.resolve(host))
}

/// Does `act` with each address of `name` until it works; the last error where it never does.
pub(super) fn each<R>(
    name: &impl ToSocketAddrs,
    mut act: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R> {
    let mut failed = None;
    for address in addresses(name)? {
        match act(address) {
            Err(error) => failed = Some(error),
            done => return done,
        }
    }
    Err(failed.unwrap_or_else(nothing))
}

/// The error of a name that stands for no address.
pub(super) fn nothing() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "could not resolve to any addresses")
}

fn by_name(host: &Host, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found = host.lookup(name);
    if found.is_empty() {
        let why = format!("host `{}` knows nobody of the name `{name}`", host.name());
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

impl ToSocketAddrs for str {
    fn resolve(&self, host: &Host) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = self.parse() {
            return Ok(vec![address]);
        }
        let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
        let (name, port) = self.rsplit_once(':').ok_or_else(|| invalid("invalid socket address"))?;
        by_name(host, name, port.parse().map_err(|_| invalid("invalid port value"))?)
    }
}

impl ToSocketAddrs for String {
    fn resolve(&self, host: &Host) -> io::Result<Vec<SocketAddr>> {
        self.as_str().resolve(host)
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn resolve(&self, host: &Host) -> io::Result<Vec<SocketAddr>> {
        by_name(host, self.0, self.1)
    }
}

impl ToSocketAddrs for (String, u16) {
    fn resolve(&self, host: &Host) -> io::Result<Vec<SocketAddr>> {
        by_name(host, &self.0, self.1)
    }
}

impl ToSocketAddrs for [SocketAddr] {
    fn resolve(&self, _: &Host) -> io::Result<Vec<SocketAddr>> {
        Ok(self.to_vec())
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn resolve(&self, host: &Host) -> io::Result<Vec<SocketAddr>> {
        (**self).resolve(host)
    }
}

/// What is one address.
macro_rules! one_address {
    ($($type:ty),+) => {
        $(impl ToSocketAddrs for $type {
            fn resolve(&self, _: &Host) -> io::Result<Vec<SocketAddr>> {
                Ok(vec![SocketAddr::from(*self)])
            }
        })+
    };
}

one_address!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));
