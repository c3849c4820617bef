//! Times in version 3 queries: an octet that is the number itself below 128, and from there on a floating point number
//! (RFC 9776 §4.1.1, §4.1.7).

/// The greatest number that has a code: 31 shifted by 10.
pub const LARGEST: u32 = 31_744;

/// The number of `code`.
pub const fn decode(code: u8) -> u32 {
    if code < 128 {
        return code as u32;
    }
    let (mantissa, exponent) = (code & 0x0f, (code >> 4) & 0x07);
    ((mantissa | 0x10) as u32) << (exponent + 3)
}

/// The code of the greatest number that has one and is not above `number`.
pub const fn encode(number: u32) -> u8 {
    if number < 128 {
        return number as u8;
    }
    if number >= LARGEST {
        return 0xff;
    }
    // The mantissa's leading bit is implied: five significant bits, the first of them set.
    let shift = number.ilog2() - 4;
    let mantissa = (number >> shift) & 0x0f;
    0x80 | (((shift - 3) as u8) << 4) | mantissa as u8
}

#[cfg(test)]
mod tests {
    use etherparse::igmp::MaxResponseCode;

    use super::*;

    #[test]
    fn each_code_is_that_of_its_number_and_codes_rise() {
        // RFC 9776 §4.1.1
        for code in 0..=u8::MAX {
            assert_eq!(encode(decode(code)), code);
            assert_eq!(
                decode(code),
                MaxResponseCode(code).as_10th_secs().into(),
                "etherparse reads it so too"
            );
        }
        assert!((0..u8::MAX).all(|code| decode(code) < decode(code + 1)));
        assert_eq!((decode(127), decode(128), decode(255)), (127, 128, LARGEST));
    }

    #[test]
    fn what_has_no_code_is_rounded_down() {
        for number in 0..40_000 {
            let rounded = decode(encode(number));
            assert!(rounded <= number);
            let next = (encode(number) < u8::MAX).then(|| decode(encode(number) + 1));
            assert!(next.is_none_or(|next| number < next), "{number}");
        }
        assert_eq!(encode(u32::MAX), 0xff);
    }
}
