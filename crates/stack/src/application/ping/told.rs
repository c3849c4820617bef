//! What a ping tells, in the words of iputils' `ping`.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

use super::statistics::Statistics;
use crate::time::Duration;
use crate::transport::{Report, Trouble};

/// What a ping tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// It begins.
    Begins {
        /// What the destination is called, where it is not by its address.
        name: Option<String>,
        /// Whom it asks.
        destination: IpAddr,
        /// Octets of payload.
        payload: usize,
        /// Octets of the packet.
        packet: usize,
    },
    /// A request was answered.
    Reply {
        /// Who answered.
        from: IpAddr,
        /// Whether that is whom it asked.
        expected: bool,
        /// Which request.
        sequence: u16,
        /// Octets of the answer, ICMP's header included.
        octets: usize,
        /// The TTL that the answer arrived with.
        ttl: u8,
        /// How long it took.
        rtt: Duration,
        /// Whether it was answered before.
        duplicate: bool,
        /// What is wrong with the payload that came back.
        wrong: Option<Wrong>,
        /// Who has recorded itself on the way.
        route: Vec<Ipv4Addr>,
    },
    /// The times of day were answered.
    Times {
        /// Who answered.
        from: IpAddr,
        /// Which request.
        sequence: u16,
        /// When the request was sent, when it came, and when it was answered.
        times: [String; 3],
        /// How long it took.
        rtt: Duration,
        /// Whether it was answered before.
        duplicate: bool,
    },
    /// A request will not be answered.
    Error {
        /// Which request.
        sequence: u16,
        /// Who says so, and why.
        report: Report,
    },
    /// A request could not be sent.
    NotSent {
        /// Which request.
        sequence: u16,
        /// Why.
        error: String,
    },
    /// A request has not been answered so far.
    Outstanding {
        /// Which request.
        sequence: u16,
    },
    /// It is over.
    Ends {
        /// What the destination is called.
        name: String,
        /// What came of all.
        statistics: Statistics,
    },
}

/// What is wrong with a payload that came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// It is shorter than what was sent.
    Truncated,
    /// An octet is another.
    Octet {
        /// Which.
        place: usize,
        /// What was sent.
        sent: u8,
        /// What came.
        came: u8,
    },
}

impl Wrong {
    /// Compares what was sent with what came.
    pub(super) fn of(sent: &[u8], came: &[u8]) -> Option<Self> {
        if came.len() < sent.len() {
            return Some(Self::Truncated);
        }
        let differ = sent.iter().zip(came).position(|(sent, came)| sent != came);
        differ.map(|place| Self::Octet { place, sent: sent[place], came: came[place] })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begins { name, destination, payload, packet } => {
                let name = name.as_ref().map_or_else(|| destination.to_string(), Clone::clone);
                write!(f, "PING {name} ({destination}) {payload}({packet}) bytes of data.")
            }
            Self::Reply { from, expected, sequence, octets, ttl, rtt, duplicate, wrong, route } => {
                write!(f, "{octets} bytes from {from}: icmp_seq={sequence} ttl={ttl}")?;
                if *wrong == Some(Wrong::Truncated) {
                    return f.write_str(" (truncated)");
                }
                write!(f, " time={} ms", Millis(*rtt))?;
                let marks = [(*duplicate, "DUP!"), (!*expected, "DIFFERENT ADDRESS!")];
                for (_, mark) in marks.iter().filter(|(is, _)| *is) {
                    write!(f, " ({mark})")?;
                }
                if let Some(Wrong::Octet { place, sent, came }) = wrong {
                    write!(f, "\nwrong data byte #{place} should be {sent:#x} but was {came:#x}")?;
                }
                if !route.is_empty() {
                    let route: Vec<String> = route.iter().map(ToString::to_string).collect();
                    write!(f, "\nicmp_seq={sequence}: recorded route {}", route.join(", "))?;
                }
                Ok(())
            }
            Self::Times { from, sequence, times: [originate, receive, transmit], rtt, duplicate } => {
                write!(
                    f,
                    "times from {from}: icmp_seq={sequence} orig={originate} recv={receive} xmit={transmit}"
                )?;
                let mark = if *duplicate { " (DUP!)" } else { "" };
                write!(f, " time={} ms{mark}", Millis(*rtt))
            }
            Self::Error { sequence, report } => {
                write!(f, "From {} icmp_seq={sequence} {}", report.from, Words(report))
            }
            Self::NotSent { sequence, error } => write!(f, "icmp_seq={sequence} local error: {error}"),
            Self::Outstanding { sequence } => write!(f, "no answer yet for icmp_seq={sequence}"),
            Self::Ends { name, statistics } => write!(f, "\n--- {name} ping statistics ---\n{statistics}"),
        }
    }
}

