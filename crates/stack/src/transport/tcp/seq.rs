//! Sequence numbers: 32 bits on the wire, 64-bit stream offsets everywhere else.
//!
//! An offset counts octets of sequence space from [`ORIGIN`], where the SYN stands; the first octet of data is at
//! `ORIGIN + 1`. Because `ORIGIN` is 2^32, the offset of an old duplicate never falls below zero, and the wire's
//! number is the initial sequence number plus the offset's low half.

/// A place in a direction's sequence space.
pub type Offset = u64;

/// The SYN's offset.
pub const ORIGIN: Offset = 1 << 32;

/// The number on the wire of `offset`, in a direction that began with `initial`.
pub const fn to_wire(initial: u32, offset: Offset) -> u32 {
    initial.wrapping_add(offset as u32)
}

/// The offset nearest to `near` that has the number `value` on the wire (RFC 9293 §3.4: numbers are compared
/// modulo 2^32).
pub const fn from_wire(initial: u32, value: u32, near: Offset) -> Offset {
    let distance = value.wrapping_sub(to_wire(initial, near)) as i32;
    near.wrapping_add_signed(distance as i64)
}

/// Whether timestamp `a` is older than `b` (RFC 7323 §5.2: compared modulo 2^32).
pub const fn timestamp_before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_finds_its_offset_again(initial: u32, near in ORIGIN..1 << 48, distance in -0x7fff_ffff_i64..0x7fff_ffff) {
            let offset = near.wrapping_add_signed(distance);
            prop_assert_eq!(from_wire(initial, to_wire(initial, offset), near), offset);
        }
    }

    #[test]
    fn timestamps_wrap() {
        assert!(timestamp_before(u32::MAX, 0) && !timestamp_before(0, u32::MAX));
        assert!(!timestamp_before(5, 5));
    }
}
