//! Decimal numbers, exactly.

/// A number without sign: `digits` / 10^`scale`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal {
    /// All digits, without the point.
    pub digits: u128,
    /// How many of them stand behind the point.
    pub scale: u32,
}

/// Why a text is not such a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecimalError {
    /// It does not begin with a digit.
    NoNumber,
    /// It begins with a minus sign.
    Negative,
    /// It has more digits than are read.
    TooLong,
}

impl Decimal {
    /// Digits that are read: more than any quantity needs, few enough that nothing overflows.
    const MOST_DIGITS: usize = 24;

    /// Reads the number at the front of `text`; returns it and the rest. Underscores may group digits.
    ///
    /// # Errors
    /// When there is no number in front, a negative one, or one with too many digits.
    pub fn split(text: &str) -> Result<(Self, &str), DecimalError> {
        if text.starts_with('-') {
            return Err(DecimalError::Negative);
        }
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        let (whole, fraction) = match number.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (number, None),
        };
        let good = |digits: &str| {
            digits.starts_with(|c: char| c.is_ascii_digit())
                && digits.ends_with(|c: char| c.is_ascii_digit())
                && !digits.contains('.')
        };
        if !good(whole) || !fraction.is_none_or(good) {
            return Err(DecimalError::NoNumber);
        }
        let fraction = fraction.unwrap_or("").trim_end_matches(['0', '_']);
        let (mut digits, mut count, mut scale) = (0_u128, 0, 0);
        for (text, behind) in [(whole.trim_start_matches(['0', '_']), 0), (fraction, 1)] {
            for digit in text.bytes().filter(u8::is_ascii_digit) {
                digits = digits * 10 + u128::from(digit - b'0');
                count += 1;
                scale += behind;
                if count > Self::MOST_DIGITS {
                    return Err(DecimalError::TooLong);
                }
            }
        }
        Ok((Self { digits, scale }, rest))
    }

    /// The number times `factor`, if that is whole and fits.
    pub fn times(self, factor: u64) -> Option<u64> {
        let product = self.digits.checked_mul(u128::from(factor))?;
        let divisor = 10_u128.pow(self.scale);
        (product % divisor == 0).then_some(())?;
        u64::try_from(product / divisor).ok()
    }

    /// The number divided by `divisor`, as numerator and denominator; none where they do not fit.
    pub fn over(self, divisor: u64) -> Option<(u64, u64)> {
        let denominator = 10_u64.checked_pow(self.scale)?.checked_mul(divisor)?;
        Some((u64::try_from(self.digits).ok()?, denominator))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(u128, u32, &str), DecimalError> {
        Decimal::split(text).map(|(number, rest)| (number.digits, number.scale, rest))
    }

    #[test]
    fn numbers_are_read_exactly() {
        assert_eq!(read("20 ms"), Ok((20, 0, " ms")));
        assert_eq!(read("1.50s"), Ok((15, 1, "s")));
        assert_eq!(read("007.0"), Ok((7, 0, "")));
        assert_eq!(read("1_000.5"), Ok((10_005, 1, "")));
        assert_eq!(read("0"), Ok((0, 0, "")));
        for text in ["", "ms", ".5", "5.", "1.2.3", "1_.5", "_1", "1__"] {
            assert_eq!(read(text), Err(DecimalError::NoNumber), "{text}");
        }
        assert_eq!(read("-1"), Err(DecimalError::Negative));
        assert_eq!(read(&"9".repeat(25)), Err(DecimalError::TooLong));
        assert_eq!(read(&format!("0.{}1", "0".repeat(24))), Err(DecimalError::TooLong));
    }

    #[test]
    fn products_are_whole_or_nothing() {
        let times = |text: &str, factor| Decimal::split(text).unwrap().0.times(factor);
        assert_eq!(times("1.5", 1_000), Some(1_500));
        assert_eq!(times("0.0001", 1_000), None);
        assert_eq!(times("18446744073709551615", 1), Some(u64::MAX));
        assert_eq!(times("18446744073709551616", 1), None);
        assert_eq!(times(&"9".repeat(24), u64::MAX), None);
    }
}
