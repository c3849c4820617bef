//! What a ping has to show at its end, in integers of microseconds, as iputils computes it.

use core::fmt;

use crate::time::Duration;

/// The statistics of a ping.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    /// Requests that were sent.
    pub transmitted: u64,
    /// Requests that were answered.
    pub received: u64,
    /// Answers beyond the first to a request.
    pub duplicates: u64,
    /// Errors: what ICMP said, and what could not be sent.
    pub errors: u64,
    /// From the first request to the last.
    pub time: Duration,
    /// The most requests that were under way at once when one was answered.
    pub pipe: u64,
    /// The round trips.
    pub trips: RoundTrips,
}

impl Statistics {
    /// Requests that were not answered, of a million.
    pub fn lost_per_million(&self) -> u64 {
        let lost = u128::from(self.transmitted.saturating_sub(self.received));
        (lost * 1_000_000).checked_div(self.transmitted.into()).unwrap_or(0) as u64
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transmitted, received, duplicates, errors, time, pipe, trips } = self;
        write!(f, "{transmitted} packets transmitted, {received} received")?;
        for (count, what) in [(duplicates, "duplicates"), (errors, "errors")] {
            if *count > 0 {
                write!(f, ", +{count} {what}")?;
            }
        }
        if *transmitted > 0 {
            let lost = transmitted.saturating_sub(*received);
            let millis = time.as_nanos().saturating_add(500_000) / 1_000_000;
            write!(f, ", {}% packet loss, time {millis}ms", Percent { part: lost, whole: *transmitted })?;
        }
        f.write_str("\n")?;
        let mut comma = "";
        if let Some(summary) = trips.summary() {
            let [least, mean, most, deviation] =
                summary.map(|micros| format!("{}.{:03}", micros / 1_000, micros % 1_000));
            write!(f, "rtt min/avg/max/mdev = {least}/{mean}/{most}/{deviation} ms")?;
            comma = ", ";
        }
        if *pipe > 1 {
            write!(f, "{comma}pipe {pipe}")?;
        }
        Ok(())
    }
}

/// Round trips, in whole microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RoundTrips {
    count: u64,
    least: u64,
    most: u64,
    sum: u128,
    squares: u128,
}

impl RoundTrips {
    /// Counts one.
    pub fn add(&mut self, trip: Duration) {
        let micros = trip.as_nanos() / 1_000;
        self.least = if self.count == 0 { micros } else { self.least.min(micros) };
        self.most = self.most.max(micros);
        self.count += 1;
        self.sum += u128::from(micros);
        self.squares = self.squares.saturating_add(u128::from(micros).pow(2));
    }

    /// The longest.
    pub const fn most(&self) -> Duration {
        Duration::from_micros(self.most)
    }

    /// Least, mean, most and the standard deviation, in microseconds, each rounded down; none without any.
    pub fn summary(&self) -> Option<[u64; 4]> {
        let mean = self.sum.checked_div(self.count.into())?;
        let count = u128::from(self.count);
        // In this order, as iputils has it, so that nothing is lost to the division of the mean.
        let around = self.sum.saturating_mul(self.sum) / count;
        let variance = self.squares.saturating_sub(around) / count;
        Some([self.least, mean as u64, self.most, variance.isqrt() as u64])
    }
}

/// A part of a whole in percent, with six digits that count and no zeros behind them: C's `%g`.
struct Percent {
    part: u64,
    whole: u64,
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, whole) = (u128::from(self.part) * 100, u128::from(self.whole));
        if part == 0 || whole == 0 {
            return f.write_str("0");
        }
        // The power of ten of the first digit that counts: at most two, as no part is more than its whole.
        let mut power = 2_i32;
        while power > -20 && !reaches(part, whole, power) {
            power -= 1;
        }
        let mut digits = scaled(part, whole, 5 - power);
        if digits >= 1_000_000 {
            (digits, power) = (digits / 10, power + 1);
        }
        if power < -4 {
            let text = with_point(digits, 5);
            return write!(f, "{text}e-{:02}", -power);
        }
        f.write_str(&with_point(digits, (5 - power) as usize))
    }
}

/// Whether `part / whole` is at least 10^`power`.
const fn reaches(part: u128, whole: u128, power: i32) -> bool {
    if power >= 0 {
        part >= whole.saturating_mul(10_u128.pow(power as u32))
    } else {
        part.saturating_mul(10_u128.pow(power.unsigned_abs())) >= whole
    }
}

/// `part / whole` times 10^`places`, rounded.
const fn scaled(part: u128, whole: u128, places: i32) -> u128 {
    let part = part.saturating_mul(10_u128.pow(places.unsigned_abs()));
    (part + whole / 2) / whole
}

