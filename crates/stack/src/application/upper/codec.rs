//! Upper case, for a stream of octets cut anywhere.

/// Turns UTF-8 text into upper case. A character whose octets have not all come is held until they have; what is
/// not UTF-8 passes as it is.
#[derive(Clone, Debug, Default)]
pub struct UpperCase {
    /// At most three octets: the beginning of one character.
    held: Vec<u8>,
}

impl UpperCase {
    /// The next octets of the stream: their answer is added to `out`.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        if self.held.is_empty() {
            return self.convert(octets, out);
        }
        let mut octets = octets;
        while let Some((next, rest)) = octets.split_first() {
            self.held.push(*next);
            octets = rest;
            // Four octets are a character, or none ever.
            let held = core::mem::take(&mut self.held);
            self.convert(&held, out);
            if self.held.is_empty() {
                return self.convert(octets, out);
            }
        }
    }

    /// The stream is at its end: what is still held is no character.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }

    fn convert(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let mut rest = octets;
        loop {
            let (valid, invalid, incomplete) = match core::str::from_utf8(rest) {
                Ok(_) => (rest.len(), 0, false),
                Err(error) => {
                    let valid = error.valid_up_to();
                    (valid, error.error_len().unwrap_or(rest.len() - valid), error.error_len().is_none())
                }
            };
            if let Ok(text) = core::str::from_utf8(&rest[..valid]) {
                let mut buffer = [0; 4];
                for upper in text.chars().flat_map(char::to_uppercase) {
                    out.extend_from_slice(upper.encode_utf8(&mut buffer).as_bytes());
                }
            }
            let unreadable = &rest[valid..valid + invalid];
            if incomplete {
                self.held.extend_from_slice(unreadable);
                return;
            }
            out.extend_from_slice(unreadable);
            rest = &rest[valid + invalid..];
            if rest.is_empty() {
                return;
            }
        }
    }
}

/// The answer to a text that comes whole.
pub fn upper_case(octets: &[u8]) -> Vec<u8> {
    let (mut codec, mut out) = (UpperCase::default(), Vec::with_capacity(octets.len()));
    codec.push(octets, &mut out);
    codec.finish(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_does_not_depend_on_where_the_text_is_cut() {
        let text = "欢迎新同学! straße, žluťoučký kůň, naïve ﬁn 😀 end".as_bytes();
        let expected = "欢迎新同学! STRASSE, ŽLUŤOUČKÝ KŮŇ, NAÏVE FIN 😀 END".as_bytes();
        assert_eq!(upper_case(text), expected);
        for step in 1..=7 {
            let (mut codec, mut out) = (UpperCase::default(), Vec::new());
            for piece in text.chunks(step) {
                codec.push(piece, &mut out);
                assert!(codec.held.len() <= 3);
            }
            codec.finish(&mut out);
            assert_eq!(out, expected, "in pieces of {step}");
        }
    }

    #[test]
    fn what_is_not_text_passes() {
        assert_eq!(upper_case(b"a\xff\xfeb\xe6\xac"), b"A\xff\xfeB\xe6\xac");
        let (mut codec, mut out) = (UpperCase::default(), Vec::new());
        for octet in *b"\xe6\xaca\xe6x\xf0\x9f\x98" {
            codec.push(&[octet], &mut out);
        }
        codec.finish(&mut out);
        assert_eq!(out, b"\xe6\xacA\xe6X\xf0\x9f\x98");
    }
}
