//! What a session answers, and where it says that it is enough. No network.

use proptest::prelude::*;

use super::state::{Act, COMMANDS, ERRORS, RECIPIENTS, State, Text};
use super::{Config, OVERRUN};
use crate::application::smtp::codec::data::TEXT_LINE;
use crate::application::smtp::codec::line::{COMMAND_LINE, LineError, Lines};
use crate::storage::FilePath;

fn config() -> Config {
    Config {
        local: "0.0.0.0:25".parse().unwrap(),
        name: "mail.example".into(),
        domains: vec!["example.com".into(), "Bücher.example".into()],
        store: FilePath::new("mail").unwrap(),
        size: 1_000,
        sessions: None,
    }
}

fn act(state: &mut State, line: &str) -> Act {
    state.line(&config(), Ok(line.as_bytes()))
}

/// The code of the answer, and the enhanced one.
fn code(state: &mut State, line: &str) -> (u16, [u8; 3]) {
    match act(state, line) {
        Act::Reply(reply) | Act::Close(reply) | Act::Text(reply) => (reply.code, reply.enhanced),
    }
}

fn greeted() -> State {
    let mut state = State::new();
    assert_eq!(code(&mut state, "EHLO client.example").0, 250);
    state
}

/// Says each line, whose answer has this code.
#[track_caller]
fn say(state: &mut State, lines: &[(&str, u16)]) {
    for (line, expected) in lines {
        assert_eq!(code(state, line).0, *expected, "{line}");
    }
}

#[test]
fn a_message_has_its_order() {
    let mut state = State::new();
    say(
        &mut state,
        &[
            ("MAIL FROM:<a@b>", 503),
            ("RCPT TO:<a@example.com>", 503),
            ("DATA", 503),
            ("NOOP", 250),
            ("HELP", 214),
        ],
    );
    say(
        &mut state,
        &[("EHLO c", 250), ("RCPT TO:<a@example.com>", 503), ("DATA", 503), ("MAIL FROM:<a@b>", 250)],
    );
    say(
        &mut state,
        &[
            ("MAIL FROM:<a@b>", 503),
            ("DATA", 554),
            ("RCPT TO:<a@EXAMPLE.com>", 250),
            ("RCPT TO:<Postmaster>", 250),
        ],
    );
    assert!(matches!(act(&mut state, "DATA"), Act::Text(reply) if reply.code == 354));
    let (envelope, _) = state.take();
    assert_eq!((envelope.from.unwrap().to_string(), envelope.to.len()), ("a@b".to_owned(), 2));
    say(
        &mut state,
        &[
            ("DATA", 503),
            ("MAIL FROM:<>", 250),
            ("RCPT TO:<a@example.com>", 250),
            ("RSET", 250),
            ("DATA", 503),
        ],
    );
    say(
        &mut state,
        &[("MAIL FROM:<>", 250), ("HELO c", 250), ("DATA", 503), ("VRFY anna", 252), ("QUIT", 221)],
    );
    say(
        &mut state,
        &[
            ("STARTTLS", 502),
            ("EXPN x", 502),
            ("WHAT", 500),
            ("DATA x", 501),
            ("MAIL a@b", 501),
            ("RCPT TO:<>", 553),
        ],
    );
}

#[test]
fn what_is_offered_is_said_after_ehlo_alone() {
    let mut state = State::new();
    let Act::Reply(reply) = act(&mut state, "EHLO client.example") else { panic!() };
    let expected = ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 1000", "HELP"];
    assert_eq!(reply.lines[1..], expected);
    let Act::Reply(reply) = act(&mut state, "HELO client.example") else { panic!() };
    assert_eq!(reply.lines.len(), 1);
    say(
        &mut state,
        &[("MAIL FROM:<a@b> SIZE=10", 555), ("MAIL FROM:<a@b> BODY=8BITMIME", 555), ("MAIL FROM:<a@b>", 250)],
    );
}

#[test]
fn mail_for_others_is_not_relayed() {
    let mut state = greeted();
    say(&mut state, &[("MAIL FROM:<a@example.com>", 250)]);
    for to in [
        "a@example.org",
        "a@sub.example.com",
        "a%b@example.org",
        "\"a@example.com\"@example.org",
        "@example.com:a@example.org",
        "a@example.com.",
        "a!b@example.org",
    ] {
        let (code, enhanced) = code(&mut state, &format!("RCPT TO:<{to}>"));
        assert!(code == 550 && enhanced == [5, 7, 1] || code == 553, "{to}: {code}");
    }
    // Ours, whatever it once meant elsewhere.
    say(
        &mut state,
        &[("RCPT TO:<a%example.org@example.com>", 250), ("RCPT TO:<@example.org:a@example.com>", 250)],
    );
}

#[test]
fn names_beyond_ascii_need_their_extension() {
    let mut state = greeted();
    say(
        &mut state,
        &[
            ("MAIL FROM:<dörte@x.y>", 550),
            ("MAIL FROM:<a@b>", 250),
            ("RCPT TO:<dörte@example.com>", 553),
            ("RSET", 250),
        ],
    );
    say(&mut state, &[("MAIL FROM:<dörte@x.y> SMTPUTF8", 250), ("RCPT TO:<jörg@bücher.EXAMPLE>", 250)]);
}