/// `digits` with `places` of them behind the point, without the zeros at the end.
fn with_point(digits: u128, places: usize) -> String {
    let text = format!("{digits:0>width$}", width = places + 1);
    let (whole, rest) = text.split_at(text.len() - places);
    match rest.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trips(micros: &[u64]) -> RoundTrips {
        let mut trips = RoundTrips::default();
        micros.iter().for_each(|micros| trips.add(Duration::from_nanos(micros * 1_000 + 999)));
        trips
    }

    #[test]
    fn the_summary_is_in_whole_microseconds() {
        assert_eq!(trips(&[]).summary(), None);
        assert_eq!(trips(&[45]).summary(), Some([45, 45, 45, 0]));
        assert_eq!(trips(&[40, 51]).summary(), Some([40, 45, 51, 5]));
        assert_eq!(trips(&[1_000, 2_000, 4_000]).summary(), Some([1_000, 2_333, 4_000, 1_247]));
        let most = Duration::from_nanos(u64::MAX);
        let mut longest = RoundTrips::default();
        (0..3).for_each(|_| longest.add(most));
        assert_eq!(longest.summary().unwrap()[..3], [u64::MAX / 1_000; 3]);
    }

    #[test]
    fn the_lines_are_those_of_ping() {
        let all = Statistics {
            transmitted: 3,
            received: 3,
            time: Duration::from_nanos(2_003_499_999),
            pipe: 1,
            trips: trips(&[45, 51, 12_345]),
            ..Statistics::default()
        };
        assert_eq!(
            all.to_string(),
            "3 packets transmitted, 3 received, 0% packet loss, time 2003ms\n\
             rtt min/avg/max/mdev = 0.045/4.147/12.345/5.796 ms"
        );
        let few = Statistics { received: 2, duplicates: 1, ..all };
        assert!(few.to_string().starts_with(
            "3 packets transmitted, 2 received, +1 duplicates, 33.3333% packet loss, time 2003ms\nrtt "
        ));
        let none = Statistics {
            transmitted: 4,
            errors: 4,
            pipe: 4,
            time: Duration::from_millis(3_053),
            ..Default::default()
        };
        assert_eq!(
            none.to_string(),
            "4 packets transmitted, 0 received, +4 errors, 100% packet loss, time 3053ms\npipe 4"
        );
        assert_eq!(Statistics::default().to_string(), "0 packets transmitted, 0 received\n");
    }

    #[test]
    fn percents_have_six_digits_that_count() {
        let of = |part, whole| Percent { part, whole }.to_string();
        // What C's printf says of `%g`.
        for (part, whole, text) in [
            (0, 7, "0"),
            (7, 7, "100"),
            (1, 2, "50"),
            (1, 3, "33.3333"),
            (2, 3, "66.6667"),
            (1, 8, "12.5"),
            (1, 30, "3.33333"),
            (1, 1_000, "0.1"),
            (1, 3_000, "0.0333333"),
            (1, 300_000, "0.000333333"),
            (1, 1_000_000, "0.0001"),
            (1, 3_000_000, "3.33333e-05"),
            (99_999_999, 100_000_000, "100"),
            (1, u64::MAX, "5.42101e-18"),
            (u64::MAX - 1, u64::MAX, "100"),
        ] {
            assert_eq!(of(part, whole), text, "{part} of {whole}");
        }
    }

    proptest! {
        #[test]
        fn any_part_of_any_whole_is_shown_to_half_a_digit(part in 0_u64..1 << 40, whole in 1_u64..1 << 40) {
            let part = part.min(whole);
            let text = Percent { part, whole }.to_string();
            let (digits, power) = text.split_once("e-").unwrap_or((&text, "0"));
            let (before, behind) = digits.split_once('.').unwrap_or((digits, ""));
            let places = behind.len() as u32 + power.parse::<u32>().unwrap();
            let shown: u128 = format!("{before}{behind}").parse().unwrap();
            let (part, whole) = (u128::from(part) * 100 * 10_u128.pow(places), u128::from(whole));
            prop_assert!((shown * whole).abs_diff(part) * 2 <= whole, "{}", text);
        }

        #[test]
        fn the_mean_lies_between_the_least_and_the_most(micros in proptest::collection::vec(0_u64..1 << 50, 1..50)) {
            let [least, mean, most, deviation] = trips(&micros).summary().unwrap();
            prop_assert!(least <= mean && mean <= most);
            prop_assert!(deviation <= most - least);
        }
    }
}
