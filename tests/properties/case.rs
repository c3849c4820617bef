//! A transfer over a bad link, as a scenario file: what a property draws, and what a failure prints.

use std::fmt::Write as _;

use proptest::prelude::*;
use wirelab::testing::{Impairment, impairment};

/// A transfer: its seed, its size, its two hosts, and what the link does in each direction.
#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub bytes: u64,
    pub ends: [End; 2],
    pub directions: [Impairment; 2],
}

/// One host.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub mtu: u16,
    pub send_buffer: u32,
    pub receive_buffer: u32,
}

/// The most segments of a transfer, so that the smallest MTU does not take for ever.
const MOST_SEGMENTS: u64 = 3_000;

prop_compose! {
    fn end()(
        mtu in prop_oneof![2 => Just(1500_u16), 1 => 68_u16..=1500, 1 => 1500_u16..=9000],
        send_buffer in prop_oneof![2 => Just(65_536_u32), 1 => 1_000_u32..=300_000],
        receive_buffer in prop_oneof![2 => Just(65_536_u32), 1 => 1_000_u32..=300_000],
    ) -> End {
        End { mtu, send_buffer, receive_buffer }
    }
}

prop_compose! {
    /// Any case.
    pub fn case()(
        seed in any::<u64>().prop_map(|seed| seed >> 1),
        bytes in prop_oneof![Just(0_u64), 1_u64..=2_000, 1_u64..=100_000, 1_u64..=1_000_000],
        ends in [end(), end()],
        directions in [impairment(), impairment()],
    ) -> Case {
        let segment = u64::from(ends[0].mtu.min(ends[1].mtu)) - 52;
        Case { seed, bytes: bytes.min(segment * MOST_SEGMENTS), ends, directions }
    }
}

impl Case {
    /// The scenario file. With `patient` hosts the limits on retries are out of reach.
    pub fn scenario(&self, patient: bool) -> String {
        let mut text = format!(
            "title = \"A transfer over a bad link\"\nseed = {}\nstop = {{ until = \"{} h\" }}\n",
            self.seed,
            if patient { 1000 } else { 24 }
        );
        for (n, end) in self.ends.iter().enumerate() {
            host(&mut text, n + 1, 2 - n, end, patient);
        }
        text.push_str("\n[[link]]\nname = \"wire\"\nbetween = [\"host1.eth0\", \"host2.eth0\"]\n");
        for (name, direction) in ["forward", "backward"].iter().zip(&self.directions) {
            write!(text, "\n[link.{name}]\n{direction}").expect("a string can be written to");
        }
        write!(
            text,
            "\n[[application]]\nname = \"sink\"\napp = \"sink\"\nhost = \"host2\"\nport = 9\nconnections = 1\n\
             \n[[application]]\nname = \"source\"\napp = \"source\"\nhost = \"host1\"\nto = \"10.0.0.2:9\"\nstart = \"10 ms\"\n\
             bytes = \"{} B\"\n",
            self.bytes
        )
        .expect("a string can be written to");
        text
    }
}

/// One host, whose number is `own`, and its static neighbour `other`.
fn host(text: &mut String, own: usize, other: usize, end: &End, patient: bool) {
    write!(
        text,
        "\n[[host]]\nname = \"host{own}\"\n\n[[host.interface]]\naddresses = [\"10.0.0.{own}/24\"]\nmtu = {}\n\
         mac = \"02:00:00:00:00:0{own}\"\n\
         neighbor = [{{ address = \"10.0.0.{other}\", mac = \"02:00:00:00:00:0{other}\" }}]\n\
         \n[host.tcp]\nsend_buffer = \"{} B\"\nreceive_buffer = \"{} B\"\n",
        end.mtu, end.send_buffer, end.receive_buffer
    )
    .expect("a string can be written to");
    if patient {
        // TIME-WAIT outlasts the peer's last retransmissions, so that both ends close cleanly.
        text.push_str("r2 = \"900 h\"\nsyn_r2 = \"900 h\"\nmsl = \"900 h\"\n");
    } else {
        // An end that only receives learns by keep-alives alone that the other has given up.
        text.push_str("keep_alive = true\nkeep_alive_idle = \"5 min\"\n");
    }
}
