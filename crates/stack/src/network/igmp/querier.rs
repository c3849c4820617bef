//! A router on one link: it asks who wants what, unless another router does, and knows what is wanted there (RFC 9776 §6,
//! §7.3; RFC 2236 §7).

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

use super::deadlines::Deadlines;
use super::group::{GroupState, Terms};
use super::message::QUERY_HEADER;
use super::shares::{Claim, Shares};
use super::{
    ALL_SYSTEMS, Filter, Knobs, Message, Mode, Outgoing, Query, Record, RecordKind, Version, is_reported,
};
use crate::time::{Duration, Instant};
use crate::trace::Cause;

/// A router's part on one link.
#[derive(Clone, Debug)]
pub struct Querier {
    knobs: Knobs,
    /// Octets of the longest message that the link carries.
    longest: usize,
    /// This router's address there: the lowest of all routers' asks.
    address: Ipv4Addr,
    /// Another router that asks, and until when that is believed.
    other: Option<(Ipv4Addr, Instant)>,
    /// Its robustness variable and query interval, where it says them, else the knobs'.
    robustness: u8,
    query_interval: Duration,
    /// So many queries more follow each other fast.
    startup_left: u8,
    next_query: Instant,
    groups: BTreeMap<Ipv4Addr, Group>,
    deadlines: Deadlines,
    shares: Shares,
    /// Groups of which something else may be wanted than when this was last asked for.
    changed: BTreeSet<Ipv4Addr>,
    refused: u64,
    evicted: u64,
    owed: Vec<Outgoing>,
}

/// A group that is wanted, or was until just now.
#[derive(Clone, Debug)]
struct Group {
    state: GroupState,
    /// Who reported last.
    reporter: Ipv4Addr,
    /// In whose share it counts.
    claim: Claim,
    /// Until when a host of version 1, or 2, is taken to be there (RFC 9776 §7.3.2).
    v1_until: Instant,
    v2_until: Instant,
    /// So many more queries of the group.
    queries_left: u8,
    /// So many more queries of each of these sources.
    source_queries_left: BTreeMap<Ipv4Addr, u8>,
    next_query: Instant,
    armed: Instant,
}

/// A group as people are shown it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Learnt {
    /// The group.
    pub group: Ipv4Addr,
    /// Whether all but some sources are wanted, or some only.
    pub mode: Mode,
    /// In EXCLUDE mode the sources that nobody wants, else those that somebody does.
    pub sources: Vec<Ipv4Addr>,
    /// Who reported last.
    pub reporter: Ipv4Addr,
    /// When it is forgotten unless it is reported again.
    pub until: Instant,
    /// The oldest version that is spoken for it.
    pub version: Version,
}

impl Group {
    fn new(claim: Claim) -> Self {
        Self {
            state: GroupState::nothing(),
            reporter: claim.reporter,
            claim,
            v1_until: Instant::ZERO,
            v2_until: Instant::ZERO,
            queries_left: 0,
            source_queries_left: BTreeMap::new(),
            next_query: Instant::FAR_FUTURE,
            armed: Instant::FAR_FUTURE,
        }
    }

    /// RFC 9776 §7.3.2: the version of the oldest host that wants it.
    fn version(&self, now: Instant) -> Version {
        match () {
            () if now < self.v1_until => Version::V1,
            () if now < self.v2_until => Version::V2,
            () => Version::V3,
        }
    }
}

impl Querier {
    /// A router with `address` on a link that carries messages of `longest` octets. It asks from `now` on.
    pub fn new(knobs: Knobs, longest: usize, address: Ipv4Addr, now: Instant) -> Self {
        Self {
            longest,
            address,
            other: None,
            robustness: knobs.robustness.max(1),
            query_interval: knobs.query_interval,
            startup_left: knobs.robustness.max(1),
            next_query: now,
            groups: BTreeMap::new(),
            deadlines: Deadlines::default(),
            shares: Shares::default(),
            changed: BTreeSet::new(),
            refused: 0,
            evicted: 0,
            owed: Vec::new(),
            knobs,
        }
    }

