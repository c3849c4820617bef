//! Who has which port: sockets that are bound, whether they listen, connect, or do neither yet.

use core::net::SocketAddr;
use std::collections::BTreeMap;

use super::Tcp;
use crate::context::Ctx;
use crate::frame::InterfaceId;
use crate::rng::Rng;
use crate::trace::State;
use crate::transport::slots::Slots;
use crate::transport::{Key, SocketError, SocketId, ports};

/// With whom a socket shares its port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sharing {
    /// With others that say so too, as long as they do not listen; above all with connections that outlive their listener
    /// (`SO_REUSEADDR`).
    pub address: bool,
    /// With others that say so too; the connections that come are spread over those that listen (`SO_REUSEPORT`).
    pub port: bool,
    /// With all that are bound to another interface (`SO_BINDTODEVICE`).
    pub device: Option<InterfaceId>,
}

impl Sharing {
    /// Whether the two are bound to different interfaces.
    fn is_apart(self, other: Self) -> bool {
        matches!((self.device, other.device), (Some(one), Some(other)) if one != other)
    }
}

/// A port that somebody is bound to.
#[derive(Clone, Copy, Debug)]
struct Claim {
    local: SocketAddr,
    sharing: Sharing,
    listens: bool,
}

impl Claim {
    /// Whether this one, which comes later, cannot be beside the other. They have the same port.
    fn conflicts(&self, other: &Self) -> bool {
        let shared_address = self.sharing.address && other.sharing.address && !other.listens;
        let shared_port = self.sharing.port && other.sharing.port;
        let apart = self.sharing.is_apart(other.sharing);
        overlap(self.local, other.local) && !(shared_address || shared_port || apart)
    }
}

/// Whether one address is the other, or all.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    one.is_ipv4() == other.is_ipv4()
        && (one.ip().is_unspecified() || other.ip().is_unspecified() || one.ip() == other.ip())
}

/// All claims of a host. There is one a socket that is bound: connections have none of their own.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    places: Slots<Claim>,
    by_port: BTreeMap<u16, Vec<Key>>,
}

impl Claims {
    fn add(&mut self, claim: Claim) -> Key {
        let key = self.places.insert_with(|_| claim);
        self.by_port.entry(claim.local.port()).or_default().push(key);
        key
    }

    fn others(&self, own: Option<Key>, port: u16) -> impl Iterator<Item = &Claim> {
        let keys = self.by_port.get(&port).into_iter().flatten();
        keys.filter(move |key| Some(**key) != own).filter_map(|key| self.places.get(*key))
    }

    /// Whether somebody has this port at an address that overlaps.
    pub fn has(&self, local: SocketAddr) -> bool {
        self.others(None, local.port()).any(|claim| overlap(claim.local, local))
    }

    fn remove(&mut self, key: Key) {
        let Some(claim) = self.places.remove(key) else { return };
        if let Some(keys) = self.by_port.get_mut(&claim.local.port()) {
            keys.retain(|other| *other != key);
            if keys.is_empty() {
                self.by_port.remove(&claim.local.port());
            }
        }
    }
}

impl Tcp {
    /// Binds to `local`, whose address may be unspecified; port 0 picks an ephemeral one. What is returned is to be given
    /// to [`listen_on`](Self::listen_on) or, in the end, to [`release`](Self::release).
    ///
    /// # Errors
    /// `AddressInUse` where another has the port and does not share it, `AddressNotAvailable` where no port is free.
    pub fn bind(&mut self, rng: &mut Rng, local: SocketAddr, sharing: Sharing) -> Result<Key, SocketError> {
        let local = match local.port() {
            0 => self.free_port(rng, local).ok_or(SocketError::AddressNotAvailable)?,
            _ => local,
        };
        let claim = Claim { local, sharing, listens: false };
        if self.claims.others(None, local.port()).any(|other| claim.conflicts(other))
            || self.has_connection_at(local, sharing)
        {
            return Err(SocketError::AddressInUse);
        }
        if sharing.port {
            self.spread.prepare(rng);
        }
        Ok(self.claims.add(claim))
    }

