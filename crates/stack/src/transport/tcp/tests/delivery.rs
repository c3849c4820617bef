//! Whatever the wire does, bytes arrive complete, in order, once, and both ends close.

use proptest::prelude::*;

use super::harness::{Fate, Pair, pattern};
use crate::rng::{Probability, Rng};
use crate::time::Duration;
use crate::trace::{Ending, State};
use crate::transport::tcp::Knobs;

/// What a wire does to segments, and the knobs of an end.
#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    length: [usize; 2],
    loss: [u64; 2],
    held: u64,
    mtu: [u16; 2],
    super_frames: [u32; 2],
    buffers: [u32; 2],
    sack: [bool; 2],
    timestamps: [bool; 2],
    scaling: bool,
    delayed_ack: u64,
}

fn any_case() -> impl Strategy<Value = Case> {
    let mtu = || prop_oneof![68_u16..200, Just(576), Just(1500), Just(9000)];
    let buffer = || prop_oneof![1_000_u32..8_000, 60_000_u32..300_000];
    let length = || prop_oneof![0_usize..3_000, 0_usize..120_000];
    let wire = (any::<u64>(), [length(), length()], [0_u64..30, 0_u64..30], 0_u64..30);
    let super_frame = || prop_oneof![Just(0), 60_u32..9_000, Just(65_535)];
    let ends = (
        ([mtu(), mtu()], [super_frame(), super_frame()]),
        [buffer(), buffer()],
        any::<[bool; 2]>(),
        any::<[bool; 2]>(),
        any::<bool>(),
        1_u64..450,
    );
    (wire, ends).prop_map(
        |(
            (seed, length, loss, held),
            ((mtu, super_frames), buffers, sack, timestamps, scaling, delayed_ack),
        )| Case {
            seed,
            length,
            loss,
            held,
            mtu,
            super_frames,
            buffers,
            sack,
            timestamps,
            scaling,
            delayed_ack,
        },
    )
}

/// Runs a case to its end; returns what each end received and how each ended.
fn run(case: &Case, patient: bool) -> ([Vec<u8>; 2], [Ending; 2], Pair) {
    let knobs = |end: usize| {
        let base = Knobs {
            receive_buffer: case.buffers[end],
            sack: case.sack[end],
            timestamps: case.timestamps[end],
            window_scaling: case.scaling,
            delayed_ack: Duration::from_millis(case.delayed_ack),
            fin_wait2_timeout: Some(Duration::from_secs(600)),
            keep_alive: true,
            keep_alive_idle: Duration::from_secs(600),
            ..Knobs::rfc()
        };
        let long = Duration::from_secs(1_000_000);
        // TIME-WAIT too: where it ends before the last FIN got through, a reset answers that.
        let msl = Duration::from_secs(3600);
        if patient { Knobs { r2: long, syn_r2: long, msl, keep_alive_count: u8::MAX, ..base } } else { base }
    };
    let mut pair = Pair::new(knobs(0), knobs(1));
    (pair.mtu, pair.super_frames) = (case.mtu, case.super_frames);
    let mut rng = Rng::stream(case.seed, "wire", "fate");
    let (loss, held) =
        (case.loss.map(|percent| Probability::ratio(percent, 100)), Probability::ratio(case.held, 100));
    pair.judge = Box::new(move |seen| {
        if rng.chance(loss[seen.from], "loss") {
            Fate::Lose
        } else if rng.chance(held, "reorder") {
            Fate::Hold(Duration::from_millis(rng.pick(60, "hold")))
        } else {
            Fate::Deliver
        }
    });
    let listener = pair.listen(1);
    let client = pair.open(1000);
    let data = case.length.map(pattern);
    let mut keys = [Some(client), None];
    let (mut sent, mut closed, mut done) = ([0, 0], [false, false], [false, false]);
    let mut got = [Vec::new(), Vec::new()];
    let mut endings = [Ending::Open; 2];
    for _ in 0..4_000_000 {
        if keys[1].is_none() {
            keys[1] = pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).ok().map(|(key, _)| key);
        }
        for end in 0..2 {
            let Some(key) = keys[end] else { continue };
            if sent[end] < data[end].len() {
                sent[end] += pair.send(end, key, &data[end][sent[end]..]).unwrap_or(0);
            } else if !closed[end] {
                closed[end] = pair.with(end, |tcp, ctx| tcp.shutdown_write(ctx, key)).is_ok();
            }
            if let Ok(octets) = pair.recv(end, key) {
                done[end] |= octets.is_empty();
                got[end].extend(octets);
            }
            let info = pair.ends[end].info(key).unwrap();
            endings[end] = info.ending;
        }
        let ended = |end: usize| {
            keys[end].is_none_or(|key| matches!(pair.state(end, key), State::Closed | State::TimeWait))
        };
        if (ended(0) && ended(1) && (keys[1].is_some() || pair.now.as_millis() > 3_600_000)) || !pair.step() {
            break;
        }
    }
    (got, endings, pair)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn with_patience_everything_arrives_and_both_ends_close(case in any_case()) {
        let (got, endings, pair) = run(&case, true);
        for (got, sent) in got.iter().zip(case.length.iter().rev()) {
            prop_assert_eq!(got.len(), *sent);
            prop_assert!(*got == pattern(*sent), "what was received differs");
        }
        prop_assert_eq!(endings, [Ending::Clean; 2]);
        // Every segment got through within a few RTOs of the greatest length.
        let segments = case.length.iter().map(|length| length / 16).sum::<usize>() as u64;
        prop_assert!(pair.now.as_millis() < 3_600_000 + segments * 60_000, "took {}", pair.now);
    }

    #[test]
    fn without_patience_what_arrives_is_a_prefix_and_nothing_hangs(mut case in any_case(), dead in 0_u64..40) {
        // A wire that is worse than 30 %, so that some give up.
        case.loss = case.loss.map(|loss| loss + dead);
        let (got, endings, _) = run(&case, false);
        for (got, sent) in got.iter().zip(case.length.iter().rev()) {
            prop_assert!(pattern(*sent).starts_with(got), "what was received is no prefix");
            if endings == [Ending::Clean; 2] {
                prop_assert_eq!(got.len(), *sent);
            }
        }
    }
}
