//! A wire between two real links: two ports to the outside, and an impaired link between them. Nothing in it has an address
//! or answers anything.
//!
//! | where is … | look in |
//! |---|---|
//! | the world, its ports and their links | [`Emulator`] |
//! | rates while it runs | [`live`] |
//! | what was counted | [`summary`] |

pub mod live;
pub mod summary;

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use wirelab_rawlink::{LinkError, LinkKind, LinkSpec};
use wirelab_replay::Tape;
use wirelab_scenario::read_wire;
use wirelab_sim::{Change, Direction, LinkConfig, LinkId, Recorders, Signal, World};
use wirelab_stack::frame::{InterfaceId, Medium, NodeId};
use wirelab_stack::time::{Duration, Instant};

use crate::args::EmulateArgs;
use crate::exit::Failure;
use crate::lab::clock::LabClock;
use crate::lab::recorded::RecordArgs;
use crate::lab::{self, open_link};
use crate::record::outputs::{self, Outputs};
use crate::topology::Topology;
use live::Live;
use summary::{End, Summary, Way};

/// What the link is called in captures and traces.
const WIRE: &str = "wire";

/// A wire between two real links.
pub struct Emulator {
    world: World,
    clock: LabClock,
    tape: Tape,
    record: RecordArgs,
    seed: u64,
    names: [String; 2],
    ports: [NodeId; 2],
    wire: LinkId,
}

impl Emulator {
    /// Opens the links and puts a wire between them.
    ///
    /// # Errors
    /// When a setting makes no sense, a link cannot be opened or carry a wire, or a file cannot be written.
    pub fn open(args: &EmulateArgs, live: &Live) -> Result<Self, Failure> {
        let settings = args.wire.settings.iter().map(|(name, value)| (*name, value.as_str()));
        let directions = read_wire(settings).map_err(|error| Failure::Usage(error.to_string()))?;
        let [one, other] = &args.between[..] else {
            return Err(Failure::Usage("--between: a wire has two ends".to_owned()));
        };
        check_ends(one, other)?;
        let tape = args.record.tape()?;
        let links = [open_link(one, &tape)?, open_link(other, &tape)?];
        let media = [links[0].1.medium(), links[1].1.medium()];
        check_media([one, other], media)?;
        let seed = lab::seed(args.seed, &tape)?;
        let mut world = World::new(seed);
        let wrong = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
        let mut add =
            |link: &LinkSpec, medium| world.add_external(&link.text, medium).map_err(|error| wrong(&error));
        let ports = [add(one, media[0])?, add(other, media[1])?];
        let ends = ports.map(|port| (port, InterfaceId(0)));
        let config = LinkConfig { name: WIRE.to_owned(), ends, directions };
        let wire = world.connect(config).map_err(|error| wrong(&error))?;
        let mut recorders = Recorders::new();
        let outputs = Outputs {
            pcap: args.pcap.as_deref(),
            trace: args.trace.as_deref(),
            series: args.series.as_deref(),
        };
        let topology = Arc::new(Topology::of(&world));
        let record = args.record.file().map(|path| ("the record", path));
        outputs.open(&mut recorders, &topology, ("emulate", seed), record)?;
        args.record.watch(&topology, &mut recorders);
        world.set_recorder(Box::new(recorders));
        let mut clock = LabClock::new(&tape, trouble(live))?;
        for (port, (link, _)) in ports.into_iter().zip(links) {
            clock.add(port, link)?;
        }
        let names = [one.to_string(), other.to_string()];
        let record = args.record.clone();
        Ok(Self { world, clock, tape, record, seed, names, ports, wire })
    }

