//! SMTP's codec: lines, requests, replies, addresses, texts with their dots, and stored messages.

use wirelab_stack::application::smtp::codec::address::Address;
use wirelab_stack::application::smtp::codec::data::{Stuff, Survey, TEXT_LINE, Unstuff};
use wirelab_stack::application::smtp::codec::line::{COMMAND_LINE, LineError, Lines, REPLY_LINE};
use wirelab_stack::application::smtp::codec::reply::{REPLY_LINES, Replies, Reply};
use wirelab_stack::application::smtp::codec::request::{Request, parse};
use wirelab_stack::application::smtp::codec::stored;

use crate::pieces;

/// A connection: its lines as requests and as replies, and all of it as a text. The first octet says in which pieces it
/// comes.
pub fn smtp(octets: &[u8]) {
    let [cut, wire @ ..] = octets else { return };
    for bound in [COMMAND_LINE, REPLY_LINE] {
        let whole = lines(bound, &[wire]);
        assert_eq!(lines(bound, &pieces(*cut, wire)), whole, "the pieces change nothing");
        let mut replies = Replies::default();
        for line in whole.iter().flatten() {
            assert!(line.len() + 2 <= bound && !line.contains(&b'\n') && !line.contains(&b'\r'));
            request(line);
            match replies.push(line) {
                Ok(Some(whole)) => {
                    let _ = whole.offers();
                    if let Ok(reply) = whole.reply() {
                        written(&reply);
                    }
                }
                Ok(None) => {}
                Err(_) => replies = Replies::default(),
            }
        }
    }
    unstuff(*cut, wire);
    stuff(*cut, wire);
    if let Some((envelope, text)) = stored::read(wire) {
        assert!(wire.ends_with(text));
        assert!(envelope.to.iter().all(|to| to.to_string().parse().as_ref() == Ok(to)));
    }
    if let Ok(text) = core::str::from_utf8(wire)
        && let Ok(address) = text.parse::<Address>()
    {
        assert_eq!(address.to_string().parse(), Ok(address));
    }
}

fn lines(bound: usize, pieces: &[&[u8]]) -> Vec<Result<Vec<u8>, LineError>> {
    let (mut lines, mut read) = (Lines::new(bound), Vec::new());
    for piece in pieces {
        let mut rest = *piece;
        read.extend(core::iter::from_fn(|| lines.next(&mut rest)));
        assert!(rest.is_empty(), "all was looked at");
    }
    read
}

/// A request is written as it was read.
fn request(line: &[u8]) {
    let Ok(request) = parse(line) else { return };
    let text = request.to_string();
    assert!(!text.chars().any(char::is_control), "{text:?} would be two lines");
    match &request {
        // What a parser took out of the name, or of nothing at all, cannot be written so that it takes it out again.
        Request::Vrfy(_) => {}
        _ => assert_eq!(parse(text.as_bytes()), Ok(request), "{text}"),
    }
}

/// A reply that is written is one reply with that code.
fn written(reply: &Reply) {
    assert!((200..600).contains(&reply.code) && reply.lines.len() <= REPLY_LINES);
    let (mut wire, mut replies) = (Vec::new(), Replies::default());
    reply.write(&mut wire);
    let mut read = Vec::new();
    for line in lines(usize::MAX, &[&wire]) {
        let line = line.expect("it was written so");
        read.extend(replies.push(&line).expect("it was written so"));
    }
    assert_eq!(read.len(), 1);
}

/// A text from the wire: its pieces change nothing, it ends where it ends, and what is taken is taken once.
fn unstuff(cut: u8, wire: &[u8]) {
    let read = |pieces: &[&[u8]]| {
        let (mut unstuff, mut text, mut taken, mut ended) = (Unstuff::default(), Vec::new(), 0, false);
        for piece in pieces {
            let mut rest = *piece;
            ended = unstuff.push(&mut rest, &mut text);
            taken += piece.len() - rest.len();
            if ended {
                break;
            }
            assert!(rest.is_empty());
        }
        (text, taken, ended, unstuff.flaw())
    };
    let whole = read(&[wire]);
    assert_eq!(read(&pieces(cut, wire)), whole);
    let (text, taken, ended, flaw) = whole;
    assert!(text.len() <= taken);
    if ended {
        assert!(wire[..taken].ends_with(b".\r\n"));
        if flaw.is_none() {
            assert!(text.is_empty() || text.ends_with(b"\r\n"));
            assert!(text.split(|octet| *octet == b'\n').all(|line| line.len() < TEXT_LINE));
        }
    }
}

/// A file as a text: it comes back, each line with CR LF, and nothing in it ends it.
fn stuff(cut: u8, file: &[u8]) {
    let (mut stuff, mut wire) = (Stuff::default(), Vec::new());
    let pushed = pieces(cut, file).iter().try_for_each(|piece| stuff.push(piece, &mut wire));
    if pushed.and_then(|()| stuff.finish(&mut wire)).is_err() {
        return;
    }
    let mut survey = Survey::default();
    survey.push(file);
    survey.finish();
    let (mut unstuff, mut text, mut rest) = (Unstuff::default(), Vec::new(), &wire[..]);
    assert!(unstuff.push(&mut rest, &mut text) && rest.is_empty(), "the whole file is the text");
    assert_eq!(unstuff.flaw().is_some(), survey.longest > TEXT_LINE);
    if unstuff.flaw().is_none() {
        assert_eq!(text.len() as u64, survey.size);
        let mut lines = file.to_vec();
        if !lines.is_empty() && !lines.ends_with(b"\n") {
            lines.push(b'\n');
        }
        let plain = |text: &[u8]| text.iter().copied().filter(|octet| *octet != b'\r').collect::<Vec<_>>();
        assert_eq!(plain(&text), plain(&lines));
    }
}
