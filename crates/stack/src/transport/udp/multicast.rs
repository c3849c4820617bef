//! What UDP sockets want of multicast groups, and how they send to them (RFC 1112 §6.1, §7.1; RFC 3678 §3, §4).

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use super::Udp;
use crate::frame::InterfaceId;
use crate::network::igmp::{Filter, Mode};
use crate::transport::{Key, SocketError};

/// A socket's settings for groups.
#[derive(Clone, Debug)]
pub struct Multicast {
    /// TTL of what it sends to groups (RFC 1112 §6.1: 1 unless the sender says otherwise).
    pub ttl: u8,
    /// Whether this host's own members get what it sends to groups.
    pub loops: bool,
    /// By which interface it sends to groups; where it does not say, as the routes do.
    pub interface: Option<InterfaceId>,
    /// What it has joined, and of which sources it wants to hear.
    pub memberships: BTreeMap<(InterfaceId, Ipv4Addr), Filter>,
}

impl Default for Multicast {
    fn default() -> Self {
        Self { ttl: 1, loops: true, interface: None, memberships: BTreeMap::new() }
    }
}

/// A change of one socket's membership of a group: the socket options of RFC 3678 §4.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// `IP_ADD_MEMBERSHIP`: all sources are wanted.
    Join,
    /// `IP_DROP_MEMBERSHIP`: none is any more.
    Leave,
    /// `IP_ADD_SOURCE_MEMBERSHIP`: this source is wanted too, of those only that are named.
    JoinSource(Ipv4Addr),
    /// `IP_DROP_SOURCE_MEMBERSHIP`: it is not any more.
    LeaveSource(Ipv4Addr),
    /// `IP_BLOCK_SOURCE`: this source is not wanted, of all.
    Block(Ipv4Addr),
    /// `IP_UNBLOCK_SOURCE`: it is again.
    Unblock(Ipv4Addr),
}

impl Change {
    /// The filter after the change; `None` where the socket is no member any more.
    ///
    /// # Errors
    /// As RFC 3678 §4.1.3 and the systems have it: `AddressInUse` for what is joined already, `AddressNotAvailable` for
    /// what is not, and for a source that is, or is not, named already; `InvalidInput` where a membership of all sources
    /// is changed as one of named sources, or the other way round; `NoBuffers` beyond `most` sources.
    pub fn apply(self, filter: Option<&Filter>, most: usize) -> Result<Option<Filter>, SocketError> {
        let named = |mode: Mode| match filter {
            Some(filter) if filter.mode == mode => Ok(filter.clone()),
            _ => Err(SocketError::InvalidInput),
        };
        let missing = Err(SocketError::AddressNotAvailable);
        let add = |mut filter: Filter, source: Ipv4Addr| {
            if filter.sources.len() >= most && !filter.sources.contains(&source) {
                return Err(SocketError::NoBuffers);
            }
            if filter.sources.insert(source) {
                Ok(Some(filter))
            } else {
                Err(SocketError::AddressNotAvailable)
            }
        };
        match self {
            Self::Join if filter.is_some() => Err(SocketError::AddressInUse),
            Self::Join => Ok(Some(Filter::everything())),
            Self::Leave if filter.is_none() => missing,
            Self::Leave => Ok(None),
            Self::JoinSource(source) if filter.is_none() => add(Filter::nothing(), source),
            Self::JoinSource(source) => add(named(Mode::Include)?, source),
            Self::LeaveSource(_) if filter.is_none() => missing,
            Self::LeaveSource(source) => {
                let mut filter = named(Mode::Include)?;
                if !filter.sources.remove(&source) {
                    return missing;
                }
                Ok((!filter.is_nothing()).then_some(filter))
            }
            Self::Block(source) => add(named(Mode::Exclude)?, source),
            Self::Unblock(source) => {
                let mut filter = named(Mode::Exclude)?;
                if filter.sources.remove(&source) { Ok(Some(filter)) } else { missing }
            }
        }
    }
}

