//! tshark reads the capture of each scenario that ships: nothing is malformed, no checksum is wrong, but in frames
//! whose bits a link flipped.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

mod support;

use support::{scenarios, scratch, status, stderr, wirelab};

/// Of each scenario that ships, what tshark calls the protocols of its frames. An `ECHO` is TCP with text for port 7, an
/// `IPv4` a fragment that is not the last.
const PROTOCOLS: &[(&str, &[&str])] = &[
    ("arp-conflict", &["ARP", "ECHO", "TCP"]),
    ("crash", &["ARP", "ECHO", "TCP"]),
    ("dhcp", &["ARP", "DHCP", "ECHO", "ICMP", "TCP"]),
    ("echo", &["ARP", "TCP"]),
    ("echo-udp", &["ARP", "UDP"]),
    ("fragments", &["ARP", "ICMP", "IPv4", "UDP"]),
    ("ftp-mirror", &["ARP", "FTP", "FTP-DATA", "TCP"]),
    ("http-download", &["ARP", "HTTP", "TCP"]),
    ("interactive", &["ARP", "TCP"]),
    ("lossy-transfer", &["ARP", "TCP"]),
    ("mail", &["ARP", "SMTP", "SMTP/IMF", "TCP"]),
    ("multicast", &["ARP", "IGMPv3", "UDP"]),
    ("multihomed", &["ARP", "ICMP"]),
    ("partition", &["ARP", "TCP"]),
    ("path-mtu", &["ARP", "ICMP", "TCP"]),
    ("ping", &["ARP", "ICMP"]),
    ("rarp-boot", &["ARP", "ECHO", "RARP", "TCP"]),
    ("redirect", &["ARP", "ICMP"]),
    ("router", &["ARP", "ECHO", "ICMP", "TCP"]),
    ("small-services", &["ARP", "Chargen", "DAYTIME", "ECHO", "TCP", "TIME", "UDP"]),
    ("switch-vlan", &["ARP", "ECHO", "ICMP", "TCP"]),
    ("traceroute", &["ARP", "ICMP", "UDP"]),
    ("tutorial-echo", &["ARP", "TCP"]),
    ("tutorial-socketserver", &["ARP", "TCP"]),
    ("unix-sockets", &["ARP"]),
    ("unreachable", &["ARP", "ICMP", "TCP", "UDP"]),
];

/// What is wrong with a frame, to tshark. It sums up what an ICMP error quotes of a segment as if that were the whole. And
/// it takes a segment that was sent again, in a message that it puts together from segments, for an error: there its
/// checksums are still looked at, and what the message holds the scenario itself expects.
const WRONG: &str = "ip.checksum.status == 0 || icmp.checksum.status == 0 || igmp.checksum.status == 0 \
                     || (!icmp && (tcp.checksum.status == 0 || udp.checksum.status == 0)) \
                     || (!(_ws.expert.message contains \"New fragment overlaps old data\") \
                     && (_ws.malformed || (!icmp && _ws.expert.severity >= 8388608)))";

/// A frame of a capture: its number, its direction and its comment.
struct Frame {
    number: u32,
    inbound: bool,
    comment: String,
}

impl Frame {
    /// The frame's name, which it has on both sides of a link: `0#12`.
    fn name(&self) -> &str {
        let name = self
            .comment
            .strip_prefix("frame ")
            .unwrap_or_else(|| panic!("`{}` names no frame", self.comment));
        name.split([':', ';']).next().unwrap_or(name).trim()
    }
}

/// Whether tshark is there. It is required where `WIRELAB_REQUIRE_PEERS` is set.
fn has_tshark() -> bool {
    let found = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("WIRELAB_REQUIRE_PEERS").is_none(), "tshark is required and missing");
    if !found {
        eprintln!("SKIPPED: tshark is not installed, so no capture was read");
    }
    found
}

