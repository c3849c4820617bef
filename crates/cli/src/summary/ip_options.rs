//! IPv4 options, in tcpdump's manner: `options (RR 10.0.0.1, 10.0.0.2, RA)`.

use std::fmt::Write;
use std::net::Ipv4Addr;

/// What stands behind the first 20 octets of a header; empty where that is nothing.
pub fn text(octets: &[u8]) -> String {
    let mut options = Vec::new();
    let mut rest = octets;
    while let Some(&kind) = rest.first() {
        match kind {
            0 => break,
            1 => {
                rest = &rest[1..];
                continue;
            }
            _ => {}
        }
        let length = rest.get(1).map_or(0, |length| usize::from(*length));
        let Some(option) = rest.get(..length).filter(|option| option.len() >= 2) else {
            options.push(format!("{} [bad length {length}]", name(kind)));
            break;
        };
        options.push(one(option));
        rest = &rest[length..];
    }
    if options.is_empty() { String::new() } else { format!(", options ({})", options.join(", ")) }
}

fn name(kind: u8) -> String {
    match kind {
        7 => "RR".into(),
        68 => "TS".into(),
        130 => "security".into(),
        131 => "LSRR".into(),
        136 => "SID".into(),
        137 => "SSRR".into(),
        148 => "RA".into(),
        other => format!("unknown {other}"),
    }
}

fn one(option: &[u8]) -> String {
    let mut text = name(option[0]);
    let pointer = option.get(2).map_or(0, |pointer| usize::from(*pointer));
    match option[0] {
        7 | 131 | 137 => {
            let source_route = option[0] != 7;
            for (number, word) in words(option, 3).iter().enumerate() {
                let here = 4 + 4 * number == pointer;
                // Of a recorded route what is behind the pointer has yet to be written.
                if !source_route && 4 + 4 * number >= pointer {
                    break;
                }
                let mark = if source_route && here { "^" } else { "" };
                let comma = if number == 0 { "" } else { "," };
                let _ = write!(text, "{comma} {mark}{}", Ipv4Addr::from(*word));
            }
        }
        68 => stamps(option, pointer, &mut text),
        148 => {
            let value = option.get(2..4).unwrap_or_default();
            if value != [0, 0] {
                let _ = write!(text, " value {value:02x?}");
            }
        }
        _ => {}
    }
    text
}

/// `TS{10.0.0.1@7000, 10.0.0.2@7010}`, with how many found no room.
fn stamps(option: &[u8], pointer: usize, text: &mut String) {
    let flags = option.get(3).copied().unwrap_or(0);
    let addressed = flags & 0x0f != 0;
    let entry = if addressed { 2 } else { 1 };
    let mut said = Vec::new();
    for (number, words) in words(option, 4).chunks_exact(entry).enumerate() {
        let filled = 5 + 4 * entry * number < pointer;
        let time = u32::from_be_bytes(words[entry - 1]);
        said.push(match (addressed, filled) {
            (true, true) => format!("{}@{time}", Ipv4Addr::from(words[0])),
            // An address that was given beforehand waits for its time.
            (true, false) if flags & 0x0f == 3 => format!("{}@-", Ipv4Addr::from(words[0])),
            (false, true) => time.to_string(),
            (_, false) => continue,
        });
    }
    let _ = write!(text, "{{{}}}", said.join(", "));
    if flags >> 4 != 0 {
        let _ = write!(text, " [{} hops without room]", flags >> 4);
    }
}

fn words(option: &[u8], head: usize) -> &[[u8; 4]] {
    option.get(head..).unwrap_or_default().as_chunks::<4>().0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_option_is_named_with_what_it_holds() {
        for (octets, expected) in [
            (&[][..], ""),
            (&[1, 1, 0, 0], ""),
            (&[148, 4, 0, 0], ", options (RA)"),
            (&[148, 4, 0, 1], ", options (RA value [00, 01])"),
            (&[7, 11, 8, 10, 0, 0, 1, 0, 0, 0, 0, 0], ", options (RR 10.0.0.1)"),
            (&[131, 11, 8, 10, 0, 0, 1, 10, 0, 0, 2, 0], ", options (LSRR 10.0.0.1, ^10.0.0.2)"),
            (&[137, 7, 4, 10, 0, 0, 1, 0], ", options (SSRR ^10.0.0.1)"),
            (&[68, 12, 9, 0x20, 0, 0, 0, 7, 0, 0, 0, 0], ", options (TS{7} [2 hops without room])"),
            (&[68, 12, 13, 1, 10, 0, 0, 1, 0, 0, 0, 7], ", options (TS{10.0.0.1@7})"),
            (&[68, 12, 5, 3, 10, 0, 0, 1, 0, 0, 0, 0], ", options (TS{10.0.0.1@-})"),
            (&[94, 3, 0, 7, 9, 0, 0, 0], ", options (unknown 94, RR [bad length 9])"),
        ] {
            assert_eq!(text(octets), expected, "{octets:?}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..=40)) {
            let _ = text(&octets);
        }
    }
}
