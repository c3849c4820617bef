//! ICMP errors: what this host says of others' packets.

use core::net::{IpAddr, Ipv4Addr};

use etherparse::IpNumber;

use super::Host;
use super::ingress::Origin;
use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId, Meta};
use crate::interface::Interface;
use crate::network::icmp::{self, Error, Redirect, Unreachable};
use crate::network::ipv4;
use crate::network::limits::Kind;
use crate::trace::{Cause, DropReason, Trigger};

/// RFC 1812 §4.3.2.5: internetwork control.
const PRECEDENCE: u8 = 6 << 5;
/// The type of service, as RFC 1349 §3 has it: without precedence, and without what is ECN's now.
const TYPE_OF_SERVICE: u8 = 0b0001_1100;

impl Host {
    /// Says what is wrong with a packet, if anything may be said of it (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7). Its header
    /// was taken off; the frame is put back as it was behind the link's header.
    #[cold]
    pub(super) fn complain(&mut self, ctx: &mut Ctx<'_>, origin: &Origin, frame: &mut Frame, error: Error) {
        let (kind, cause) = match error {
            Error::Unreachable(Unreachable::FragmentationNeeded(_)) => {
                (Kind::TooBig, Cause::DestinationUnreachable)
            }
            Error::Unreachable(_) => (Kind::Unreachable, Cause::DestinationUnreachable),
            Error::TimeExceeded(_) => (Kind::TimeExceeded, Cause::TimeExceeded),
            Error::ParameterProblem(_) => (Kind::ParameterProblem, Cause::ParameterProblem),
        };
        self.say_of(ctx, origin, frame, (kind, cause), |frame, longest, meta| {
            icmp::error(error, frame, longest, meta)
        });
    }

    /// Says that `gateway` is a better first hop for such packets, under the same rules.
    #[cold]
    pub(super) fn complain_redirect(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
        gateway: Ipv4Addr,
    ) {
        let redirect = Redirect::to_host(gateway);
        self.say_of(ctx, origin, frame, (Kind::Redirect, Cause::Redirect), |frame, longest, meta| {
            icmp::redirect(redirect, frame, longest, meta)
        });
    }

    fn say_of(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
        (kind, cause): (Kind, Cause),
        message: impl FnOnce(&Frame, u16, Meta) -> Frame,
    ) {
        let packet = &origin.packet;
        let on_loopback = origin.on == InterfaceId::LOOPBACK;
        let header = usize::from(packet.header_length);
        frame.unstrip_front(header);
        let (head, payload) = (frame.head(), frame.payload());
        let first = head.get(header).or_else(|| payload.get(header.saturating_sub(head.len()))).copied();
        let silent = !origin.complain
            || !self.knobs.send_icmp_errors
            || self.addresses.is_broadcast(packet.source, origin.on)
            || icmp::may_be_answered(packet, on_loopback, first).is_err();
        if silent {
            return;
        }
        let bound = IpAddr::V4(self.complain_from(origin));
        let Ok(plan) = self.plan(packet.source.into(), bound) else { return };
        let longest = self.knobs.icmp_error_length.min(u16::try_from(plan.mtu).unwrap_or(u16::MAX));
        let message = message(frame, longest, Meta::new(cause, Trigger::Frame(frame.meta.id)));
        let length = ipv4::HEADER + message.len();
        if !self.outbox.has_room(length) {
            self.discard_on(ctx, Some(plan.hop.interface), DropReason::OutputQueueFull);
            return;
        }
        // Loopback has no limit: nobody but this host can ask for more.
        if !on_loopback && !self.icmp_errors.take(ctx.now, kind, packet.source.into()) {
            self.tally.icmp.out_rate_limited += 1;
            return;
        }
        let tos =
            if self.knobs.icmp_error_precedence { PRECEDENCE | packet.tos & TYPE_OF_SERVICE } else { 0 };
        self.enqueue_marked(&plan, IpNumber::ICMP, self.knobs.ttl, tos, message);
    }

    /// The address that a complaint is from: the one that was spoken to, if it is this host's; else, by RFC 1812
    /// §4.3.2.4, that of the interface by which the message goes, which unspecified stands for, or by knob that of the
    /// interface by which the packet came.
    fn complain_from(&self, origin: &Origin) -> Ipv4Addr {
        if self.addresses.is_own(origin.packet.destination) {
            return origin.packet.destination;
        }
        let inbound = self.interface(origin.on).filter(|_| self.knobs.icmp_errors_from_inbound);
        match inbound.and_then(|interface: &Interface| interface.address_for(origin.packet.source.into())) {
            Some(IpAddr::V4(address)) => address,
            _ => Ipv4Addr::UNSPECIFIED,
        }
    }
}
