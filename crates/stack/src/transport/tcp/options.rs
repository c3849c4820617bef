//! TCP options: maximum segment size, window scale, SACK and timestamps (RFC 9293 §3.2, RFC 7323 §2–3, RFC 2018 §2–3).

use crate::frame::Frame;

/// Most SACK blocks that fit in a header (RFC 2018 §3).
pub const MAX_SACK_BLOCKS: usize = 4;
/// Octets that timestamps take, padded to a multiple of four (RFC 7323 appendix A §Implementation Suggestions).
pub const TIMESTAMPS_LENGTH: usize = 12;
/// The largest shift a peer may ask for (RFC 7323 §2.3).
pub const MAX_WINDOW_SCALE: u8 = 14;

const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// `TSval` and `TSecr` (RFC 7323 §3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timestamps {
    /// The sender's clock.
    pub value: u32,
    /// The clock of the receiver that the sender last saw.
    pub echo: u32,
}

impl Timestamps {
    /// Reads options that are timestamps with their padding and nothing else (RFC 7323 appendix A §Implementation Suggestions).
    #[inline]
    pub fn read_alone(octets: &[u8; TIMESTAMPS_LENGTH]) -> Option<Self> {
        let alone = octets[..4] == [NOP, NOP, TIMESTAMPS, 10];
        alone.then(|| Self { value: u32_at(octets, 4), echo: u32_at(octets, 8) })
    }
}

/// SACK blocks as they stand on the wire: first sequence number, and the one after the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SackBlocks {
    blocks: [(u32, u32); MAX_SACK_BLOCKS],
    count: u8,
}

impl SackBlocks {
    /// Adds a block; a fifth is dropped.
    pub fn push(&mut self, left: u32, right: u32) {
        if let Some(place) = self.blocks.get_mut(usize::from(self.count)) {
            *place = (left, right);
            self.count += 1;
        }
    }

    /// The blocks, in the order of the option.
    pub fn as_slice(&self) -> &[(u32, u32)] {
        &self.blocks[..usize::from(self.count)]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The options of one segment that this TCP knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// The largest payload the sender takes, in octets.
    pub mss: Option<u16>,
    /// The shift of the sender's windows.
    pub window_scale: Option<u8>,
    /// Whether the sender understands SACK.
    pub sack_permitted: bool,
    /// The timestamps.
    pub timestamps: Option<Timestamps>,
    /// What the sender has got out of order.
    pub sack: SackBlocks,
}

fn u16_at(octets: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([octets[at], octets[at + 1]])
}

fn u32_at(octets: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
}

impl Options {
    /// Reads the options behind a TCP header. Unknown ones are skipped; at one whose length makes no sense reading
    /// stops, and what was read before it counts (RFC 9293 §3.2: robust against illegal lengths).
    pub fn read(&mut self, mut octets: &[u8]) {
        // What almost each segment of an established connection carries, whole.
        if let Ok(whole) = octets.try_into()
            && let Some(timestamps) = Timestamps::read_alone(whole)
        {
            self.timestamps = Some(timestamps);
            return;
        }
        while let [kind, rest @ ..] = octets {
            match *kind {
                END => break,
                NOP => octets = rest,
                kind => {
                    let length = usize::from(rest.first().copied().unwrap_or(0));
                    if length < 2 || length > octets.len() {
                        break;
                    }
                    let (option, behind) = octets.split_at(length);
                    self.take(kind, &option[2..]);
                    octets = behind;
                }
            }
        }
    }

    fn take(&mut self, kind: u8, value: &[u8]) {
        match (kind, value.len()) {
            (MSS, 2) => self.mss = Some(u16_at(value, 0)),
            // RFC 7323 §2.3: a shift above 14 is taken as 14.
            (WINDOW_SCALE, 1) => self.window_scale = Some(value[0].min(MAX_WINDOW_SCALE)),
            (SACK_PERMITTED, 0) => self.sack_permitted = true,
            (TIMESTAMPS, 8) => {
                self.timestamps = Some(Timestamps { value: u32_at(value, 0), echo: u32_at(value, 4) });
            }
            (SACK, length) if length % 8 == 0 => {
                for block in value.chunks_exact(8) {
                    self.sack.push(u32_at(block, 0), u32_at(block, 4));
                }
            }
            _ => {}
        }
    }

