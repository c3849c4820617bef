//! The corpus that fuzzing starts from: packets of the scenarios that ship, sorted by who reads them.
//!
//! `WIRELAB_CORPUS=fuzz/corpus cargo test --test corpus` writes it, one folder a target. Without that the test holds
//! that every target has packets to start from, and that the fuzz crate has just these targets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use wirelab::scenario::Scenario;
use wirelab::sim::{Component, Recorder};
use wirelab::stack::frame::Frame;
use wirelab::stack::time::Instant;
use wirelab::stack::trace::{Event, Interest};

mod support;

/// Longer packets only slow fuzzing down.
const LONGEST: usize = 600;
/// Where a conversation ends that one input has whole.
const CONVERSATION: usize = 4000;
/// Of one scenario and target: the first are as good as all.
const MOST: usize = 100;

/// Packets by the name of the fuzz target that reads them.
#[derive(Default)]
struct Corpus {
    targets: BTreeMap<&'static str, BTreeSet<Vec<u8>>>,
    /// The steps of the `reassembly` target so far.
    fragments: Vec<u8>,
    /// Those of `host` and `router`: a whole conversation is more than its frames.
    conversations: [Vec<u8>; 2],
}

impl Corpus {
    fn add(&mut self, target: &'static str, octets: &[u8]) {
        let packets = self.targets.entry(target).or_default();
        if packets.len() < MOST {
            packets.insert(octets.to_vec());
        }
    }

    fn sort(&mut self, frame: &Frame) {
        let octets = frame.to_vec();
        if octets.len() > LONGEST || octets.len() < 34 {
            return;
        }
        for (place, (target, to)) in
            [("host", [10, 0, 0, 1]), ("router", [10, 0, 1, 7])].into_iter().enumerate()
        {
            let step = step(&octets, to);
            self.add(target, &step);
            if self.conversations[place].len() < CONVERSATION {
                self.conversations[place].extend(step);
            }
        }
        match octets[12..14] {
            [8, 6] | [0x80, 0x35] => {
                self.add("arp", &octets[14..]);
                self.add("rarp", &step_while_booting(&octets));
            }
            [8, 0] => self.sort_ipv4(&octets[14..]),
            [0x81, 0] => self.add("vlan", &octets),
            _ => {}
        }
    }

    fn sort_ipv4(&mut self, packet: &[u8]) {
        // The checksum is to be made to fit.
        self.add("ipv4", &[&[1], packet].concat());
        self.add("fragment", &[&[1], packet].concat());
        self.add_fragment(packet);
        let header = usize::from(packet[0] & 15) * 4;
        if header > 20 {
            self.add("options", &packet[20..header]);
        }
        let payload = &packet[header..];
        // From or to the ports of DHCP.
        if packet[9] == 17 && matches!(payload[..4], [0, 67 | 68, 0, 67 | 68]) {
            self.add("dhcp", &payload[8..]);
        }
        if packet[9] == 6 {
            self.add_talk(payload);
        }
        if packet[9] == 2 {
            self.add("igmp", payload);
        }
        if packet[9] == 1 {
            self.add("icmp", &[&[1], payload].concat());
            self.add_told(payload);
            // Destination unreachable, redirect, time exceeded, parameter problem.
            if matches!(payload[0], 3 | 5 | 11 | 12) {
                self.add("quote", &payload[8..]);
            }
        }
    }

    /// What a segment carries, from or to the port of an application whose codec has a target.
    fn add_talk(&mut self, segment: &[u8]) {
        let data = &segment[usize::from(segment[12] >> 4) * 4..];
        let ports = [[segment[0], segment[1]], [segment[2], segment[3]]];
        if data.is_empty() {
            return;
        }
        for (port, target, before) in [(21, "ftp", &[3][..]), (25, "smtp", &[3]), (80, "http", &[4, 0])] {
            if ports.contains(&[0, port]) {
                self.add(target, &[before, data].concat());
            }
        }
    }

    /// A fragment, as a step of the `reassembly` target behind all that came before.
    fn add_fragment(&mut self, packet: &[u8]) {
        let word = u16::from_be_bytes([packet[6], packet[7]]);
        // Neither more fragments nor an offset: all bits but the two in front.
        if word << 2 == 0 {
            return;
        }
        let length = (packet.len() - usize::from(packet[0] & 15) * 4) as u16;
        let whose = packet[15] & 3 | (packet[5] & 3) << 2;
        let ([offset, low], [high, rest]) = ((word & 0x1fff).to_be_bytes(), length.to_be_bytes());
        self.fragments.extend([whose, u8::from(word & 0x2000 != 0), offset, low, high, rest, 0]);
        let steps = self.fragments.clone();
        self.add("reassembly", &steps);
    }

    /// An ICMP error, as a step of the `told` target: what it says, its value, and of which packet of that host.
    fn add_told(&mut self, message: &[u8]) {
        if message.len() < 8 {
            // The end of a message that came in pieces.
            return;
        }
        let (what, value) = match message[..2] {
            [3, 4] => (0, &message[6..8]),
            [3, 3] => (3, &message[6..8]),
            [3, _] => (4, &message[6..8]),
            [5, _] => (2, &[0, 253][..]),
            [11, _] => (5, &message[6..8]),
            _ => return,
        };
        for which in 0..5 {
            self.add("told", &[what, value[0], value[1], which, 0]);
        }
    }
}

