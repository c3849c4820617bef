//! What happens to links and hosts, and what is shown, and when.

use wirelab_sim::{Direction, DirectionConfig, Show, StageConfig, StageKind, Whose};
use wirelab_stack::time::Instant;

use super::find;
use super::links::{check, config, directions, kind};
use crate::diagnostic::Problem;
use crate::model::{DirectionName, Document, Event, Settings, ShowWord, StageName};
use crate::near;
use crate::read::{At, List, Name, Read};
use crate::units::{Moment, Span};

/// A change of a link or a host, by its place in the plan.
#[derive(Clone, Debug)]
pub enum PlannedChange {
    /// The link is cut.
    Cut(usize),
    /// The link is restored.
    Restore(usize),
    /// A stage gets new settings.
    Set {
        /// Which link.
        link: usize,
        /// Which direction.
        direction: Direction,
        /// The stage's new settings.
        stage: StageConfig,
    },
    /// A host crashes, by its place in the plan.
    Crash(usize),
    /// A host starts again.
    Restart(usize),
    /// A stage is taken out.
    Remove {
        /// Of which link.
        link: usize,
        /// Of which direction.
        direction: Direction,
        /// Which stage.
        stage: StageKind,
    },
}

/// Tables that are shown.
#[derive(Clone, Debug)]
pub struct PlannedShow {
    /// When; at the end of the run where there is no time.
    pub at: Option<Instant>,
    /// Of which node, by its place among the hosts and then the switches; of all that have such tables where none is
    /// given.
    pub node: Option<usize>,
    /// Which tables.
    pub tables: Vec<Show>,
}

/// What happens when, in the order of time; what is shown when, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// Changes of links and hosts.
    pub changes: Vec<(Instant, PlannedChange)>,
    /// Tables that are shown.
    pub shows: Vec<PlannedShow>,
}

/// The events.
pub fn plan(document: &Document, problems: &mut Vec<Problem>) -> Planned {
    let (events, links) = (&document.event, &document.link);
    let mut planned = Planned::default();
    // What each direction is set to changes with time, so settings are merged in the order of time; a sort that
    // keeps the file's order among equals is what the world does too.
    let mut in_time: Vec<&At<Event>> = events.iter().collect();
    in_time.sort_by_key(|event| event.value.at.value);
    let mut current: Vec<[Settings; 2]> = links.iter().map(|link| directions(&link.value)).collect();
    for event in in_time {
        let Event { at, cut, restore, change, crash, restart, show, .. } = &event.value;
        let given = [cut, restore, change, crash, restart].into_iter().flatten().count();
        if given + usize::from(show.is_some()) != 1 {
            let problem = event.problem("an event does one thing");
            problems.push(problem.allowed("one of `cut`, `restore`, `change`, `crash`, `restart` or `show`"));
            continue;
        }
        let moment = at.value;
        if moment == Moment::End && show.is_none() {
            let problem = at.problem("nothing but `show` can happen when the run has ended");
            problems.push(problem.allowed(Span::expected()));
        }
        let at = moment.instant();
        if show.is_none() {
            for given in [&event.value.host, &event.value.switch].into_iter().flatten() {
                let problem = given.problem("this says whose tables are shown, and none are");
                problems.push(problem.allowed("`show` beside it"));
            }
        }
        let mut find = |name: &At<Name>| {
            find("link", name, links.iter().map(|link| link.value.name.value.0.as_str()), problems)
        };
        if let Some(name) = cut {
            planned.changes.extend(find(name).map(|link| (at, PlannedChange::Cut(link))));
            forbid_settings(event, "cut", problems);
        } else if let Some(name) = restore {
            planned.changes.extend(find(name).map(|link| (at, PlannedChange::Restore(link))));
            forbid_settings(event, "restore", problems);
        } else if let Some(name) = change {
            let Some(link) = find(name) else { continue };
            let changed = change_settings(event, link, &mut current[link], problems);
            planned.changes.extend(changed.into_iter().map(|change| (at, change)));
        } else if let Some(name) = crash {
            planned
                .changes
                .extend(host(document, name, problems).map(|host| (at, PlannedChange::Crash(host))));
            forbid_settings(event, "crash", problems);
        } else if let Some(name) = restart {
            planned
                .changes
                .extend(host(document, name, problems).map(|host| (at, PlannedChange::Restart(host))));
            forbid_settings(event, "restart", problems);
        } else if let Some(tables) = show {
            planned.shows.extend(plan_show(event, tables, document, problems));
            forbid_settings(event, "show", problems);
        }
    }
    planned
}

/// The place of the host of that name.
fn host(document: &Document, name: &At<Name>, problems: &mut Vec<Problem>) -> Option<usize> {
    find("host", name, document.host.iter().map(|host| host.value.name.value.0.as_str()), problems)
}