    /// Pushes the options in front of `frame`.
    pub fn push(&self, frame: &mut Frame) {
        let length = self.length();
        if length > 0 {
            self.write(frame.push_front_slice(length));
        }
    }

    /// Octets that [`write`](Self::write) will fill, a multiple of four.
    pub fn length(&self) -> usize {
        let mss = if self.mss.is_some() { 4 } else { 0 };
        let scale = if self.window_scale.is_some() { 4 } else { 0 };
        let timestamps = if self.timestamps.is_some() { TIMESTAMPS_LENGTH } else { 0 };
        // In the place of timestamps' padding.
        let permitted = if self.sack_permitted && self.timestamps.is_none() { 4 } else { 0 };
        let sack = if self.sack.is_empty() { 0 } else { 4 + 8 * usize::from(self.sack.count) };
        mss + scale + timestamps + permitted + sack
    }

    /// Writes the options to `out`, which has exactly [`length`](Self::length) octets.
    ///
    /// # Panics
    /// When `out` has another length.
    pub fn write(&self, out: &mut [u8]) {
        let mut at = 0;
        let mut put = |octets: &[u8]| {
            out[at..at + octets.len()].copy_from_slice(octets);
            at += octets.len();
        };
        if let Some(mss) = self.mss {
            put(&[MSS, 4]);
            put(&mss.to_be_bytes());
        }
        if let Some(times) = self.timestamps {
            put(if self.sack_permitted { &[SACK_PERMITTED, 2] } else { &[NOP, NOP] });
            put(&[TIMESTAMPS, 10]);
            put(&times.value.to_be_bytes());
            put(&times.echo.to_be_bytes());
        } else if self.sack_permitted {
            put(&[NOP, NOP, SACK_PERMITTED, 2]);
        }
        if let Some(shift) = self.window_scale {
            put(&[NOP, WINDOW_SCALE, 3, shift]);
        }
        if !self.sack.is_empty() {
            put(&[NOP, NOP, SACK, 2 + 8 * self.sack.count]);
            for (left, right) in self.sack.as_slice() {
                put(&left.to_be_bytes());
                put(&right.to_be_bytes());
            }
        }
        assert_eq!(at, out.len(), "options have another length than was made room for");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_options() -> impl Strategy<Value = Options> {
        let blocks = proptest::collection::vec(any::<(u32, u32)>(), 0..=MAX_SACK_BLOCKS);
        let simple = (any::<Option<u16>>(), proptest::option::of(0..=MAX_WINDOW_SCALE), any::<bool>());
        (simple, any::<Option<(u32, u32)>>(), blocks).prop_map(
            |((mss, window_scale, sack_permitted), times, blocks)| {
                let timestamps = times.map(|(value, echo)| Timestamps { value, echo });
                let mut sack = SackBlocks::default();
                for (left, right) in blocks {
                    sack.push(left, right);
                }
                Options { mss, window_scale, sack_permitted, timestamps, sack }
            },
        )
    }

    fn parse(octets: &[u8]) -> Options {
        let mut options = Options::default();
        options.read(octets);
        options
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(options in any_options()) {
            let mut octets = vec![0; options.length()];
            options.write(&mut octets);
            prop_assert_eq!(octets.len() % 4, 0);
            prop_assert_eq!(parse(&octets), options);
        }

        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..=40)) {
            parse(&octets);
        }
    }

    #[test]
    fn reading_stops_at_a_bad_length_and_keeps_what_came_before() {
        let options = parse(&[MSS, 4, 5, 180, WINDOW_SCALE, 0, SACK_PERMITTED, 2]);
        assert_eq!(options, Options { mss: Some(1460), ..Options::default() });
        assert_eq!(parse(&[MSS, 40, 1]), Options::default());
        assert_eq!(parse(&[SACK]), Options::default());
    }

    #[test]
    fn unknown_options_are_skipped_and_a_shift_is_capped() {
        let options = parse(&[254, 4, 1, 2, WINDOW_SCALE, 3, 15, END, MSS, 4, 1, 1]);
        assert_eq!(options, Options { window_scale: Some(14), ..Options::default() });
    }

    #[test]
    fn blocks_that_are_not_whole_are_no_blocks() {
        let mut octets = [0; 14];
        octets[..2].copy_from_slice(&[SACK, 14]);
        assert_eq!(parse(&octets), Options::default());
    }
}
