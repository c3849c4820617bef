//! A message as it is stored: its envelope in lines before it, then where it came from, then the message as it was sent.

use core::fmt::Write;

use super::address::Address;

/// Whom a message is from, and for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// Whom to tell if something is wrong with it; nobody for notices (RFC 5321 §4.5.5).
    pub from: Option<Address>,
    /// Those who get it here.
    pub to: Vec<Address>,
}

/// How a message came (RFC 5321 §4.4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// What the client called itself.
    pub client: String,
    /// The client's address.
    pub address: String,
    /// The server's name.
    pub server: String,
    /// `SMTP`, `ESMTP`, or `UTF8SMTP` (RFC 6531 §4.3).
    pub with: &'static str,
    /// The message's number.
    pub id: String,
    /// When it came, as RFC 5322 §3.3 writes it.
    pub date: String,
}

/// What stands before the message in its file.
pub fn head(envelope: &Envelope, trace: &Trace) -> Vec<u8> {
    let mut text = String::new();
    let from = envelope.from.as_ref().map(Address::to_string).unwrap_or_default();
    // RFC 5321 §4.4: who delivers writes the reverse path.
    let _ = write!(text, "Return-Path: <{from}>\r\n");
    for to in &envelope.to {
        let _ = write!(text, "Delivered-To: <{to}>\r\n");
    }
    let Trace { client, address, server, with, id, date } = trace;
    let _ = write!(
        text,
        "Received: from {client} ([{address}])\r\n\tby {server} with {with} id {id};\r\n\t{date}\r\n"
    );
    text.into_bytes()
}

/// Reads a message's file: the envelope, and the message as it was sent. Nothing where the file is none.
pub fn read(file: &[u8]) -> Option<(Envelope, &[u8])> {
    let (first, mut rest) = line(file)?;
    let from = bracketed(first, "Return-Path: ")?;
    let from = if from.is_empty() { None } else { Some(from.parse().ok()?) };
    let mut to = Vec::new();
    loop {
        let (next, after) = line(rest)?;
        rest = after;
        match bracketed(next, "Delivered-To: ") {
            Some(address) => to.push(address.parse().ok()?),
            None if next.starts_with(b"Received: ") => break,
            None => return None,
        }
    }
    for _ in 0..2 {
        let (next, after) = line(rest)?;
        next.starts_with(b"\t").then_some(())?;
        rest = after;
    }
    Some((Envelope { from, to }, rest))
}

fn line(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = file.windows(2).position(|pair| pair == b"\r\n")?;
    Some((&file[..end], &file[end + 2..]))
}

fn bracketed<'a>(line: &'a [u8], name: &str) -> Option<&'a str> {
    core::str::from_utf8(line).ok()?.strip_prefix(name)?.strip_prefix('<')?.strip_suffix('>')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trace() -> Trace {
        Trace {
            client: "client.example".into(),
            address: "10.0.0.1".into(),
            server: "mail.example".into(),
            with: "ESMTP",
            id: "1".into(),
            date: "Thu, 1 Jan 2026 00:00:00 +0000".into(),
        }
    }

    proptest! {
        #[test]
        fn a_message_and_its_envelope_come_back(
            from in prop::option::of("[a-z\" <>]{1,9}"),
            to in prop::collection::vec("[a-z. ]{1,9}", 1..4),
            message in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let address = |local: String| Address::new(&local, "example.com").unwrap();
            let envelope = Envelope { from: from.map(address), to: to.into_iter().map(address).collect() };
            let file = [head(&envelope, &trace()), message.clone()].concat();
            prop_assert_eq!(read(&file), Some((envelope, &message[..])));
        }

        #[test]
        fn any_file_is_a_message_or_none(file in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read(&file);
            let _ = read(&[b"Return-Path: <>\r\n", &file[..]].concat());
        }
    }
}
