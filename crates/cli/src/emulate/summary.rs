//! What a wire has counted, as text and as JSON.

use std::io::{self, Write};

use serde::Serialize;
use wirelab_rawlink::LinkCounters as RealCounters;
use wirelab_sim::{ExternalCounters, LinkCounters};
use wirelab_stack::time::{Duration, Instant};

use crate::tables::grouped;

/// What one end has counted: the real link, and its port.
#[derive(Clone, Copy, Debug, Default)]
pub struct End {
    /// The real link.
    pub link: RealCounters,
    /// The port.
    pub port: ExternalCounters,
}

/// One direction of the wire.
#[derive(Clone, Debug)]
pub struct Way {
    /// Where it comes from.
    pub from: String,
    /// Where it leads.
    pub to: String,
    /// What the wire has counted.
    pub counters: LinkCounters,
}

/// What a wire has counted in all.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The seed of all chance.
    pub seed: u64,
    /// How long it was there.
    pub duration: Duration,
    /// From the first end to the second, and back.
    pub ways: [Way; 2],
    /// The first end, and the second.
    pub ends: [End; 2],
}

/// The last line under `--json`.
#[derive(Serialize)]
struct Object<'a> {
    event: &'static str,
    seed: u64,
    /// In seconds.
    duration: String,
    directions: [WayObject<'a>; 2],
}

/// One direction, frame by frame: `frames_in + duplicated` is `delivered`, `under_way` and the sum of `dropped`;
/// `delivered` is `sent`, `waiting` and the sum of `not_sent`.
#[derive(Serialize)]
struct WayObject<'a> {
    from: &'a str,
    to: &'a str,
    frames_in: u64,
    octets_in: u64,
    duplicated: u64,
    reordered: u64,
    corrupted: u64,
    delivered: u64,
    octets_delivered: u64,
    under_way: u64,
    longest_queue: u64,
    longest_queue_octets: u64,
    dropped: Dropped,
    sent: u64,
    waiting: usize,
    not_sent: NotSent,
    not_received: NotReceived,
}

/// What the wire dropped, and why.
#[derive(Serialize)]
struct Dropped {
    loss: u64,
    queue_full: u64,
    mtu: u64,
    malformed: u64,
    bad_fcs: u64,
}

/// What the second end did not send, and why.
#[derive(Serialize)]
struct NotSent {
    output_full: u64,
    too_large: u64,
    down: u64,
    refused: u64,
}

/// What the first end never gave to the wire, and why.
#[derive(Serialize)]
struct NotReceived {
    missed: u64,
    cut: u64,
    malformed: u64,
}

