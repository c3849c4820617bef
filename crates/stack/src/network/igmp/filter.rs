//! Which sources of a group are wanted (RFC 9776 §3): of a socket, and of an interface, which is what its sockets want
//! together.

use core::net::Ipv4Addr;
use std::collections::BTreeSet;

/// What the list of a filter means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Only these sources.
    Include,
    /// All but these sources.
    Exclude,
}

/// Which sources are wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filter {
    /// What the list means.
    pub mode: Mode,
    /// The list.
    pub sources: BTreeSet<Ipv4Addr>,
}

impl Filter {
    /// No source at all: who has not joined.
    pub const fn nothing() -> Self {
        Self { mode: Mode::Include, sources: BTreeSet::new() }
    }

    /// Every source: who has joined without a filter.
    pub const fn everything() -> Self {
        Self { mode: Mode::Exclude, sources: BTreeSet::new() }
    }

    /// Only these sources.
    pub fn include(sources: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        Self { mode: Mode::Include, sources: sources.into_iter().collect() }
    }

    /// All but these sources.
    pub fn exclude(sources: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        Self { mode: Mode::Exclude, sources: sources.into_iter().collect() }
    }

    /// Whether what `source` sends is wanted.
    pub fn admits(&self, source: Ipv4Addr) -> bool {
        self.sources.contains(&source) == (self.mode == Mode::Include)
    }

    /// Whether no source is wanted, which is not to be a member.
    pub fn is_nothing(&self) -> bool {
        self.mode == Mode::Include && self.sources.is_empty()
    }

    /// What several want together (RFC 9776 §3.2): if any excludes, all but what every one of those excludes and none of
    /// the others includes; else what any includes.
    pub fn merge<'a>(filters: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut included = BTreeSet::new();
        let mut excluded: Option<BTreeSet<Ipv4Addr>> = None;
        for filter in filters {
            match filter.mode {
                Mode::Include => included.extend(&filter.sources),
                Mode::Exclude => {
                    excluded = Some(match excluded {
                        None => filter.sources.clone(),
                        Some(excluded) => &excluded & &filter.sources,
                    });
                }
            }
        }
        match excluded {
            None => Self { mode: Mode::Include, sources: included },
            Some(excluded) => Self { mode: Mode::Exclude, sources: &excluded - &included },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    fn source(number: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, number)
    }

    fn set(numbers: &[u8]) -> Vec<Ipv4Addr> {
        numbers.iter().copied().map(source).collect()
    }

    #[test]
    fn the_examples_of_the_document() {
        // RFC 9776 §3.2: from {a: EXCLUDE(1,2,3,4)}, {b: EXCLUDE(1,4,5)}, {c: INCLUDE(2,4,6)}.
        let [a, b] = [Filter::exclude(set(&[1, 2, 3, 4])), Filter::exclude(set(&[1, 4, 5]))];
        let c = Filter::include(set(&[2, 4, 6]));
        assert_eq!(Filter::merge([&a, &b, &c]), Filter::exclude(set(&[1])));
        // And from three that include.
        let [a, b] = [Filter::include(set(&[1, 2, 3])), Filter::include(set(&[2, 3, 4]))];
        let c = Filter::include(set(&[5, 6]));
        assert_eq!(Filter::merge([&a, &b, &c]), Filter::include(set(&[1, 2, 3, 4, 5, 6])));
        assert!(Filter::merge([]).is_nothing());
    }

    fn filters() -> impl Strategy<Value = Vec<Filter>> {
        let sources = || btree_set((0_u8..6).prop_map(source), 0..6);
        vec(
            prop_oneof![
                sources().prop_map(|sources| Filter { mode: Mode::Include, sources }),
                sources().prop_map(|sources| Filter { mode: Mode::Exclude, sources }),
            ],
            0..5,
        )
    }

    proptest! {
        /// A source is wanted together exactly if one wants it.
        #[test]
        fn together_they_want_what_any_of_them_wants(filters in filters(), probe in 0_u8..8) {
            let merged = Filter::merge(&filters);
            let probe = source(probe);
            prop_assert_eq!(merged.admits(probe), filters.iter().any(|filter| filter.admits(probe)));
        }
    }
}
