//! IPv4 options (RFC 791 §3.1): none is acted on, all are checked for what their lengths say.

/// What the options mean for this host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Options {
    /// Nothing.
    Fine,
    /// A source route is not at its end: the packet is for somebody else, further on.
    SourceRouted,
    /// They do not parse, at this octet of the header.
    Malformed(u8),
}

const END: u8 = 0;
const NO_OPERATION: u8 = 1;
const LOOSE_SOURCE_ROUTE: u8 = 131;
const STRICT_SOURCE_ROUTE: u8 = 137;

/// Reads `octets`, which stand behind the first 20 octets of the header.
pub fn check(octets: &[u8]) -> Options {
    let mut at = 0;
    let mut found = Options::Fine;
    while let Some(&kind) = octets.get(at) {
        match kind {
            END => break,
            NO_OPERATION => at += 1,
            _ => {
                let length = usize::from(octets.get(at + 1).copied().unwrap_or(0));
                if length < 2 || at + length > octets.len() {
                    // The octet in error: RFC 1122 §3.2.2.5.
                    return Options::Malformed((20 + at + 1) as u8);
                }
                let option = &octets[at..at + length];
                if matches!(kind, LOOSE_SOURCE_ROUTE | STRICT_SOURCE_ROUTE) && is_unfinished(option) {
                    found = Options::SourceRouted;
                }
                at += length;
            }
        }
    }
    found
}

/// RFC 791 §3.1: a source route is at its end when its pointer, counted from 1, is beyond its length.
fn is_unfinished(option: &[u8]) -> bool {
    option.get(2).is_some_and(|pointer| usize::from(*pointer) <= option.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_parses_is_tolerated() {
        assert_eq!(check(&[]), Options::Fine);
        assert_eq!(check(&[1, 1, 1, 0]), Options::Fine);
        assert_eq!(check(&[7, 7, 4, 0, 0, 0, 0, 0]), Options::Fine, "record route");
        assert_eq!(check(&[0, 99, 99, 99]), Options::Fine, "what is behind the end does not count");
        assert_eq!(check(&[148, 4, 0, 0]), Options::Fine, "router alert");
    }

    #[test]
    fn lengths_that_cannot_be_are_pointed_at() {
        assert_eq!(check(&[7, 1, 0, 0]), Options::Malformed(21));
        assert_eq!(check(&[1, 7, 9, 0]), Options::Malformed(22));
        assert_eq!(check(&[1, 1, 1, 7]), Options::Malformed(24));
    }

    #[test]
    fn a_source_route_counts_until_its_pointer_is_beyond_it() {
        assert_eq!(check(&[131, 7, 4, 10, 0, 0, 1, 0]), Options::SourceRouted);
        assert_eq!(check(&[137, 7, 4, 10, 0, 0, 1, 0]), Options::SourceRouted);
        assert_eq!(check(&[131, 7, 8, 10, 0, 0, 1, 0]), Options::Fine);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..=40)) {
            if let Options::Malformed(at) = check(&octets) {
                prop_assert!((20..=60).contains(&at));
            }
        }
    }
}
