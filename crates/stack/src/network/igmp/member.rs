//! A host on one link: what it has joined there, what it says of it, and when (RFC 9776 §5, §7.2; RFC 2236 §6).

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

use super::deadlines::Deadlines;
use super::message::pack;
use super::pending::Pending;
use super::{
    ALL_ROUTERS, Filter, Knobs, Message, Mode, Outgoing, Query, Record, RecordKind, V3_ROUTERS, Version,
    is_reported,
};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::trace::Cause;

/// A host's groups on one link.
#[derive(Clone, Debug)]
pub struct Member {
    knobs: Knobs,
    /// Octets of the longest message that the link carries.
    longest: usize,
    groups: BTreeMap<Ipv4Addr, Group>,
    /// How many of them are joined, and not left meanwhile.
    joined: usize,
    deadlines: Deadlines,
    /// When a general query is to be answered.
    general: Instant,
    /// A querier of version 1, or 2, is taken to be there until then (RFC 9776 §7.2.1).
    v1_until: Instant,
    v2_until: Instant,
    /// The version that is spoken as of the last event.
    speaking: Version,
    /// What the querier last said of these, else the knobs (RFC 9776 §4.1.6, §4.1.7).
    robustness: u8,
    query_interval: Duration,
    owed: Vec<Outgoing>,
}

/// A group that is joined, or that was left a while ago.
#[derive(Clone, Debug)]
struct Group {
    filter: Filter,
    /// What has still to be told of changes.
    pending: Pending,
    /// Of versions 1 and 2: so many more reports that nobody asked for.
    reports_left: u8,
    /// When the next of either is due.
    retell: Instant,
    /// When a query of the group is to be answered; of versions 1 and 2, any query.
    answer: Instant,
    /// The sources that were asked about; none where the whole group was.
    asked: BTreeSet<Ipv4Addr>,
    /// RFC 2236 §6: this host was the last to report.
    last_reporter: bool,
    armed: Instant,
}

impl Group {
    fn new() -> Self {
        Self {
            filter: Filter::nothing(),
            pending: Pending::default(),
            reports_left: 0,
            retell: Instant::FAR_FUTURE,
            answer: Instant::FAR_FUTURE,
            asked: BTreeSet::new(),
            last_reporter: false,
            armed: Instant::FAR_FUTURE,
        }
    }

    fn due(&self) -> Instant {
        self.retell.min(self.answer)
    }

    /// Whatever was to be said is not.
    fn hush(&mut self) {
        (self.pending, self.reports_left) = (Pending::default(), 0);
        (self.retell, self.answer) = (Instant::FAR_FUTURE, Instant::FAR_FUTURE);
        self.asked.clear();
    }
}

impl Member {
    /// A member of nothing on a link that carries messages of `longest` octets.
    pub fn new(knobs: Knobs, longest: usize) -> Self {
        Self {
            longest,
            groups: BTreeMap::new(),
            joined: 0,
            deadlines: Deadlines::default(),
            general: Instant::FAR_FUTURE,
            v1_until: Instant::ZERO,
            v2_until: Instant::ZERO,
            speaking: knobs.version,
            robustness: knobs.robustness.max(1),
            query_interval: knobs.query_interval,
            owed: Vec::new(),
            knobs,
        }
    }

    // ---- what is asked of it ----

    /// The filter of `group`, which is joined.
    pub fn filter(&self, group: Ipv4Addr) -> Option<&Filter> {
        self.groups.get(&group).map(|group| &group.filter).filter(|filter| !filter.is_nothing())
    }

    /// The groups that are joined, with their filters.
    pub fn groups(&self) -> impl Iterator<Item = (Ipv4Addr, &Filter)> {
        let joined = self.groups.iter().filter(|(_, group)| !group.filter.is_nothing());
        joined.map(|(address, group)| (*address, &group.filter))
    }

    /// The version that is spoken: the knob's, or an older querier's.
    pub fn version(&self) -> Version {
        self.speaking
    }

