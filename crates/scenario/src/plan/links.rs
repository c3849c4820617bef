//! Links: their ends, and what each direction does.

use wirelab_sim::{
    Corrupt, Delay, DirectionConfig, Distribution, GilbertElliott, Jitter, Loss, QueueLimit, Rate, Reorder,
    StageKind,
};
use wirelab_stack::frame::{InterfaceId, Medium};
use wirelab_stack::host::HostConfig;
use wirelab_stack::time::Duration;

use super::devices::Device;
use super::{PlannedLink, check_unique, no_such};
use crate::diagnostic::Problem;
use crate::model::{self, Link, Settings, StageName, Wire};
use crate::read::{At, Place};
use crate::units::{End, Limit};

/// The links, in the order of the file.
pub fn plan(
    links: &[At<Link>],
    hosts: &[HostConfig],
    devices: &mut [Device],
    problems: &mut Vec<Problem>,
) -> Vec<PlannedLink> {
    check_unique("links", links.iter().map(|link| &link.value.name), problems);
    // Ports that are named are nobody's next free one.
    for end in links.iter().flat_map(|link| &link.value.between.value.0) {
        if let Some(port) = &end.value.interface
            && let Some(device) = devices.iter_mut().find(|device| device.name == end.value.host)
        {
            device.reserve(port);
        }
    }
    let mut taken = Vec::new();
    links.iter().filter_map(|link| plan_link(link, hosts, devices, &mut taken, problems)).collect()
}

/// An interface that a link ends at.
type Taken = ((usize, InterfaceId), String);

fn plan_link(
    link: &At<Link>,
    hosts: &[HostConfig],
    devices: &mut [Device],
    taken: &mut Vec<Taken>,
    problems: &mut Vec<Problem>,
) -> Option<PlannedLink> {
    let Link { name, between, .. } = &link.value;
    let directions = directions(&link.value);
    check_directions(&directions, problems);
    let ends = &between.value.0;
    if ends.len() != 2 {
        let message = format!("a link connects two interfaces, and these are {}", ends.len());
        problems.push(between.problem(message).allowed("[\"one.eth0\", \"other.eth0\"]"));
    }
    let found: Vec<Option<(usize, InterfaceId)>> =
        ends.iter().map(|end| find_end(end, hosts, devices, problems)).collect();
    for (end, found) in ends.iter().zip(&found) {
        let Some(found) = found else { continue };
        if let Some((_, other)) = taken.iter().find(|(known, _)| known == found) {
            let message = format!("the link `{other}` ends at this interface already");
            problems.push(end.problem(message).allowed("an interface with no link yet"));
        }
        taken.push((*found, name.value.0.clone()));
    }
    let [Some(first), Some(second)] = found[..] else { return None };
    let [one, other] = [first, second].map(|(node, interface)| match hosts.get(node) {
        Some(host) => host.interfaces[usize::from(interface.0)].medium,
        None => Medium::Ethernet,
    });
    if one != other {
        let message = "one end of this link is Ethernet, and the other is point-to-point";
        problems.push(between.problem(message).allowed("interfaces with one `medium`"));
    }
    Some(PlannedLink {
        name: name.value.0.clone(),
        ends: [first, second],
        directions: directions.map(|settings| config(&settings)),
    })
}

/// The interface or port that `end` names.
fn find_end(
    end: &At<End>,
    hosts: &[HostConfig],
    devices: &mut [Device],
    problems: &mut Vec<Problem>,
) -> Option<(usize, InterfaceId)> {
    let names = hosts.iter().map(|host| host.name.as_str());
    if let Some(host) = names.clone().position(|name| name == end.value.host) {
        return find_interface(end, &hosts[host], problems).map(|interface| (host, interface));
    }
    if let Some(place) = devices.iter().position(|device| device.name == end.value.host) {
        return devices[place].find_port(end, problems).map(|port| (hosts.len() + place, port));
    }
    let what = if devices.is_empty() { "host" } else { "host, switch or hub" };
    let names = names.chain(devices.iter().map(|device| device.name.as_str()));
    problems.push(no_such(&end.place, what, &end.value.host, names));
    None
}

