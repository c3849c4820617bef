//! The walk down: from what is ready to a frame on a link.

use core::net::{IpAddr, Ipv4Addr};

use etherparse::{EtherType, IpNumber};

use super::Host;
use super::medium::dress;
use super::neighbors::{Next as Station, waiter_of};
use super::outbox::Outgoing;
use super::path::Plan;
use crate::addr::Mac;
use crate::context::Ctx;
use crate::frame::{Frame, FrameId, InterfaceId, Medium};
use crate::interface::group_filter::mac_of;
use crate::interface::neighbor::Parked;
use crate::interface::{Capabilities, Interface, Passage, ethernet, loopback};
use crate::network::fragment::{self, Fit};
use crate::network::quote::Quote;
use crate::network::route::{Flow, Hop};
use crate::network::sending::{MtuDiscovery, Sending};
use crate::network::{ipv4, segmentation};
use crate::time::Instant;
use crate::trace::{Cause, ConnectionId, DropReason, Event, Interest, Place};
use crate::transport::tcp::{self, Emission, Ready};
use crate::transport::{Path, Readiness, Report, SocketId, Trouble};

/// The last pair of addresses that TCP sent between, resolved: while segments follow each other to one peer, no table is
/// looked at, and their headers are copies.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Counts the ways that were found. A connection that goes this way knows it by its number.
    number: u64,
    source: IpAddr,
    destination: IpAddr,
    /// Another connection between the same addresses may go by another way.
    shared: bool,
    /// Good before this instant; then the neighbour may have to be polled.
    until: Instant,
    interface: InterfaceId,
    link: [u8; ethernet::HEADER],
    network: ipv4::Template,
    /// Of identifications, where packets may be fragmented.
    counter: Option<u8>,
    path: Path,
}

impl Way {
    /// No way.
    pub fn nowhere() -> Self {
        let (none, protocol) = (Ipv4Addr::UNSPECIFIED, IpNumber::TCP);
        let header =
            ipv4::Header { source: none, destination: none, protocol, ttl: 0, tos: 0, identification: None };
        Self {
            number: 0,
            source: none.into(),
            destination: none.into(),
            shared: false,
            until: Instant::ZERO,
            interface: InterfaceId::LOOPBACK,
            link: [0; ethernet::HEADER],
            network: ipv4::Template::new(&header),
            counter: None,
            path: Path { mtu: 0, link_mtu: 0, transmit_checksum: false, max_super_frame: 0 },
        }
    }

    /// The way has to be found anew.
    pub fn forget(&mut self) {
        self.until = Instant::ZERO;
    }

    /// Its number while it is good; then one that no connection knows.
    #[inline]
    fn number_at(&self, now: Instant) -> u64 {
        if now < self.until { self.number } else { u64::MAX }
    }

    fn joins(&self, ends: &ConnectionId, now: Instant) -> bool {
        let good = now < self.until && !self.shared;
        good && self.destination == ends.remote.ip() && self.source == ends.local.ip()
    }
}

impl Host {
    /// Whether nothing is to be sent now.
    #[inline]
    pub(super) fn has_nothing_to_send(&self) -> bool {
        self.outbox.is_empty() && self.tcp.has_nothing_ready()
    }

    /// Fills `frame` with the next frame for a link. It is built in one place, and not moved from layer to layer: a frame
    /// is large.
    #[inline(never)]
    pub(super) fn transmit(&mut self, ctx: &mut Ctx<'_>, frame: &mut Frame) -> Option<InterfaceId> {
        while !self.has_nothing_to_send() {
            let sent = if self.outbox.is_empty() {
                self.transmit_segment(ctx, frame)
            } else {
                self.transmit_queued(ctx, frame)
            };
            match sent {
                // What a host sends to itself turns round here.
                Some(InterfaceId::LOOPBACK) => self.ingress(ctx, InterfaceId::LOOPBACK, frame),
                Some(_) => return sent,
                None => {}
            }
        }
        None
    }