impl Summary {
    fn way(&self, place: usize) -> WayObject<'_> {
        let (way, from, to) = (&self.ways[place], &self.ends[place], &self.ends[1 - place]);
        let counters = &way.counters;
        let (link, port) = (&to.link, &to.port);
        let not_sent = NotSent {
            output_full: port.queue_full,
            too_large: link.too_large,
            down: link.down,
            refused: link.refused,
        };
        let delivered = counters.delivered_frames - port.bad_fcs;
        let gone = not_sent.output_full + not_sent.too_large + not_sent.down + not_sent.refused;
        WayObject {
            from: &way.from,
            to: &way.to,
            frames_in: counters.frames_in,
            octets_in: counters.bytes_in,
            duplicated: counters.duplicated,
            reordered: counters.reordered,
            corrupted: counters.corrupted,
            delivered,
            octets_delivered: counters.delivered_bytes,
            under_way: under_way(counters),
            longest_queue: counters.max_queue_packets,
            longest_queue_octets: counters.max_queue_bytes,
            dropped: Dropped {
                loss: counters.lost,
                queue_full: counters.queue_full,
                mtu: counters.over_mtu,
                malformed: counters.malformed,
                bad_fcs: port.bad_fcs,
            },
            sent: delivered.saturating_sub(gone + port.waiting as u64),
            waiting: port.waiting,
            not_sent,
            not_received: NotReceived {
                missed: from.link.missed,
                cut: from.link.cut,
                malformed: from.link.malformed,
            },
        }
    }

    /// Prints it for people.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} s, seed {}", Instant::ZERO + self.duration, self.seed)?;
        for place in 0..2 {
            let (way, object) = (&self.ways[place], self.way(place));
            let counters = LinkCounters {
                dropped_frames: way.counters.dropped_frames + object.dropped.bad_fcs,
                ..way.counters
            };
            writeln!(out, "{} -> {}", way.from, way.to)?;
            let octets = |octets| format!("{} octets", grouped(octets));
            writeln!(out, "  in       {} frames, {}", grouped(object.frames_in), octets(object.octets_in))?;
            let rate = rate(object.octets_delivered, self.duration);
            let delivered = octets(object.octets_delivered);
            writeln!(out, "  out      {} frames, {delivered}, {rate}", grouped(object.sent))?;
            let mut parts = drop_parts(&counters);
            parts.push(("bad frame check sequence", object.dropped.bad_fcs));
            writeln!(out, "  {}", total("dropped ", counters.dropped_frames, &parts))?;
            writeln!(
                out,
                "  changed  {} duplicated, {} held back, {} corrupted",
                grouped(object.duplicated),
                grouped(object.reordered),
                grouped(object.corrupted)
            )?;
            let queue = (grouped(object.longest_queue), octets(object.longest_queue_octets));
            writeln!(out, "  queue    at most {} frames, {}", queue.0, queue.1)?;
            if object.under_way > 0 {
                writeln!(out, "  under way at the end {} frames", grouped(object.under_way))?;
            }
            let NotSent { output_full, too_large, down, refused } = object.not_sent;
            let parts = [
                ("too many waited", output_full),
                ("too large", too_large),
                ("down", down),
                ("refused", refused),
                ("still waiting", object.waiting as u64),
            ];
            print_trouble(out, &format!("{} did not send", way.to), &parts)?;
            let NotReceived { missed, cut, malformed } = object.not_received;
            let parts = [("missed", missed), ("cut", cut), ("malformed", malformed)];
            print_trouble(out, &format!("{} did not receive", way.from), &parts)?;
        }
        out.flush()
    }

    /// Prints it as one JSON object.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn print_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let object = Object {
            event: "summary",
            seed: self.seed,
            duration: (Instant::ZERO + self.duration).to_string(),
            directions: [self.way(0), self.way(1)],
        };
        serde_json::to_writer(&mut *out, &object)?;
        writeln!(out)?;
        out.flush()
    }
}

/// Frames that are in the wire.
const fn under_way(counters: &LinkCounters) -> u64 {
    let came = counters.frames_in + counters.duplicated;
    came - counters.delivered_frames - counters.dropped_frames
}

fn print_trouble(out: &mut dyn Write, what: &str, parts: &[(&str, u64)]) -> io::Result<()> {
    match parts.iter().map(|(_, number)| number).sum::<u64>() {
        0 => Ok(()),
        sum => writeln!(out, "  {}", total(what, sum, parts)),
    }
}

fn drop_parts(counters: &LinkCounters) -> Vec<(&'static str, u64)> {
    vec![
        ("loss", counters.lost),
        ("queue full", counters.queue_full),
        ("longer than the MTU", counters.over_mtu),
        ("malformed", counters.malformed),
    ]
}

/// What the wire dropped: how many frames, and for what.
pub fn drops(counters: &LinkCounters) -> String {
    total("dropped", counters.dropped_frames, &drop_parts(counters))
}

/// `dropped 12 (loss 10, queue full 2)`
fn total(what: &str, sum: u64, parts: &[(&str, u64)]) -> String {
    let named = parts.iter().filter(|(_, number)| *number > 0);
    let named: Vec<String> = named.map(|(name, number)| format!("{name} {}", grouped(*number))).collect();
    let named = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
    format!("{what} {}{named}", grouped(sum))
}

