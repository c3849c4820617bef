//! What happens to links, and when.

use wirelab_sim::{Direction, DirectionConfig, StageConfig};
use wirelab_stack::time::Instant;

use super::find;
use super::links::{check, config, directions};
use crate::diagnostic::Problem;
use crate::model::{DirectionName, Event, Link, Settings};
use crate::read::{At, Name};

/// A change of a link, by its place in the plan.
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
}

/// The changes, in the order of the file.
pub fn plan(
    events: &[At<Event>],
    links: &[At<Link>],
    problems: &mut Vec<Problem>,
) -> Vec<(Instant, PlannedChange)> {
    let mut changes = Vec::new();
    // What each direction is set to changes with time, so settings are merged in the order of time; a sort that
    // keeps the file's order among equals is what the world does too.
    let mut in_time: Vec<&At<Event>> = events.iter().collect();
    in_time.sort_by_key(|event| event.value.at.value);
    let mut current: Vec<[Settings; 2]> = links.iter().map(|link| directions(&link.value)).collect();
    for event in in_time {
        let Event { at, cut, restore, change, .. } = &event.value;
        let at = at.value.instant();
        let mut find = |name: &At<Name>| {
            find("link", name, links.iter().map(|link| link.value.name.value.0.as_str()), problems)
        };
        match (cut, restore, change) {
            (Some(name), None, None) => {
                changes.extend(find(name).map(|link| (at, PlannedChange::Cut(link))));
                forbid_settings(event, "cut", problems);
            }
            (None, Some(name), None) => {
                changes.extend(find(name).map(|link| (at, PlannedChange::Restore(link))));
                forbid_settings(event, "restore", problems);
            }
            (None, None, Some(name)) => {
                let Some(link) = find(name) else { continue };
                for (direction, stage) in change_settings(event, &mut current[link], problems) {
                    changes.push((at, PlannedChange::Set { link, direction, stage }));
                }
            }
            _ => {
                let problem = event.problem("an event does one thing");
                problems.push(problem.allowed("one of `cut`, `restore` or `change`"));
            }
        }
    }
    changes
}

/// Cutting and restoring concern the whole link and set nothing.
fn forbid_settings(event: &At<Event>, what: &str, problems: &mut Vec<Problem>) {
    if let Some(direction) = &event.value.direction {
        let message = format!("`{what}` concerns both directions");
        problems.push(direction.problem(message).allowed("no `direction`"));
    }
    for place in event.value.settings.places() {
        let problem = place.problem(format!("`{what}` does not go together with settings"));
        problems.push(problem.allowed("settings in an event of its own, with `change`"));
    }
}

fn change_settings(
    event: &At<Event>,
    current: &mut [Settings; 2],
    problems: &mut Vec<Problem>,
) -> Vec<(Direction, StageConfig)> {
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
    let mut changes = Vec::new();
    for direction in which {
        let before = &current[direction.index()];
        let after = Settings { stages: None, ..before.with(settings) };
        if *direction == which[0] {
            problems.extend(check(&after));
        }
        let (old, new) = (config(&Settings { stages: None, ..before.clone() }), config(&after));
        let (old, new) = (stages(&old), stages(&new));
        let touched = |stage: &StageConfig| {
            // What the event names is set even where it is what it was: an explicit list of frames counts anew.
            !old.contains(stage) || stages(&config(settings)).iter().any(|own| own == stage)
        };
        changes.extend(new.into_iter().filter(touched).map(|stage| (*direction, stage)));
        current[direction.index()] = after;
    }
    if settings.places().is_empty() {
        let problem = event.problem("the event changes nothing");
        problems.push(problem.allowed("at least one setting of a link, such as `loss` or `delay`"));
    }
    changes
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