    /// The first of what waits in the outbox.
    #[cold]
    fn transmit_queued(&mut self, ctx: &mut Ctx<'_>, frame: &mut Frame) -> Option<InterfaceId> {
        let outgoing = self.outbox.pop()?;
        self.wake_senders();
        match outgoing {
            Outgoing::Frame(interface, outgoing) => {
                *frame = outgoing;
                self.depart(ctx, interface, frame)
            }
            Outgoing::Packet(hop, packet) => {
                *frame = packet;
                self.transmit_packet(ctx, hop, None, frame)
            }
            Outgoing::Forwarded(hop, came_by, packet) => {
                *frame = packet;
                self.transmit_packet(ctx, hop, Some(came_by), frame)
            }
            Outgoing::Loop(interface, packet) => {
                *frame = packet;
                self.loop_to_members(ctx, interface, frame);
                None
            }
        }
    }

    /// TCP's next segment: the way first, since an unresolved one parks the connection.
    #[inline]
    fn transmit_segment(&mut self, ctx: &mut Ctx<'_>, frame: &mut Frame) -> Option<InterfaceId> {
        let number = self.way.number_at(ctx.now);
        let emitted = match self.tcp.emit_along(ctx, number, &self.way.path, frame) {
            Emission::Segment => true,
            Emission::Nothing => false,
            Emission::Elsewhere(ready) => self.emit_elsewhere(ctx, ready, frame),
        };
        if !emitted {
            return None;
        }
        let identification = self.way.counter.map(|counter| {
            let segments = tcp::segment_count(frame.payload().len(), frame.meta.segment_size);
            self.identifications.draw_for(counter, segments)
        });
        self.way.network.push_on_ethernet(frame, identification, &self.way.link);
        self.depart(ctx, self.way.interface, frame)
    }

    /// What is ready goes another way than the last segment did, or has not gone any: finds it, and puts the next segment
    /// into `frame`. False: there is no way, or nothing to send after all.
    #[cold]
    fn emit_elsewhere(&mut self, ctx: &mut Ctx<'_>, ready: Ready, frame: &mut Frame) -> bool {
        if !self.way.joins(self.tcp.ends(ready), ctx.now) && !self.find_way(ctx, ready) {
            return false;
        }
        let way = &self.way;
        match ready {
            Ready::Connection(key) => {
                self.tcp.goes(key, way.number);
                self.tcp.emit_along(ctx, way.number, &way.path, frame) == Emission::Segment
            }
            Ready::Reply => self.tcp.emit_reply(&way.path, frame),
        }
    }

    /// Resolves the way of what is ready and remembers it; or parks or fails what is ready. Whether there is one.
    #[cold]
    fn find_way(&mut self, ctx: &mut Ctx<'_>, ready: Ready) -> bool {
        let ends = self.tcp.ends(ready);
        let ports = Some((ends.local.port(), ends.remote.port()));
        let ends = (ends.local.ip(), ends.remote.ip());
        let flow = Flow { source: ends.0, destination: ends.1, protocol: IpNumber::TCP.0, ports };
        let found = match self.find_by(&flow, self.tcp.device_of(ready)) {
            Ok(found) if !found.hop.broadcast => found,
            Ok(_) => return self.fail_way(ctx, ready, Trouble::NetworkUnreachable),
            Err(reason) => return self.fail_way(ctx, ready, reason.into()),
        };
        let (hop, (IpAddr::V4(source), IpAddr::V4(destination))) = (found.hop, ends) else { return false };
        match self.next_station(ctx, &hop) {
            Station::Known(link, until) => {
                let Some(interface) = self.interface(hop.interface) else { return false };
                let capabilities = interface.capabilities();
                let known = self.path_mtus.get(destination);
                let fragment = known.is_some_and(|known| known.fragment);
                let path = Path {
                    mtu: known.map_or(capabilities.mtu, |known| known.mtu.min(capabilities.mtu)),
                    link_mtu: capabilities.mtu,
                    transmit_checksum: capabilities.transmit_checksum,
                    max_super_frame: capabilities.max_super_frame.min(u32::from(u16::MAX)),
                };
                let ((ttl, tos), own_headers) = self.tcp.header_of(ready);
                let (protocol, ttl) = (IpNumber::TCP, ttl.unwrap_or(self.knobs.ttl));
                let header = ipv4::Header { source, destination, protocol, ttl, tos, identification: None };
                let counter = (fragment || !self.knobs.dont_fragment)
                    .then(|| self.identifications.counter(source, destination, protocol));
                let network = ipv4::Template::new(&header);
                let (source, destination) = ends;
                let interface = hop.interface;
                let number = self.way.number + 1;
                // Another connection between the same addresses may go with another header.
                let shared = found.shared || own_headers;
                self.way = Way {
                    number,
                    source,
                    destination,
                    shared,
                    until,
                    interface,
                    link,
                    network,
                    counter,
                    path,
                };
                true
            }
            Station::Asked => {
                self.tcp.park(ready);
                if let Ready::Connection(key) = ready {
                    self.park_waiter(&hop, waiter_of(key));
                }
                false
            }
            Station::Silent => self.fail_way(ctx, ready, Trouble::HostUnreachable),
        }
    }

