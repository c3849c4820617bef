//! "Did you mean …?"

/// The candidate that is nearest to what was written, if one is near enough to be a slip.
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    // A third of the letters may be wrong, and one always.
    let most = (written.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&written, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Slips of the hand; a word that begins, or is a part of, the other one counts as one slip.
fn distance(written: &str, candidate: &str) -> usize {
    let edits = strsim::damerau_levenshtein(written, candidate);
    let part = written.len() >= 3 && candidate.split('-').any(|part| part == written);
    let begins = written.len() >= 4 && candidate.starts_with(written);
    if part || begins { edits.min(1) } else { edits }
}

/// `; did you mean …?`, or nothing.
pub fn hint<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, candidates).map_or_else(String::new, |found| format!("; did you mean `{found}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let words = ["echo", "echo-udp", "lossy-transfer", "partition", "ping", "unreachable"];
        assert_eq!(nearest("ecoh", words), Some("echo"));
        assert_eq!(nearest("lossy", words), Some("lossy-transfer"));
        assert_eq!(nearest("Partitoin", words), Some("partition"));
        assert_eq!(nearest("udp", words), Some("echo-udp"));
        assert_eq!(nearest("http", words), None);
        assert_eq!(hint("pong", words), "; did you mean `ping`?");
        assert_eq!(hint("xyzzy", words), "");
    }
}
