//! A host: a value driven by four verbs and by socket calls.
//!
//! | file | holds |
//! |---|---|
//! | `addressing` | how its interfaces come by their addresses, and lose them |
//! | `config` | how a host is described, and what can be wrong with that |
//! | `build` | from a configuration to a host |
//! | `configure` | addresses and routes that come and go while it runs |
//! | `schedule` | when its slow concerns are due |
//! | `ingress` | the walk of a frame up |
//! | `expected` | the short way up, for the frames of a bulk transfer |
//! | `forward`, `multicast`, `reassembly` | packets for others, for groups, in pieces |
//! | `groups` | IGMP, as a member and as a router |
//! | `proxy` | IGMP as a member for those behind a router |
//! | `medium` | frames that are not plain Ethernet: tags, lines without a header |
//! | `options` | what a packet's options mean here |
//! | `raw` | what raw sockets see of what arrives |
//! | `egress` | the walk of a segment, datagram or message down |
//! | `path` | next hop and source address |
//! | `pmtu` | what routers say of paths' MTUs |
//! | `names` | the names that it knows |
//! | `neighbors` | what ARP and the neighbour cache owe |
//! | `control` | ICMP that arrives |
//! | `complain` | ICMP errors that are sent |
//! | `redirect` | redirects that arrive |
//! | `discovery` | routers that advertise themselves, hosts that listen |
//! | `outbox` | what waits to be sent and is not TCP's |
//! | `view` | what its tables hold, for whoever shows them |
//! | `counters` | what is counted |

mod addressing;
mod build;
mod complain;
mod config;
mod configure;
mod control;
mod counters;
mod discovery;
mod egress;
mod expected;
mod forward;
mod groups;
mod ingress;
mod medium;
mod multicast;
mod names;
mod neighbors;
mod options;
mod outbox;
mod path;
mod pmtu;
mod proxy;
mod raw;
mod reassembly;
mod redirect;
mod schedule;
mod view;

use core::net::Ipv4Addr;
use std::sync::Arc;

use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId, NodeId};
use crate::interface::Interface;
use crate::network;
use crate::network::identification::Identifications;
use crate::network::limits::ErrorLimits;
use crate::network::local::Addresses;
use crate::network::per_source::PerSource;
use crate::network::pmtu::PathMtus;
use crate::network::rate::TokenBucket;
use crate::network::reassembly::Reassembly;
use crate::network::redirect::Redirects;
use crate::network::route::{FlowKey, Routes};
use crate::rng::Rng;
use crate::time::Instant;
use crate::trace::{Cause, ConnectionId, ConnectionInfo, DropReason, State, Trigger};
use crate::transport::Wake;
use crate::transport::descriptors::Descriptors;
use crate::transport::echo::EchoSockets;
use crate::transport::raw::Raw;
use crate::transport::tcp::Tcp;
use crate::transport::udp::Udp;
use crate::transport::unix::Unix;

use addressing::AddressWaiters;
pub use config::{ConfigError, HostConfig, RouteConfig, RouteKind};
use counters::Tally;
pub use counters::{
    ArpCounters, HostCounters, IcmpCounters, IgmpCounters, InterfaceCounters, IpCounters, RarpCounters,
    TcpCounters, UdpCounters,
};
use discovery::Discovery;
use egress::Way;
use expected::Expected;
use groups::LinkGroups;
pub use names::Names;
pub(crate) use outbox::{Outbox, Outgoing};
pub(crate) use path::Plan;
use schedule::{Concern, Schedule};

