//! A record of a run, read by a run that asks for this and that, and what came in it given to a host.
//!
//! The input begins with an octet that says how many calls follow, of an octet each; behind them is what stands in the
//! record's file behind its beginning.

use std::collections::VecDeque;
use std::io::Cursor;

use bytes::Bytes;
use wirelab_replay::record::{MAGIC, VERSION};
use wirelab_replay::{Player, Replay, ReplayedStorage};
use wirelab_sim::{Driver, Input};
use wirelab_stack::clock::Timestamp;
use wirelab_stack::frame::{Frame, Meta, NodeId};
use wirelab_stack::storage::{Existing, FileId, FilePath, Storage};
use wirelab_stack::trace::{Cause, Trigger};

use crate::host::{Bench, Kind};

/// Frames of one input that a host is given.
const MOST_FRAMES: usize = 1_000;

/// Reads the record in `octets`.
pub fn record(octets: &[u8]) {
    let Some((calls, rest)) = octets.split_first() else { return };
    let (calls, body) = rest.split_at(usize::from(*calls).min(rest.len()));
    let file = [&MAGIC[..], &VERSION.to_le_bytes(), body].concat();
    let player = Player::new(Cursor::new(file)).expect("its beginning is right");
    let mut replay = Replay::new(player.clone());
    replay.add(NodeId(1));
    let mut storage = ReplayedStorage::new(player.clone(), NodeId(1));
    let mut frames = Vec::new();
    for call in calls {
        ask(*call, &player, &mut replay, &mut storage, &mut frames);
    }
    let ended = player.finish();
    assert_eq!(player.finish(), ended, "it says the same ever after");
    let mut bench = Bench::new(Kind::Host);
    for (frame, counter) in frames.into_iter().take(MOST_FRAMES).zip(1..) {
        bench.receive(frame, counter);
    }
}

fn ask(
    call: u8,
    player: &Player,
    replay: &mut Replay,
    storage: &mut ReplayedStorage,
    frames: &mut Vec<Frame>,
) {
    let path = FilePath::new("a/b").expect("it is a path");
    match call % 16 {
        0 | 1 => {
            let mut inputs = Vec::new();
            let _ = replay.wait(None, 0, &mut inputs);
            frames.extend(inputs.into_iter().filter_map(|input| match input {
                Input::Frame { frame, .. } => Some(frame),
                _ => None,
            }));
        }
        2 => {
            let meta = Meta::new(Cause::Raw, Trigger::Call);
            let mut queue = VecDeque::from([Frame::from_wire(Bytes::from_static(b"a frame"), meta)]);
            let _ = replay.transmit(NodeId(1), &mut queue);
        }
        3 => drop(replay.print(b"printed")),
        4 => drop(player.answer::<u64>("seed")),
        5 => drop(player.answer::<Vec<String>>("seed")),
        6 => drop(storage.open(&path)),
        7 => drop(storage.read_at(FileId(1), 0, 100).map(|octets| assert!(octets.len() <= 100))),
        8 => drop(storage.create(&path, 0)),
        9 => drop(storage.write(FileId(1), b"written")),
        10 => drop(storage.commit(FileId(1), Timestamp::UNIX_EPOCH, Existing::Keep)),
        11 => drop(storage.append(&path, b"added", Timestamp::UNIX_EPOCH)),
        12 => drop(storage.metadata(&path)),
        13 => drop(storage.list(&path)),
        14 => drop(storage.rename(&path, &path)),
        _ => drop(storage.remove(&path)),
    }
}