/// The frames of a capture for which `filter` holds.
fn frames(capture: &Path, filter: &str) -> Vec<Frame> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(capture).args(["-T", "fields", "-E", "separator=|"]);
    command.args(["-e", "frame.number", "-e", "frame.packet_flags_direction", "-e", "frame.comment"]);
    for protocol in ["ip", "tcp", "udp"] {
        command.args(["-o", &format!("{protocol}.check_checksum:TRUE")]);
    }
    // What TCP's analysis thinks of retransmissions is no error of a frame's.
    command.args(["-o", "tcp.analyze_sequence_numbers:FALSE"]);
    let output = command.args(["-Y", filter]).output().expect("tshark starts");
    assert!(output.status.success(), "tshark: {}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("tshark writes UTF-8");
    let read = |line: &str| {
        let mut fields = line.splitn(3, '|');
        let mut next = || fields.next().unwrap_or_else(|| panic!("`{line}` has too few fields")).to_owned();
        let number = next().parse().expect("a frame has a number");
        let inbound = matches!(next().as_str(), "1" | "0x00000001");
        Frame { number, inbound, comment: next() }
    };
    text.lines().map(read).collect()
}

/// Checks one capture; returns how many frames were wrong because a link made them so.
#[track_caller]
fn check(name: &str, capture: &Path) -> usize {
    let all = frames(capture, "frame");
    assert!(all.len() > 2, "{name}: only {} frames", all.len());
    let flipped: BTreeSet<&str> =
        all.iter().filter(|frame| frame.comment.contains("flipped under way")).map(Frame::name).collect();
    let wrong = frames(capture, WRONG);
    for frame in &wrong {
        assert!(
            frame.inbound && flipped.contains(frame.name()),
            "{name}: tshark finds frame {} wrong ({})",
            frame.number,
            frame.comment
        );
    }
    wrong.len()
}

#[test]
fn tshark_finds_nothing_wrong_in_what_ships() {
    if !has_tshark() {
        return;
    }
    for name in scenarios() {
        let capture = scratch(&format!("{name}.pcapng"));
        let path = capture.to_str().expect("the path is UTF-8");
        let output = wirelab(&["run", &format!("scenarios/{name}.toml"), "--quiet", "--pcap", path]);
        assert_eq!(status(&output), 0, "{name}: {}", stderr(&output));
        check(&name, &capture);
        check_protocols(&name, &capture);
    }
}

/// The protocols of a capture's frames are those that the scenario is about.
#[track_caller]
fn check_protocols(name: &str, capture: &Path) {
    let Some((_, expected)) = PROTOCOLS.iter().find(|(scenario, _)| *scenario == name) else {
        panic!("{name} ships, and PROTOCOLS does not say what is in its capture");
    };
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(capture).args(["-T", "fields", "-e", "_ws.col.Protocol"]);
    let output = command.output().expect("tshark starts");
    assert!(output.status.success(), "tshark: {}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("tshark writes UTF-8");
    let seen: BTreeSet<&str> = text.lines().collect();
    assert_eq!(seen, expected.iter().copied().collect(), "{name}");
}

#[test]
fn tshark_finds_the_frames_that_a_link_corrupted() {
    if !has_tshark() {
        return;
    }
    let scenario = scratch("corrupt.toml");
    std::fs::write(&scenario, CORRUPT).expect("the scenario can be written");
    let capture = scratch("corrupt.pcapng");
    let paths = [&scenario, &capture].map(|path| path.to_str().expect("the path is UTF-8"));
    let output = wirelab(&["run", paths[0], "--quiet", "--pcap", paths[1]]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let wrong = check("corrupt", &capture);
    assert!(wrong > 10, "only {wrong} frames of a link that flips bits are wrong: the check may not look");
}

/// A transfer over a link that flips bits.
const CORRUPT: &str = r#"
title = "A transfer over a link that flips bits"
seed = 3

[[host]]
name = "client"
[[host.interface]]
addresses = ["10.0.0.1/24"]

[[host]]
name = "server"
[[host.interface]]
addresses = ["10.0.0.2/24"]

[[link]]
name = "wire"
between = ["client.eth0", "server.eth0"]
delay = "1 ms"
corrupt = { chance = "3 %", fcs = false }

[[application]]
name = "sink"
app = "sink"
host = "server"
port = 9
connections = 1

[[application]]
name = "source"
app = "source"
host = "client"
to = "10.0.0.2:9"
bytes = "1 MB"

[[expect]]
application = "sink"
received_from = "source"
"#;