/// `98.1 Mbit/s`: so many octets in such a time.
pub fn rate(octets: u64, time: Duration) -> String {
    const UNITS: [&str; 4] = ["kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];
    if time.is_zero() {
        return "0 bit/s".to_owned();
    }
    let bits = u128::from(octets) * 8 * 1_000_000_000 / u128::from(time.as_nanos());
    if bits < 1_000 {
        return format!("{bits} bit/s");
    }
    let mut scale = 1_000;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if bits < scale * 1_000 {
            break;
        }
        (scale, unit) = (scale * 1_000, next);
    }
    format!("{}.{} {unit}", bits / scale, bits % scale * 10 / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let counters = LinkCounters {
            frames_in: 1_000,
            bytes_in: 1_000_000,
            duplicated: 5,
            delivered_frames: 900,
            delivered_bytes: 900_000,
            dropped_frames: 100,
            lost: 60,
            queue_full: 40,
            max_queue_packets: 30,
            max_queue_bytes: 30_000,
            ..LinkCounters::default()
        };
        let way = |from: &str, to: &str, counters| Way { from: from.into(), to: to.into(), counters };
        let port =
            ExternalCounters { bad_fcs: 10, queue_full: 20, waiting: 3, ..ExternalCounters::default() };
        let link = RealCounters { too_large: 7, missed: 2, ..RealCounters::default() };
        Summary {
            seed: 7,
            duration: Duration::from_secs(2),
            ways: [way("tap:a", "tap:b", counters), way("tap:b", "tap:a", LinkCounters::default())],
            ends: [End::default(), End { link, port }],
        }
    }

    #[test]
    fn every_frame_is_accounted_for() {
        let mut out = Vec::new();
        summary().print_json(&mut out).unwrap();
        let object: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let there = &object["directions"][0];
        let number = |field: &serde_json::Value| field.as_u64().unwrap();
        let sum = |field: &serde_json::Value| field.as_object().unwrap().values().map(number).sum::<u64>();
        assert_eq!(
            number(&there["frames_in"]) + number(&there["duplicated"]),
            number(&there["delivered"]) + number(&there["under_way"]) + sum(&there["dropped"])
        );
        assert_eq!(
            number(&there["delivered"]),
            number(&there["sent"]) + number(&there["waiting"]) + sum(&there["not_sent"])
        );
        assert_eq!((number(&there["sent"]), number(&there["under_way"])), (860, 5));
        assert_eq!(object["directions"][1]["not_received"]["missed"], 2);
        assert_eq!((&object["event"], &object["duration"]), (&"summary".into(), &"2.000000000".into()));
    }

    #[test]
    fn people_read_what_happened_and_no_more() {
        let mut out = Vec::new();
        summary().print(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in [
            "2.000000000 s, seed 7\ntap:a -> tap:b\n",
            "  in       1,000 frames, 1,000,000 octets\n",
            "  out      860 frames, 900,000 octets, 3.6 Mbit/s\n",
            "  dropped  110 (loss 60, queue full 40, bad frame check sequence 10)\n",
            "  under way at the end 5 frames\n",
            "  tap:b did not send 30 (too many waited 20, too large 7, still waiting 3)\n",
            "  tap:b did not receive 2 (missed 2)\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        assert!(!text.contains("tap:a did not"), "{text}");
    }

    #[test]
    fn rates_have_the_unit_that_fits() {
        let second = Duration::from_secs(1);
        assert_eq!(rate(124, second), "992 bit/s");
        assert_eq!(rate(125, second), "1.0 kbit/s");
        assert_eq!(rate(12_262_500, second), "98.1 Mbit/s");
        assert_eq!(rate(125_000_000, second), "1.0 Gbit/s");
        assert_eq!(rate(u64::MAX, Duration::from_nanos(1)), "147573952589676412.9 Tbit/s");
    }
}
