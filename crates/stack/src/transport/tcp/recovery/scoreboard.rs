//! The SACK scoreboard (RFC 6675 §3–4) over the records in flight.

use super::super::inflight::Inflight;
use super::super::options::{MAX_SACK_BLOCKS, SackBlocks};
use super::super::seq::{Offset, from_wire};

/// The blocks of the last acknowledgement: a block that only grew is read only where it grew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen([(Offset, Offset); MAX_SACK_BLOCKS]);

/// What one acknowledgement's blocks told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Told {
    /// Octets newly SACKed.
    pub newly_sacked: u32,
    /// The index of the newly SACKed record that was sent last.
    pub latest: Option<usize>,
}

/// Reads `blocks` into the records (RFC 6675 §3 Update). Blocks outside `una..nxt` are ignored (RFC 2018 §4: only what
/// was sent can have arrived; RFC 2883 §4 reports duplicates below `una`).
pub fn update(
    inflight: &mut Inflight,
    seen: &mut Option<Box<Seen>>,
    blocks: &SackBlocks,
    initial: u32,
    una: Offset,
    nxt: Offset,
) -> Told {
    let mut told = Told::default();
    if blocks.is_empty() {
        return told;
    }
    let mut now = Seen::default();
    let before = seen.get_or_insert_default();
    for (place, (left, right)) in now.0.iter_mut().zip(blocks.as_slice()) {
        let left = from_wire(initial, *left, una);
        let right = from_wire(initial, *right, una);
        if left >= right || left < una || right > nxt {
            continue;
        }
        *place = (left, right);
        // All of it that no block of the last acknowledgement had covered.
        let known = before.0.iter().find(|(l, r)| l < r && *l >= left && *r <= right);
        if let Some(&(known_left, known_right)) = known {
            mark(inflight, left, left..known_left, &mut told);
            mark(inflight, left, known_right..right, &mut told);
        } else {
            mark(inflight, left, left..right, &mut told);
        }
    }
    **before = now;
    told
}

/// Marks the records of a block that begins at `left`, as far as they lie in `part` of it.
fn mark(inflight: &mut Inflight, left: Offset, part: core::ops::Range<Offset>, told: &mut Told) {
    if part.is_empty() {
        return;
    }
    let mut index = inflight.index_after(part.start);
    while let Some(record) = inflight.get(index).filter(|record| record.end() <= part.end) {
        if record.start >= left && !record.sacked {
            told.newly_sacked += record.length;
            let newer =
                told.latest.and_then(|at| inflight.get(at)).is_none_or(|at| at.sent_at <= record.sent_at);
            if newer {
                told.latest = Some(index);
            }
            inflight.update(index, |record| {
                record.sacked = true;
                record.lost = false;
            });
        }
        index += 1;
    }
}

/// Marks what is lost (RFC 6675 §4 IsLost): a record above which more than `threshold` − 1 segments' octets, or
/// `threshold` records apart, are SACKed. What was sent again is not judged a second time. Returns whether any was
/// newly marked.
pub fn mark_lost(inflight: &mut Inflight, threshold: u8, mss: u32) -> bool {
    if inflight.sacked() == 0 {
        return false;
    }
    // From the top: the place below which enough has been SACKed.
    let (mut octets, mut runs, mut in_run) = (0_u32, 0_u8, false);
    let mut border = 0;
    for (index, record) in inflight.iter().enumerate().rev() {
        if record.sacked {
            octets += record.length;
            runs += u8::from(!in_run);
            in_run = true;
            if runs >= threshold || octets > (u32::from(threshold) - 1) * mss {
                border = index;
                break;
            }
        } else {
            in_run = false;
        }
    }
    // Downwards: below a record that was judged before, everything was.
    let mut any = false;
    for index in (0..border).rev() {
        let Some(record) = inflight.get(index) else { break };
        if record.sacked {
            continue;
        }
        if record.lost || record.retransmitted() {
            break;
        }
        inflight.update(index, |record| record.lost = true);
        any = true;
    }
    any
}

/// After a time-out: nothing but what is SACKed counts as delivered, everything else is lost. Where the first record
/// itself is SACKed the receiver has reneged (RFC 2018 §8), and nothing it said counts.
pub fn mark_all_lost(inflight: &mut Inflight, seen: &mut Option<Box<Seen>>) {
    let reneged = inflight.front().is_some_and(|first| first.sacked);
    for index in 0..inflight.len() {
        inflight.update(index, |record| {
            record.sacked &= !reneged;
            record.lost = !record.sacked;
        });
    }
    if reneged {
        *seen = None;
    }
}

/// The first record at or after `from` that is lost and was not sent again (RFC 6675 §4 `NextSeg` rule 1).
pub fn next_lost(inflight: &Inflight, from: Offset) -> Option<usize> {
    if inflight.lost() == 0 {
        return None;
    }
    (inflight.index_after(from)..inflight.len())
        .find(|index| inflight.get(*index).is_some_and(|record| record.lost))
}

#[cfg(test)]
mod tests {
    use super::super::super::inflight::Record;
    use super::super::super::seq::{ORIGIN, to_wire};
    use super::*;
    use crate::time::Instant;

    const MSS: u32 = 100;
    const INITIAL: u32 = 0xffff_ff00;

    fn flight(count: u64) -> Inflight {
        let mut inflight = Inflight::new();
        let at = Instant::ZERO;
        for index in 0..count {
            inflight.push(Record {
                start: ORIGIN + index * 100,
                length: MSS,
                in_flight_at_send: 0,
                sent_at: Instant::from_millis(index),
                first_sent_at: at,
                delivered: 0,
                delivered_at: at,
                transmissions: 1,
                sacked: false,
                lost: false,
                app_limited: false,
            });
        }
        inflight
    }