fn plan_show(
    event: &At<Event>,
    tables: &At<List<ShowWord>>,
    document: &Document,
    problems: &mut Vec<Problem>,
) -> Option<PlannedShow> {
    let Event { at, host, switch, .. } = &event.value;
    if tables.value.0.is_empty() {
        problems.push(tables.problem("nothing is shown").allowed(ShowWord::expected()));
    }
    if let (Some(host), Some(_)) = (host, switch) {
        let problem = host.problem("the tables of a host and of a switch are shown");
        problems.push(problem.allowed("one of `host` and `switch`, or neither"));
    }
    let switches = document.switch.iter().map(|switch| switch.value.name.value.0.as_str());
    let (node, whose) = match (host, switch) {
        (Some(name), _) => (Some(self::host(document, name, problems)?), Some(Whose::Host)),
        (_, Some(name)) => {
            let place = find("switch", name, switches, problems)?;
            (Some(document.host.len() + place), Some(Whose::Switch))
        }
        _ => (None, None),
    };
    for table in tables.value.0.iter().filter(|table| whose.is_some_and(|kind| kind != table.value.0.whose()))
    {
        let (has, other) = match table.value.0.whose() {
            Whose::Host => ("host", "switch"),
            Whose::Switch => ("switch", "host"),
        };
        let name = table.value.0.name();
        let problem = table.problem(format!("`{name}` is a table of a {has}, and not of a {other}"));
        problems.push(problem.allowed(format!("`{has} = …` instead of `{other} = …`, or neither")));
    }
    let at = match at.value {
        Moment::After(span) => Some(span.instant()),
        Moment::End => None,
    };
    Some(PlannedShow { at, node, tables: tables.value.0.iter().map(|table| table.value.0).collect() })
}

/// Most events concern a whole link or host, and set nothing.
fn forbid_settings(event: &At<Event>, what: &str, problems: &mut Vec<Problem>) {
    if let Some(direction) = &event.value.direction {
        let message = format!("`{what}` does not concern one direction");
        problems.push(direction.problem(message).allowed("no `direction`"));
    }
    let remove = event.value.remove.as_ref().map(|stages| &stages.place);
    for place in event.value.settings.places().into_iter().chain(remove) {
        let problem = place.problem(format!("`{what}` does not go together with settings"));
        problems.push(problem.allowed("settings in an event of its own, with `change`"));
    }
}

fn change_settings(
    event: &At<Event>,
    link: usize,
    current: &mut [Settings; 2],
    problems: &mut Vec<Problem>,
) -> Vec<PlannedChange> {
    let settings = &event.value.settings;
    if let Some(stages) = &settings.stages {
        problems.push(
            stages.problem("the order of the stages cannot change during a run").allowed("no `stages`"),
        );
    }
    let which = match event.value.direction.as_ref().map(|direction| direction.value) {
        None => &Direction::BOTH[..],
        Some(DirectionName::Forward) => &Direction::BOTH[..1],
        Some(DirectionName::Backward) => &Direction::BOTH[1..],
    };
    let removed = event.value.remove.as_ref().map_or(&[][..], |stages| &stages.value.0);
    check_removed(removed, which, current, settings, problems);
    let mut changes = Vec::new();
    for &direction in which {
        let before = current[direction.index()].clone();
        let before = removed.iter().fold(before, |before, stage| before.without(stage.value));
        let take_out =
            |stage: &At<StageName>| PlannedChange::Remove { link, direction, stage: kind(stage.value) };
        changes.extend(removed.iter().map(take_out));
        let after = Settings { stages: None, ..before.with(settings) };
        if direction == which[0] {
            problems.extend(check(&after));
        }
        let (old, new) = (config(&Settings { stages: None, ..before.clone() }), config(&after));
        let (old, new) = (stages(&old), stages(&new));
        let touched = |stage: &StageConfig| {
            // What the event names is set even where it is what it was: an explicit list of frames counts anew.
            !old.contains(stage) || stages(&config(settings)).iter().any(|own| own == stage)
        };
        let set = |stage| PlannedChange::Set { link, direction, stage };
        changes.extend(new.into_iter().filter(touched).map(set));
        current[direction.index()] = after;
    }
    if settings.places().is_empty() && removed.is_empty() {
        let problem = event.problem("the event changes nothing");
        problems
            .push(problem.allowed("at least one setting of a link, such as `loss` or `delay`, or `remove`"));
    }
    changes
}

/// What is taken out is there, in one of the directions at least, and is not set in the same breath.
fn check_removed(
    removed: &[At<StageName>],
    which: &[Direction],
    current: &[Settings; 2],
    settings: &Settings,
    problems: &mut Vec<Problem>,
) {
    let has = |settings: &Settings, name: StageName| {
        let config = config(&Settings { stages: None, ..settings.clone() });
        stages(&config).iter().any(|stage| stage.kind() == kind(name))
    };
    for name in removed {
        let word = name.value.word();
        if has(settings, name.value) {
            let problem = name.problem(format!("the stage `{word}` is taken out and set"));
            problems.push(problem.allowed("one of the two"));
        } else if !which.iter().any(|direction| has(&current[direction.index()], name.value)) {
            let there = StageName::ALL
                .iter()
                .filter(|(_, stage)| which.iter().any(|direction| has(&current[direction.index()], *stage)));
            let problem = name.problem(format!("the link has no stage `{word}` by then"));
            problems.push(problem.allowed(near::or_list(there.map(|(word, _)| *word))));
        }
    }
}

/// The single settings of a configuration.
fn stages(config: &DirectionConfig) -> Vec<StageConfig> {
    let all = [
        config.mtu.map(StageConfig::Mtu),
        config.rate.map(StageConfig::Rate),
        config.queue.map(StageConfig::Queue),
        config.loss.clone().map(StageConfig::Loss),
        config.corrupt.map(StageConfig::Corrupt),
        config.duplicate.map(StageConfig::Duplicate),
        config.delay.map(StageConfig::Delay),
        config.reorder.map(StageConfig::Reorder),
    ];
    all.into_iter().flatten().collect()
}
