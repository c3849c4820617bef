//! Header prediction changes nothing: a conversation with it is the conversation without it, segment by segment.

use proptest::prelude::*;

use super::harness::{Fate, Pair, Seen, pattern};
use crate::rng::{Probability, Rng};
use crate::time::Duration;
use crate::trace::{Cause, ConnectionInfo};
use crate::transport::Key;
use crate::transport::tcp::Knobs;
use crate::transport::tcp::segment::{Flags, Segment};

/// A conversation: who writes and reads how much at each step, on which wire, and what is forged in between.
#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    loss: u64,
    held: u64,
    buffers: [u32; 2],
    sack: bool,
    timestamps: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Write {
        end: usize,
        length: usize,
    },
    Read {
        end: usize,
    },
    Run {
        millis: u64,
    },
    Close {
        end: usize,
    },
    /// A segment that the other end did not send: its distances from what it would send next.
    Forge {
        to: usize,
        flags: u8,
        seq: i32,
        ack: i32,
        window: u16,
        length: usize,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    let near = || prop_oneof![3 => Just(0_i32), 2 => -3000_i32..3000, 1 => any::<i32>()];
    prop_oneof![
        6 => (0_usize..2, 0_usize..30_000).prop_map(|(end, length)| Step::Write { end, length }),
        4 => (0_usize..2).prop_map(|end| Step::Read { end }),
        6 => (0_u64..60).prop_map(|millis| Step::Run { millis }),
        1 => (0_usize..2).prop_map(|end| Step::Close { end }),
        3 => (0_usize..2, 0_u8..0x40, near(), near(), 0_u16..2000, 0_usize..2000)
            .prop_map(|(to, flags, seq, ack, window, length)| Step::Forge { to, flags, seq, ack, window, length }),
    ]
}

fn any_case() -> impl Strategy<Value = Case> {
    let buffer = || prop_oneof![1_000_u32..8_000, 60_000_u32..300_000];
    let wire = (any::<u64>(), 0_u64..8, 0_u64..8);
    let ends = ([buffer(), buffer()], any::<bool>(), any::<bool>());
    (wire, ends, proptest::collection::vec(any_step(), 1..60)).prop_map(
        |((seed, loss, held), (buffers, sack, timestamps), steps)| Case {
            seed,
            loss,
            held,
            buffers,
            sack,
            timestamps,
            steps,
        },
    )
}

fn info(pair: &Pair, keys: (Key, Key)) -> [Option<ConnectionInfo>; 2] {
    [pair.ends[0].info(keys.0).ok(), pair.ends[1].info(keys.1).ok()]
}

/// What a conversation looks like from outside: each segment, what was read, and how both ends stand after each step.
type Trace = (Vec<String>, Vec<Vec<u8>>, Vec<[Option<ConnectionInfo>; 2]>);

fn converse(case: &Case, unpredicted: bool) -> Trace {
    let knobs = |end: usize| Knobs {
        receive_buffer: case.buffers[end],
        sack: case.sack,
        timestamps: case.timestamps,
        unpredicted,
        ..Knobs::rfc()
    };
    let mut pair = Pair::new(knobs(0), knobs(1));
    let keys = pair.connect();
    let key = |end: usize| if end == 0 { keys.0 } else { keys.1 };
    let mut rng = Rng::stream(case.seed, "wire", "fate");
    let (loss, held) = (Probability::ratio(case.loss, 100), Probability::ratio(case.held, 100));
    pair.judge = Box::new(move |_| {
        if rng.chance(loss, "loss") {
            Fate::Lose
        } else if rng.chance(held, "reorder") {
            Fate::Hold(Duration::from_millis(rng.pick(60, "hold")))
        } else {
            Fate::Deliver
        }
    });
    let (mut read, mut infos) = (vec![Vec::new(), Vec::new()], Vec::new());
    for step in &case.steps {
        match *step {
            Step::Write { end, length } => {
                let _ = pair.send(end, key(end), &pattern(length));
            }
            Step::Read { end } => read[end].extend(pair.recv(end, key(end)).unwrap_or_default()),
            Step::Run { millis } => pair.millis(millis),
            Step::Close { end } => {
                let _ = pair.with(end, |tcp, ctx| tcp.shutdown_write(ctx, key(end)));
            }
            Step::Forge { to, flags, seq, ack, window, length } => {
                let like = pair.forged(to, Flags(flags | Flags::ACK.0));
                let forged = Segment {
                    seq: like.seq.wrapping_add_signed(seq),
                    ack: like.ack.wrapping_add_signed(ack),
                    window,
                    ..like
                };
                pair.inject(to, forged, &pattern(length));
            }
        }
        pair.flush();
        infos.push(info(&pair, keys));
    }
    pair.run(Duration::from_secs(30));
    infos.push(info(&pair, keys));
    let line = |seen: &Seen| format!("{seen:?}");
    (pair.seen.iter().map(line).collect(), read, infos)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_conversation_is_the_same_with_and_without(case in any_case()) {
        let (segments, read, infos) = converse(&case, false);
        let (reference, reference_read, reference_infos) = converse(&case, true);
        prop_assert_eq!(segments, reference);
        prop_assert_eq!(read, reference_read);
        prop_assert_eq!(infos, reference_infos);
    }
}

#[test]
fn bulk_is_predicted() {
    // Else the comparison above would compare the checks with themselves.
    for (timestamps, unpredicted) in [(true, false), (false, false), (true, true)] {
        let knobs = || Knobs { timestamps, unpredicted, ..Knobs::rfc() };
        let mut pair = Pair::new(knobs(), knobs());
        let (client, server) = pair.connect();
        let data = pattern(100_000);
        assert_eq!(pair.transfer((0, client), (1, server), &data, Duration::from_secs(60)), data);
        let predictions = |end: usize, key| pair.ends[end].connections.get(key).map(|it| it.predictions);
        let (acks, texts) = (predictions(0, client).unwrap(), predictions(1, server).unwrap());
        if unpredicted {
            assert_eq!((acks, texts), (0, 0));
            continue;
        }
        assert!(texts + 3 >= pair.count(0, Cause::NewData) as u64, "{texts} of the segments with text");
        assert!(acks * 2 + 10 >= texts, "{acks} of the acknowledgements");
    }
}
