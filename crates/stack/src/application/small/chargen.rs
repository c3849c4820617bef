//! Characters (RFC 864 §Data Syntax): lines of 72 of the 95 printing characters, each beginning one further.

/// Characters in a line, without its end.
pub const LINE: usize = 72;

/// The most characters in a datagram's answer (RFC 864 §UDP).
pub const MAX_DATAGRAM: u64 = 512;

/// Octets in a line with its end.
const WITH_END: u64 = LINE as u64 + 2;

/// The first printing character.
const FIRST: u8 = b' ';

/// How many printing characters there are.
const COUNT: u64 = 95;

/// The octet at `offset` of the stream.
pub const fn octet_at(offset: u64) -> u8 {
    let (line, column) = (offset / WITH_END, offset % WITH_END);
    match column {
        72 => b'\r',
        73 => b'\n',
        _ => FIRST + ((line % COUNT + column) % COUNT) as u8,
    }
}

/// `length` octets of the stream from `offset` on.
pub fn octets(offset: u64, length: usize) -> Vec<u8> {
    (offset..).take(length).map(octet_at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_document() {
        let text = String::from_utf8(octets(0, 96 * 74)).unwrap();
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines[0], " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg");
        assert_eq!(lines[1], "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh");
        assert_eq!(lines[24], "89:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~ ");
        assert_eq!(lines[95], lines[0]);
        assert!(lines.iter().all(|line| line.len() == LINE));
    }

    #[test]
    fn the_stream_does_not_depend_on_where_it_is_cut() {
        assert_eq!(octets(0, 1_000)[137..], octets(137, 863));
        assert_eq!(octets(u64::MAX - 3, 3).len(), 3);
    }
}