    fn sack(inflight: &mut Inflight, seen: &mut Option<Box<Seen>>, ranges: &[(u64, u64)]) -> Told {
        let mut blocks = SackBlocks::default();
        for (left, right) in ranges {
            blocks.push(to_wire(INITIAL, ORIGIN + left * 100), to_wire(INITIAL, ORIGIN + right * 100));
        }
        update(inflight, seen, &blocks, INITIAL, ORIGIN, ORIGIN + 1000)
    }

    fn lost(inflight: &Inflight) -> Vec<usize> {
        inflight.iter().enumerate().filter(|(_, record)| record.lost).map(|(index, _)| index).collect()
    }

    #[test]
    fn three_segments_above_mean_loss_and_two_do_not() {
        let (mut inflight, mut seen) = (flight(10), None);
        sack(&mut inflight, &mut seen, &[(1, 3)]);
        assert!(!mark_lost(&mut inflight, 3, MSS));
        let told = sack(&mut inflight, &mut seen, &[(1, 4)]);
        assert_eq!(told, Told { newly_sacked: 100, latest: Some(3) });
        assert!(mark_lost(&mut inflight, 3, MSS));
        assert_eq!(lost(&inflight), [0]);
        assert_eq!((inflight.pipe(), inflight.sacked()), (600, 300));
    }

    #[test]
    fn three_separate_runs_mean_loss_below_the_third_from_above() {
        let (mut inflight, mut seen) = (flight(10), None);
        sack(&mut inflight, &mut seen, &[(9, 10), (6, 7), (3, 4)]);
        assert!(mark_lost(&mut inflight, 3, 1000));
        assert_eq!(lost(&inflight), [0, 1, 2]);
        assert!(!mark_lost(&mut inflight, 3, 1000));
    }

    #[test]
    fn what_was_sent_again_is_not_judged_again() {
        let (mut inflight, mut seen) = (flight(10), None);
        sack(&mut inflight, &mut seen, &[(1, 4)]);
        mark_lost(&mut inflight, 3, MSS);
        inflight.update(0, |record| {
            record.lost = false;
            record.transmissions = 2;
        });
        sack(&mut inflight, &mut seen, &[(1, 10)]);
        assert!(!mark_lost(&mut inflight, 3, MSS));
    }

    #[test]
    fn blocks_of_what_was_never_sent_or_is_acknowledged_are_ignored() {
        let (mut inflight, mut seen) = (flight(10), None);
        assert_eq!(sack(&mut inflight, &mut seen, &[(5, 11), (4, 4), (6, 5)]), Told::default());
        assert_eq!(inflight.sacked(), 0);
    }

    #[test]
    fn a_timeout_loses_all_but_the_sacked_and_reneging_loses_these_too() {
        let (mut inflight, mut seen) = (flight(4), None);
        sack(&mut inflight, &mut seen, &[(2, 3)]);
        mark_all_lost(&mut inflight, &mut seen);
        assert_eq!(lost(&inflight), [0, 1, 3]);
        while inflight.pop_acknowledged(ORIGIN + 200).is_some() {}
        mark_all_lost(&mut inflight, &mut seen);
        assert_eq!((lost(&inflight), inflight.sacked(), seen.is_none()), (vec![0, 1], 0, true));
    }

    #[test]
    fn the_search_for_what_to_send_again_goes_on_where_it_was() {
        let (mut inflight, mut seen) = (flight(10), None);
        sack(&mut inflight, &mut seen, &[(9, 10), (6, 7), (3, 4)]);
        mark_lost(&mut inflight, 3, 1000);
        assert_eq!(next_lost(&inflight, ORIGIN), Some(0));
        assert_eq!(next_lost(&inflight, ORIGIN + 100), Some(1));
        assert_eq!(next_lost(&inflight, ORIGIN + 300), None);
    }

    #[test]
    fn blocks_begin_no_earlier_than_what_is_not_acknowledged() {
        // RFC 2883 §4: below it they report duplicates.
        let mut blocks = SackBlocks::default();
        blocks.push(to_wire(INITIAL, ORIGIN + 100), to_wire(INITIAL, ORIGIN + 400));
        for (una, newly_sacked) in [(200, 0), (100, 300)] {
            let (mut inflight, mut seen) = (flight(10), None);
            let told = update(&mut inflight, &mut seen, &blocks, INITIAL, ORIGIN + una, ORIGIN + 1000);
            assert_eq!(told.newly_sacked, newly_sacked);
        }
    }

    #[test]
    fn what_was_told_before_is_not_told_again() {
        let (mut inflight, mut seen) = (flight(10), None);
        let mut newly = |ranges: &[(u64, u64)]| sack(&mut inflight, &mut seen, ranges);
        assert_eq!(newly(&[(6, 7)]), Told { newly_sacked: 100, latest: Some(6) });
        // Another block, then both, then one that has grown at both ends, around what no block of the last told.
        assert_eq!(newly(&[(2, 3), (6, 7)]), Told { newly_sacked: 100, latest: Some(2) });
        assert_eq!(newly(&[(8, 9)]), Told { newly_sacked: 100, latest: Some(8) });
        assert_eq!(newly(&[(1, 5)]), Told { newly_sacked: 300, latest: Some(4) });
        assert_eq!(newly(&[(1, 5)]), Told::default());
        assert_eq!(inflight.sacked(), 600);
    }
}
