//! What a router knows of one group on one link: its filter mode, its group timer, and a timer for each source (RFC 9776
//! §6.2). The rules are the tables of RFC 9776 §6.4.

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

use super::{Mode, Record, RecordKind};
use crate::time::{Duration, Instant};

/// What a router has to ask for after a report: `Q(G)` and `Q(G,S)` of RFC 9776 §6.4.2.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ask {
    /// Whether anyone wants the group at all.
    pub group: bool,
    /// Whether anyone wants these sources.
    pub sources: BTreeSet<Ipv4Addr>,
}

/// A group's state. In the documents' words: `INCLUDE (A)`, where `A` is `wanted`, or `EXCLUDE (X,Y)`, where `X` is
/// `wanted` and `Y` is `excluded`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupState {
    /// Whether somebody wants all but some sources.
    pub mode: Mode,
    /// In EXCLUDE mode: when nobody is taken to want all but some any more.
    pub timer: Instant,
    /// Sources that somebody wants, each until its timer runs out.
    pub wanted: BTreeMap<Ipv4Addr, Instant>,
    /// In EXCLUDE mode: sources that nobody wants.
    pub excluded: BTreeSet<Ipv4Addr>,
}

/// The times and bounds that a report is taken with.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Now.
    pub now: Instant,
    /// How long a report holds.
    pub membership: Duration,
    /// The most sources of a group.
    pub max_sources: usize,
}

impl GroupState {
    /// Nobody wants anything.
    pub const fn nothing() -> Self {
        Self {
            mode: Mode::Include,
            timer: Instant::FAR_FUTURE,
            wanted: BTreeMap::new(),
            excluded: BTreeSet::new(),
        }
    }

    /// Whether it says nothing.
    pub fn is_nothing(&self) -> bool {
        self.mode == Mode::Include && self.wanted.is_empty()
    }

    /// Whether what `source` sends is wanted (RFC 9776 §6.3).
    pub fn wants(&self, source: Ipv4Addr) -> bool {
        match self.mode {
            Mode::Include => self.wanted.contains_key(&source),
            Mode::Exclude => !self.excluded.contains(&source),
        }
    }

    /// When the earliest of its timers runs out.
    pub fn next_timeout(&self) -> Instant {
        self.wanted.values().copied().fold(self.timer, Instant::min)
    }

    /// Takes a record of a report (RFC 9776 §6.4): what to ask for then.
    pub fn apply(&mut self, terms: &Terms, kind: RecordKind, sources: &BTreeSet<Ipv4Addr>) -> Ask {
        match self.mode {
            Mode::Include => self.apply_to_include(terms, kind, sources),
            Mode::Exclude => self.apply_to_exclude(terms, kind, sources),
        }
    }

    /// `INCLUDE (A)` and a record with the sources `b`.
    fn apply_to_include(&mut self, terms: &Terms, kind: RecordKind, b: &BTreeSet<Ipv4Addr>) -> Ask {
        let holds = terms.now + terms.membership;
        let mut ask = Ask::default();
        match kind {
            // INCLUDE (A+B); (B)=GMI
            RecordKind::IsInclude | RecordKind::Allow => self.want(terms, b, holds),
            // The same; Send Q(G,A-B)
            RecordKind::ToInclude => {
                ask.sources = self.wanted.keys().filter(|source| !b.contains(source)).copied().collect();
                self.want(terms, b, holds);
            }
            // INCLUDE (A); Send Q(G,A*B)
            RecordKind::Block => ask.sources = self.wanted_among(b),
            // EXCLUDE (A*B,B-A); (B-A)=0; Delete (A-B); Group Timer=GMI; of TO_EX also: Send Q(G,A*B)
            RecordKind::IsExclude | RecordKind::ToExclude => {
                self.wanted.retain(|source, _| b.contains(source));
                if kind == RecordKind::ToExclude {
                    ask.sources = self.wanted_among(b);
                }
                (self.mode, self.timer) = (Mode::Exclude, holds);
                for source in b {
                    if !self.wanted.contains_key(source) && self.has_room(terms) {
                        self.excluded.insert(*source);
                    }
                }
            }
        }
        ask
    }

