//! What a host has still to tell of the changes of one group (RFC 9776 §5.1): each change is told as often as the
//! robustness variable says, and what changes meanwhile is merged into what is told.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use super::{Filter, Mode, Record, RecordKind};

/// Changes that have not been told often enough.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pending {
    /// So many more reports tell the whole filter, since its mode changed.
    mode_left: u8,
    /// So many more reports tell of each of these sources.
    sources: BTreeMap<Ipv4Addr, u8>,
}

impl Pending {
    /// Whether everything was told.
    pub fn is_empty(&self) -> bool {
        self.mode_left == 0 && self.sources.is_empty()
    }

    /// The filter changes from `old` to `new`: that is to be told `times`. What was pending is told with it.
    pub fn change(&mut self, old: &Filter, new: &Filter, times: u8) {
        if old.mode != new.mode {
            // The record of a new mode has the whole list in it.
            (self.mode_left, self.sources) = (times, BTreeMap::new());
            return;
        }
        for source in old.sources.symmetric_difference(&new.sources) {
            self.sources.insert(*source, times);
        }
    }

    /// The records of the next report: RFC 9776 §5.1's table, for the filter as it is now. Everything has been told once
    /// more.
    pub fn records(&mut self, group: Ipv4Addr, filter: &Filter) -> Vec<Record> {
        let mut records = Vec::new();
        if self.mode_left > 0 {
            self.mode_left -= 1;
            let kind = match filter.mode {
                Mode::Include => RecordKind::ToInclude,
                Mode::Exclude => RecordKind::ToExclude,
            };
            records.push(Record { kind, group, sources: filter.sources.iter().copied().collect() });
        } else {
            let (allowed, blocked) = self.sources.keys().partition(|source| filter.admits(**source));
            for (kind, sources) in [(RecordKind::Allow, allowed), (RecordKind::Block, blocked)] {
                if !Vec::is_empty(&sources) {
                    records.push(Record { kind, group, sources });
                }
            }
        }
        self.sources.retain(|_, left| {
            *left -= 1;
            *left > 0
        });
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

    fn set(numbers: &[u8]) -> Vec<Ipv4Addr> {
        numbers.iter().map(|number| Ipv4Addr::new(10, 0, 0, *number)).collect()
    }

    fn told(pending: &mut Pending, filter: &Filter) -> Vec<(RecordKind, Vec<Ipv4Addr>)> {
        pending.records(GROUP, filter).into_iter().map(|record| (record.kind, record.sources)).collect()
    }

    #[test]
    fn a_change_is_told_as_the_table_says() {
        // RFC 9776 §5.1: old state, new state, record.
        let (a, b) = (&[1, 2, 3], &[3, 4]);
        let include = |numbers: &[u8]| Filter::include(set(numbers));
        let exclude = |numbers: &[u8]| Filter::exclude(set(numbers));
        let rows = [
            (include(a), include(b), vec![(RecordKind::Allow, set(&[4])), (RecordKind::Block, set(&[1, 2]))]),
            (exclude(a), exclude(b), vec![(RecordKind::Allow, set(&[1, 2])), (RecordKind::Block, set(&[4]))]),
            (include(a), exclude(b), vec![(RecordKind::ToExclude, set(b))]),
            (exclude(a), include(b), vec![(RecordKind::ToInclude, set(b))]),
            // Who is no member includes nothing.
            (Filter::nothing(), include(a), vec![(RecordKind::Allow, set(a))]),
            (include(a), Filter::nothing(), vec![(RecordKind::Block, set(a))]),
            (Filter::nothing(), Filter::everything(), vec![(RecordKind::ToExclude, vec![])]),
            (Filter::everything(), Filter::nothing(), vec![(RecordKind::ToInclude, vec![])]),
            (include(a), include(a), vec![]),
        ];
        for (old, new, records) in rows {
            let mut pending = Pending::default();
            pending.change(&old, &new, 2);
            for _ in 0..2 {
                assert_eq!(told(&mut pending, &new), records, "{old:?} to {new:?}");
            }
            assert!(pending.is_empty());
        }
    }

    #[test]
    fn what_changes_meanwhile_is_told_as_often_as_the_first() {
        // RFC 9776 §5.1: each source is in so many reports, whatever else changes.
        let mut pending = Pending::default();
        let (one, two) = (Filter::include(set(&[1])), Filter::include(set(&[1, 2])));
        pending.change(&Filter::nothing(), &one, 2);
        assert_eq!(told(&mut pending, &one), [(RecordKind::Allow, set(&[1]))]);
        pending.change(&one, &two, 2);
        assert_eq!(told(&mut pending, &two), [(RecordKind::Allow, set(&[1, 2]))]);
        assert_eq!(told(&mut pending, &two), [(RecordKind::Allow, set(&[2]))]);
        assert!(pending.is_empty());
        // A source that comes and goes is told of as it is at the end.
        pending.change(&two, &one, 2);
        assert_eq!(told(&mut pending, &one), [(RecordKind::Block, set(&[2]))]);
        pending.change(&one, &two, 2);
        assert_eq!(told(&mut pending, &two), [(RecordKind::Allow, set(&[2]))]);
    }

    #[test]
    fn a_new_mode_is_told_with_the_whole_list_and_then_its_changes() {
        let mut pending = Pending::default();
        let (old, new) = (Filter::exclude(set(&[9])), Filter::exclude(set(&[8, 9])));
        pending.change(&Filter::nothing(), &old, 2);
        assert_eq!(told(&mut pending, &old), [(RecordKind::ToExclude, set(&[9]))]);
        pending.change(&old, &new, 2);
        assert_eq!(told(&mut pending, &new), [(RecordKind::ToExclude, set(&[8, 9]))]);
        assert_eq!(told(&mut pending, &new), [(RecordKind::Block, set(&[8]))]);
        assert!(pending.is_empty());
    }
}
