//! The tables of RFC 9776 §6.4 stand here as the document writes them, and are worked out by a reader of their notation
//! that knows sets and nothing else. Random reports are taken by both.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;

const MEMBERSHIP: Duration = Duration::from_secs(260);
const PATIENCE: Duration = Duration::from_secs(2);

/// State, report, new state, actions. `S` is the list in the report.
const TABLE: [(&str, &str, &str, &[&str]); 12] = [
    // RFC 9776 §6.4.1
    ("INCLUDE (A)", "IS_IN", "INCLUDE (A+S)", &["(S)=GMI"]),
    ("INCLUDE (A)", "IS_EX", "EXCLUDE (A*S,S-A)", &["(S-A)=0", "Delete (A-S)", "Group Timer=GMI"]),
    ("EXCLUDE (X,Y)", "IS_IN", "EXCLUDE (X+S,Y-S)", &["(S)=GMI"]),
    (
        "EXCLUDE (X,Y)",
        "IS_EX",
        "EXCLUDE (S-Y,Y*S)",
        &["(S-X-Y)=GMI", "Delete (X-S)", "Delete (Y-S)", "Group Timer=GMI"],
    ),
    // RFC 9776 §6.4.2
    ("INCLUDE (A)", "ALLOW", "INCLUDE (A+S)", &["(S)=GMI"]),
    ("INCLUDE (A)", "BLOCK", "INCLUDE (A)", &["Send Q(G,A*S)"]),
    (
        "INCLUDE (A)",
        "TO_EX",
        "EXCLUDE (A*S,S-A)",
        &["(S-A)=0", "Delete (A-S)", "Send Q(G,A*S)", "Group Timer=GMI"],
    ),
    ("INCLUDE (A)", "TO_IN", "INCLUDE (A+S)", &["(S)=GMI", "Send Q(G,A-S)"]),
    ("EXCLUDE (X,Y)", "ALLOW", "EXCLUDE (X+S,Y-S)", &["(S)=GMI"]),
    ("EXCLUDE (X,Y)", "BLOCK", "EXCLUDE (X+(S-Y),Y)", &["(S-X-Y)=Group Timer", "Send Q(G,S-Y)"]),
    (
        "EXCLUDE (X,Y)",
        "TO_EX",
        "EXCLUDE (S-Y,Y*S)",
        &["(S-X-Y)=Group Timer", "Delete (X-S)", "Delete (Y-S)", "Send Q(G,S-Y)", "Group Timer=GMI"],
    ),
    ("EXCLUDE (X,Y)", "TO_IN", "EXCLUDE (X+S,Y-S)", &["(S)=GMI", "Send Q(G,X-S)", "Send Q(G)"]),
];

type Set = BTreeSet<Ipv4Addr>;

/// A group in the document's notation: named sets, a timer for each source (0 for those that nobody wants), a group timer.
#[derive(Clone, Debug)]
struct Model {
    mode: &'static str,
    sets: BTreeMap<char, Set>,
    timers: BTreeMap<Ipv4Addr, Instant>,
    group_timer: Instant,
}

impl Model {
    fn new() -> Self {
        let sets = BTreeMap::from([('A', Set::new())]);
        Self { mode: "INCLUDE", sets, timers: BTreeMap::new(), group_timer: Instant::FAR_FUTURE }
    }