/// A step of the `host` and `router` targets: a frame for that host's interface and an address, whose checksums are to be
/// made to fit.
fn step(octets: &[u8], destination: [u8; 4]) -> Vec<u8> {
    let mut frame = octets.to_vec();
    if frame[0] & 1 == 0 {
        frame[..6].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
        if frame[12..14] == [8, 0] {
            frame[30..34].copy_from_slice(&destination);
        }
    }
    let length = (frame.len() as u16).to_be_bytes();
    [&[4, length[0], length[1]], &frame[..]].concat()
}

/// A step of the `rarp` target: what answers a station tells this one its address; a little later.
fn step_while_booting(octets: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    if octets[12..14] == [0x80, 0x35] {
        octets[32..38].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
    }
    // 3000 ms, and the frame.
    [&[1, 0x0b, 0xb8], &step(&octets, [10, 0, 0, 1])[..]].concat()
}

impl Recorder for Corpus {
    fn interest(&self) -> Interest {
        Interest::FRAMES
    }

    fn record(&mut self, _: Instant, at: Component, event: &Event<'_>) {
        if let (Component::Host(_), Event::FrameSent { frame, .. }) = (at, event) {
            self.sort(frame);
        }
    }
}

/// Texts for the targets that read no packets, or of packets only a part.
const TEXTS: [(&str, &[&[u8]]); 7] = [
    (
        "ftp",
        &[
            b"\x01PORT 10,0,0,1,7,138\r\nEPRT |1|10.0.0.1|1930|\r\nEPSV ALL\r\nALLO 10 R 2\r\n",
            b"\x01227 =10,0,0,2,7,138\r\n229 (|||6446|)\r\n257 \"/a\"\"b\" is it\r\n",
            b"\x83type=file;size=3;modify=20260101000000.5;perm=r; a b\r\n\xff\xf4\xff\xf2ABOR\r\n",
        ],
    ),
    (
        "smtp",
        &[
            b"\x02MAIL FROM:<a@b.c> SIZE=9 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<\"a b\"@c.d>\r\n",
            b"\x84..\r\n.a\r\n\r\n.\r\nQUIT\r\n",
        ],
    ),
    (
        "http",
        &[
            b"\x10\0http://server:8080/a/../b?c=d#e",
            b"\x10\0../../x%2f%2e%2e?y",
            b"\x10\0/a%20b/%C3%A9/",
            b"\x10\0bytes=-500",
            b"\x10\0bytes=9-4095",
        ],
    ),
    ("name", &[b"/run/socket", b"\0abstract", b"server:80", b"localhost:0", b"10.0.0.2:21", b"[::1]:7"]),
    ("path", &[b"\0a/b/c", b"\x03a/b/../c", b"\0/./x//y/"]),
    (
        "record",
        &[
            // Calls; a question and its answer, a frame, a turn, standard input and its end, another turn, the end.
            b"\x04\x04\0\0\0\x07\0\0\0\0\x04seed*\x15\0\0\0\x01\x01\0\0\0\0\0\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x02\x08\x06\
              \x03\0\0\0\x06\xe8\x07\x02\0\0\0\x02x\x01\0\0\0\x03\x03\0\0\0\x06\xe8\x07\x01\0\0\0\x0b",
            // A frame that was sent, something printed, and what files said.
            b"\x03\x02\x03\x07\x0b\0\0\0\x07\x01\x01abcdefgh\x0a\0\0\0\x08\x07abcdefgh\x06\0\0\0\x09\x01\x01\x07\0!",
        ],
    ),
    ("date", &[&[0xed, 0, 0, 0], &[0, 0, 0, 4, 0, 0, 0, 0x12, 0xcd]]),
];

/// The packets of all scenarios that ship.
fn corpus() -> BTreeMap<&'static str, BTreeSet<Vec<u8>>> {
    let mut all: BTreeMap<&'static str, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for name in support::scenarios() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
        let text = std::fs::read_to_string(&path).expect("a scenario that ships can be read");
        let scenario = Scenario::from_text(&name, &text, &[]).unwrap_or_else(|error| panic!("{error}"));
        let mut run = scenario.build(scenario.seed());
        run.add_recorder(Box::new(Corpus::default()));
        run.execute(&mut |_| {});
        let mut corpus: Box<Corpus> = run.take_recorder().expect("the recorder was added");
        let conversations = core::mem::take(&mut corpus.conversations);
        for (target, steps) in ["host", "router"].into_iter().zip(conversations) {
            corpus.targets.entry(target).or_default().insert(steps);
        }
        for (target, packets) in corpus.targets {
            all.entry(target).or_default().extend(packets);
        }
    }
    for (target, texts) in TEXTS {
        all.entry(target).or_default().extend(texts.iter().map(|text| text.to_vec()));
    }
    all
}

#[test]
fn every_fuzz_target_has_packets_to_start_from() {
    let corpus = corpus();
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let targets: BTreeSet<String> = std::fs::read_dir(place)
        .expect("there are fuzz targets")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(corpus.keys().map(|&name| name.to_owned()).collect::<BTreeSet<_>>(), targets);
    let Some(place) = std::env::var_os("WIRELAB_CORPUS") else { return };
    for (target, packets) in corpus {
        let folder = Path::new(&place).join(target);
        std::fs::create_dir_all(&folder).expect("the corpus has a place");
        for (number, packet) in packets.iter().enumerate() {
            std::fs::write(folder.join(format!("{number:04}")), packet).expect("the corpus is written");
        }
    }
}