/// The interface of `host` that `end` names.
fn find_interface(end: &At<End>, host: &HostConfig, problems: &mut Vec<Problem>) -> Option<InterfaceId> {
    // The interface of a VLAN has no link of its own.
    let linkable = |place: &usize| host.interfaces[*place].vlan.is_none();
    let places: Vec<usize> = (0..host.interfaces.len()).filter(linkable).collect();
    let names = places.iter().map(|place| host.interfaces[*place].name.as_str());
    let found = match &end.value.interface {
        Some(name) => match host.interfaces.iter().position(|interface| interface.name == *name) {
            Some(place) if !linkable(&place) => {
                let vlan = host.interfaces[place].vlan.map(|vlan| usize::from(vlan.parent.0));
                let under = vlan.and_then(|place| host.interfaces.get(place)).map_or("", |under| &under.name);
                let message = format!("`{name}` is a VLAN's: its frames go over the link of `{under}`");
                problems.push(end.problem(message).allowed(format!("`{}.{under}`", host.name)));
                None
            }
            Some(place) => Some(place),
            None => {
                let what = format!("interface of `{}`", host.name);
                problems.push(no_such(&end.place, &what, name, names));
                None
            }
        },
        None => {
            if let [only] = places[..] {
                Some(only)
            } else {
                let message = format!("`{}` has {} interfaces", host.name, places.len());
                let full: Vec<String> = names.map(|name| format!("{}.{name}", host.name)).collect();
                let allowed = crate::near::or_list(full.iter().map(String::as_str));
                problems.push(end.problem(message).allowed(allowed));
                None
            }
        }
    };
    found.map(|index| InterfaceId(index as u16))
}

/// The settings of both directions: the link's own, with what the direction says instead.
pub fn directions(link: &Link) -> [Settings; 2] {
    each_way(&link.settings, [&link.forward, &link.backward])
}

fn each_way(both: &Settings, own: [&Option<At<Settings>>; 2]) -> [Settings; 2] {
    own.map(|own| match own {
        Some(own) => both.with(&own.value),
        None => both.clone(),
    })
}

/// What the directions of a wire do.
pub fn wire(wire: &Wire, problems: &mut Vec<Problem>) -> [DirectionConfig; 2] {
    let directions = each_way(&wire.settings, [&wire.forward, &wire.backward]);
    check_directions(&directions, problems);
    directions.map(|settings| config(&settings))
}

/// Reports settings that make no sense together; those that both directions share only once.
fn check_directions(directions: &[Settings; 2], problems: &mut Vec<Problem>) {
    let mut reported: Vec<(Place, String)> = Vec::new();
    for settings in directions {
        for problem in check(settings) {
            let known = reported.iter().any(|(place, message)| {
                place.span == problem.span && *place.path == *problem.path && *message == problem.message
            });
            if !known {
                let place = Place { span: problem.span, path: problem.path.as_str().into() };
                reported.push((place, problem.message.clone()));
                problems.push(problem);
            }
        }
    }
}

/// What makes no sense about the settings of one direction.
pub fn check(settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut needs = |place: Option<&Place>, what: &str, needed: &str, there: bool, why: &str| {
        if let Some(place) = place.filter(|_| !there) {
            let problem = place.problem(format!("`{what}` needs `{needed}`: {why}"));
            problems.push(problem.allowed(format!("`{what}` together with `{needed}`")));
        }
    };
    let rate = settings.rate.is_some();
    let queue = settings.queue.as_ref().map(|queue| &queue.place);
    needs(queue, "queue", "rate", rate, "without a rate no frame ever waits");
    let jitter = settings.jitter.as_ref().map(|jitter| &jitter.place);
    needs(jitter, "jitter", "delay", settings.delay.is_some(), "it is the delay that varies");
    let shape = settings.distribution.as_ref().map(|shape| &shape.place);
    needs(shape, "distribution", "jitter", settings.jitter.is_some(), "it is the jitter's");
    if let Some(queue) = &settings.queue
        && matches!(queue.value.0, Limit::Packets(packets) if u32::try_from(packets).is_err())
    {
        problems.push(queue.problem("the queue is too long").allowed(format!("up to {} packets", u32::MAX)));
    }
    check_order(settings, &mut problems);
    problems
}

fn check_order(settings: &Settings, problems: &mut Vec<Problem>) {
    let Some(order) = &settings.stages else { return };
    let set: Vec<&str> = config(settings).set_stages().into_iter().map(StageKind::name).collect();
    let allowed =
        format!("each of {} once", crate::near::or_list(set.iter().copied()).replace(" or ", " and "));
    let mut named: Vec<&str> = Vec::new();
    for stage in &order.value.0 {
        let word = stage.value.word();
        if named.contains(&word) {
            problems.push(stage.problem(format!("`{word}` is named twice")).allowed(allowed.clone()));
        } else if !set.contains(&word) {
            problems.push(stage.problem(format!("`{word}` is not set")).allowed(allowed.clone()));
        }
        named.push(word);
    }
    for missing in set.iter().filter(|word| !named.contains(word)) {
        problems.push(order.problem(format!("`{missing}` is set, but not named")).allowed(allowed.clone()));
    }
}

impl Settings {
    /// These settings, with those of `over` instead where it has any.
    pub fn with(&self, over: &Self) -> Self {
        macro_rules! merged {
            ($($field:ident),*) => {
                Self { $($field: over.$field.clone().or_else(|| self.$field.clone()),)* }
            };
        }
        merged!(mtu, rate, queue, loss, corrupt, duplicate, delay, jitter, distribution, reorder, stages)
    }