    fn names(&self) -> &'static str {
        if self.mode == "INCLUDE" { "A" } else { "XY" }
    }

    /// Works out `A+(S-Y)`: operations are done from left to right.
    fn set(&self, text: &str, report: &Set) -> Set {
        let mut rest = text.chars().peekable();
        let result = self.expression(&mut rest, report);
        assert_eq!(rest.next(), None, "{text}");
        result
    }

    fn expression(&self, rest: &mut core::iter::Peekable<core::str::Chars<'_>>, report: &Set) -> Set {
        let operand = |rest: &mut core::iter::Peekable<_>| match rest.next() {
            Some('S') => report.clone(),
            Some('(') => {
                let inner = self.expression(rest, report);
                assert_eq!(rest.next(), Some(')'));
                inner
            }
            Some(name) => self.sets[&name].clone(),
            None => panic!("an operand is missing"),
        };
        let mut result = operand(rest);
        while let Some(sign @ ('+' | '-' | '*')) = rest.peek().copied() {
            rest.next();
            let right = operand(rest);
            result = match sign {
                '+' => &result | &right,
                '-' => &result - &right,
                _ => &result & &right,
            };
        }
        result
    }

    /// Takes a report as the table says: whether the group, and which sources, are to be asked about.
    fn report(&mut self, now: Instant, kind: &str, report: &Set) -> (bool, Set) {
        let row = TABLE.iter().find(|row| row.0.starts_with(self.mode) && row.1 == kind).unwrap();
        let until = |text: &str, group_timer| match text {
            "GMI" => now + MEMBERSHIP,
            "0" => Instant::ZERO,
            "Group Timer" => group_timer,
            other => panic!("{other}"),
        };
        let (mut asked, mut timers, mut group_timer) =
            ((false, Set::new()), self.timers.clone(), self.group_timer);
        for action in row.3 {
            if let Some(set) = action.strip_prefix("Delete (") {
                self.set(set.trim_end_matches(')'), report)
                    .iter()
                    .for_each(|source| _ = timers.remove(source));
            } else if let Some(set) = action.strip_prefix("Send Q(G,") {
                asked.1.extend(self.set(set.trim_end_matches(')'), report));
            } else if *action == "Send Q(G)" {
                asked.0 = true;
            } else {
                let (left, right) = action.split_once('=').unwrap();
                if left == "Group Timer" {
                    group_timer = until(right, self.group_timer);
                } else {
                    let set = left.trim_start_matches('(').trim_end_matches(')');
                    let at = until(right, self.group_timer);
                    self.set(set, report).into_iter().for_each(|source| _ = timers.insert(source, at));
                }
            }
        }
        let (mode, sets) = row.2.split_once(' ').unwrap();
        let sets = sets.strip_prefix('(').unwrap().strip_suffix(')').unwrap();
        let names = if mode == "INCLUDE" { "A" } else { "XY" };
        let sets = names.chars().zip(sets.split(',').map(|set| self.set(set, report))).collect();
        (self.mode, self.sets, self.timers, self.group_timer) = (mode, sets, timers, group_timer);
        asked
    }

    /// RFC 9776 §6.2.2, §6.2.3, §6.5.
    fn pass(&mut self, now: Instant) {
        let over: Set = self.timers.iter().filter(|(_, at)| **at <= now).map(|(source, _)| *source).collect();
        if self.mode == "INCLUDE" {
            self.sets.get_mut(&'A').unwrap().retain(|source| !over.contains(source));
            self.timers.retain(|source, _| !over.contains(source));
            return;
        }
        for source in over {
            self.timers.insert(source, Instant::ZERO);
            if self.sets.get_mut(&'X').unwrap().remove(&source) {
                self.sets.get_mut(&'Y').unwrap().insert(source);
            }
        }
        if self.group_timer <= now {
            let wanted = self.sets.remove(&'X').unwrap();
            self.timers.retain(|source, _| wanted.contains(source));
            (self.mode, self.group_timer) = ("INCLUDE", Instant::FAR_FUTURE);
            self.sets = BTreeMap::from([('A', wanted)]);
        }
    }

    /// RFC 9776 §6.6.3: what is asked about is over soon, unless somebody answers.
    fn lower(&mut self, now: Instant, asked: &(bool, Set)) {
        if asked.0 {
            self.group_timer = self.group_timer.min(now + PATIENCE);
        }
        for source in &asked.1 {
            if let Some(at) = self.timers.get_mut(source) {
                *at = (now + PATIENCE).min(*at);
            }
        }
    }
}

