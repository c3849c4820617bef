//! What forwarding asks of a packet, and does to its header (RFC 1812 §5.3).

use core::net::Ipv4Addr;

use crate::checksum::fold;
use crate::trace::DropReason;

/// Whether a packet between these addresses may be forwarded at all.
///
/// # Errors
/// The reason to drop it. Nobody is told: RFC 1812 §4.3.2.7 forbids errors about such packets.
pub fn check_ends(source: Ipv4Addr, destination: Ipv4Addr) -> Result<(), DropReason> {
    let martian = |address: Ipv4Addr| matches!(address.octets()[0], 0 | 127 | 240..);
    // RFC 1812 §5.3.7: neither end may be in {0, any}, in {127, any} or of class E, the limited broadcast among them; the
    // source may be no group either.
    if martian(source) || source.is_multicast() || martian(destination) {
        return Err(DropReason::Martian);
    }
    // RFC 3927 §7: what is from or to a link-local address stays on its link.
    if source.is_link_local() || destination.is_link_local() {
        return Err(DropReason::LinkLocal);
    }
    Ok(())
}

/// Takes one from the TTL of the header at the front of `header`, and mends its checksum without looking at the rest
/// (RFC 1812 §5.3.1; RFC 1624 §3, equation 3).
///
/// # Panics
/// When there are fewer octets than a header has, or the TTL is 0: such a packet is not forwarded.
pub fn decrement_ttl(header: &mut [u8]) {
    let word = |at: usize| u64::from(u16::from_be_bytes([header[at], header[at + 1]]));
    let (before, checksum) = (word(8), word(10));
    header[8] = header[8].checked_sub(1).expect("a packet whose TTL has run out is not forwarded");
    let after = u64::from(u16::from_be_bytes([header[8], header[9]]));
    let sum = (!checksum & 0xffff) + (!before & 0xffff) + after;
    header[10..12].copy_from_slice(&(!fold(sum)).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checksum::Sum;

    fn ip(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[test]
    fn martians_stay_where_they_are() {
        // RFC 1812 §5.3.7
        let (good, check) = (ip("10.0.0.1"), |source: &str| check_ends(ip(source), ip("10.0.0.1")));
        assert_eq!(check("192.0.2.1"), Ok(()));
        for source in
            ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"]
        {
            assert_eq!(check(source), Err(DropReason::Martian), "from {source}");
        }
        for destination in ["0.0.0.0", "0.1.2.3", "127.0.0.1", "240.0.0.1", "255.255.255.255"] {
            assert_eq!(check_ends(good, ip(destination)), Err(DropReason::Martian), "to {destination}");
        }
        assert_eq!(
            check_ends(good, ip("224.1.1.1")),
            Ok(()),
            "a group is for those who forward to groups to judge"
        );
        // RFC 3927 §7
        assert_eq!(check_ends(ip("169.254.1.1"), good), Err(DropReason::LinkLocal));
        assert_eq!(check_ends(good, ip("169.254.1.1")), Err(DropReason::LinkLocal));
    }

    proptest! {
        /// RFC 1624 §3: the mended checksum is the one that a sum over the whole header gives.
        #[test]
        fn the_mended_checksum_is_that_of_the_whole_header(mut header: [u8; 20], ttl in 1_u8..) {
            (header[8], header[10], header[11]) = (ttl, 0, 0);
            let checksum = Sum::new().with(&header).finish();
            header[10..12].copy_from_slice(&checksum.to_be_bytes());
            decrement_ttl(&mut header);
            prop_assert_eq!(header[8], ttl - 1);
            prop_assert!(Sum::new().with(&header).is_intact());
        }

        #[test]
        fn so_it_is_over_a_whole_way(mut header: [u8; 20], ttl: u8) {
            (header[8], header[10], header[11]) = (ttl, 0, 0);
            let checksum = Sum::new().with(&header).finish();
            header[10..12].copy_from_slice(&checksum.to_be_bytes());
            (0..ttl).for_each(|_| decrement_ttl(&mut header));
            prop_assert_eq!(header[8], 0);
            prop_assert!(Sum::new().with(&header).is_intact());
        }
    }
}