    /// The same without what makes a stage.
    #[must_use]
    pub fn without(mut self, stage: StageName) -> Self {
        match stage {
            StageName::Mtu => self.mtu = None,
            StageName::Queue => (self.rate, self.queue) = (None, None),
            StageName::Loss => self.loss = None,
            StageName::Corrupt => self.corrupt = None,
            StageName::Duplicate => self.duplicate = None,
            StageName::Delay => (self.delay, self.jitter, self.distribution) = (None, None, None),
            StageName::Reorder => self.reorder = None,
        }
        self
    }

    /// Where each of the settings stands that is there.
    pub fn places(&self) -> Vec<&Place> {
        macro_rules! places {
            ($($field:ident),*) => {
                [$(self.$field.as_ref().map(|at| &at.place)),*].into_iter().flatten().collect()
            };
        }
        places!(mtu, rate, queue, loss, corrupt, duplicate, delay, jitter, distribution, reorder, stages)
    }
}

/// Names the stages that a configuration sets.
trait SetStages {
    fn set_stages(&self) -> Vec<StageKind>;
}

impl SetStages for DirectionConfig {
    fn set_stages(&self) -> Vec<StageKind> {
        StageKind::CANONICAL
            .into_iter()
            .filter(|kind| match kind {
                StageKind::Mtu => self.mtu.is_some(),
                StageKind::Queue => self.rate.is_some(),
                StageKind::Loss => self.loss.is_some(),
                StageKind::Corrupt => self.corrupt.is_some(),
                StageKind::Duplicate => self.duplicate.is_some(),
                StageKind::Delay => self.delay.is_some(),
                StageKind::Reorder => self.reorder.is_some(),
            })
            .collect()
    }
}

/// The configuration that the settings stand for.
pub fn config(settings: &Settings) -> DirectionConfig {
    DirectionConfig {
        mtu: settings.mtu.as_ref().map(|mtu| u32::from(mtu.value)),
        rate: settings.rate.as_ref().and_then(|rate| Rate::from_bits_per_second(rate.value.0)),
        queue: settings.queue.as_ref().map(|queue| limit(queue.value.0)),
        loss: settings.loss.as_ref().map(|loss| plan_loss(&loss.value)),
        corrupt: settings.corrupt.as_ref().map(|corrupt| Corrupt {
            probability: corrupt.value.chance.0,
            bits: corrupt.value.bits,
            fcs: corrupt.value.fcs,
        }),
        duplicate: settings.duplicate.as_ref().map(|duplicate| duplicate.value.0),
        delay: delay(settings),
        reorder: reorder(settings),
        order: settings
            .stages
            .as_ref()
            .map(|stages| stages.value.0.iter().map(|stage| kind(stage.value)).collect()),
    }
}

fn limit(limit: Limit) -> QueueLimit {
    match limit {
        Limit::Packets(packets) => QueueLimit::Packets(u32::try_from(packets).unwrap_or(u32::MAX)),
        Limit::Bytes(bytes) => QueueLimit::Bytes(bytes),
    }
}

fn plan_loss(loss: &model::Loss) -> Loss {
    match loss {
        model::Loss::Chance(chance) => Loss::Bernoulli(chance.0),
        model::Loss::Bursts(bursts) => Loss::GilbertElliott(GilbertElliott {
            p: bursts.good_to_bad.0,
            r: bursts.bad_to_good.0,
            loss_good: bursts.loss_in_good.0,
            loss_bad: bursts.loss_in_bad.0,
        }),
        model::Loss::Frames(frames) => Loss::Frames(frames.clone()),
    }
}

fn delay(settings: &Settings) -> Option<Delay> {
    let base = settings.delay.as_ref()?.value.0;
    let distribution = match settings.distribution.as_ref().map(|shape| shape.value) {
        None | Some(model::Distribution::Uniform) => Distribution::Uniform,
        Some(model::Distribution::Normal) => Distribution::Normal,
        Some(model::Distribution::Pareto) => Distribution::Pareto,
    };
    let jitter = settings.jitter.as_ref().map(|jitter| Jitter { spread: jitter.value.0, distribution });
    Some(Delay { base, jitter })
}

fn reorder(settings: &Settings) -> Option<Reorder> {
    let reorder = settings.reorder.as_ref()?.value;
    let time =
        |field: &Option<At<crate::units::Span>>| field.as_ref().map_or(Duration::ZERO, |at| at.value.0);
    let otherwise = || (time(&settings.delay) + time(&settings.jitter)).max(Duration::from_millis(1));
    let by = reorder.by.map_or_else(otherwise, |by| by.0);
    Some(Reorder { probability: reorder.chance.0, by })
}

pub fn kind(stage: StageName) -> StageKind {
    match stage {
        StageName::Mtu => StageKind::Mtu,
        StageName::Queue => StageKind::Queue,
        StageName::Loss => StageKind::Loss,
        StageName::Corrupt => StageKind::Corrupt,
        StageName::Duplicate => StageKind::Duplicate,
        StageName::Delay => StageKind::Delay,
        StageName::Reorder => StageKind::Reorder,
    }
}