impl Udp {
    /// The settings of a socket.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn multicast(&self, key: Key) -> Result<&Multicast, SocketError> {
        self.sockets.get(key).map(|socket| &socket.multicast).ok_or(SocketError::BadDescriptor)
    }

    /// The settings of a socket, to change. Memberships change by [`set_membership`](Self::set_membership) only.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn multicast_mut(&mut self, key: Key) -> Result<&mut Multicast, SocketError> {
        self.sockets.get_mut(key).map(|socket| &mut socket.multicast).ok_or(SocketError::BadDescriptor)
    }

    /// What a socket wants of a group on an interface; `None`: it is no member.
    pub fn set_membership(&mut self, key: Key, on: InterfaceId, group: Ipv4Addr, filter: Option<Filter>) {
        let Some(socket) = self.sockets.get_mut(key) else { return };
        let place = (on, group);
        let was = match filter {
            Some(filter) => socket.multicast.memberships.insert(place, filter),
            None => socket.multicast.memberships.remove(&place),
        };
        let is = socket.multicast.memberships.contains_key(&place);
        match (was.is_some(), is) {
            (false, true) => self.members.entry(place).or_default().push(key),
            (true, false) => self.forget_member(place, key),
            _ => {}
        }
    }

    /// A socket is no member of a group any more.
    pub(super) fn forget_member(&mut self, place: (InterfaceId, Ipv4Addr), key: Key) {
        if let Some(members) = self.members.get_mut(&place) {
            members.retain(|other| *other != key);
            if members.is_empty() {
                self.members.remove(&place);
            }
        }
    }

    /// What all sockets together want of a group on an interface (RFC 9776 §3.2).
    pub fn wanted(&self, on: InterfaceId, group: Ipv4Addr) -> Filter {
        let place = (on, group);
        let members = self.members.get(&place).map(Vec::as_slice).unwrap_or_default();
        let filters =
            members.iter().filter_map(|key| self.sockets.get(*key)?.multicast.memberships.get(&place));
        Filter::merge(filters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memberships_change_as_the_options_say() {
        // RFC 3678 §4.1.3
        let [one, two, three] = [1, 2, 3].map(|number| Ipv4Addr::new(10, 0, 0, number));
        let all = Filter::everything();
        let but_one = Filter::exclude([one]);
        let only_one = Filter::include([one]);
        let not_available = Err(SocketError::AddressNotAvailable);
        let invalid = Err(SocketError::InvalidInput);
        let rows = [
            (Change::Join, None, Ok(Some(all.clone()))),
            (Change::Join, Some(&all), Err(SocketError::AddressInUse)),
            (Change::Leave, Some(&but_one), Ok(None)),
            (Change::Leave, Some(&only_one), Ok(None)),
            (Change::Leave, None, not_available.clone()),
            (Change::JoinSource(one), None, Ok(Some(only_one.clone()))),
            (Change::JoinSource(two), Some(&only_one), Ok(Some(Filter::include([one, two])))),
            (Change::JoinSource(one), Some(&only_one), not_available.clone()),
            (Change::JoinSource(one), Some(&all), invalid.clone()),
            (Change::LeaveSource(one), Some(&only_one), Ok(None)),
            (Change::LeaveSource(two), Some(&only_one), not_available.clone()),
            (Change::LeaveSource(one), Some(&all), invalid.clone()),
            (Change::LeaveSource(one), None, not_available.clone()),
            (Change::Block(one), Some(&all), Ok(Some(but_one.clone()))),
            (Change::Block(one), Some(&but_one), not_available.clone()),
            (Change::Block(one), Some(&only_one), invalid.clone()),
            (Change::Block(one), None, invalid.clone()),
            (Change::Unblock(one), Some(&but_one), Ok(Some(all.clone()))),
            (Change::Unblock(two), Some(&but_one), not_available),
            (Change::Unblock(one), None, invalid),
        ];
        for (change, before, after) in rows {
            assert_eq!(change.apply(before, 2), after, "{change:?} of {before:?}");
        }
        let full = Filter::include([one, two]);
        assert_eq!(Change::JoinSource(three).apply(Some(&full), 2), Err(SocketError::NoBuffers));
    }
}