#[test]
fn sizes_that_are_told_are_believed() {
    let mut state = greeted();
    assert_eq!(code(&mut state, "MAIL FROM:<a@b> SIZE=1001"), (552, [5, 3, 4]));
    // More than the parser takes for a number.
    assert_eq!(code(&mut state, "MAIL FROM:<a@b> SIZE=99999999999999999999"), (501, [5, 5, 4]));
    say(&mut state, &[("MAIL FROM:<a@b> SIZE=1000", 250)]);
}

#[test]
fn a_message_has_so_many_recipients_and_no_more() {
    let mut state = greeted();
    say(&mut state, &[("MAIL FROM:<a@b>", 250)]);
    for number in 0..RECIPIENTS {
        say(
            &mut state,
            &[
                (&format!("RCPT TO:<u{number}@example.com>"), 250),
                ("RCPT TO:<u0@example.com>", if number + 1 < RECIPIENTS { 250 } else { 452 }),
            ],
        );
    }
    assert_eq!(code(&mut state, "RCPT TO:<one@example.com>"), (452, [4, 5, 3]));
    assert_eq!(state.take().0.to.len(), RECIPIENTS);
}

#[test]
fn commands_are_counted_and_end() {
    let (mut state, config) = (State::new(), config());
    for _ in 0..COMMANDS {
        assert!(matches!(state.line(&config, Ok(b"NOOP")), Act::Reply(reply) if reply.code == 250));
    }
    for _ in COMMANDS..1_000_000 {
        assert!(matches!(state.line(&config, Ok(b"NOOP")), Act::Close(reply) if reply.code == 421));
    }
}

#[test]
fn errors_are_counted_and_end() {
    let mut state = State::new();
    for error in 0..ERRORS {
        let line = match error % 3 {
            0 => Err(LineError::TooLong),
            1 => Err(LineError::Bare),
            _ => Ok(&b"WHAT"[..]),
        };
        assert!(matches!(state.line(&config(), line), Act::Reply(reply) if reply.code == 500));
    }
    say(&mut state, &[("NOOP", 250)]);
    assert!(matches!(state.line(&config(), Err(LineError::Bare)), Act::Close(reply) if reply.code == 421));
}

/// Pushes a text; what is stored of it, whether it ended, and the code of its refusal.
fn push(pieces: &[&[u8]]) -> (Vec<u8>, bool, Option<u16>, Text) {
    let (mut text, mut out, mut ended) = (Text::new(), Vec::new(), false);
    for mut piece in pieces.iter().copied() {
        ended |= text.push(&config(), &mut piece, &mut out);
    }
    let code = text.failed().map(|reply| reply.code);
    (out, ended, code, text)
}

#[test]
fn a_text_has_so_many_octets_and_no_more() {
    let line = [b'a'; 98];
    let lines = [&line[..], b"\r\n"].concat().repeat(10);
    let (out, ended, code, _) = push(&[&lines, b".\r\n"]);
    assert_eq!((out.len(), ended, code), (1_000, true, None));
    let (_, ended, code, _) = push(&[&lines, b"\r\n.\r\n"]);
    assert_eq!((ended, code), (true, Some(552)));
    // What was doubled does not count (RFC 1870 §5).
    let dots = [&b".."[..], &line[..97], b"\r\n"].concat().repeat(10);
    assert_eq!(push(&[&dots, b".\r\n"]).2, None);
}

#[test]
fn a_text_that_is_refused_is_read_for_a_while_only() {
    let line = [&[b'a'; 98][..], b"\r\n"].concat();
    let mut text = push(&[]).3;
    let (mut out, mut taken) = (Vec::new(), 0);
    while !text.is_overrun(&config()) {
        assert!(!text.push(&config(), &mut &line[..], &mut out));
        taken += line.len() as u64;
        assert!(out.len() <= 1_000, "nothing of it is kept");
    }
    assert_eq!(taken, (1_000 + OVERRUN) / 100 * 100 + 100, "one line past the bound");
    let (_, ended, code, text) = push(&[b"a\nb", &[b'c'; 2 * TEXT_LINE], b"\r\n.\r\n"]);
    assert_eq!((ended, code, text.is_overrun(&config())), (true, Some(554), false));
}

#[test]
fn commands_that_were_smuggled_are_text() {
    for end in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\r\n.\r\r\n"] {
        let wire = format!("hello{end}MAIL FROM:<x@y>\r\nRCPT TO:<z@example.com>\r\nDATA\r\n\r\n.\r\n");
        let (_, ended, code, _) = push(&[wire.as_bytes()]);
        assert_eq!((ended, code), (true, Some(554)), "{end:?}");
    }
    let mut lines = Lines::new(COMMAND_LINE);
    let mut input = &b"NOOP\nMAIL FROM:<a@b>\r\n"[..];
    assert_eq!(lines.next(&mut input), Some(Err(LineError::Bare)));
}

proptest! {
    #[test]
    fn whatever_is_said_has_an_answer(lines in prop::collection::vec(prop_oneof![
        "(MAIL FROM:|RCPT TO:|EHLO |HELO |VRFY )[ -~é]{0,20}",
        "(EHLO c|MAIL FROM:<a@b>|RCPT TO:<a@example.com>|DATA|RSET|QUIT)",
        ".{0,20}",
    ], 0..30)) {
        let mut state = State::new();
        for line in lines {
            match act(&mut state, &line) {
                Act::Text(reply) => {
                    prop_assert_eq!(reply.code, 354);
                    prop_assert!(!state.take().0.to.is_empty());
                }
                Act::Reply(reply) | Act::Close(reply) => prop_assert!((200..600).contains(&reply.code)),
            }
        }
    }
}