    fn fail_way(&mut self, ctx: &mut Ctx<'_>, ready: Ready, trouble: Trouble) -> bool {
        self.tcp.on_unreachable(ctx, ready, trouble);
        false
    }

    /// A packet that knows its hop, and if it is forwarded by which interface it came.
    fn transmit_packet(
        &mut self,
        ctx: &mut Ctx<'_>,
        hop: Hop,
        came_by: Option<InterfaceId>,
        packet: &mut Frame,
    ) -> Option<InterfaceId> {
        if !self.interface(hop.interface).is_some_and(Interface::is_up) {
            self.discard_on(ctx, Some(hop.interface), DropReason::InterfaceDown);
            return None;
        }
        match self.next_station(ctx, &hop) {
            Station::Known(header, _) => {
                if self.goes_whole(hop.interface, packet) {
                    ethernet::push(packet, &header);
                    return self.depart(ctx, hop.interface, packet);
                }
                let whole = core::mem::replace(packet, Frame::empty());
                let mut frames = self.dispatch(ctx, hop.interface, &header, whole).into_iter();
                *packet = frames.next()?;
                let rest = frames.map(|frame| Outgoing::Frame(hop.interface, frame));
                self.outbox.push_first(rest);
                self.depart(ctx, hop.interface, packet)
            }
            Station::Asked => {
                let packet = core::mem::replace(packet, Frame::empty());
                for _ in 0..self.park_packet(&hop, Parked { packet, came_by }) {
                    self.discard(ctx, DropReason::NeighborQueueFull);
                }
                None
            }
            Station::Silent => {
                self.fail_packet(ctx, came_by, packet);
                None
            }
        }
    }

    /// What the next hop's link header is, and until when.
    fn next_station(&mut self, ctx: &mut Ctx<'_>, hop: &Hop) -> Station {
        if hop.interface == InterfaceId::LOOPBACK {
            return Station::Known(loopback::header(EtherType::IPV4), Instant::FAR_FUTURE);
        }
        let Some(interface) = self.interface(hop.interface) else { return Station::Silent };
        if interface.medium() == Medium::PointToPoint {
            // There is one station to whom everything goes. `depart` takes the header off again.
            return Station::Known(loopback::header(EtherType::IPV4), Instant::FAR_FUTURE);
        }
        if hop.broadcast {
            // RFC 1112 §6.4: a group's address is made of its own.
            let to = match hop.station {
                IpAddr::V4(group) if group.is_multicast() => mac_of(group),
                _ => Mac::BROADCAST,
            };
            let header = ethernet::header(to, interface.mac(), EtherType::IPV4);
            return Station::Known(header, Instant::FAR_FUTURE);
        }
        self.resolve(ctx, hop)
    }

    /// Queues a message of this host's own accord: its IP header is put in front here. It may be cut on its way, since
    /// nobody waits for what routers say of it.
    pub(crate) fn enqueue_marked(
        &mut self,
        plan: &Plan,
        protocol: IpNumber,
        ttl: u8,
        tos: u8,
        payload: Frame,
    ) {
        let discovery = Some(MtuDiscovery::Dont);
        let sending = Sending { ttl: Some(ttl), tos, discovery, ..Sending::default() };
        self.enqueue_with(plan, protocol, &sending, payload);
    }

    /// Queues a packet as its sender wants it, for which [`fits`](Plan::fits) has said that it can be sent: its IP header
    /// is put in front here. What is longer than the path's MTU is cut when it leaves.
    pub(crate) fn enqueue_with(
        &mut self,
        plan: &Plan,
        protocol: IpNumber,
        sending: &Sending,
        mut payload: Frame,
    ) {
        self.put_header(plan, protocol, sending, &mut payload);
        self.outbox.push(Outgoing::Packet(plan.hop, payload));
    }

