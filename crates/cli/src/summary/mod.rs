//! One line about a frame, in tcpdump's manner.
//!
//! Octets may be anything: whatever does not parse is called so, and nothing panics.

mod arp;
mod dhcp;
mod flows;
mod icmp;
mod igmp;
mod ip;
mod ip_options;
mod tcp;

use std::fmt;
use std::net::IpAddr;

use etherparse::{EtherType, Ethernet2HeaderSlice, SingleVlanHeaderSlice};
use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{Frame, FrameCheck, Medium};
use wirelab_stack::interface::rarp;

use flows::Flows;

/// Octets of a frame that are looked at: all headers, the packet that an ICMP error quotes, a DHCP message.
const SNAP: usize = 640;

/// What one line says about a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The highest protocol that was recognised: `ARP`, `RARP`, `DHCP`, `ICMP`, `IGMP`, `UDP`, `TCP`, `IP`, `IP6` or `Ethernet`.
    pub layer: &'static str,
    /// The IP addresses, source first, if there are any.
    pub addresses: Option<(IpAddr, IpAddr)>,
    /// The ports, source first, if there are any.
    pub ports: Option<(u16, u16)>,
    /// A word or two, to write on an arrow: `SYN`, `data 1460`, `who-has`.
    pub label: String,
    /// What it says, without addresses and ports.
    pub text: String,
    /// The tag, if there is one: `vlan 10, `.
    pub tag: String,
}

impl Summary {
    fn of_layer(layer: &'static str, label: impl Into<String>, text: String) -> Self {
        Self { layer, addresses: None, ports: None, label: label.into(), text, tag: String::new() }
    }

    /// The line without the addresses, for where the columns say who speaks with whom.
    pub fn short(&self) -> String {
        match self.ports {
            Some((source, destination)) => format!("{}{source} > {destination}: {}", self.tag, self.text),
            None => format!("{}{}", self.tag, self.text),
        }
    }
}

impl Summary {
    /// The line with the addresses, for where frames go over several links.
    pub fn long(&self) -> String {
        let Self { tag, text, .. } = self;
        match (self.addresses, self.ports) {
            (Some((from, to)), Some((source, destination))) => {
                format!("{tag}{from}.{source} > {to}.{destination}: {text}")
            }
            (Some((from, to)), None) => format!("{tag}{from} > {to}: {text}"),
            (None, _) => format!("{tag}{text}"),
        }
    }
}

/// The whole line: `IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [S], seq 0, win 65535, length 0`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tag)?;
        match (self.addresses, self.ports) {
            (Some((from, to)), Some((source, destination))) => {
                write!(f, "{} {from}.{source} > {to}.{destination}: {}", family(from), self.text)
            }
            (Some((from, to)), None) => write!(f, "{} {from} > {to}: {}", family(from), self.text),
            (None, _) => write!(f, "{}, {}", self.layer, self.text),
        }
    }
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "IP" } else { "IP6" }
}

/// Summarises frames, and remembers where each flow's sequence numbers began.
#[derive(Debug, Default)]
pub struct Summarizer {
    flows: Flows,
}

impl Summarizer {
    /// A summary of a frame that a host sent; its SYN tells where the flow begins.
    pub fn sent(&mut self, frame: &Frame) -> Summary {
        let octets = snapped(frame);
        self.flows.learn(&octets, frame.meta.medium);
        self.frame(&octets, frame)
    }

    /// A summary of a frame that reached a host, as it came: links may have changed it.
    pub fn arrived(&self, frame: &Frame) -> Summary {
        let mut summary = self.frame(&snapped(frame), frame);
        if frame.meta.frame_check == FrameCheck::Bad {
            summary.text.push_str(" [bad fcs]");
        }
        summary
    }

    /// A summary of a frame of which `octets` are the first.
    fn frame(&self, octets: &[u8], frame: &Frame) -> Summary {
        if frame.meta.medium == Medium::PointToPoint {
            return self.packet(octets, frame.len());
        }
        let mut summary = self.octets(octets, frame.len());
        if let Some(control) = frame.meta.vlan {
            summary.tag = vlan(control);
        }
        summary
    }

    /// A summary of what a line without Ethernet carries: a packet whose first four bits say what it is.
    fn packet(&self, octets: &[u8], length: usize) -> Summary {
        match octets.first().map(|first| first >> 4) {
            Some(4) => ip::version_4(&self.flows, octets, length),
            Some(6) => ip::version_6(&self.flows, octets, length),
            Some(version) => {
                let text = format!("version {version}, length {length}");
                Summary::of_layer("IP", format!("version {version}"), text)
            }
            None => Summary::of_layer("IP", "truncated", "truncated, length 0".to_owned()),
        }
    }

    /// A summary of an Ethernet frame of `length` octets, of which `octets` are the first.
    pub fn octets(&self, octets: &[u8], length: usize) -> Summary {
        let Ok(ethernet) = Ethernet2HeaderSlice::from_slice(octets) else {
            return Summary::of_layer("Ethernet", "truncated", format!("truncated, length {length}"));
        };
        let header = ethernet.slice().len();
        let (rest, length) = (&octets[header..], length.saturating_sub(header));
        let (type_, tag, rest, length) =
            match (ethernet.ether_type(), SingleVlanHeaderSlice::from_slice(rest)) {
                (EtherType::VLAN_TAGGED_FRAME, Ok(vlan)) => {
                    let header = vlan.slice().len();
                    let tag = Some(u16::from_be_bytes([rest[0], rest[1]]));
                    (vlan.ether_type(), tag, &rest[header..], length.saturating_sub(header))
                }
                (other, _) => (other, None, rest, length),
            };
        let mut summary = match type_ {
            EtherType::ARP => arp::summary(rest, length),
            rarp::ETHER_TYPE => arp::reverse(rest, length),
            EtherType::IPV4 => ip::version_4(&self.flows, rest, length),
            EtherType::IPV6 => ip::version_6(&self.flows, rest, length),
            other => unknown(&ethernet, other, length),
        };
        if let Some(control) = tag {
            summary.tag = vlan(control);
        }
        summary
    }
}

/// A tag, in front of what it is of.
fn vlan(control: u16) -> String {
    let (id, priority) = (control & 0x0fff, control >> 13);
    if priority == 0 { format!("vlan {id}, ") } else { format!("vlan {id}, p {priority}, ") }
}

fn unknown(ethernet: &Ethernet2HeaderSlice<'_>, type_: EtherType, length: usize) -> Summary {
    let (source, destination) = (Mac(ethernet.source()), Mac(ethernet.destination()));
    Summary::of_layer(
        "Ethernet",
        format!("0x{:04x}", type_.0),
        format!("{source} > {destination}, ethertype 0x{:04x}, length {length}", type_.0),
    )
}

/// The first octets of a frame in one piece.
fn snapped(frame: &Frame) -> Vec<u8> {
    let (head, payload) = (frame.head(), frame.payload());
    let mut octets = Vec::with_capacity(SNAP.min(frame.len()));
    octets.extend_from_slice(&head[..head.len().min(SNAP)]);
    octets.extend_from_slice(&payload[..payload.len().min(SNAP - octets.len())]);
    octets
}

#[cfg(test)]
mod tests;