fn lower(state: &mut GroupState, now: Instant, ask: &Ask) {
    if ask.group {
        state.timer = state.timer.min(now + PATIENCE);
    }
    for source in &ask.sources {
        let until = state.wanted.get_mut(source).expect("only what is wanted is asked about");
        *until = (now + PATIENCE).min(*until);
    }
}

fn agree(state: &GroupState, model: &Model) -> Result<(), TestCaseError> {
    let wanted: Set = state.wanted.keys().copied().collect();
    match state.mode {
        Mode::Include => {
            prop_assert_eq!(model.names(), "A");
            prop_assert_eq!(&wanted, &model.sets[&'A']);
            prop_assert!(state.excluded.is_empty());
        }
        Mode::Exclude => {
            prop_assert_eq!(model.names(), "XY");
            prop_assert_eq!(&wanted, &model.sets[&'X']);
            prop_assert_eq!(&state.excluded, &model.sets[&'Y']);
        }
    }
    prop_assert_eq!(state.timer, model.group_timer);
    for (source, until) in &state.wanted {
        prop_assert_eq!(until, &model.timers[source]);
    }
    Ok(())
}

fn source(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, number)
}

const NAMES: [&str; 6] = ["IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"];

proptest! {
    /// RFC 9776 §6.4.1, §6.4.2: any reports at any times.
    #[test]
    fn reports_are_taken_as_the_tables_say(
        steps in vec((0_usize..6, btree_set((0_u8..5).prop_map(source), 0..5), 0_u64..200), 1..40)
    ) {
        let (mut state, mut model, mut now) = (GroupState::nothing(), Model::new(), Instant::from_secs(1));
        for (kind, sources, pause) in steps {
            now += Duration::from_secs(pause * pause / 100);
            state.expire(now);
            model.pass(now);
            agree(&state, &model)?;
            let terms = Terms { now, membership: MEMBERSHIP, max_sources: 100 };
            let ask = state.apply(&terms, RecordKind::ALL[kind], &sources);
            let asked = model.report(now, NAMES[kind], &sources);
            prop_assert_eq!(ask.group, asked.0);
            prop_assert_eq!(&ask.sources, &asked.1);
            agree(&state, &model)?;
            lower(&mut state, now, &ask);
            model.lower(now, &asked);
            for number in 0..6 {
                // RFC 9776 §6.3
                let expected = match model.mode {
                    "INCLUDE" => model.sets[&'A'].contains(&source(number)),
                    _ => !model.sets[&'Y'].contains(&source(number)),
                };
                prop_assert_eq!(state.wants(source(number)), expected);
            }
        }
    }

    /// However many sources are reported, no more are kept, and those that were wanted before stay.
    #[test]
    fn sources_are_bounded(
        steps in vec((0_usize..6, btree_set((0_u8..200).prop_map(source), 0..40)), 1..30)
    ) {
        let terms = Terms { now: Instant::from_secs(1), membership: MEMBERSHIP, max_sources: 8 };
        let mut state = GroupState::nothing();
        let known: Set = (0..4).map(source).collect();
        state.apply(&terms, RecordKind::Allow, &known);
        for (kind, sources) in steps {
            // What only adds, as a flood of forged reports does.
            if matches!(RecordKind::ALL[kind], RecordKind::IsInclude | RecordKind::Allow | RecordKind::Block) {
                state.apply(&terms, RecordKind::ALL[kind], &sources);
                prop_assert!(known.iter().all(|source| state.wants(*source)));
            }
            prop_assert!(state.wanted.len() + state.excluded.len() <= 8);
        }
        for (kind, numbers) in [(1, 0..50), (3, 20..90), (4, 0..200), (5, 0..200), (2, 50..60)] {
            state.apply(&terms, RecordKind::ALL[kind], &numbers.map(source).collect());
            prop_assert!(state.wanted.len() + state.excluded.len() <= 8);
        }
    }
}
