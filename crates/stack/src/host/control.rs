//! ICMP that arrives: queries are answered, errors and answers go to whom they concern.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use etherparse::{IpNumber, icmpv4};

use super::Host;
use super::raw::{quoted, quoted_whole};
use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId, Meta};
use crate::network::icmp::{self, Echo, Error, Message, TimeOfDay};
use crate::network::ipv4;
use crate::network::options::List;
use crate::network::quote::Quote;
use crate::network::sending::{MtuDiscovery, Sending};
use crate::trace::{Cause, DropReason, Trigger};
use crate::transport::echo::EchoEvent;
use crate::transport::{IpInfo, Report, Trouble, udp};

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
                let (from, ttl, tos, at) = (ip.source, ip.ttl, ip.tos, ctx.now);
                let mut options = ip.options(frame, icmp::HEADER);
                if let IpAddr::V4(own) = ip.destination {
                    // RFC 1122 §3.2.1.8 (e)
                    options.stamp(own, |address| self.is_own(address), at);
                }
                let bytes = frame.take_payload(0);
                let event = EchoEvent::Reply { from, sequence, bytes, ttl, tos, options, at };
                self.echo.deliver(identifier, event)?;
            }
            Message::TimestampRequest(echo, times) => {
                self.answer_timestamp(ctx, ip, echo, times.originate)?;
            }
            Message::TimestampReply(Echo { identifier, sequence }, times) => {
                let event = EchoEvent::Times { from: ip.source, sequence, times, at: ctx.now };
                self.echo.deliver(identifier, event)?;
            }
            Message::Error(_, quote) | Message::Redirect(_, quote)
                if !self.may_have_left(ip.interface, &quote) =>
            {
                return Err(DropReason::IcmpNoSocket);
            }
            Message::Error(error, quote) => self.accept_error(ctx, ip, error, &quote, frame)?,
            Message::Redirect(redirect, quote) => self.accept_redirect(ctx, ip, redirect, &quote)?,
            Message::RouterAdvertisement(advertisement) => {
                self.accept_advertisement(ctx, ip, &advertisement)?;
            }
            Message::RouterSolicitation => self.accept_solicitation(ctx, ip)?,
        }
        self.tally.count_icmp(icmp_type);
        Ok(())
    }

    fn accept_error(
        &mut self,
        ctx: &mut Ctx<'_>,
        ip: &IpInfo,
        error: Error,
        quote: &Quote,
        frame: &Frame,
    ) -> Result<(), DropReason> {
        let (kind, code, _) = error.to_wire();
        let trouble = Trouble::of_icmp(error, quote.total_length);
        let report = Report { from: ip.source, trouble, icmp: Some((kind, code)) };
        let believed = ip.to_unicast
            && match trouble {
                Trouble::PacketTooBig(mtu) => self.accept_too_big(ctx, quote, mtu, &report, frame),
                _ => self.report(ctx, quote, &report, frame),
            };
        if !believed {
            return Err(DropReason::IcmpNoSocket);
        }
        self.tally.icmp_errors_received += 1;
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
        let options = ip.options(frame, icmp::HEADER);
        let payload = frame.take_payload(0);
        let meta = Meta::new(Cause::EchoReply, Trigger::Frame(ip.frame));
        let reply = icmp::echo_reply(echo, payload, meta);
        self.answer(ctx, ip, &options, reply)
    }

    /// RFC 1122 §3.2.2.8: the asker's time comes back, with the time here. What was broadcast is dropped unless echo
    /// requests to broadcast addresses are answered, as it asks for.
    fn answer_timestamp(
        &mut self,
        ctx: &mut Ctx<'_>,
        ip: &IpInfo,
        echo: Echo,
        originate: TimeOfDay,
    ) -> Result<(), DropReason> {
        if !self.knobs.answer_timestamp || !ip.to_unicast && !self.knobs.answer_broadcast_echo {
            return Err(DropReason::IcmpIgnored);
        }
        let meta = Meta::new(Cause::TimestampReply, Trigger::Frame(ip.frame));
        let reply = icmp::timestamp_reply(echo, originate, ctx.now, meta);
        self.answer(ctx, ip, &List::EMPTY, reply)
    }

    /// Sends the answer to a query, from the address that was asked, unless too many were sent.
    fn answer(
        &mut self,
        ctx: &mut Ctx<'_>,
        ip: &IpInfo,
        options: &List,
        reply: Frame,
    ) -> Result<(), DropReason> {
        let bound = if ip.to_unicast { ip.destination } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
        // RFC 1122 §3.2.2.6: a route that is recorded is recorded on, a source route goes back.
        let (first, options) = self.answer_options(ip.source, bound, options, ctx.now);
        let plan = self.plan(first, bound).map_err(|_| DropReason::NoRoute)?;
        let length = ipv4::HEADER + options.len() + reply.len();
        plan.fits(length, MtuDiscovery::Dont).map_err(|_| DropReason::TooBig)?;
        let limit = match reply.meta.cause {
            Cause::TimestampReply => &mut self.timestamp_replies,
            _ => &mut self.echo_replies,
        };
        if !self.outbox.has_room(length) {
            return Err(DropReason::OutputQueueFull);
        }
        if !limit.take(ctx.now) {
            self.tally.icmp.out_rate_limited += 1;
            return Err(DropReason::IcmpRateLimited);
        }
        // RFC 1349 §5.1: with the type of service of the request. ECN is nothing to answer with.
        let discovery = Some(MtuDiscovery::Dont);
        let sending = Sending { ttl: None, tos: ip.tos & !0b11, discovery, options };
        self.enqueue_with(&plan, IpNumber::ICMP, &sending, reply);
        Ok(())
    }

    /// Tells whoever sent the quoted packet, which is what is there of it in `frame`, what became of it. False where no flow of this host is like it: the message
    /// is late, or forged (RFC 5927 §4).
    pub(super) fn report(
        &mut self,
        ctx: &mut Ctx<'_>,
        quote: &Quote,
        report: &Report,
        frame: &Frame,
    ) -> bool {
        if !self.addresses.is_own(quote.source) {
            return false;
        }
        let (local, remote) = ends_of(quote);
        let raw = self.raw.on_trouble(quote, report, || quoted_whole(frame));
        let known = match quote.protocol {
            IpNumber::TCP => {
                self.tcp.on_trouble(ctx, local, remote, quote.sequence(), report.trouble, self.trigger)
            }
            IpNumber::UDP => self.udp.on_trouble(local, remote, report, || quoted(frame, udp::HEADER)),
            IpNumber::ICMP if asks(quote) => {
                let Echo { identifier, sequence } = echo_of(quote);
                self.echo.deliver(identifier, EchoEvent::Error { sequence, report: *report }).is_ok()
            }
            _ => false,
        };
        known || raw
    }

    /// Whether the quoted packet, which nobody may cut, is like one that some socket sent lately. Of TCP its connection
    /// asks for more: a sequence number in flight.
    pub(super) fn has_sent(&self, quote: &Quote) -> bool {
        let (local, remote) = ends_of(quote);
        if self.raw.has_sent(quote) {
            return true;
        }
        match quote.protocol {
            IpNumber::TCP => true,
            IpNumber::UDP => self.udp.has_sent(local, remote, quote.total_length),
            IpNumber::ICMP if asks(quote) => {
                let Echo { identifier, sequence } = echo_of(quote);
                self.echo.has_sent(identifier, (remote.ip(), sequence), quote.total_length)
            }
            _ => false,
        }
    }

    /// Whether whoever said something by `on` may have seen the quoted packet. What a host sends to itself never leaves it
    /// (RFC 1122 §3.2.1.3 (g)): nobody outside can tell what became of it.
    fn may_have_left(&self, on: InterfaceId, quote: &Quote) -> bool {
        let to_itself = quote.source.is_loopback() || self.addresses.is_own(quote.destination);
        on == InterfaceId::LOOPBACK || !to_itself
    }

    /// Whether some socket of this host may have sent the quoted packet.
    pub(super) fn may_have_sent(&self, quote: &Quote) -> bool {
        if !self.addresses.is_own(quote.source) {
            return false;
        }
        let (local, remote) = ends_of(quote);
        if self.raw.sends(quote) {
            return true;
        }
        match quote.protocol {
            IpNumber::TCP => self.tcp.may_have_sent(local, remote, quote.sequence()),
            IpNumber::UDP => self.udp.sends(local, remote),
            IpNumber::ICMP if asks(quote) => self.echo.is_open(echo_of(quote).identifier),
            // Answers to others leave no trace here.
            IpNumber::ICMP => true,
            _ => false,
        }
    }
}

fn ends_of(quote: &Quote) -> (SocketAddr, SocketAddr) {
    let (source_port, destination_port) = quote.ports();
    let local = SocketAddr::new(quote.source.into(), source_port);
    (local, SocketAddr::new(quote.destination.into(), destination_port))
}

/// Whether the quoted ICMP message is one that echo sockets send.
fn asks(quote: &Quote) -> bool {
    matches!(quote.transport[0], icmpv4::TYPE_ECHO_REQUEST | icmpv4::TYPE_TIMESTAMP)
}

fn echo_of(quote: &Quote) -> Echo {
    let [.., a, b, c, d] = quote.transport;
    Echo::from_wire([a, b, c, d])
}
