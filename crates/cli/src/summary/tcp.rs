//! TCP segments (RFC 9293 §3.1; options RFC 9293 §3.2, RFC 7323 §2.2 and §3.2, RFC 2018 §2 and §3).

use etherparse::{TcpHeaderSlice, TcpOptionElement};

use super::Summary;
use super::flows::{Flow, Flows};

/// A summary of a segment of `length` octets, of which `octets` are the first. `flow` finds the direction that a
/// pair of ports belongs to.
pub fn summary<'f>(
    octets: &[u8],
    length: usize,
    flow: impl FnOnce(u16, u16) -> (&'f Flows, Flow),
) -> Summary {
    let Ok(header) = TcpHeaderSlice::from_slice(octets) else {
        return malformed(octets, length);
    };
    let (source, destination) = (header.source_port(), header.destination_port());
    let (flows, flow) = flow(source, destination);
    let payload = length.saturating_sub(header.slice().len());
    let mut parts = vec![format!("Flags [{}]", flags(&header))];
    parts.extend(sequence(flows.relative(flow, header.sequence_number()), payload, &header));
    if header.ack() {
        parts.push(format!("ack {}", flows.relative(flow.reversed(), header.acknowledgment_number())));
    }
    // RFC 7323 §2.2: the window of a SYN is never scaled.
    let field = header.window_size();
    let window = if header.syn() { u32::from(field) } else { flows.window(flow, field) };
    parts.push(format!("win {window}"));
    if header.urg() {
        parts.push(format!("urg {}", header.urgent_pointer()));
    }
    let options = options(&header, |number| flows.relative(flow.reversed(), number));
    if !options.is_empty() {
        parts.push(format!("options [{options}]"));
    }
    parts.push(format!("length {payload}"));
    let ports = Some((source, destination));
    Summary { ports, ..Summary::of_layer("TCP", label(&header, payload), parts.join(", ")) }
}

fn malformed(octets: &[u8], length: usize) -> Summary {
    let ports = octets
        .first_chunk::<4>()
        .map(|[a, b, c, d]| (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])));
    Summary {
        ports,
        ..Summary::of_layer("TCP", "malformed", format!("malformed TCP header, length {length}"))
    }
}

/// What the segment is for, at a glance.
fn label(header: &TcpHeaderSlice<'_>, payload: usize) -> String {
    let data = format!("data {payload}");
    let parts = [
        (header.rst(), "RST"),
        (header.syn(), "SYN"),
        (payload > 0, data.as_str()),
        (header.fin(), "FIN"),
        // Nearly every segment carries an ACK: it is worth a word where it is all there is, or answers a SYN.
        (header.ack() && !header.rst() && (header.syn() || payload == 0), "ACK"),
    ];
    let set: Vec<&str> = parts.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    if set.is_empty() { "no flags".into() } else { set.join(" ") }
}

/// In tcpdump's letters and order; `none` where no flag is set.
fn flags(header: &TcpHeaderSlice<'_>) -> String {
    let set = [
        (header.fin(), 'F'),
        (header.syn(), 'S'),
        (header.rst(), 'R'),
        (header.psh(), 'P'),
        (header.ack(), '.'),
        (header.urg(), 'U'),
        (header.ece(), 'E'),
        (header.cwr(), 'W'),
        (header.ns(), 'e'),
    ];
    let letters: String = set.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect();
    if letters.is_empty() { "none".into() } else { letters }
}

/// A bare ACK's sequence number says nothing: like tcpdump, it is left out.
fn sequence(from: u32, payload: usize, header: &TcpHeaderSlice<'_>) -> Option<String> {
    if payload > 0 {
        Some(format!("seq {from}:{}", from.wrapping_add(payload as u32)))
    } else if header.syn() || header.fin() || header.rst() || !header.ack() {
        Some(format!("seq {from}"))
    } else {
        None
    }
}

fn options(header: &TcpHeaderSlice<'_>, relative: impl Fn(u32) -> u32) -> String {
    let mut shown = Vec::new();
    for option in header.options_iterator() {
        match option {
            // Padding says nothing to a reader.
            Ok(TcpOptionElement::Noop) => {}
            Ok(TcpOptionElement::MaximumSegmentSize(mss)) => shown.push(format!("mss {mss}")),
            Ok(TcpOptionElement::WindowScale(shift)) => shown.push(format!("wscale {shift}")),
            Ok(TcpOptionElement::SelectiveAcknowledgementPermitted) => shown.push("sackOK".into()),
            Ok(TcpOptionElement::SelectiveAcknowledgement(first, others)) => {
                let blocks = std::iter::once(first).chain(others.into_iter().flatten());
                let blocks = blocks.map(|(from, to)| format!("{{{}:{}}}", relative(from), relative(to)));
                shown.push(format!("sack {}", blocks.collect::<Vec<_>>().concat()));
            }
            Ok(TcpOptionElement::Timestamp(value, echo)) => shown.push(format!("TS val {value} ecr {echo}")),
            Err(_) => {
                shown.push("unreadable".into());
                break;
            }
        }
    }
    shown.join(",")
}
