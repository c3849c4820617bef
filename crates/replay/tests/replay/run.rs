//! Records of whole runs.

use std::sync::OnceLock;

use wirelab_replay::Stop;
use wirelab_stack::frame::NodeId;

use crate::world::{CONNECTIONS, record, replay};

/// One record for all tests: it takes a moment to make.
pub fn recorded() -> &'static (Vec<u8>, String) {
    static RECORD: OnceLock<(Vec<u8>, String)> = OnceLock::new();
    RECORD.get_or_init(record)
}

#[test]
fn a_run_is_run_again_octet_for_octet() {
    let (octets, hash) = recorded();
    let again = replay(octets.clone(), |_| {});
    assert_eq!((&again.stop, again.hash.as_ref()), (&Stop::End, Some(hash)));
    let tally = again.tally;
    assert!(tally.sent > tally.received, "some were lost: {tally:?}");
    assert!(tally.received as usize > CONNECTIONS * 10, "{tally:?}");
    assert_eq!(tally.printed, 13);
    assert!(tally.files as usize > CONNECTIONS * 3, "{tally:?}");
    // The world is as before: nothing of the replay is kept anywhere.
    assert_eq!(replay(octets.clone(), |_| {}).hash.as_ref(), Some(hash));
}

#[test]
fn another_run_is_found_out_and_where() {
    let (octets, _) = recorded();
    let again = replay(octets.clone(), |world| {
        let host = world.host_mut(NodeId(0)).expect("it is one");
        host.poll_timeout();
    });
    assert_eq!(again.stop, Stop::End, "to look at it changes nothing");
    let again = replay(octets.clone(), |world| {
        world.kill(world.applications()[1].id);
    });
    let Stop::Diverged { turn, what, .. } = again.stop else { panic!("{:?}", again.stop) };
    assert!(turn <= 5, "{turn}");
    assert!(what.starts_with("frame ") || what.contains("frames are sent"), "{what}");
}

#[test]
fn files_that_are_asked_otherwise_are_found_out() {
    let (octets, _) = recorded();
    let again = replay(octets.clone(), |world| {
        let clock =
            wirelab_stack::clock::Clock { offset: 1, ..world.clock(NodeId(1)).expect("it is a host") };
        world.set_clock(NodeId(1), clock);
    });
    let Stop::Diverged { what, .. } = again.stop else { panic!("{:?}", again.stop) };
    assert_eq!(what, "files are asked for something else (Append) than then (Append)");
}
