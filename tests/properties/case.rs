//! A transfer over a bad link, as a scenario file: what a property draws, and what a failure prints.

use std::fmt::{self, Write as _};

use proptest::prelude::*;

/// A transfer: its seed, its size, its two hosts, and what the link does in each direction.
#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub bytes: u64,
    pub ends: [End; 2],
    pub directions: [Direction; 2],
}

/// One host.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub mtu: u16,
    pub send_buffer: u32,
    pub receive_buffer: u32,
}

/// What one direction of the link does.
#[derive(Clone, Debug)]
pub struct Direction {
    pub loss: Loss,
    pub corrupt: Option<Corrupt>,
    pub duplicate_percent: u8,
    pub reorder_percent: u8,
    pub delay_micros: u32,
    pub jitter_micros: u32,
    pub rate_kilobits: Option<u32>,
}

#[derive(Clone, Debug)]
pub enum Loss {
    None,
    Percent(u8),
    /// Gilbert-Elliott: percent from good to bad, percent back.
    Bursts(u8, u8),
}

#[derive(Clone, Copy, Debug)]
pub struct Corrupt {
    pub percent: u8,
    /// Whether the frame check sequence betrays it.
    pub fcs: bool,
}

/// The most segments of a transfer, so that the smallest MTU does not take for ever.
const MOST_SEGMENTS: u64 = 3_000;

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        2 => Just(Loss::None),
        3 => (0_u8..=30).prop_map(Loss::Percent),
        2 => (1_u8..=10, 20_u8..=90).prop_map(|(to_bad, to_good)| Loss::Bursts(to_bad, to_good)),
    ]
}

fn corrupt() -> impl Strategy<Value = Option<Corrupt>> {
    prop_oneof![
        2 => Just(None),
        1 => (1_u8..=10, any::<bool>()).prop_map(|(percent, fcs)| Some(Corrupt { percent, fcs })),
    ]
}

fn share() -> impl Strategy<Value = u8> {
    prop_oneof![2 => Just(0_u8), 1 => 1_u8..=30]
}

prop_compose! {
    fn direction()(
        loss in loss(),
        corrupt in corrupt(),
        duplicate_percent in share(),
        reorder_percent in share(),
        delay_micros in prop_oneof![Just(0_u32), 1_u32..=1_000, 1_000_u32..=200_000],
        jitter_percent in prop_oneof![2 => Just(0_u32), 1 => 1_u32..=100],
        rate_kilobits in prop_oneof![2 => Just(None), 1 => (64_u32..=100_000).prop_map(Some)],
    ) -> Direction {
        let jitter_micros = delay_micros * jitter_percent / 100;
        Direction { loss, corrupt, duplicate_percent, reorder_percent, delay_micros, jitter_micros, rate_kilobits }
    }
}

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
        directions in [direction(), direction()],
    ) -> Case {
        let segment = u64::from(ends[0].mtu.min(ends[1].mtu)) - 52;
        Case { seed, bytes: bytes.min(segment * MOST_SEGMENTS), ends, directions }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.loss {
            Loss::None => {}
            Loss::Percent(percent) => writeln!(f, "loss = \"{percent} %\"")?,
            Loss::Bursts(to_bad, to_good) => {
                writeln!(f, "loss = {{ good_to_bad = \"{to_bad} %\", bad_to_good = \"{to_good} %\" }}")?;
            }
        }
        if let Some(Corrupt { percent, fcs }) = self.corrupt {
            writeln!(f, "corrupt = {{ chance = \"{percent} %\", fcs = {fcs} }}")?;
        }
        if self.duplicate_percent > 0 {
            writeln!(f, "duplicate = \"{} %\"", self.duplicate_percent)?;
        }
        if self.reorder_percent > 0 {
            writeln!(f, "reorder = \"{} %\"", self.reorder_percent)?;
        }
        if self.delay_micros > 0 {
            writeln!(f, "delay = \"{} us\"", self.delay_micros)?;
        }
        if self.jitter_micros > 0 {
            writeln!(f, "jitter = \"{} us\"", self.jitter_micros)?;
        }
        if let Some(rate) = self.rate_kilobits {
            writeln!(f, "rate = \"{rate} kbit/s\"\nqueue = \"100 packets\"")?;
        }
        Ok(())
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
            "\n[[application]]\nname = \"sink\"\nkind = \"sink\"\nhost = \"host2\"\nport = 9\nconnections = 1\n\
             \n[[application]]\nname = \"source\"\nkind = \"source\"\nhost = \"host1\"\nto = \"10.0.0.2:9\"\nstart = \"10 ms\"\n\
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
