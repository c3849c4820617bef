//! What a session answers, and where it says that it is enough. No network.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use proptest::prelude::*;

use super::state::{Act, COMMANDS, ERRORS, LOGINS, State, Way};
use super::{Anonymous, Config, User};
use crate::application::ftp::codec::command::Representation;
use crate::application::ftp::codec::line::TooLong;
use crate::storage::FilePath;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

fn config(anonymous: Anonymous) -> Config {
    let user = |name: &str, writes| User { name: name.into(), password: "secret".into(), writes };
    Config {
        local: SocketAddr::new(PEER, 21),
        root: FilePath::new("srv/ftp").unwrap(),
        users: vec![user("anna", true), user("ben", false)],
        anonymous,
        sessions: None,
    }
}

fn act(state: &mut State, line: &str) -> Act {
    state.line(&config(Anonymous::Read), Ok(line.as_bytes()))
}

/// The code of the answer; 0 where files are needed for one.
fn code(state: &mut State, line: &str) -> u16 {
    match act(state, line) {
        Act::Reply(reply) | Act::Delay(reply) | Act::Close(reply) => reply.code,
        Act::Do(_) => 0,
    }
}

fn logged_in(name: &str, password: &str) -> State {
    let mut state = State::new(PEER);
    assert_eq!(code(&mut state, &format!("USER {name}")), 331);
    assert_eq!(code(&mut state, &format!("PASS {password}")), 230);
    state
}

#[test]
fn nobody_does_anything_before_logging_in() {
    let mut state = State::new(PEER);
    for line in [
        "LIST",
        "RETR x",
        "STOR x",
        "CWD x",
        "PASV",
        "PORT 10,0,0,1,9,9",
        "PWD",
        "REST 1",
        "TYPE I",
        "SIZE x",
    ] {
        assert_eq!(code(&mut state, line), 530, "{line}");
    }
    assert_eq!(code(&mut state, "PASS secret"), 503);
    for (line, expected) in [("SYST", 215), ("FEAT", 211), ("HELP", 214), ("NOOP", 200), ("QUIT", 221)] {
        assert_eq!(code(&mut state, line), expected, "{line}");
    }
}

#[test]
fn anonymous_reads_and_does_not_write() {
    for (name, password, writes) in
        [("anonymous", "x@y", false), ("FTP", "", false), ("ben", "secret", false), ("anna", "secret", true)]
    {
        let mut state = logged_in(name, password);
        for line in ["STOR x", "STOU", "APPE x", "DELE x", "RMD x", "MKD x", "RNFR x", "RNTO x"] {
            assert_eq!(code(&mut state, line), if writes { 0 } else { 550 }, "{name}: {line}");
        }
        for line in [
            "RETR x", "LIST", "NLST", "MLSD", "MLST", "SIZE x", "MDTM x", "CWD x", "CDUP", "STAT", "PASV",
            "EPSV", "EPSV 1", "ABOR",
        ] {
            assert_eq!(code(&mut state, line), 0, "{name}: {line}");
        }
    }
    let mut state = State::new(PEER);
    state.line(&config(Anonymous::No), Ok(b"USER anonymous"));
    assert!(
        matches!(state.line(&config(Anonymous::No), Ok(b"PASS x")), Act::Delay(reply) if reply.code == 530)
    );
    state.line(&config(Anonymous::Write), Ok(b"USER anonymous"));
    state.line(&config(Anonymous::Write), Ok(b"PASS x"));
    assert!(state.writes());
}

#[test]
fn passwords_may_be_wrong_so_often_and_no_more() {
    let mut state = State::new(PEER);
    for attempt in 1..=LOGINS {
        // Whether there is such a user shows nowhere.
        let name = if attempt == 1 { "anna" } else { "nobody" };
        assert_eq!(code(&mut state, &format!("USER {name}")), 331);
        let act = act(&mut state, "PASS wrong");
        assert_eq!(matches!(act, Act::Close(_)), attempt == LOGINS, "{attempt}");
        assert_eq!(matches!(act, Act::Delay(_)), attempt < LOGINS, "{attempt}");
    }
    let mut state = State::new(PEER);
    for _ in 1..LOGINS {
        code(&mut state, "USER anna");
        code(&mut state, "PASS wrong");
        code(&mut state, "REIN");
    }
    assert_eq!(code(&mut state, "USER anna"), 331);
    assert_eq!(code(&mut state, "PASS secret"), 230, "at the bound");
    code(&mut state, "USER anna");
    assert!(matches!(act(&mut state, "PASS wrong"), Act::Close(_)), "logging in again does not count anew");
}