    /// `EXCLUDE (X,Y)` and a record with the sources `a`.
    fn apply_to_exclude(&mut self, terms: &Terms, kind: RecordKind, a: &BTreeSet<Ipv4Addr>) -> Ask {
        let holds = terms.now + terms.membership;
        let mut ask = Ask::default();
        match kind {
            // EXCLUDE (X+A,Y-A); (A)=GMI
            RecordKind::IsInclude | RecordKind::Allow => self.want(terms, a, holds),
            // The same; Send Q(G,X-A); Send Q(G)
            RecordKind::ToInclude => {
                ask.sources = self.wanted.keys().filter(|source| !a.contains(source)).copied().collect();
                ask.group = true;
                self.want(terms, a, holds);
            }
            // EXCLUDE (X+(A-Y),Y); (A-X-Y)=Group Timer; Send Q(G,A-Y)
            RecordKind::Block => {
                self.doubt(terms, a, self.timer);
                ask.sources = self.wanted_among(a);
            }
            // EXCLUDE (A-Y,Y*A); Delete (X-A); Delete (Y-A); Group Timer=GMI; and of IS_EX (A-X-Y)=GMI, of TO_EX
            // (A-X-Y)=Group Timer and Send Q(G,A-Y)
            RecordKind::IsExclude | RecordKind::ToExclude => {
                self.wanted.retain(|source, _| a.contains(source));
                self.excluded.retain(|source| a.contains(source));
                let until = if kind == RecordKind::IsExclude { holds } else { self.timer };
                self.doubt(terms, a, until);
                if kind == RecordKind::ToExclude {
                    ask.sources = self.wanted_among(a);
                }
                self.timer = holds;
            }
        }
        ask
    }

    fn has_room(&self, terms: &Terms) -> bool {
        self.wanted.len() + self.excluded.len() < terms.max_sources
    }

    /// These are wanted until then. Those for which there is no room are not remembered: in INCLUDE mode they do not come.
    fn want(&mut self, terms: &Terms, sources: &BTreeSet<Ipv4Addr>, until: Instant) {
        for source in sources {
            let known = self.excluded.remove(source) || self.wanted.contains_key(source);
            if known || self.has_room(terms) {
                self.wanted.insert(*source, until);
            }
        }
    }

    /// Those of which nothing is known yet are wanted until then; others stay as they are. Those for which there is no room
    /// come, as all that are not excluded.
    fn doubt(&mut self, terms: &Terms, sources: &BTreeSet<Ipv4Addr>, until: Instant) {
        for source in sources {
            let known = self.excluded.contains(source) || self.wanted.contains_key(source);
            if !known && self.has_room(terms) {
                self.wanted.insert(*source, until);
            }
        }
    }

    fn wanted_among(&self, sources: &BTreeSet<Ipv4Addr>) -> BTreeSet<Ipv4Addr> {
        sources.iter().filter(|source| self.wanted.contains_key(source)).copied().collect()
    }

    /// Timers run out (RFC 9776 §6.2.2, §6.2.3, §6.5).
    pub fn expire(&mut self, now: Instant) {
        let over: Vec<Ipv4Addr> =
            self.wanted.iter().filter(|(_, until)| **until <= now).map(|(source, _)| *source).collect();
        for source in over {
            self.wanted.remove(&source);
            if self.mode == Mode::Exclude {
                self.excluded.insert(source);
            }
        }
        if self.mode == Mode::Exclude && self.timer <= now {
            (self.mode, self.timer) = (Mode::Include, Instant::FAR_FUTURE);
            self.excluded.clear();
        }
    }

    /// The records that say what is wanted: what a host that wanted just this would report.
    pub fn records(&self, group: Ipv4Addr) -> Record {
        let (kind, sources) = match self.mode {
            Mode::Include => (RecordKind::IsInclude, self.wanted.keys().copied().collect()),
            Mode::Exclude => (RecordKind::IsExclude, self.excluded.iter().copied().collect()),
        };
        Record { kind, group, sources }
    }
}

#[cfg(test)]
mod tests;
