//! SMTP, broken at every frame of a short session.

use wirelab_stack::application::smtp::codec::stored;

use super::smtp::{client_config, message, server_config};
use super::talk::{files, storage};
use super::wire::{Case, Ended, FAULTS, Fault};
use wirelab_stack::application::smtp::{client, server};

/// The server has the whole message, or none; the client believes in nothing else.
fn check(fault: Option<(usize, Fault)>, ended: &mut Ended) {
    let all = files(&mut *ended.storages[1]);
    let stored: Vec<_> = all.iter().filter(|(name, _)| name.starts_with("/mail/")).collect();
    assert!(stored.len() <= 1, "{fault:?}: {} messages", stored.len());
    for (name, octets) in &stored {
        let (envelope, text) =
            stored::read(octets).unwrap_or_else(|| panic!("{fault:?}: {name} is no message"));
        assert_eq!(envelope.to.len(), 2, "{fault:?}");
        assert!(text == message(8_000).replace('\n', "\r\n").as_bytes(), "{fault:?}: {} octets", text.len());
    }
    if ended.client.is_ok() {
        assert_eq!(stored.len(), 1, "{fault:?}: the client believes that it is sent");
    }
}

#[test]
fn a_fault_at_every_frame_of_a_session() {
    let case = Case {
        client: || client::run(client_config(&["anna@example.com", "ben@example.com"])),
        server: || server::serve(server::Config { sessions: Some(1), ..server_config() }),
        client_files: || storage(&[("message", message(8_000).as_bytes())]),
        server_files: || storage(&[]),
    };
    case.at_every_frame(&FAULTS, check);
}