    // ---- what is asked of it ----

    /// Whether somebody on the link wants what `source` sends to `group`.
    pub fn wants(&self, group: Ipv4Addr, source: Ipv4Addr) -> bool {
        self.groups.get(&group).is_some_and(|entry| entry.state.wants(source))
    }

    /// The router that asks, if it is another.
    pub fn other(&self) -> Option<Ipv4Addr> {
        self.other.map(|(address, _)| address)
    }

    /// Whether this router is the one that asks, and forwards to the link.
    pub const fn is_querier(&self) -> bool {
        self.other.is_none()
    }

    /// Groups and sources that were reported and for which there was no room.
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Groups that made room for those of others.
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// What is wanted of `group` on the link, as a filter.
    pub fn filter(&self, group: Ipv4Addr) -> Filter {
        let Some(entry) = self.groups.get(&group) else { return Filter::nothing() };
        match entry.state.mode {
            Mode::Include => Filter::include(entry.state.wanted.keys().copied()),
            Mode::Exclude => Filter::exclude(entry.state.excluded.iter().copied()),
        }
    }

    /// The groups of which something else may be wanted than the last time.
    pub fn take_changed(&mut self) -> BTreeSet<Ipv4Addr> {
        core::mem::take(&mut self.changed)
    }

    /// How many groups are known.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether no group is known.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// What is wanted of `group`, as a record that would say so.
    pub fn wanted(&self, group: Ipv4Addr) -> Option<Record> {
        self.groups.get(&group).map(|entry| entry.state.records(group))
    }

    /// The groups that are wanted.
    pub fn groups(&self, now: Instant) -> impl Iterator<Item = Learnt> {
        self.groups.iter().map(move |(group, entry)| {
            let Record { sources, .. } = entry.state.records(*group);
            let latest = entry.state.wanted.values().copied().fold(Instant::ZERO, Instant::max);
            Learnt {
                group: *group,
                mode: entry.state.mode,
                sources,
                reporter: entry.reporter,
                until: if entry.state.mode == Mode::Exclude { entry.state.timer } else { latest },
                version: entry.version(now).min(self.knobs.version),
            }
        })
    }

