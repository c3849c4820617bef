//! ICMP: what arrives of it, and what this host says of others' packets.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use etherparse::{IpNumber, icmpv4};

use super::Host;
use super::ingress::Origin;
use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId, Meta};
use crate::network::icmp::{self, Complaint, Echo, Error, Message};
use crate::network::ipv4;
use crate::network::quote::Quote;
use crate::trace::{Cause, DropReason, Trigger};
use crate::transport::echo::EchoEvent;
use crate::transport::{IpInfo, Trouble};

impl Host {
    /// An ICMP message arrived.
    pub(super) fn accept_icmp(
        &mut self,
        ctx: &mut Ctx<'_>,
        ip: &IpInfo,
        frame: &mut Frame,
    ) -> Result<(), DropReason> {
        let icmp_type = frame.pull_up(icmp::HEADER).map_or(u8::MAX, |header| header[0]);
        match icmp::accept(frame)? {
            Message::EchoRequest(echo) => self.answer_echo(ctx, ip, echo, frame)?,
            Message::EchoReply(Echo { identifier, sequence }) => {
                let bytes = frame.take_payload(0);
                let event = EchoEvent::Reply { from: ip.source, sequence, bytes, ttl: ip.ttl, at: ctx.now };
                self.echo.deliver(identifier, event)?;
            }
            Message::Error(error, quote) => {
                // RFC 6633 §3: a source quench is ignored, whoever it is about.
                let trouble = trouble_of(error).ok_or(DropReason::IcmpIgnored)?;
                let IpAddr::V4(from) = ip.source else { return Err(DropReason::IcmpNoSocket) };
                if !self.report(ctx, from, &quote, trouble) {
                    return Err(DropReason::IcmpNoSocket);
                }
                self.tally.icmp_errors_received += 1;
            }
            Message::Ignored => return Err(DropReason::IcmpIgnored),
        }
        self.tally.count_icmp(icmp_type);
        Ok(())
    }

    /// RFC 1122 §3.2.2.6: every host answers echo requests, with the same data, from the address that was asked.
    fn answer_echo(
        &mut self,
        ctx: &mut Ctx<'_>,
        ip: &IpInfo,
        echo: Echo,
        frame: &mut Frame,
    ) -> Result<(), DropReason> {
        if !ip.to_unicast && !self.knobs.answer_broadcast_echo {
            return Err(DropReason::IcmpIgnored);
        }
        let bound = if ip.to_unicast { ip.destination } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
        let plan = self.plan(ip.source, bound).map_err(|_| DropReason::NoRoute)?;
        let payload = frame.take_payload(0);
        let length = ipv4::HEADER + icmp::HEADER + payload.len();
        if length > plan.mtu {
            return Err(DropReason::TooBig);
        }
        if !self.outbox.has_room(length) || !self.echo_replies.take(ctx.now) {
            self.tally.icmp.out_rate_limited += 1;
            return Err(DropReason::IcmpRateLimited);
        }
        let meta = Meta::new(Cause::EchoReply, Trigger::Frame(ip.frame));
        let reply = icmp::echo_reply(echo, payload, meta);
        self.enqueue(&plan, IpNumber::ICMP, self.knobs.ttl, reply);
        Ok(())
    }

    /// Tells whoever sent the quoted packet what became of it. False where no flow of this host is like it.
    pub(super) fn report(
        &mut self,
        ctx: &mut Ctx<'_>,
        from: Ipv4Addr,
        quote: &Quote,
        trouble: Trouble,
    ) -> bool {
        if !self.addresses.is_own(quote.source) {
            return false;
        }
        let (source_port, destination_port) = quote.ports();
        let local = SocketAddr::new(quote.source.into(), source_port);
        let remote = SocketAddr::new(quote.destination.into(), destination_port);
        match quote.protocol {
            IpNumber::TCP => self.tcp.on_trouble(ctx, local, remote, quote.sequence(), trouble),
            IpNumber::UDP => self.udp.on_trouble(local, remote, trouble),
            IpNumber::ICMP if quote.transport[0] == icmpv4::TYPE_ECHO_REQUEST => {
                let [.., a, b, c, d] = quote.transport;
                let (identifier, sequence) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                let event = EchoEvent::Error { from: from.into(), sequence, trouble };
                self.echo.deliver(identifier, event).is_ok()
            }
            _ => false,
        }
    }

    /// Says what is wrong with a packet, if RFC 1122 §3.2.2 lets anything be said of it. The frame is put back as
    /// it was behind the Ethernet header.
    #[cold]
    pub(super) fn complain(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
        complaint: Complaint,
    ) {
        let packet = &origin.packet;
        // Never about ICMP, which might be an error; nor a later fragment; nor to nobody.
        let about_icmp = packet.protocol == IpNumber::ICMP;
        let later_fragment = packet.fragment == Some(false);
        if !origin.complain || about_icmp || later_fragment || packet.source.is_unspecified() {
            return;
        }
        // RFC 1812 §4.3.2.4: from the address that was written to, or else one of the interface by which it goes.
        let bound = if self.addresses.is_own(packet.destination) {
            packet.destination
        } else {
            Ipv4Addr::UNSPECIFIED
        };
        let Ok(plan) = self.plan(packet.source.into(), bound.into()) else { return };
        frame.unstrip_front(usize::from(packet.header_length));
        let cause = match complaint {
            Complaint::Parameter(_) => Cause::ParameterProblem,
            Complaint::TimeExceeded => Cause::TimeExceeded,
            Complaint::Redirect(_) => Cause::Redirect,
            Complaint::Port
            | Complaint::Protocol
            | Complaint::SourceRoute
            | Complaint::Network
            | Complaint::Host
            | Complaint::Filtered
            | Complaint::TooBig(_) => Cause::DestinationUnreachable,
        };
        let longest = self.knobs.icmp_error_length.min(plan.mtu as u16);
        let meta = Meta::new(cause, Trigger::Frame(frame.meta.id));
        let message = icmp::error(complaint, frame, longest, meta);
        let length = ipv4::HEADER + message.len();
        // Loopback has no limit: nobody but this host can ask for more.
        let limited = origin.on != InterfaceId::LOOPBACK && !self.icmp_errors.take(ctx.now);
        if limited || !self.outbox.has_room(length) || length > plan.mtu {
            self.tally.icmp.out_rate_limited += 1;
            return;
        }
        self.enqueue(&plan, IpNumber::ICMP, self.knobs.ttl, message);
    }
}

/// What an error means to a transport.
fn trouble_of(error: Error) -> Option<Trouble> {
    Some(match error {
        Error::NetworkUnreachable => Trouble::NetworkUnreachable,
        Error::HostUnreachable => Trouble::HostUnreachable,
        Error::ProtocolUnreachable => Trouble::ProtocolUnreachable,
        Error::PortUnreachable => Trouble::PortUnreachable,
        Error::FragmentationNeeded(mtu) => Trouble::PacketTooBig(mtu),
        Error::Prohibited => Trouble::Prohibited,
        Error::TimeExceeded | Error::ParameterProblem => Trouble::Soft,
        Error::SourceQuench => return None,
    })
}
