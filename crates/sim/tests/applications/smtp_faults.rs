//! SMTP, broken at every frame of a short session.

use wirelab_stack::application::smtp::codec::stored;

use super::smtp::{client_config, message, server_config};
use super::talk::{files, storage};
use super::wire::{Case, Ended, FAULTS, Fault, LONG};
use wirelab_stack::application::smtp::{client, server};

/// The server has the whole message at most so often; the client believes in nothing else.
fn check(fault: Option<(usize, Fault)>, ended: &mut Ended, most: usize) {
    let all = files(&mut *ended.storages[1]);
    let stored: Vec<_> = all.iter().filter(|(name, _)| name.starts_with("/mail/")).collect();
    assert!(stored.len() <= most, "{fault:?}: {} messages", stored.len());
    for (name, octets) in &stored {
        let (envelope, text) =
            stored::read(octets).unwrap_or_else(|| panic!("{fault:?}: {name} is no message"));
        assert_eq!(envelope.to.len(), 2, "{fault:?}");
        assert!(text == message(8_000).replace('\n', "\r\n").as_bytes(), "{fault:?}: {} octets", text.len());
    }
    if ended.client.is_ok() {
        assert!(!stored.is_empty(), "{fault:?}: the client believes that it is sent");
    }
}

#[test]
fn a_fault_at_every_frame_of_a_session() {
    let case = |attempts, sessions| Case {
        client: move || {
            let config = client_config(&["anna@example.com", "ben@example.com"]);
            client::run(client::Config { attempts, ..config })
        },
        server: move || server::serve(server::Config { sessions, ..server_config() }),
        client_files: || storage(&[("message", message(8_000).as_bytes())]),
        server_files: || storage(&[]),
    };
    case(1, Some(1)).at_every_frame(&FAULTS, |fault, ended| check(fault, ended, 1));
    // Who does not hear that it was taken sends it again (RFC 5321 §4.5.5): once more, and not less.
    case(1_000, None).at_every_frame(&[Fault::RestartServer, Fault::CutFor(LONG)], |fault, ended| {
        assert_eq!(ended.client, Ok(()), "{fault:?}");
        check(fault, ended, 2);
    });
}