    /// When something is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        let general = Some(self.general).filter(|at| *at != Instant::FAR_FUTURE);
        match (general, self.deadlines.next()) {
            (Some(general), Some(group)) => Some(general.min(group)),
            (general, group) => general.or(group),
        }
    }

    /// Moves what is to be sent to `into`.
    pub fn take(&mut self, into: &mut Vec<Outgoing>) {
        into.append(&mut self.owed);
    }

    // ---- changes of what is wanted ----

    /// What this host's sockets want of `group`, all together, is now `filter`. False where no more groups may be joined.
    pub fn set(&mut self, now: Instant, rng: &mut Rng, group: Ipv4Addr, filter: Filter) -> bool {
        self.set_within(now, rng, group, filter, self.knobs.max_joined_groups)
    }

    /// As [`set`](Self::set), where `most` groups may be joined.
    pub fn set_within(
        &mut self,
        now: Instant,
        rng: &mut Rng,
        group: Ipv4Addr,
        filter: Filter,
        most: usize,
    ) -> bool {
        self.refresh(now);
        if !self.groups.contains_key(&group) {
            if filter.is_nothing() {
                return true;
            }
            if self.joined >= most {
                return false;
            }
            self.make_room(most);
            self.groups.insert(group, Group::new());
        }
        let Some(entry) = self.groups.get_mut(&group) else { return true };
        let old = core::mem::replace(&mut entry.filter, filter);
        self.joined += usize::from(!entry.filter.is_nothing());
        self.joined -= usize::from(!old.is_nothing());
        if is_reported(group) && old != entry.filter {
            if self.speaking == Version::V3 {
                entry.pending.change(&old, &entry.filter, self.robustness);
                self.retell(now, rng, group, Cause::IgmpStateChange);
            } else {
                self.change_before_v3(now, rng, group, &old);
            }
        }
        self.settle(group);
        true
    }

    /// RFC 2236 §6: versions 1 and 2 know of joining and leaving only.
    fn change_before_v3(&mut self, now: Instant, rng: &mut Rng, group: Ipv4Addr, old: &Filter) {
        let Some(entry) = self.groups.get_mut(&group) else { return };
        if entry.filter.is_nothing() {
            let tell = self.speaking == Version::V2 && entry.last_reporter;
            entry.hush();
            if tell {
                self.owe(ALL_ROUTERS, Message::Leave(group), Cause::IgmpLeave);
            }
        } else if old.is_nothing() {
            entry.reports_left = self.robustness;
            self.retell(now, rng, group, Cause::IgmpStateChange);
        }
    }

    /// Where groups that were left, and are still told of, are too many, the first of them is forgotten.
    fn make_room(&mut self, most: usize) {
        if self.groups.len() >= most.saturating_mul(2) {
            let left = self.groups.iter().find(|(_, entry)| entry.filter.is_nothing());
            if let Some(group) = left.map(|(group, _)| *group) {
                self.forget(group);
            }
        }
    }

    /// The link is there: everything that is joined is told anew.
    pub fn start(&mut self, now: Instant, rng: &mut Rng) {
        for (group, filter) in self.reset() {
            // There was room for it before.
            self.set_within(now, rng, group, filter, usize::MAX);
        }
    }

    /// The link is gone: what was to be said is not, and who asked is not there any more. Memberships stay.
    pub fn stop(&mut self) {
        for (group, filter) in self.reset() {
            self.joined += 1;
            self.groups.insert(group, Group { filter, ..Group::new() });
        }
    }

    /// Forgets everything; what was joined is returned.
    fn reset(&mut self) -> Vec<(Ipv4Addr, Filter)> {
        let joined = self.groups().map(|(group, filter)| (group, filter.clone())).collect();
        *self = Self::new(self.knobs.clone(), self.longest);
        joined
    }

    // ---- what arrives ----

    /// A query arrived.
    pub fn accept_query(&mut self, now: Instant, rng: &mut Rng, query: &Query) {
        let timeout = self.query_interval * u64::from(self.robustness) + query.max_response;
        match (query.version, query.group) {
            // RFC 9776 §8.12: so long after the last general query an older querier is taken to be there.
            (Version::V1, None) => self.v1_until = now + timeout,
            (Version::V2, None) => self.v2_until = now + timeout,
            (Version::V1 | Version::V2, Some(_)) => {}
            (Version::V3, _) => {
                // RFC 9776 §4.1.6, §4.1.7: zero says nothing.
                let said = query.robustness;
                self.robustness = if said == 0 { self.knobs.robustness.max(1) } else { said };
                let said = query.interval;
                self.query_interval = if said.is_zero() { self.knobs.query_interval } else { said };
            }
        }
        self.refresh(now);
        if self.speaking < Version::V3 {
            return self.accept_query_before_v3(now, rng, query);
        }
        let at = within(now, rng, query.max_response);
        // RFC 9776 §5.2, rule 1: a general answer that comes sooner has it all.
        if self.general <= at {
            return;
        }
        let Some(group) = query.group else {
            self.general = at;
            return;
        };
        let Some(entry) = self.groups.get_mut(&group).filter(|_| is_reported(group)) else { return };
        if entry.answer == Instant::FAR_FUTURE {
            entry.asked = query.sources.iter().copied().collect();
        } else if query.sources.is_empty() || entry.asked.is_empty() {
            entry.asked.clear();
        } else {
            entry.asked.extend(&query.sources);
            if entry.asked.len() > self.knobs.max_sources {
                // Too many to remember: the whole group is answered for.
                entry.asked.clear();
            }
        }
        entry.answer = entry.answer.min(at);
        self.settle(group);
    }

    /// RFC 2236 §6: a timer for each group that is asked about, drawn anew only where it would run too long.
    fn accept_query_before_v3(&mut self, now: Instant, rng: &mut Rng, query: &Query) {
        let asked: Vec<Ipv4Addr> = match query.group {
            Some(group) => vec![group],
            None => self.groups().map(|(group, _)| group).collect(),
        };
        for group in asked {
            let Some(entry) = self.groups.get_mut(&group).filter(|_| is_reported(group)) else { continue };
            if !entry.filter.is_nothing() && entry.answer > now + query.max_response {
                entry.answer = within(now, rng, query.max_response);
                self.settle(group);
            }
        }
    }

    /// Another host reported `group` in version 1 or 2: while those are spoken, one report is enough (RFC 2236 §6).
    pub fn hear_report(&mut self, now: Instant, group: Ipv4Addr) {
        self.refresh(now);
        if self.speaking == Version::V3 {
            return;
        }
        if let Some(entry) = self.groups.get_mut(&group) {
            // RFC 2236 §6: a report that is heard while one waits here takes its place.
            if entry.due() != Instant::FAR_FUTURE {
                entry.hush();
                entry.last_reporter = false;
            }
        }
        self.settle(group);
    }

    // ---- time ----

    /// Says what is due.
    pub fn handle_timeout(&mut self, now: Instant, rng: &mut Rng) {
        self.refresh(now);
        if self.general <= now {
            self.general = Instant::FAR_FUTURE;
            let records: Vec<Record> = self
                .groups()
                .filter(|(group, _)| is_reported(*group))
                .map(|(group, filter)| current(group, filter))
                .collect();
            self.owe_records(records, Cause::IgmpReport);
        }
        while let Some(group) = self.deadlines.first_due(now) {
            if self.groups.get(&group).is_some_and(|entry| entry.answer <= now) {
                self.answer(group);
            }
            if self.groups.get(&group).is_some_and(|entry| entry.retell <= now) {
                self.retell(now, rng, group, Cause::IgmpRepeat);
            }
            self.settle(group);
        }
    }

    /// Answers a query of `group`.
    fn answer(&mut self, group: Ipv4Addr) {
        let Some(entry) = self.groups.get_mut(&group) else { return };
        entry.answer = Instant::FAR_FUTURE;
        let asked = core::mem::take(&mut entry.asked);
        if entry.filter.is_nothing() {
            return;
        }
        if self.speaking < Version::V3 {
            entry.last_reporter = true;
            return self.owe_report_before_v3(group, Cause::IgmpReport);
        }
        let record = if asked.is_empty() {
            Some(current(group, &entry.filter))
        } else {
            answer_for(group, &entry.filter, &asked)
        };
        self.owe_records(record.into_iter().collect(), Cause::IgmpReport);
    }

    /// Tells of a change, the first time or again, and sets when to do so next.
    fn retell(&mut self, now: Instant, rng: &mut Rng, group: Ipv4Addr, cause: Cause) {
        let Some(entry) = self.groups.get_mut(&group) else { return };
        let before_v3 = self.speaking < Version::V3;
        let mut records = Vec::new();
        if before_v3 {
            entry.reports_left = entry.reports_left.saturating_sub(1);
            entry.last_reporter = true;
        } else {
            records = entry.pending.records(group, &entry.filter);
        }
        let more = if before_v3 { entry.reports_left > 0 } else { !entry.pending.is_empty() };
        let interval = if before_v3 {
            self.knobs.v2_unsolicited_report_interval
        } else {
            self.knobs.unsolicited_report_interval
        };
        entry.retell = if more { within(now, rng, interval) } else { Instant::FAR_FUTURE };
        if before_v3 {
            self.owe_report_before_v3(group, cause);
        } else {
            self.owe_records(records, cause);
        }
    }

    /// RFC 9776 §7.2.1: the version is that of the oldest querier that is there. Where it changes, nothing that was to be
    /// said in the other version is.
    fn refresh(&mut self, now: Instant) {
        let heard = match () {
            () if now < self.v1_until => Version::V1,
            () if now < self.v2_until => Version::V2,
            () => Version::V3,
        };
        let version = self.knobs.version.min(heard);
        if version != self.speaking {
            self.speaking = version;
            self.general = Instant::FAR_FUTURE;
            let groups: Vec<Ipv4Addr> = self.groups.keys().copied().collect();
            for group in groups {
                if let Some(entry) = self.groups.get_mut(&group) {
                    entry.hush();
                }
                self.settle(group);
            }
        }
    }

    /// Sets when `group` is due, or forgets it where it was left and everything is told.
    fn settle(&mut self, group: Ipv4Addr) {
        let Some(entry) = self.groups.get_mut(&group) else { return };
        let due = entry.due();
        self.deadlines.set(group, &mut entry.armed, due);
        if entry.filter.is_nothing() && entry.retell == Instant::FAR_FUTURE {
            self.forget(group);
        }
    }

    fn forget(&mut self, group: Ipv4Addr) {
        if let Some(mut entry) = self.groups.remove(&group) {
            self.deadlines.set(group, &mut entry.armed, Instant::FAR_FUTURE);
        }
    }

    // ---- what is said ----

    fn owe(&mut self, destination: Ipv4Addr, message: Message, cause: Cause) {
        self.owed.push(Outgoing { destination, message, cause });
    }

    fn owe_records(&mut self, records: Vec<Record>, cause: Cause) {
        for report in pack(records, self.longest) {
            self.owe(V3_ROUTERS, report, cause);
        }
    }

    fn owe_report_before_v3(&mut self, group: Ipv4Addr, cause: Cause) {
        let report =
            if self.speaking == Version::V1 { Message::ReportV1(group) } else { Message::ReportV2(group) };
        self.owe(group, report, cause);
    }
}

/// The record of the state as it is (RFC 9776 §5.2).
fn current(group: Ipv4Addr, filter: &Filter) -> Record {
    let kind = match filter.mode {
        Mode::Include => RecordKind::IsInclude,
        Mode::Exclude => RecordKind::IsExclude,
    };
    Record { kind, group, sources: filter.sources.iter().copied().collect() }
}

/// Which of the sources that were `asked` about are wanted, if any (RFC 9776 §5.2).
fn answer_for(group: Ipv4Addr, filter: &Filter, asked: &BTreeSet<Ipv4Addr>) -> Option<Record> {
    let sources: Vec<Ipv4Addr> = asked.iter().copied().filter(|source| filter.admits(*source)).collect();
    (!sources.is_empty()).then_some(Record { kind: RecordKind::IsInclude, group, sources })
}

/// An instant within `span` from now, not now itself, unless the span is nothing.
fn within(now: Instant, rng: &mut Rng, span: Duration) -> Instant {
    match span.as_nanos() {
        0 => now,
        nanos => now + Duration::from_nanos(1 + rng.pick(nanos, "delay of an IGMP report")),
    }
}

#[cfg(test)]
mod tests;
