//! IGMP messages in their packets: TTL 1, precedence for control, router alert (RFC 9776 §4; RFC 2113 §2.1).

use core::net::Ipv4Addr;

use etherparse::IpNumber;

use super::{Knobs, Message, Outgoing, Version};
use crate::frame::{Frame, Meta};
use crate::network::ipv4;
use crate::network::options::List;
use crate::trace::Trigger;

/// Octets of the header: the router alert is four more than the least.
pub const HEADER: usize = 24;

/// Type of service: Internetwork Control (RFC 9776 §4).
const CONTROL: u8 = 0xc0;

/// The packet that carries a message from `source`.
pub fn packet(outgoing: &Outgoing, source: Ipv4Addr, trigger: Trigger) -> Frame {
    let mut frame = Frame::with_payload(outgoing.message.to_octets(), Meta::new(outgoing.cause, trigger));
    let header = ipv4::Header {
        source,
        destination: outgoing.destination,
        protocol: IpNumber::IGMP,
        ttl: 1,
        tos: CONTROL,
        identification: None,
    };
    ipv4::push_with_options(&mut frame, &header, &List::router_alert());
    frame
}

/// Whether a message came so that it can only be from this link, as far as the knobs ask. Those of version 1 know no router
/// alert.
pub fn is_local(knobs: &Knobs, message: &Message, ttl: u8, alert: bool) -> bool {
    let first = match message {
        Message::ReportV1(_) => true,
        Message::Query(query) => query.version == Version::V1,
        _ => false,
    };
    (ttl == 1 || !knobs.require_ttl_1) && (alert || first || !knobs.require_router_alert)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::igmp::{ALL_SYSTEMS, Query};
    use crate::network::options::{Marks, Options};
    use crate::time::Duration;
    use crate::trace::Cause;

    #[test]
    fn packets_are_for_the_link_only() {
        // RFC 9776 §4
        let message = Message::Query(Query::general(Version::V3, Duration::from_secs(10)));
        let outgoing = Outgoing { destination: ALL_SYSTEMS, message, cause: Cause::IgmpGeneralQuery };
        let mut frame = packet(&outgoing, Ipv4Addr::new(10, 0, 0, 1), Trigger::Timer);
        let octets = frame.to_vec();
        assert_eq!(octets[..2], [0x46, 0xc0]);
        assert_eq!((octets[8], &octets[20..24]), (1, &[148, 4, 0, 0][..]));
        let accepted = ipv4::accept(&mut frame).unwrap();
        let marks = Marks { router_alert: true, ..Marks::default() };
        assert_eq!(accepted.options, Options::Present(marks));
        assert_eq!((accepted.protocol, accepted.destination), (IpNumber::IGMP, ALL_SYSTEMS));
        assert_eq!(super::super::message::accept(&mut frame), Ok(outgoing.message));
    }

    #[test]
    fn what_may_be_from_beyond_the_link_is_told() {
        // RFC 9776 §9.1, §9.2
        let (strict, lax) = (Knobs::rfc(), Knobs::linux());
        let new = Message::ReportV2(ALL_SYSTEMS);
        assert!(is_local(&strict, &new, 1, true) && !is_local(&strict, &new, 1, false));
        assert!(!is_local(&strict, &new, 2, true) && is_local(&lax, &new, 2, false));
        assert!(is_local(&strict, &Message::ReportV1(ALL_SYSTEMS), 1, false));
        let query = |version| Message::Query(Query::general(version, Duration::from_secs(1)));
        assert!(is_local(&strict, &query(Version::V1), 1, false));
        assert!(!is_local(&strict, &query(Version::V3), 1, false));
    }
}
