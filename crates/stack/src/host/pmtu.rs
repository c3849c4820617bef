//! What routers say of a path's MTU (RFC 1191 §6), and what is believed of it (RFC 5927 §7).

use core::net::IpAddr;

use super::Host;
use super::schedule::{Concern, Schedule};
use crate::context::Ctx;
use crate::frame::Frame;
use crate::network::pmtu::LEAST;
use crate::network::quote::Quote;
use crate::transport::{Report, Trouble};

impl Host {
    /// A router says that the quoted packet is too long for the next link, whose MTU is `mtu`. Whether that is believed:
    /// the packet is one that this host may have sent, longer than that and not to be cut; of TCP with a sequence number in
    /// flight, of UDP to one of the destinations that its socket sent so much to lately, of echo requests one of the last.
    #[cold]
    pub(super) fn accept_too_big(
        &mut self,
        ctx: &mut Ctx<'_>,
        quote: &Quote,
        mtu: u16,
        report: &Report,
        frame: &Frame,
    ) -> bool {
        // RFC 1191 §3: no MTU is below 68 octets. RFC 5927 §7.2: what was sent was longer, and a link of this host took it.
        let Ok(plan) = self.plan(quote.destination.into(), quote.source.into()) else { return false };
        let sent = quote.total_length;
        let possible = (LEAST..sent).contains(&mtu) && usize::from(sent) <= plan.link_mtu;
        if !possible || !quote.dont_fragment || !self.has_sent(quote) {
            return false;
        }
        let least = self.knobs.min_path_mtu.max(LEAST);
        let trouble = Trouble::PacketTooBig(mtu.max(least));
        if !self.report(ctx, quote, &Report { trouble, ..*report }, frame) {
            return false;
        }
        if let Some(learnt) = self.path_mtus.learn(ctx.now, quote.destination, mtu, sent) {
            // What TCP sends next looks for its way anew; what it has sent too long goes again at once, on every
            // connection along the path (RFC 1191 §5.1).
            self.way.forget();
            self.schedule.set(Concern::PathMtu, Schedule::HOST, self.path_mtus.next_timeout());
            self.tcp.on_path_mtu(ctx, IpAddr::V4(quote.destination), learnt.mtu, self.trigger);
        }
        true
    }

    /// Some path's MTU has aged: RFC 1191 §6.3 has a larger one tried again.
    #[cold]
    pub(super) fn age_path_mtus(&mut self, ctx: &mut Ctx<'_>) {
        if self.path_mtus.expire(ctx.now) {
            self.way.forget();
        }
        self.schedule.set(Concern::PathMtu, Schedule::HOST, self.path_mtus.next_timeout());
    }
}
