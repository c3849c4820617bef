//! Dates: in words (RFC 867 §Daytime Syntax), and in seconds since 1900 (RFC 868 §The Time).

use crate::clock::Timestamp;

/// Seconds from the beginning of 1900 to that of 1970 (RFC 868 §The Time).
pub const SINCE_1900: i64 = 2_208_988_800;

/// Octets of a line with the date, at most.
pub const MAX_LINE: usize = 256;

/// The date in words, with the end of a line: `Thursday, January 1, 2026 00:00:00-UTC`.
pub fn in_words(date: Timestamp) -> String {
    format!("{}\r\n", date.strftime("%A, %B %-d, %Y %H:%M:%S-UTC"))
}

/// Seconds since the beginning of 1900, modulo 2³²: they begin anew in 2036.
pub fn seconds(date: Timestamp) -> u32 {
    (date.as_second() + SINCE_1900) as u32
}

/// The date of `seconds` since 1900 that is nearest to `near`: in which 136 years, nothing else can tell.
pub fn from_seconds(seconds: u32, near: Timestamp) -> Option<Timestamp> {
    let apart = seconds.wrapping_sub(self::seconds(near)) as i32;
    Timestamp::from_second(near.as_second() + i64::from(apart)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DEFAULT_DATE;

    #[test]
    fn dates_are_those_of_the_documents() {
        assert_eq!(in_words(DEFAULT_DATE), "Thursday, January 1, 2026 00:00:00-UTC\r\n");
        let date = |text: &str| text.parse::<Timestamp>().unwrap();
        // RFC 868 §The Time
        for (of, expected) in [
            ("1970-01-01T00:00:00Z", 2_208_988_800),
            ("1976-01-01T00:00:00Z", 2_398_291_200),
            ("1980-01-01T00:00:00Z", 2_524_521_600),
            ("1983-05-01T00:00:00Z", 2_629_584_000),
            ("1900-01-01T00:00:01Z", 1),
            ("2036-02-07T06:28:16Z", 0),
        ] {
            assert_eq!(seconds(date(of)), expected, "{of}");
            assert_eq!(from_seconds(expected, date(of)), Some(date(of)));
        }
    }

    #[test]
    fn the_date_that_is_nearest_is_meant() {
        let near = "2036-02-07T06:28:10Z".parse().unwrap();
        let of = |seconds| from_seconds(seconds, near).unwrap().to_string();
        assert_eq!(of(4), "2036-02-07T06:28:20Z");
        assert_eq!(of(u32::MAX), "2036-02-07T06:28:15Z");
    }
}