/// A span in milliseconds, with three digits that count while it is short, and at most three behind the point.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_nanos() / 1_000;
        match micros {
            0..1_000 => write!(f, "0.{micros:03}"),
            1_000..9_995 => write!(f, "{}.{:02}", (micros + 5) / 1_000, (micros + 5) % 1_000 / 10),
            9_995..99_950 => write!(f, "{}.{:01}", (micros + 50) / 1_000, (micros + 50) % 1_000 / 100),
            _ => write!(f, "{}", (micros.saturating_add(500)) / 1_000),
        }
    }
}

/// What is said of a request.
struct Words<'a>(&'a Report);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The codes of RFC 1122 §3.2.2.1 and RFC 1812 §5.2.7.1.
        f.write_str(match (self.0.trouble, self.0.icmp) {
            (Trouble::PacketTooBig(mtu), _) => return write!(f, "Frag needed and DF set (mtu = {mtu})"),
            (_, Some((3, 6))) => "Destination Net Unknown",
            (_, Some((3, 7))) => "Destination Host Unknown",
            (_, Some((3, 8))) => "Source Host Isolated",
            (_, Some((3, 9))) => "Destination Net Prohibited",
            (_, Some((3, 10))) => "Destination Host Prohibited",
            (_, Some((3, 11))) => "Destination Net Unreachable for Type of Service",
            (_, Some((3, 12))) => "Destination Host Unreachable for Type of Service",
            (_, Some((3, 14))) => "Precedence Violation",
            (_, Some((3, 15))) => "Precedence Cutoff",
            (Trouble::NetworkUnreachable, _) => "Destination Net Unreachable",
            (Trouble::HostUnreachable, _) => "Destination Host Unreachable",
            (Trouble::ProtocolUnreachable, _) => "Destination Protocol Unreachable",
            (Trouble::PortUnreachable, _) => "Destination Port Unreachable",
            (Trouble::SourceRouteFailed, _) => "Source Route Failed",
            (Trouble::Prohibited, _) => "Packet filtered",
            (Trouble::TimeExceeded, _) => "Time to live exceeded",
            (Trouble::ReassemblyTimeExceeded, _) => "Frag reassembly time exceeded",
            (Trouble::ParameterProblem, _) => "Parameter problem",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

    fn reply(micros: u64) -> Told {
        Told::Reply {
            from: FROM,
            expected: true,
            sequence: 7,
            octets: 64,
            ttl: 63,
            rtt: Duration::from_micros(micros),
            duplicate: false,
            wrong: None,
            route: Vec::new(),
        }
    }

    #[test]
    fn answers_are_told_as_ping_tells_them() {
        for (micros, time) in [
            (0, "0.000"),
            (45, "0.045"),
            (999, "0.999"),
            (1_000, "1.00"),
            (1_994, "1.99"),
            (1_995, "2.00"),
            (9_994, "9.99"),
            (9_995, "10.0"),
            (99_949, "99.9"),
            (99_950, "100"),
            (1_234_499, "1234"),
            (u64::MAX / 1_000, "18446744073710"),
        ] {
            assert_eq!(
                reply(micros).to_string(),
                format!("64 bytes from 10.0.0.2: icmp_seq=7 ttl=63 time={time} ms")
            );
        }
    }

    #[test]
    fn what_is_odd_about_an_answer_stands_behind_it() {
        let with = |change: fn(&mut bool, &mut bool, &mut Option<Wrong>, &mut Vec<Ipv4Addr>)| {
            let mut told = reply(45);
            let Told::Reply { expected, duplicate, wrong, route, .. } = &mut told else { panic!() };
            change(expected, duplicate, wrong, route);
            let text = told.to_string();
            text.strip_prefix("64 bytes from 10.0.0.2: icmp_seq=7 ttl=63").unwrap().to_owned()
        };
        assert_eq!(with(|_, duplicate, _, _| *duplicate = true), " time=0.045 ms (DUP!)");
        assert_eq!(with(|expected, _, _, _| *expected = false), " time=0.045 ms (DIFFERENT ADDRESS!)");
        assert_eq!(with(|_, _, wrong, _| *wrong = Some(Wrong::Truncated)), " (truncated)");
        assert_eq!(
            with(|_, _, wrong, _| *wrong = Some(Wrong::Octet { place: 16, sent: 0x10, came: 0 })),
            " time=0.045 ms\nwrong data byte #16 should be 0x10 but was 0x0"
        );
        assert_eq!(
            with(|_, _, _, route| route.extend([[10, 0, 1, 1], [10, 0, 2, 1]].map(Ipv4Addr::from))),
            " time=0.045 ms\nicmp_seq=7: recorded route 10.0.1.1, 10.0.2.1"
        );
    }

    #[test]
    fn payloads_are_compared() {
        assert_eq!(Wrong::of(b"abc", b"abc"), None);
        assert_eq!(Wrong::of(b"abc", b"abcd"), None);
        assert_eq!(Wrong::of(b"abc", b"ab"), Some(Wrong::Truncated));
        assert_eq!(Wrong::of(b"abc", b"axc"), Some(Wrong::Octet { place: 1, sent: b'b', came: b'x' }));
    }

    #[test]
    fn errors_have_the_words_of_their_codes() {
        let of = |trouble, icmp| {
            Told::Error { sequence: 1, report: Report { from: FROM, trouble, icmp } }.to_string()
        };
        let unreachable = |trouble, code| of(trouble, Some((3, code)));
        for (trouble, code, words) in [
            (Trouble::NetworkUnreachable, 0, "Destination Net Unreachable"),
            (Trouble::HostUnreachable, 1, "Destination Host Unreachable"),
            (Trouble::ProtocolUnreachable, 2, "Destination Protocol Unreachable"),
            (Trouble::PortUnreachable, 3, "Destination Port Unreachable"),
            (Trouble::PacketTooBig(1400), 4, "Frag needed and DF set (mtu = 1400)"),
            (Trouble::SourceRouteFailed, 5, "Source Route Failed"),
            (Trouble::NetworkUnreachable, 6, "Destination Net Unknown"),
            (Trouble::HostUnreachable, 7, "Destination Host Unknown"),
            (Trouble::HostUnreachable, 8, "Source Host Isolated"),
            (Trouble::Prohibited, 9, "Destination Net Prohibited"),
            (Trouble::Prohibited, 10, "Destination Host Prohibited"),
            (Trouble::NetworkUnreachable, 11, "Destination Net Unreachable for Type of Service"),
            (Trouble::HostUnreachable, 12, "Destination Host Unreachable for Type of Service"),
            (Trouble::Prohibited, 13, "Packet filtered"),
            (Trouble::Prohibited, 14, "Precedence Violation"),
            (Trouble::Prohibited, 15, "Precedence Cutoff"),
        ] {
            assert_eq!(unreachable(trouble, code), format!("From 10.0.0.2 icmp_seq=1 {words}"));
        }
        let words = |trouble, icmp| of(trouble, icmp).split_once("=1 ").unwrap().1.to_owned();
        assert_eq!(words(Trouble::TimeExceeded, Some((11, 0))), "Time to live exceeded");
        assert_eq!(words(Trouble::ReassemblyTimeExceeded, Some((11, 1))), "Frag reassembly time exceeded");
        assert_eq!(words(Trouble::ParameterProblem, Some((12, 0))), "Parameter problem");
        assert_eq!(words(Trouble::HostUnreachable, None), "Destination Host Unreachable");
    }

    #[test]
    fn beginning_and_end_are_framed() {
        let begins = |name: Option<&str>| Told::Begins {
            name: name.map(str::to_owned),
            destination: FROM,
            payload: 56,
            packet: 84,
        };
        assert_eq!(begins(None).to_string(), "PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.");
        assert_eq!(begins(Some("server")).to_string(), "PING server (10.0.0.2) 56(84) bytes of data.");
        let ends = Told::Ends { name: "server".to_owned(), statistics: Statistics::default() };
        assert_eq!(ends.to_string(), "\n--- server ping statistics ---\n0 packets transmitted, 0 received\n");
    }
}