    /// Whether a connection, of whatever age, has this end and does not share it. Binding is rare: it may look at them all.
    fn has_connection_at(&self, local: SocketAddr, sharing: Sharing) -> bool {
        self.connections.iter().any(|connection| {
            let own = connection.id.local;
            let device = self.settings_of(connection).options.device;
            let theirs = Sharing { device, ..connection.sharing() };
            let shared = (sharing.address && theirs.address) || (sharing.port && theirs.port);
            let apart = shared || sharing.is_apart(theirs);
            own.port() == local.port() && overlap(own, local) && !apart && connection.state != State::Closed
        })
    }

    /// With whom the socket shares that has a port by `claim`.
    pub(super) fn sharing(&self, claim: Key) -> Sharing {
        self.claims.places.get(claim).map_or(Sharing::default(), |claim| claim.sharing)
    }

    /// With whom the socket shares that is bound to just `local`, or to its port at all addresses.
    pub(super) fn sharing_at(&self, local: SocketAddr) -> Sharing {
        let bound = self.claims.others(None, local.port());
        bound
            .filter(|claim| !claim.listens && overlap(claim.local, local))
            .map(|claim| claim.sharing)
            .next()
            .unwrap_or_default()
    }

    fn free_port(&self, rng: &mut Rng, local: SocketAddr) -> Option<SocketAddr> {
        let at = |port| SocketAddr::new(local.ip(), port);
        let taken = |port| self.claims.has(at(port)) || self.has_connection_at(at(port), Sharing::default());
        ports::ephemeral(rng, &ports::EPHEMERAL, taken).map(at)
    }

    /// Where a socket is bound.
    ///
    /// # Errors
    /// `BadDescriptor` where it is not.
    pub fn bound(&self, claim: Key) -> Result<SocketAddr, SocketError> {
        self.claims.places.get(claim).map(|claim| claim.local).ok_or(SocketError::BadDescriptor)
    }

    /// Changes with whom a socket shares its port, whether it is bound, listens, or has a connection.
    pub fn share(&mut self, rng: &mut Rng, socket: SocketId, sharing: Sharing) {
        if sharing.port {
            self.spread.prepare(rng);
        }
        let claim = match socket {
            SocketId::Bound(claim) => Some(claim),
            SocketId::Listener(key) => self.listeners.get(key).map(|listener| listener.claim),
            SocketId::Tcp(key) => {
                if let Some(connection) = self.connections.get_mut(key) {
                    connection.set_sharing(sharing);
                }
                None
            }
            _ => None,
        };
        if let Some(claim) = claim.and_then(|key| self.claims.places.get_mut(key)) {
            claim.sharing = sharing;
        }
    }

    /// Gives a port back. Connections from there go on.
    pub fn release(&mut self, claim: Key) {
        self.claims.remove(claim);
    }

    /// Listens where a socket is bound. The listener has the port from here on, and gives it back when it is closed.
    ///
    /// # Errors
    /// `AddressInUse` where another listens there, `BadDescriptor` where the socket is not bound.
    pub fn listen_on(&mut self, claim: Key, backlog: usize) -> Result<Key, SocketError> {
        let own = self.claims.places.get(claim).ok_or(SocketError::BadDescriptor)?;
        let listening = Claim { listens: true, ..*own };
        if self.claims.others(Some(claim), listening.local.port()).any(|other| listening.conflicts(other)) {
            return Err(SocketError::AddressInUse);
        }
        if let Some(own) = self.claims.places.get_mut(claim) {
            own.listens = true;
        }
        Ok(self.add_listener(listening.local, backlog, claim))
    }

    /// Listens at `local`, whose address may be unspecified; port 0 picks an ephemeral one. At most `backlog` complete
    /// connections (at least one) wait to be accepted. The port is shared with connections of listeners before.
    ///
    /// # Errors
    /// `AddressInUse` where somebody has the port, `AddressNotAvailable` where no port is free.
    pub fn listen(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        backlog: usize,
    ) -> Result<Key, SocketError> {
        let claim = self.bind(ctx.rng, local, Sharing { address: true, ..Sharing::default() })?;
        self.listen_on(claim, backlog).inspect_err(|_| self.release(claim))
    }
}
