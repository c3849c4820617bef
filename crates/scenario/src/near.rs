//! Near misses: what was probably meant.

/// The one of `known` that `typed` is most likely a misspelling of.
pub fn miss<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let lower = typed.to_lowercase().replace('-', "_");
    // A text much longer than any name is no misspelling, and comparing it would take long.
    if lower.is_empty() || lower.len() > 80 {
        return None;
    }
    let allowance = (lower.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|name| *name != typed)
        .filter_map(|name| {
            let plain = name.to_lowercase().replace('-', "_");
            let distance = strsim::damerau_levenshtein(&lower, &plain);
            let contained = plain.len() >= 3 && lower.len() >= 3 && {
                // A name behind a dot may be known without what stands before it.
                let own = plain.rsplit('.').next();
                let mut words = plain.split('_');
                own == Some(&lower)
                    || words.any(|word| word == lower)
                    || lower.split('_').any(|word| word == plain)
            };
            let near = distance <= allowance || contained;
            near.then_some((distance.min(if contained { allowance } else { distance }), name))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name.to_owned())
}

/// Names that a list shows; a network of thousands would fill the screen.
const SHOWN: usize = 64;

/// `a, b or c`.
pub fn or_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let mut shown: Vec<String> = names.by_ref().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.count();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    match shown.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_recognised_and_other_words_are_not() {
        let known = ["delay", "loss", "dropped_frames", "echo-client"];
        assert_eq!(miss("dealy", known).as_deref(), Some("delay"));
        assert_eq!(miss("Delay", known).as_deref(), Some("delay"));
        assert_eq!(miss("frames_dropped", known), None);
        assert_eq!(miss("dropped_frame", known).as_deref(), Some("dropped_frames"));
        assert_eq!(miss("echo_client", known).as_deref(), Some("echo-client"));
        assert_eq!(miss("dropped", known).as_deref(), Some("dropped_frames"));
        assert_eq!(
            miss("reasm_fails", ["ip.reasm_oks", "ip.reasm_fails"]).as_deref(),
            Some("ip.reasm_fails")
        );
        assert_eq!(
            miss("ip.reasm_fail", ["ip.reasm_oks", "ip.reasm_fails"]).as_deref(),
            Some("ip.reasm_fails")
        );
        assert_eq!(miss("xyzzy", known), None);
        assert_eq!(miss("", known), None);
    }

    #[test]
    fn lists_are_read_as_people_write_them() {
        assert_eq!(or_list(["a"]), "`a`");
        assert_eq!(or_list(["a", "b", "c"]), "`a`, `b` or `c`");
        assert!(or_list(["a"; 100]).ends_with("`a` or 36 more"));
    }
}
