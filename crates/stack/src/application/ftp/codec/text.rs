//! Type `ASCII` (RFC 959 §3.1.1.1): a line ends with LF in a file, with CR LF on the wire.

/// File to wire: each LF becomes CR LF. Needs no state: wherever a file is cut, its pieces are those of the wire.
pub fn to_wire(file: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(file.len() + file.len() / 32);
    for octet in file {
        if *octet == b'\n' {
            wire.push(b'\r');
        }
        wire.push(*octet);
    }
    wire
}

/// Wire to file: each CR LF becomes LF, wherever the stream is cut.
#[derive(Clone, Default, Debug)]
pub struct FromWire {
    /// A carriage return came last.
    held: bool,
}

impl FromWire {
    /// The file's octets for the next octets of the wire.
    pub fn push(&mut self, wire: &[u8]) -> Vec<u8> {
        let mut file = Vec::with_capacity(wire.len() + 1);
        for octet in wire {
            if core::mem::take(&mut self.held) && *octet != b'\n' {
                file.push(b'\r');
            }
            match octet {
                b'\r' => self.held = true,
                other => file.push(*other),
            }
        }
        file
    }

    /// What is left at the end of the stream.
    pub fn finish(&mut self) -> &'static [u8] {
        if core::mem::take(&mut self.held) { b"\r" } else { b"" }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_end_as_the_wire_wants() {
        assert_eq!(to_wire(b"a\nb\r\n\rc"), b"a\r\nb\r\r\n\rc");
        let mut from = FromWire::default();
        assert_eq!(from.push(b"a\r\nb\r\r\n\rc\r"), b"a\nb\r\n\rc");
        assert_eq!(from.finish(), b"\r");
        assert_eq!(from.finish(), b"");
    }

    proptest! {
        #[test]
        fn a_file_comes_back_however_it_is_cut(
            file in prop::collection::vec(prop::sample::select(&b"a\r\n\0\xff"[..]), 0..60),
            cut in 1_usize..7,
        ) {
            let wire: Vec<u8> = file.chunks(cut).flat_map(to_wire).collect();
            let (mut from, mut back) = (FromWire::default(), Vec::new());
            for piece in wire.chunks(cut) {
                back.extend(from.push(piece));
            }
            back.extend(from.finish());
            prop_assert_eq!(back, file);
        }
    }
}