    /// Counts a packet that this host sends.
    pub(crate) fn count_request(&mut self, plan: &Plan) {
        self.tally.ip.out_requests += 1;
        if plan.destination.is_multicast() {
            self.tally.ip.out_mcast_pkts += 1;
        } else {
            self.tally.ip.out_bcast_pkts += u64::from(plan.hop.broadcast);
        }
    }

    /// Puts the IP header in front of what this host sends.
    pub(super) fn put_header(
        &mut self,
        plan: &Plan,
        protocol: IpNumber,
        sending: &Sending,
        payload: &mut Frame,
    ) {
        let Plan { source, destination, .. } = *plan;
        self.count_request(plan);
        let length = ipv4::HEADER + sending.options.len() + payload.len();
        let may_be_cut = plan.lets_cut(length, sending.discovery.unwrap_or(self.knobs.mtu_discovery));
        let identification = may_be_cut.then(|| {
            let counter = self.identifications.counter(source, destination, protocol);
            self.identifications.draw(counter)
        });
        let ttl = sending.ttl.unwrap_or(self.knobs.ttl);
        let header = ipv4::Header { source, destination, protocol, ttl, tos: sending.tos, identification };
        ipv4::push_with_options(payload, &header, &sending.options);
    }

    /// Whether a packet needs no closer look: the link takes it, and no path is known to take less.
    #[inline]
    fn goes_whole(&self, interface: InterfaceId, packet: &Frame) -> bool {
        let fits = |own: &Interface| packet.len() <= usize::from(own.capabilities().mtu);
        self.interface(interface).is_some_and(fits)
            && packet.meta.segment_size.is_none()
            && (self.path_mtus.is_empty() || packet.meta.cause == Cause::Forwarded)
    }

    /// A packet in front of which the link header belongs: the frames that it makes, in order. More than one where it is a
    /// super-frame that the link does not take, or longer than the link's or the path's MTU, and may be cut.
    #[cold]
    pub(super) fn dispatch(
        &mut self,
        ctx: &mut Ctx<'_>,
        interface: InterfaceId,
        header: &[u8; ethernet::HEADER],
        mut packet: Frame,
    ) -> Vec<Frame> {
        let capabilities = self.interface(interface).map(Interface::capabilities);
        let capabilities = capabilities.unwrap_or(Capabilities { mtu: 0, ..Capabilities::default() });
        let mut frames = if segmentation::must_be_cut(&mut packet, &capabilities) {
            let segments = match segmentation::cut(packet, 0, capabilities.transmit_checksum) {
                Ok(segments) => segments,
                Err(reason) => {
                    self.discard_on(ctx, Some(interface), reason);
                    return Vec::new();
                }
            };
            segments.flat_map(|segment| self.fragment(ctx, interface, capabilities.mtu, segment)).collect()
        } else {
            self.fragment(ctx, interface, capabilities.mtu, packet)
        };
        frames.iter_mut().for_each(|frame| ethernet::push(frame, header));
        frames
    }

    /// A packet as it is, or its fragments where it is longer than the link's or the path's MTU.
    fn fragment(
        &mut self,
        ctx: &mut Ctx<'_>,
        interface: InterfaceId,
        link: u16,
        mut packet: Frame,
    ) -> Vec<Frame> {
        let link = usize::from(link);
        let path = match packet.head().get(16..20).and_then(<[u8]>::first_chunk::<4>) {
            Some(to) if packet.meta.cause != Cause::Forwarded => self.path_mtus.get((*to).into()),
            _ => None,
        };
        let frames: Vec<Frame> = match fragment::fit(&mut packet, link) {
            Fit::TooBig => {
                self.discard_on(ctx, Some(interface), DropReason::TooBig);
                return Vec::new();
            }
            Fit::Whole if path.is_none() => vec![packet],
            _ => {
                let mtu = path.map_or(link, |path| link.min(path.mtu.into()));
                match fragment::fit(&mut packet, mtu) {
                    // RFC 791 §3.2
                    Fit::InPieces => fragment::cut(packet, mtu).into_iter().flatten().collect(),
                    // What must not be cut and was queued before the path's MTU was known: a router will say so.
                    Fit::Whole | Fit::TooBig => vec![packet],
                }
            }
        };
        if frames.len() > 1 {
            self.tally.ip.out_frag_oks += 1;
            // The first piece keeps its packet's cause; the others are counted by theirs.
            self.tally.ip.out_frag_creates += 1;
        }
        frames
    }

