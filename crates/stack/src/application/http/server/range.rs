//! Ranges (RFC 9110 §14): a part of a file.

/// What a request wants of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// All of it: there is no range, or one that may be ignored (§14.2): of another unit, malformed, or several.
    All,
    /// The octets from the first to before the second.
    Part(u64, u64),
    /// Octets that it does not have.
    Nothing,
}

/// What the field `Range` wants of a file with `length` octets.
pub fn wanted(field: &str, length: u64) -> Wanted {
    let Some((unit, set)) = field.split_once('=') else { return Wanted::All };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Wanted::All;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Wanted::All };
    match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => part(first, length, length),
        (Some(first), Some(last)) if first <= last => part(first, last.saturating_add(1).min(length), length),
        // The last so many octets.
        (None, Some(0)) if first.is_empty() => Wanted::Nothing,
        (None, Some(last)) if first.is_empty() => part(length.saturating_sub(last), length, length),
        _ => Wanted::All,
    }
}

const fn part(start: u64, end: u64, length: u64) -> Wanted {
    if start < length { Wanted::Part(start, end) } else { Wanted::Nothing }
}

/// A number of digits only; one that is too large is as good as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_those_of_the_document() {
        for (field, expected) in [
            ("bytes=0-499", Wanted::Part(0, 500)),
            ("bytes=500-999", Wanted::Part(500, 1_000)),
            ("bytes=9500-", Wanted::Part(9_500, 10_000)),
            ("bytes=-500", Wanted::Part(9_500, 10_000)),
            ("bytes=-20000", Wanted::Part(0, 10_000)),
            ("bytes=9999-9999", Wanted::Part(9_999, 10_000)),
            ("bytes=9000-99999999999999999999999", Wanted::Part(9_000, 10_000)),
            ("Bytes=0-0", Wanted::Part(0, 1)),
            ("bytes=10000-", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=0-1,5-6", Wanted::All),
            ("bytes=5-4", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=1", Wanted::All),
            ("lines=0-1", Wanted::All),
            ("bytes", Wanted::All),
        ] {
            assert_eq!(wanted(field, 10_000), expected, "{field}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
        assert_eq!(wanted("bytes=-1", 0), Wanted::Nothing);
    }

    proptest! {
        #[test]
        fn any_range_lies_within_the_file(field in "(bytes=)?[0-9,+ -]{0,24}", length in any::<u64>()) {
            if let Wanted::Part(start, end) = wanted(&field, length) {
                prop_assert!(start < end && end <= length);
            }
        }
    }
}
