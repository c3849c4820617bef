//! Records that are cut off, damaged, or made up.

use proptest::prelude::*;
use wirelab_replay::record::{MAGIC, MAX_BLOCK, MAX_FRAME, MAX_INPUTS, Record, VERSION};
use wirelab_replay::{Player, Stop};

use crate::run::recorded;
use crate::world::replay;

fn begun() -> Vec<u8> {
    [&MAGIC[..], &VERSION.to_le_bytes()].concat()
}

fn block(record: &Record, octets: &[u8]) -> Vec<u8> {
    let record = postcard::to_stdvec(record).unwrap();
    let length = (record.len() + octets.len()) as u32;
    [&length.to_le_bytes()[..], &record, octets].concat()
}

/// The beginning of a record of that world, and what follows.
fn made_up(blocks: &[Vec<u8>]) -> Stop {
    let question = Record::Answer { question: "seed".to_owned() };
    let seed = block(&question, &postcard::to_stdvec(&42_u64).unwrap());
    replay([begun(), seed, blocks.concat()].concat(), |_| {}).stop
}

#[test]
fn a_record_that_is_cut_off_is_good_up_to_there() {
    let (octets, _) = recorded();
    let whole = replay(octets.clone(), |_| {}).tally;
    let (mut before, mut cuts) = (0, 0);
    for at in (0..octets.len()).step_by(octets.len() / 40).chain([octets.len() - 1]) {
        let again = replay(octets[..at].to_vec(), |_| {});
        match &again.stop {
            Stop::Cut => cuts += 1,
            Stop::Malformed(what) if at < 10 => assert_eq!(what, "it is no record of a run"),
            other => panic!("cut at {at}: {other:?}"),
        }
        assert!(again.tally.turns >= before && again.tally.turns <= whole.turns);
        before = again.tally.turns;
    }
    assert!(cuts > 39);
    assert_eq!(before, whole.turns, "only its end is missing");
}

#[test]
fn what_is_no_record_says_so() {
    let of = |octets: Vec<u8>| Player::new(std::io::Cursor::new(octets)).map(drop).unwrap_err().to_string();
    assert_eq!(of(Vec::new()), "it is no record of a run");
    assert_eq!(of(b"\x0a\x0d\x0d\x0a a capture".to_vec()), "it is no record of a run");
    assert_eq!(
        of([&MAGIC[..], &2_u16.to_le_bytes()].concat()),
        "it is a record of version 2, and this program reads version 1"
    );
    assert!(Player::new(std::io::Cursor::new(begun())).is_ok());
}

#[test]
fn a_length_alone_costs_nothing_and_one_past_the_bound_is_refused() {
    let of = |length: usize| {
        let length = u32::try_from(length).unwrap();
        replay([begun(), length.to_le_bytes().to_vec()].concat(), |_| {}).stop
    };
    assert_eq!(of(MAX_BLOCK), Stop::Cut);
    let damaged = Stop::Malformed("the record is damaged behind turn 0: a block that is too long".into());
    assert_eq!(of(MAX_BLOCK + 1), damaged);
    assert_eq!(of(u32::MAX as usize), damaged);
}

#[test]
fn a_turn_has_no_more_inputs_than_its_bound() {
    let mut inputs: Vec<_> = (0..MAX_INPUTS).map(|_| block(&Record::Standard, b"x")).collect();
    let turn = block(&Record::Turn { after: 1 }, &[]);
    let mut all = vec![block(&Record::Taken { port: 0, frames: 0 }, &[])];
    // Whatever it sends first is not what the made up record says.
    all.append(&mut inputs.clone());
    assert!(matches!(made_up(&all), Stop::Diverged { turn: 0, .. }));
    inputs.push(turn.clone());
    let reads = |blocks: &[Vec<u8>]| {
        use wirelab_sim::Driver;
        let file = [begun(), blocks.concat()].concat();
        let mut replay = wirelab_replay::Replay::new(Player::new(std::io::Cursor::new(file)).unwrap());
        let mut inputs = Vec::new();
        replay.wait(None, 0, &mut inputs).map(|_| inputs.len())
    };
    assert_eq!(reads(&inputs), Ok(MAX_INPUTS));
    inputs.insert(0, block(&Record::EndOfInput, &[]));
    let too_many = "the record is damaged behind turn 0: more inputs than a turn has";
    assert_eq!(reads(&inputs), Err(Stop::Malformed(too_many.into())));
}

#[test]
fn frames_that_no_link_brings_are_refused() {
    use wirelab_sim::Driver;
    use wirelab_stack::frame::NodeId;
    let reads = |octets: Vec<u8>| {
        let file = [begun(), octets, block(&Record::Turn { after: 0 }, &[])].concat();
        let mut replay = wirelab_replay::Replay::new(Player::new(std::io::Cursor::new(file)).unwrap());
        replay.add(NodeId(1));
        replay.wait(None, 0, &mut Vec::new()).map(drop)
    };
    // A frame as `postcard` writes it: kind, port, head, checksum, segment size, tag, medium.
    let frame = |port: u8, head: u8, told: &[u8], octets: &[u8]| {
        let block = [&[1, port, head], told, octets].concat();
        [(block.len() as u32).to_le_bytes().to_vec(), block].concat()
    };
    let (complete, octets) = ([0, 0, 0, 0], vec![7; MAX_FRAME + 1]);
    assert_eq!(reads(frame(1, 0, &complete, &octets[..MAX_FRAME])), Ok(()));
    assert_eq!(reads(frame(1, 14, &complete, &octets[..14])), Ok(()));
    let refused =
        Err(Stop::Malformed("the record is damaged behind turn 0: a frame that no link brings".into()));
    assert_eq!(reads(frame(1, 0, &complete, &octets)), refused);
    assert_eq!(reads(frame(1, 14, &complete, &octets[..13])), refused, "more headers than octets");
    assert_eq!(reads(frame(1, 145, &complete, &octets[..200])), refused, "more than a head has room for");
    assert_eq!(reads(frame(1, 0, &[1, 34, 16, 0, 0, 0], &octets[..52])), Ok(()));
    assert_eq!(
        reads(frame(1, 0, &[1, 34, 16, 0, 0, 0], &octets[..51])),
        refused,
        "a checksum beyond its end"
    );
    assert_eq!(reads(frame(1, 0, &[0, 1, 1, 0, 0], &octets[..60])), Ok(()));
    assert_eq!(reads(frame(1, 0, &[0, 1, 0, 0, 0], &octets[..60])), refused, "segments of nothing");
    let nowhere = "the record is damaged behind turn 0: a frame by a port that is not there";
    assert_eq!(reads(frame(2, 0, &complete, &octets[..60])), Err(Stop::Malformed(nowhere.into())));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// One octet is another: it is found out, or makes no difference; nothing panics, and nothing goes on for ever.
    #[test]
    fn a_damaged_record_ends_somehow(at in any::<prop::sample::Index>(), octet: u8) {
        let (octets, _) = recorded();
        let mut octets = octets.clone();
        // What comes early is what most depends on.
        let most = octets.len().min(200_000);
        let at = at.index(most);
        octets[at] = octet;
        let _ = replay(octets, |_| {}).stop.to_string();
    }

    /// Whatever stands in a file, it is read to some end.
    #[test]
    fn any_octets_are_read(octets in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = replay([begun(), octets].concat(), |_| {}).stop.to_string();
    }
}