/// A host with its interfaces, tables and sockets. A value: it can be cloned and sent.
#[derive(Clone, Debug)]
pub struct Host {
    name: String,
    node: NodeId,
    names: Arc<Names>,
    interfaces: Vec<Interface>,
    loopback: Interface,
    addresses: Addresses,
    routes: Routes,
    pub(crate) identifications: Identifications,
    /// Each interface's groups.
    groups: Vec<LinkGroups>,
    /// As a router: the interface by which the root of the multicast tree is reached.
    upstream: Option<InterfaceId>,
    icmp_errors: ErrorLimits,
    reassembly: Reassembly,
    path_mtus: PathMtus,
    echo_replies: TokenBucket,
    timestamp_replies: TokenBucket,
    redirected: Redirects,
    discovery: Discovery,
    /// What waits to be sent and is not TCP's.
    pub(crate) outbox: Outbox,
    pub(crate) tcp: Tcp,
    pub(crate) udp: Udp,
    pub(crate) echo: EchoSockets,
    pub(crate) raw: Raw,
    pub(crate) descriptors: Descriptors,
    pub(crate) unix: Unix,
    pub(crate) knobs: network::Knobs,
    pub(crate) igmp: network::igmp::Knobs,
    /// Spreads flows over routes that are as good.
    flow_key: FlowKey,
    /// To whom a redirect was sent lately.
    redirects: PerSource,
    way: Way,
    schedule: Schedule,
    addresses_waiting: AddressWaiters,
    /// Source, destination and interface of the last packet that was for one of this host's own addresses: those that
    /// follow it need not be checked anew.
    known_ends: Option<(Ipv4Addr, Ipv4Addr, InterfaceId)>,
    /// What the next frame is likely to be.
    expected: Option<Expected>,
    /// What happened last from outside: the reason of what is sent for no reason of its own.
    trigger: Trigger,
    frames_made: u64,
    tally: Tally,
}

const _: fn() = || {
    fn is_a_value<T: Send + Clone>() {}
    is_a_value::<Host>();
};