    /// A frame leaves: it gets its name here.
    #[expect(clippy::inline_always, reason = "it is the end of one function where segments are sent")]
    #[inline(always)]
    fn depart(
        &mut self,
        ctx: &mut Ctx<'_>,
        interface: InterfaceId,
        frame: &mut Frame,
    ) -> Option<InterfaceId> {
        let interface = match self.interface(interface) {
            Some(own) => match own.passage() {
                Passage::Plain => interface,
                Passage::Special => {
                    let by = dress(own, interface, frame);
                    if by != interface {
                        self.tally.count_sent_over(interface, frame);
                    }
                    by
                }
                Passage::Closed => return self.refuse(ctx, interface),
            },
            None => return self.refuse(ctx, interface),
        };
        let segments = match frame.meta.segment_size {
            None => 1,
            Some(_) => segmentation::count(frame).into(),
        };
        frame.meta.id = self.name_frames(segments);
        self.tally.count_sent(interface, frame, segments);
        if ctx.wants(Interest::FRAMES) {
            show_sent(ctx, interface, frame);
        }
        Some(interface)
    }

    /// A frame cannot leave: its interface is down.
    #[cold]
    fn refuse(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) -> Option<InterfaceId> {
        self.discard_on(ctx, Some(on), DropReason::InterfaceDown);
        None
    }

    pub(super) fn name_frame(&mut self) -> FrameId {
        self.name_frames(1)
    }

    /// The name of a frame that stands for so many: those that follow are theirs, once it is cut.
    #[inline]
    fn name_frames(&mut self, segments: u64) -> FrameId {
        let counter = self.frames_made + 1;
        self.frames_made += segments;
        FrameId { origin: self.node, counter }
    }

    /// The next hop of a packet does not answer: whoever sent it is told. One that is forwarded came by `came_by`.
    pub(super) fn fail_packet(
        &mut self,
        ctx: &mut Ctx<'_>,
        came_by: Option<InterfaceId>,
        packet: &mut Frame,
    ) {
        if let Some(on) = came_by {
            self.fail_forwarded(ctx, on, packet);
        } else if let Some(quote) = Quote::read(packet) {
            let (from, trouble) = (quote.source.into(), Trouble::HostUnreachable);
            self.report(ctx, &quote, &Report { from, trouble, icmp: None }, packet);
        }
        self.discard(ctx, DropReason::NeighborUnresolved);
    }

    /// A packet ends before it left. It gets a name, so that its end can be told.
    pub(super) fn discard(&mut self, ctx: &mut Ctx<'_>, reason: DropReason) {
        self.discard_on(ctx, None, reason);
    }

    /// As [`discard`](Self::discard), with the interface by which it would have left, where that is known.
    #[cold]
    pub(super) fn discard_on(&mut self, ctx: &mut Ctx<'_>, on: Option<InterfaceId>, reason: DropReason) {
        let id = self.name_frame();
        self.tally.count_discarded(on, reason);
        ctx.observe(Interest::FRAMES, || Event::FrameDropped { id, place: Place::Interface, reason });
    }

    /// Something left the outbox: whoever found it full may try again.
    fn wake_senders(&mut self) {
        for socket in self.outbox.waiting.drain(..) {
            match socket {
                SocketId::Udp(key) => self.udp.wake(key, Readiness::WRITE),
                SocketId::Icmp(key) => self.echo.wake(key, Readiness::WRITE),
                SocketId::Raw(key) => self.raw.wake(key, Readiness::WRITE),
                SocketId::Tcp(_)
                | SocketId::Listener(_)
                | SocketId::Bound(_)
                | SocketId::Unix(_)
                | SocketId::Addresses => {}
            }
        }
    }
}

/// Out of line, so that what nobody watches costs one test.
#[cold]
fn show_sent(ctx: &mut Ctx<'_>, interface: InterfaceId, frame: &Frame) {
    ctx.observe(Interest::FRAMES, || Event::FrameSent { interface, frame });
}