    /// Passes frames until a signal comes, or until the time that was given is over.
    ///
    /// # Errors
    /// When a device is gone, or `out` cannot be written.
    pub fn run(&mut self, args: &EmulateArgs, mut live: Live, out: &mut dyn Write) -> Result<(), Failure> {
        lab::give_up_rights(&self.tape)?;
        let ends = args.duration.map(|duration| Instant::ZERO + duration.0);
        if let Some(ends) = ends {
            self.world.at(ends, Change::Wake);
        }
        let mut announced = false;
        let (wire, names) = (self.wire, &self.names);
        self.world.drive(&mut self.clock, None, |world, signals: &[Signal]| {
            if !core::mem::replace(&mut announced, true)
                && let Err(failure) = announce(args.json, out)
            {
                return ControlFlow::Break(Err(failure));
            }
            if !signals.is_empty() || ends.is_some_and(|ends| world.now() >= ends) {
                live.clear();
                return ControlFlow::Break(Ok(()));
            }
            live.turn(world, wire, names);
            ControlFlow::Continue(())
        })?
    }

    /// What was counted so far.
    pub fn summary(&self) -> Summary {
        let end = |place: usize| End {
            link: self.clock.counters(self.ports[place]).unwrap_or_default(),
            port: self.world.external_counters(self.ports[place]).unwrap_or_default(),
        };
        let ends = [end(0), end(1)];
        let [one, other] = &self.names;
        let way = |direction, from: &String, to: &String| Way {
            from: from.clone(),
            to: to.clone(),
            counters: self.world.link_counters(self.wire, direction),
        };
        Summary {
            seed: self.seed,
            duration: self.world.now().since(Instant::ZERO),
            ways: [way(Direction::Forward, one, other), way(Direction::Backward, other, one)],
            ends,
        }
    }

    /// Completes the files that were written.
    ///
    /// # Errors
    /// When one cannot be.
    pub fn finish(mut self) -> Result<(), Failure> {
        let recorded = self.tape.finish().map_err(Failure::Record);
        let Some(recorders) = self.world.take_recorder() else { return recorded };
        let Ok(mut recorders) = recorders.downcast::<Recorders>() else { return recorded };
        self.record.watched(&mut recorders);
        recorded.and(outputs::finish(&mut recorders))
    }
}

fn announce(json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "{}", if json { "{\"event\":\"ready\"}" } else { "ready" })?;
    Ok(out.flush()?)
}

/// Tells what is wrong with a link: of frames that are too large only the first, since all are counted.
fn trouble(live: &Live) -> impl FnMut(&LinkError) + use<> {
    let told = live.teller();
    let mut too_large: Vec<String> = Vec::new();
    move |error| {
        if let LinkError::TooLarge { link, .. } = error {
            if too_large.contains(link) {
                return;
            }
            too_large.push(link.clone());
        }
        told(&error.to_string());
    }
}

/// The device of a link that is one.
fn device(link: &LinkSpec) -> Option<&str> {
    match &link.kind {
        LinkKind::Tap(name) | LinkKind::Tun(name) | LinkKind::Raw { interface: name, .. } => Some(name),
        LinkKind::Ip(_) | LinkKind::Pcap { .. } => None,
    }
}

/// Refuses what cannot be the two ends of a wire.
fn check_ends(one: &LinkSpec, other: &LinkSpec) -> Result<(), Failure> {
    let wrong = |problem: String| Err(Failure::Usage(format!("--between: {problem}")));
    if one.text == other.text || device(one).is_some_and(|name| device(other) == Some(name)) {
        return wrong(format!("`{one}` and `{other}` are one device, and a wire has two ends"));
    }
    for link in [one, other] {
        match link.kind {
            LinkKind::Ip(_) => {
                return wrong(format!(
                    "`{link}` carries only what is for this machine itself: a wire takes `raw:` or `tun:`"
                ));
            }
            LinkKind::Raw { promiscuous: false, .. } => {
                return wrong(format!(
                    "`{link}` hears no frame that is for another station, and those are what a wire passes"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Frames of both ends must begin alike.
fn check_media([one, other]: [&LinkSpec; 2], media: [Medium; 2]) -> Result<(), Failure> {
    if media[0] == media[1] {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "--between: one of `{one}` and `{other}` carries Ethernet frames and the other IP packets"
    )))
}

/// How often rates are shown.
const INTERVAL: Duration = Duration::from_millis(500);