impl Host {
    /// The host of `config`; hash keys and secrets are drawn from `rng`.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub fn new(config: HostConfig, rng: &mut Rng) -> Result<Self, ConfigError> {
        build::build(config, rng)
    }

    /// The host of `config` in this one's place, as it is when its machine starts again: nothing of what it knew or had
    /// open is left. What was counted goes on, and so do the numbers of its frames.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub fn rebooted(&self, config: HostConfig, rng: &mut Rng) -> Result<Self, ConfigError> {
        let host = Self::new(config, rng)?;
        Ok(Self { frames_made: self.frames_made, tally: self.tally.clone(), ..host })
    }

    /// Announces the interfaces' addresses, begins to probe those that are to be probed, and to ask for those that it has
    /// not.
    pub fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.called();
        for number in 0..self.interfaces.len() {
            self.start_addressing(ctx, InterfaceId(number as u16));
            self.link_changed(ctx, InterfaceId(number as u16));
            self.discovery_link_changed(ctx, InterfaceId(number as u16));
        }
    }

    /// A frame arrived by interface `on`.
    #[inline]
    pub fn handle_frame(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, mut frame: Frame) {
        self.ingress(ctx, on, &mut frame);
    }

    /// As [`handle_frame`](Self::handle_frame), for who keeps the storage: what is left in `frame` means nothing, and it
    /// can be filled again. (A frame is large. One that stays where it is costs less than one that is moved.)
    #[inline]
    pub fn handle_frame_in_place(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: &mut Frame) {
        self.ingress(ctx, on, frame);
    }

    /// Does what is due at `ctx.now`.
    pub fn handle_timeout(&mut self, ctx: &mut Ctx<'_>) {
        self.trigger = Trigger::Timer;
        while let Some((concern, on)) = self.schedule.pop_due(ctx.now) {
            self.attend(ctx, concern, on);
        }
        self.tcp.handle_timeout(ctx);
    }

    /// Does what is due for a concern of interface `on`, and sets when it is due again: later than now.
    fn attend(&mut self, ctx: &mut Ctx<'_>, concern: Concern, on: InterfaceId) {
        match concern {
            Concern::Announcements => self.announce(ctx.now, on),
            Concern::Neighbors => {
                if let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) {
                    interface.neighbors.handle_timeout(ctx.now);
                }
                self.settle(ctx, on);
            }
            Concern::Groups => self.settle_groups(ctx, on),
            Concern::Redirects => self.expire_redirects(ctx.now),
            Concern::Reassembly => self.give_up_reassembly(ctx),
            Concern::PathMtu => self.age_path_mtus(ctx),
            Concern::Addressing => self.attend_addressing(ctx, on),
            Concern::RouterDiscovery => self.settle_discovery(ctx, on),
        }
    }

    /// The next frame to give to a link, or `None` where nothing is to be sent now.
    pub fn poll_transmit(&mut self, ctx: &mut Ctx<'_>) -> Option<(InterfaceId, Frame)> {
        let mut frame = Frame::empty();
        let interface = self.poll_transmit_into(ctx, &mut frame)?;
        Some((interface, frame))
    }

    /// As [`poll_transmit`](Self::poll_transmit), into storage of the caller's: `frame` is filled where a frame is to be
    /// given to the link that is named, and else means nothing.
    #[inline]
    pub fn poll_transmit_into(&mut self, ctx: &mut Ctx<'_>, frame: &mut Frame) -> Option<InterfaceId> {
        if self.has_nothing_to_send() { None } else { self.transmit(ctx, frame) }
    }

    /// When `handle_timeout` is to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match (self.tcp.next_timeout(), self.schedule.next()) {
            (Some(of_tcp), Some(other)) => Some(of_tcp.min(other)),
            (of_tcp, other) => of_tcp.or(other),
        }
    }

    /// Moves the wakes since the last time to `into`.
    pub fn take_wakes(&mut self, into: &mut Vec<Wake>) {
        self.tcp.take_wakes(into);
        self.udp.take_wakes(into);
        self.echo.take_wakes(into);
        self.raw.take_wakes(into);
        self.unix.take_wakes(into);
        self.addresses_waiting.take_wakes(into);
    }

    /// Takes an interface administratively up or down. Down, it sends and receives nothing, routes by it are
    /// passed over, and what waits for its neighbours fails; so it is with the interfaces of VLANs over it.
    pub fn set_interface_up(&mut self, ctx: &mut Ctx<'_>, interface: InterfaceId, up: bool) {
        self.called();
        self.change_state(ctx, interface, |own| own.set_up(up));
        let own = self.interfaces.get(usize::from(interface.0));
        let over = own.map_or_else(Vec::new, |own| own.vlans().to_vec());
        for (_, vlan) in over {
            self.change_state(ctx, vlan, |own| own.set_parent_up(up));
        }
    }

    /// Does what an interface owes where `change` has taken it up or down.
    fn change_state(
        &mut self,
        ctx: &mut Ctx<'_>,
        interface: InterfaceId,
        change: impl FnOnce(&mut Interface),
    ) {
        let Some(own) = self.interfaces.get_mut(usize::from(interface.0)) else { return };
        let before = own.is_up();
        change(own);
        if own.is_up() == before {
            return;
        }
        self.redirected.forget_interface(interface);
        if !before {
            // RFC 5227 §2.1: what is to be probed is probed anew when the link comes back.
            self.withhold_addresses(interface);
        }
        self.forget_paths();
        self.settle(ctx, interface);
        self.start_addressing(ctx, interface);
        self.link_changed(ctx, interface);
        self.discovery_link_changed(ctx, interface);
    }

    /// A socket call begins: what it makes due is sent because of it.
    pub(crate) fn called(&mut self) {
        self.trigger = Trigger::Call;
    }

    /// Its name, as people write it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number in the simulation.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// How many interfaces it has besides loopback.
    pub fn interface_count(&self) -> usize {
        self.interfaces.len()
    }

    /// An interface, loopback's too.
    #[inline]
    pub fn interface(&self, id: InterfaceId) -> Option<&Interface> {
        if id == InterfaceId::LOOPBACK {
            return Some(&self.loopback);
        }
        self.interfaces.get(usize::from(id.0))
    }

    /// What it has counted.
    pub fn counters(&self) -> HostCounters {
        let mut counters = self.tally.counters();
        self.tcp.for_each(|_, info| {
            let counts = matches!(info.state, State::Established | State::CloseWait);
            counters.tcp.curr_estab += u64::from(counts);
        });
        counters
    }

    /// What one of its interfaces has counted, loopback too.
    pub fn interface_counters(&self, id: InterfaceId) -> InterfaceCounters {
        self.tally.of_interface(id)
    }

    /// Frames sent for `cause`; of TCP, segments.
    pub fn sent(&self, cause: Cause) -> u64 {
        self.tally.sent(cause)
    }

    /// Frames and packets that ended here for `reason`.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.tally.dropped(reason)
    }

    /// Calls `each` for every TCP connection in the table.
    pub fn for_each_connection(&self, each: impl FnMut(ConnectionId, ConnectionInfo)) {
        self.tcp.for_each(each);
    }
}

#[cfg(test)]
pub(crate) mod tests;