    /// When something is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        let general = match self.other {
            Some((_, until)) => Some(until),
            None => Some(self.next_query).filter(|_| !self.address.is_unspecified()),
        };
        match (general, self.deadlines.next()) {
            (Some(general), Some(group)) => Some(general.min(group)),
            (general, group) => general.or(group),
        }
    }

    /// This router's address on the link, unspecified while it has none: then it does not ask.
    pub fn set_address(&mut self, now: Instant, address: Ipv4Addr) {
        if self.address == address {
            return;
        }
        if self.address.is_unspecified() {
            // RFC 9776 §8.7: with its first address it starts.
            self.startup_left = self.knobs.robustness.max(1);
        }
        (self.address, self.next_query) = (address, now);
        // RFC 9776 §6.6.2: the lowest address asks, and that may be this one now.
        if !address.is_unspecified() && self.other.is_some_and(|(other, _)| address < other) {
            self.resume_asking(now);
        }
    }

    /// Nobody else asks: this router does.
    fn resume_asking(&mut self, now: Instant) {
        (self.other, self.next_query) = (None, now);
        (self.robustness, self.query_interval) = (self.knobs.robustness.max(1), self.knobs.query_interval);
    }

    /// Moves what is to be sent to `into`.
    pub fn take(&mut self, into: &mut Vec<Outgoing>) {
        into.append(&mut self.owed);
    }

    /// How long a report holds (RFC 9776 §8.4), and how long an older host is taken to be there (§8.13).
    fn membership_interval(&self) -> Duration {
        self.query_interval * u64::from(self.robustness) + self.knobs.query_response_interval
    }

    // ---- what arrives ----

    /// A query of another router arrived.
    pub fn accept_query(&mut self, now: Instant, from: Ipv4Addr, query: &Query) {
        // RFC 9776 §6.6.2: the lowest address asks. Who has none yet is no router, and leaves it to who has one.
        let lower = !from.is_unspecified() && (from < self.address || self.address.is_unspecified());
        let elected = self.other.is_none_or(|(other, _)| from <= other);
        if lower && elected {
            // RFC 9776 §4.1.6, §4.1.7: its times hold here too, if it says them.
            let Knobs { robustness, query_interval, .. } = self.knobs;
            self.robustness = if query.robustness == 0 { robustness.max(1) } else { query.robustness };
            self.query_interval = if query.interval.is_zero() { query_interval } else { query.interval };
            let half = Duration::from_nanos(self.knobs.query_response_interval.as_nanos() / 2);
            // RFC 9776 §8.5
            let silence = self.query_interval * u64::from(self.robustness) + half;
            self.other = Some((from, now + silence));
            self.stop_asking();
        }
        // RFC 9776 §6.6.1: what it asks about may be over as soon as it will think so.
        let Some(group) = query.group.filter(|_| !query.suppress) else { return };
        let patience = match query.max_response {
            Duration::ZERO => self.knobs.last_member_query_time(),
            response => response * u64::from(self.robustness),
        };
        let Some(entry) = self.groups.get_mut(&group) else { return };
        let soon = now + patience;
        if query.sources.is_empty() && entry.state.mode == Mode::Exclude {
            entry.state.timer = entry.state.timer.min(soon);
        }
        for source in &query.sources {
            if let Some(until) = entry.state.wanted.get_mut(source) {
                *until = soon.min(*until);
            }
        }
        self.settle(now, group);
    }

    /// A report or leave of a host arrived. Messages that this router's version does not know are nothing to it. False
    /// where there was no room for any of its groups.
    pub fn accept_report(&mut self, now: Instant, from: Ipv4Addr, message: &Message) -> bool {
        match message {
            // RFC 9776 §7.3.2: an older report is IS_EX ({}), a leave is TO_IN ({}).
            Message::ReportV1(group) | Message::ReportV2(group) => {
                if self.take_record(now, from, *group, RecordKind::IsExclude, &BTreeSet::new()) {
                    let present = now + self.membership_interval();
                    if let Some(entry) = self.groups.get_mut(group) {
                        match message {
                            Message::ReportV1(_) => entry.v1_until = present,
                            _ => entry.v2_until = present,
                        }
                    }
                    return true;
                }
                false
            }
            Message::Leave(group) if self.knobs.version >= Version::V2 => {
                if self.groups.get(group).is_some_and(|entry| entry.version(now) > Version::V1) {
                    self.take_record(now, from, *group, RecordKind::ToInclude, &BTreeSet::new());
                }
                true
            }
            Message::ReportV3(records) if self.knobs.version >= Version::V3 => {
                let mut any = records.is_empty();
                for Record { kind, group, sources } in records {
                    any |= self.take_v3_record(now, from, *kind, *group, sources);
                }
                any
            }
            Message::Leave(_) | Message::ReportV3(_) | Message::Query(_) => true,
        }
    }

    /// A version 3 record, taken with a grain of salt where older hosts want the group (RFC 9776 §7.3.2). False where there
    /// is no room for its group.
    fn take_v3_record(
        &mut self,
        now: Instant,
        from: Ipv4Addr,
        kind: RecordKind,
        group: Ipv4Addr,
        sources: &[Ipv4Addr],
    ) -> bool {
        let version = self.groups.get(&group).map_or(Version::V3, |entry| entry.version(now));
        let ignored = match kind {
            RecordKind::Block => version < Version::V3,
            RecordKind::ToInclude => version < Version::V2,
            _ => false,
        };
        if ignored {
            return true;
        }
        let all = version < Version::V3 && kind == RecordKind::ToExclude;
        let sources = if all { BTreeSet::new() } else { sources.iter().copied().collect() };
        self.take_record(now, from, group, kind, &sources)
    }

    /// Makes a place for a group that `from` reports; false where there is none.
    fn make_room(&mut self, from: Ipv4Addr, group: Ipv4Addr) -> bool {
        if self.groups.len() >= self.knobs.max_groups {
            let Some(largest) = self.shares.yields_to(from) else {
                self.refused += 1;
                return false;
            };
            self.forget(largest);
            self.evicted += 1;
        }
        let claim = self.shares.add(from, group);
        self.groups.insert(group, Group::new(claim));
        true
    }

    /// Takes a record; false where there is no room for its group.
    fn take_record(
        &mut self,
        now: Instant,
        from: Ipv4Addr,
        group: Ipv4Addr,
        kind: RecordKind,
        sources: &BTreeSet<Ipv4Addr>,
    ) -> bool {
        if !is_reported(group) {
            return true;
        }
        if !self.groups.contains_key(&group) {
            // What says that less is wanted needs no place.
            let wants = match kind {
                RecordKind::Block => false,
                RecordKind::IsExclude | RecordKind::ToExclude => true,
                RecordKind::IsInclude | RecordKind::ToInclude | RecordKind::Allow => !sources.is_empty(),
            };
            if !wants {
                return true;
            }
            if !self.make_room(from, group) {
                return false;
            }
        }
        let (membership, max_sources) = (self.membership_interval(), self.knobs.max_sources);
        let terms = Terms { now, membership, max_sources };
        let Some(entry) = self.groups.get_mut(&group) else { return false };
        entry.reporter = from;
        entry.claim = self.shares.pass(entry.claim, group, from);
        let ask = entry.state.apply(&terms, kind, sources);
        let held = |source: &&Ipv4Addr| {
            entry.state.wanted.contains_key(source) || entry.state.excluded.contains(source)
        };
        if kind != RecordKind::Block {
            self.refused += sources.len().saturating_sub(sources.iter().filter(held).count()) as u64;
        }
        // RFC 9776 §6.6.3: only the router that asks asks; the others hear it.
        if self.other.is_none() {
            self.ask(now, group, ask.group, &ask.sources);
        }
        self.settle(now, group);
        true
    }

    // ---- queries ----

    /// Another router asks from now on.
    fn stop_asking(&mut self) {
        self.startup_left = 0;
        let groups: Vec<Ipv4Addr> = self.groups.keys().copied().collect();
        for group in groups {
            if let Some(entry) = self.groups.get_mut(&group) {
                entry.queries_left = 0;
                entry.source_queries_left.clear();
                entry.next_query = Instant::FAR_FUTURE;
            }
            self.rearm(group);
        }
    }

    /// Begins to ask whether a group, or sources of it, are wanted still (RFC 9776 §6.6.3): what nobody answers for is over
    /// after the last member query time.
    fn ask(&mut self, now: Instant, group: Ipv4Addr, whole: bool, sources: &BTreeSet<Ipv4Addr>) {
        let (soon, times) = (now + self.knobs.last_member_query_time(), self.robustness);
        let Some(entry) = self.groups.get_mut(&group) else { return };
        let before_v3 = self.knobs.version < Version::V3;
        let mut begins = whole;
        if whole {
            entry.state.timer = entry.state.timer.min(soon);
            entry.queries_left = times;
        }
        for source in sources.iter().filter(|_| !before_v3) {
            // RFC 9776 §6.6.3.2: those whose timers run out before that are not asked about.
            let Some(until) = entry.state.wanted.get_mut(source).filter(|until| **until > soon) else {
                continue;
            };
            *until = soon;
            entry.source_queries_left.insert(*source, times);
            begins = true;
        }
        if begins {
            self.query_group(now, group);
        }
    }

    /// Asks about a group and its sources, once more (RFC 9776 §6.6.3.1, §6.6.3.2).
    fn query_group(&mut self, now: Instant, group: Ipv4Addr) {
        let soon = now + self.knobs.last_member_query_time();
        let Some(entry) = self.groups.get_mut(&group) else { return };
        let mut queries = Vec::new();
        if entry.queries_left > 0 {
            entry.queries_left -= 1;
            // A timer that was set anew meanwhile: somebody answered, and other routers need not doubt it.
            let answered = entry.state.mode == Mode::Exclude && entry.state.timer > soon;
            queries.push((answered, Vec::new()));
        }
        let state = &entry.state;
        entry.source_queries_left.retain(|source, _| state.wanted.contains_key(source));
        let is_answered = |source: &&Ipv4Addr| state.wanted.get(source).is_some_and(|until| *until > soon);
        let (answered, doubted): (Vec<Ipv4Addr>, Vec<Ipv4Addr>) =
            entry.source_queries_left.keys().partition(is_answered);
        let most = ((self.longest.saturating_sub(QUERY_HEADER)) / 4).max(1);
        for (suppress, sources) in [(true, answered), (false, doubted)] {
            // RFC 9776 §6.6.3.2: beside a query of the whole group, answered sources need not be asked about.
            if !suppress || queries.is_empty() {
                queries.extend(sources.chunks(most).map(|part| (suppress, part.to_vec())));
            }
        }
        entry.source_queries_left.retain(|_, left| {
            *left -= 1;
            *left > 0
        });
        let more = entry.queries_left > 0 || !entry.source_queries_left.is_empty();
        entry.next_query =
            if more { now + self.knobs.last_member_query_interval } else { Instant::FAR_FUTURE };
        for (suppress, sources) in queries {
            let query = Query {
                group: Some(group),
                suppress,
                sources,
                ..self.query(self.knobs.last_member_query_interval)
            };
            self.owed.push(Outgoing {
                destination: group,
                message: Message::Query(query),
                cause: Cause::IgmpGroupQuery,
            });
        }
    }

    fn query(&self, max_response: Duration) -> Query {
        Query {
            robustness: self.knobs.robustness,
            interval: self.knobs.query_interval,
            ..Query::general(self.knobs.version, max_response)
        }
    }

    // ---- time ----

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.other.is_some_and(|(_, until)| until <= now) {
            // RFC 9776 §6.6.2: who asked is silent: this router asks again.
            self.resume_asking(now);
        }
        if self.other.is_none() && self.next_query <= now && !self.address.is_unspecified() {
            // RFC 9776 §8.6, §8.7
            self.startup_left = self.startup_left.saturating_sub(1);
            let interval = match self.startup_left {
                0 => self.knobs.query_interval,
                _ => self.knobs.startup_query_interval(),
            };
            // An interval of nothing would be a query without end.
            self.next_query = now + interval.max(Duration::from_millis(1));
            let message = Message::Query(self.query(self.knobs.query_response_interval));
            self.owed.push(Outgoing { destination: ALL_SYSTEMS, message, cause: Cause::IgmpGeneralQuery });
        }
        while let Some(group) = self.deadlines.first_due(now) {
            if self.groups.get(&group).is_some_and(|entry| entry.next_query <= now) {
                self.query_group(now, group);
            }
            self.settle(now, group);
        }
    }

    /// Lets timers of `group` run out, forgets it where nobody wants it, and sets when it is due next.
    fn settle(&mut self, now: Instant, group: Ipv4Addr) {
        let Some(entry) = self.groups.get_mut(&group) else { return };
        self.changed.insert(group);
        entry.state.expire(now);
        if entry.state.is_nothing() {
            self.forget(group);
        } else {
            self.rearm(group);
        }
    }

    fn forget(&mut self, group: Ipv4Addr) {
        if let Some(mut entry) = self.groups.remove(&group) {
            self.deadlines.set(group, &mut entry.armed, Instant::FAR_FUTURE);
            self.shares.remove(entry.claim, group);
            self.changed.insert(group);
        }
    }

    fn rearm(&mut self, group: Ipv4Addr) {
        let Some(entry) = self.groups.get_mut(&group) else { return };
        let due = entry.state.next_timeout().min(entry.next_query);
        self.deadlines.set(group, &mut entry.armed, due);
    }
}

#[cfg(test)]
mod tests;
