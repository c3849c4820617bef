//! FTP, broken at every frame of a short session.

use wirelab_stack::application::ftp::PART;
use wirelab_stack::application::ftp::client::{self, Get, Put};
use wirelab_stack::application::ftp::codec::command::Representation;
use wirelab_stack::application::ftp::server::{self, Anonymous, User};
use wirelab_stack::time::Duration;

use super::talk::{at, content, files, path, storage};
use super::wire::{Case, Ended, FAULTS, Fault, LONG};

const OCTETS: usize = 9_000;

fn server_config() -> server::Config {
    let anna = User { name: "anna".into(), password: "secret".into(), writes: true };
    server::Config {
        local: at("0.0.0.0:21"),
        root: path("srv"),
        users: vec![anna],
        anonymous: Anonymous::No,
        sessions: Some(1),
    }
}

fn client_config(active: bool, representation: Representation) -> client::Config {
    client::Config {
        remote: at("10.0.0.2:21"),
        user: "anna".into(),
        password: "secret".into(),
        active,
        representation,
        lists: Vec::new(),
        gets: vec![Get { from: "/down".into(), to: path("here/down") }],
        puts: vec![Put { from: path("up"), to: "/up".into() }],
        attempts: 1,
        pause: Duration::from_secs(1),
    }
}

/// Each file is whole, or is not there; what is called a part begins as the whole does.
fn check(fault: Option<(usize, Fault)>, ended: &mut Ended) {
    let whole = [("down", content(3, OCTETS)), ("up", content(5, OCTETS))];
    let mut there = 0;
    for (host, storage) in ended.storages.iter_mut().enumerate() {
        for (name, octets) in files(&mut **storage) {
            let (_, expected) =
                whole.iter().find(|(whole, _)| name.contains(whole)).expect("a file of the test's");
            if name.ends_with(PART) {
                assert!(expected.starts_with(&octets), "{fault:?}: {name} on host {host}");
            } else {
                assert!(octets == *expected, "{fault:?}: {name} on host {host} has {} octets", octets.len());
                there += 1;
            }
        }
    }
    if ended.client.is_ok() {
        assert_eq!(there, 4, "{fault:?}: the client believes that all is done");
    }
}

fn everywhere(active: bool, representation: Representation) {
    let case = |attempts, sessions| Case {
        client: move || client::run(client::Config { attempts, ..client_config(active, representation) }),
        server: move || server::serve(server::Config { sessions, ..server_config() }),
        client_files: || {
            let mut files = storage(&[("up", &content(5, OCTETS))]);
            files.create_directory(&path("here"), wirelab_stack::clock::DEFAULT_DATE).unwrap();
            files
        },
        server_files: || storage(&[("srv/down", &content(3, OCTETS))]),
    };
    case(1, Some(1)).at_every_frame(&FAULTS, check);
    // Who does not give up at once goes on where it was.
    case(1_000, None).at_every_frame(&[Fault::RestartServer, Fault::CutFor(LONG)], |fault, ended| {
        assert_eq!(ended.client, Ok(()), "{fault:?}");
        check(fault, ended);
    });
}

#[test]
fn a_fault_at_every_frame_of_a_passive_session() {
    everywhere(false, Representation::Image);
}

#[test]
fn a_fault_at_every_frame_of_an_active_session() {
    everywhere(true, Representation::Image);
}

#[test]
fn a_fault_at_every_frame_of_a_session_in_ascii() {
    everywhere(false, Representation::Ascii);
}

#[test]
fn a_fault_at_every_frame_of_an_active_session_in_ascii() {
    everywhere(true, Representation::Ascii);
}