#[test]
fn data_goes_to_nobody_but_the_client() {
    let mut state = logged_in("anna", "secret");
    // RFC 2577 §3: neither to a third party, nor to a server of the client's.
    for line in [
        "PORT 10,0,0,9,9,9",
        "EPRT |1|10.0.0.9|2000|",
        "PORT 10,0,0,1,3,255",
        "EPRT |1|10.0.0.1|25|",
        "PORT 127,0,0,1,9,9",
        "PORT 0,0,0,0,9,9",
        "EPRT |2|::ffff:10.0.0.1|2000|",
    ] {
        assert_eq!(code(&mut state, line), 504, "{line}");
        assert_eq!(state.way, Way::Default, "{line}");
    }
    assert_eq!(code(&mut state, "PORT 10,0,0,1,4,0"), 200, "1024 is the first that is allowed");
    assert_eq!(state.way, Way::Active("10.0.0.1:1024".parse().unwrap()));
    assert_eq!(code(&mut state, "EPRT |3|x|9|"), 522);
    assert_eq!(code(&mut state, "EPSV 2"), 522);
    assert_eq!(code(&mut state, "EPSV ALL"), 200);
    for line in ["PORT 10,0,0,1,4,0", "PASV", "EPRT |1|10.0.0.1|2000|"] {
        assert_eq!(code(&mut state, line), 501, "{line}, after EPSV ALL");
    }
    assert_eq!(code(&mut state, "EPSV"), 0);
}

#[test]
fn commands_are_counted_and_end() {
    let (mut state, config) = (State::new(PEER), config(Anonymous::Read));
    for _ in 0..COMMANDS {
        assert!(matches!(state.line(&config, Ok(b"NOOP")), Act::Reply(reply) if reply.code == 200));
    }
    for _ in COMMANDS..1_000_000 {
        assert!(matches!(state.line(&config, Ok(b"NOOP")), Act::Close(reply) if reply.code == 421));
    }
}

#[test]
fn lines_that_are_no_commands_are_counted_and_end() {
    let mut state = State::new(PEER);
    for error in 0..ERRORS {
        let line = if error % 2 == 0 { Err(TooLong) } else { Ok(&b"\xff"[..]) };
        assert!(matches!(state.line(&config(Anonymous::Read), line), Act::Reply(reply) if reply.code == 500));
    }
    assert_eq!(code(&mut state, "NOOP"), 200);
    assert!(
        matches!(state.line(&config(Anonymous::Read), Err(TooLong)), Act::Close(reply) if reply.code == 421)
    );
}

#[test]
fn no_path_leaves_what_is_served() {
    let (state, config) = (logged_in("anna", "secret"), config(Anonymous::Read));
    let to =
        |path| state.resolve(&config, path).map(|(_, file)| file.to_string()).map_err(|reply| reply.code);
    assert_eq!(to("/etc/passwd").as_deref(), Ok("/srv/ftp/etc/passwd"));
    assert_eq!(to("%2e%2e/%2e%2e/x").as_deref(), Ok("/srv/ftp/%2e%2e/%2e%2e/x"));
    for outside in ["..", "/..", "../../etc", "a/../../x", "a\0b", "..\\..\\x"] {
        assert_eq!(to(outside), Err(550), "{outside:?}");
    }
}

#[test]
fn what_is_agreed_on_lasts_as_long_as_it_should() {
    let mut state = logged_in("anna", "secret");
    assert_eq!(state.representation, Representation::Ascii);
    for (line, expected) in [
        ("TYPE I", 200),
        ("TYPE E", 504),
        ("STRU F", 200),
        ("STRU R", 504),
        ("STRU X", 501),
        ("MODE S", 200),
        ("MODE B", 504),
        ("REST 77", 350),
        ("ALLO 5", 202),
        ("ACCT x", 202),
        ("SITE CHMOD x", 504),
        ("SMNT x", 502),
        ("OPTS UTF8 ON", 200),
        ("OPTS MLST size;", 200),
        ("OPTS X", 501),
        ("PWD", 257),
        ("GET x", 500),
    ] {
        assert_eq!(code(&mut state, line), expected, "{line}");
    }
    assert_eq!((state.representation, state.restart), (Representation::Image, 77));
    assert!(state.wanted.size && !state.wanted.kind);
    state.rename_from = Some(FilePath::root());
    code(&mut state, "NOOP");
    assert_eq!(state.rename_from, None, "RNTO follows RNFR at once");
    assert_eq!(code(&mut state, "REIN"), 220);
    assert_eq!((state.user(), state.representation, state.restart), (None, Representation::Ascii, 0));
}

proptest! {
    #[test]
    fn whatever_is_said_has_an_answer(lines in prop::collection::vec(prop_oneof![
        "(USER|PASS|PORT|EPRT|TYPE|REST|OPTS|EPSV|STRU|MODE|ALLO|CWD|RETR|STOR) [ -~]{0,20}",
        "(USER anna|PASS secret|QUIT|REIN|FEAT|STOU)",
        ".{0,20}",
    ], 0..30)) {
        let mut state = State::new(PEER);
        for line in lines {
            if let Act::Reply(reply) | Act::Delay(reply) | Act::Close(reply) = act(&mut state, &line) {
                prop_assert!((200..600).contains(&reply.code));
            }
            if let Way::Active(address) = state.way {
                prop_assert!(address.ip() == PEER && address.port() >= 1024);
            }
        }
    }
}
