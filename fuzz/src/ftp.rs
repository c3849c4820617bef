//! FTP's codec: lines, commands, replies, addresses, facts and texts.

use wirelab_stack::application::ftp::codec::address::{
    Extended, extended, host_port, parse_extended, parse_extended_passive, parse_host_port, parse_passive,
};
use wirelab_stack::application::ftp::codec::command::Command;
use wirelab_stack::application::ftp::codec::facts::{Facts, Wanted, parse_time, time};
use wirelab_stack::application::ftp::codec::line::{LINE, Lines, REFUSALS, write_line};
use wirelab_stack::application::ftp::codec::path::{quoted, unquoted};
use wirelab_stack::application::ftp::codec::reply::{REPLY_LINES, Replies, Reply};
use wirelab_stack::application::ftp::codec::text::{FromWire, to_wire};

use crate::pieces;

/// A control connection, and then what some of its lines say. The first octet says in which pieces it comes.
pub fn ftp(octets: &[u8]) {
    let [cut, wire @ ..] = octets else { return };
    let whole = lines(&[wire]);
    assert_eq!(lines(&pieces(*cut, wire)), whole, "the pieces change nothing");
    let mut replies = Replies::default();
    for line in &whole {
        assert!(line.len() <= LINE && !line.contains(&b'\n'));
        command(line);
        match replies.push(line) {
            Ok(Some(reply)) => written(&reply),
            Ok(None) => {}
            Err(_) => replies = Replies::default(),
        }
        if let Ok(text) = core::str::from_utf8(line) {
            says(text);
        }
    }
    text(*cut, wire);
}

/// The lines that are no longer than a line may be.
fn lines(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let (mut lines, mut read) = (Lines::default(), Vec::new());
    for piece in pieces {
        let mut rest = *piece;
        while let Some(line) = lines.next(&mut rest) {
            read.extend(line);
        }
        assert!(rest.is_empty(), "all was looked at");
    }
    assert!(lines.take_refusals().len() <= REFUSALS);
    read
}

/// A command is written as it was read.
fn command(line: &[u8]) {
    let Ok(command) = Command::parse(line) else { return };
    let text = command.to_string();
    assert_eq!(Command::parse(text.as_bytes()), Ok(command), "{text}");
    let mut wire = Vec::new();
    write_line(text.as_bytes(), &mut wire);
    assert_eq!(lines(&[&wire]), [text.as_bytes()]);
}

/// A reply that is written is one reply with that code, whatever is in it.
fn written(reply: &Reply) {
    assert!((100..600).contains(&reply.code) && (1..=REPLY_LINES).contains(&reply.lines.len()));
    let (mut wire, mut replies) = (Vec::new(), Replies::default());
    reply.write(&mut wire);
    let again: Vec<_> =
        lines(&[&wire]).iter().filter_map(|line| replies.push(line).expect("it was written so")).collect();
    assert_eq!(again.iter().map(|reply| reply.code).collect::<Vec<_>>(), [reply.code]);
}

/// What stands in arguments and replies: what is read is written, and reads the same.
fn says(text: &str) {
    if let Some(address) = parse_host_port(text) {
        assert_eq!(parse_host_port(&host_port(address)), Some(address));
    }
    if let Some(address) = parse_passive(text) {
        assert_eq!(parse_passive(&format!("Entering Passive Mode ({})", host_port(address))), Some(address));
    }
    if let Some(Extended::Address(address)) = parse_extended(text) {
        assert_eq!(parse_extended(&extended(address)), Some(Extended::Address(address)));
    }
    if let Some(port) = parse_extended_passive(text) {
        assert_eq!(parse_extended_passive(&format!("(|||{port}|)")), Some(port));
    }
    if let Some(at) = parse_time(text) {
        assert_eq!(parse_time(&time(at)), Some(at));
    }
    if let Some(facts) = Facts::parse(text) {
        assert_eq!(Facts::parse(&facts.line()).as_ref(), Some(&facts));
    }
    let wanted = Wanted::parse(text);
    assert_eq!(Wanted::parse(&wanted.text()), wanted);
    assert_eq!(unquoted(&quoted(text)).as_deref(), Some(text));
    if let Some(path) = unquoted(text) {
        assert_eq!(unquoted(&quoted(&path)), Some(path));
    }
}

/// Files in ASCII come back as they were, and the pieces of the wire change nothing.
fn text(cut: u8, file: &[u8]) {
    let wire = to_wire(file);
    for pieces in [vec![&wire[..]], pieces(cut, &wire)] {
        let mut from = FromWire::default();
        let mut back: Vec<u8> = pieces.iter().flat_map(|piece| from.push(piece)).collect();
        back.extend_from_slice(from.finish());
        assert_eq!(back, file);
    }
}
