//! The packet lab: one host of ours on a real link, in the time of the wall clock.
//!
//! | where is … | look in |
//! |---|---|
//! | `--on`, `--address` and the other options of every verb | [`options`] |
//! | the host, its port to the outside and its link | [`Lab`] |
//! | `echo:7`, `http:80=DIR` and how they are run | [`applications`] |
//! | one line a connection | [`lines`] |
//! | a program of ours until its end | [`client`] |
//! | how it is asked to end | [`stop`] |
//! | what drives it: the wall clock, or a record | [`clock`], [`recorded`] |
//! | how a run ends | [`farewell`] |

pub mod applications;
pub mod client;
pub mod clock;
pub mod facts;
pub mod farewell;
pub mod lines;
pub mod options;
pub mod recorded;
pub mod stop;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use wirelab_rawlink::{DriverError, LinkKind, LinkSpec, RealLink};
use wirelab_replay::Tape;
use wirelab_sim::{DirectionConfig, LinkConfig, Recorder, Recorders, World, mac_of};
use wirelab_stack::addr::{Cidr, Mac};
use wirelab_stack::clock::{Clock, Timestamp};
use wirelab_stack::frame::{InterfaceId, Medium, NodeId};
use wirelab_stack::host::{HostConfig, RouteConfig};
use wirelab_stack::interface::InterfaceConfig;
use wirelab_stack::profile::Profile;
use wirelab_stack::storage::{MemoryStorage, Storage};

use crate::command::connect;
use crate::directory::DirectoryStorage;
use crate::exit::Failure;
use crate::record::outputs::{self, Outputs};
use crate::topology::Topology;
use clock::LabClock;
use facts::LinkFacts;
use options::LabArgs;
use recorded::RecordArgs;

/// What our host is called in ladders, traces and mail.
pub const HOST: &str = "wirelab";

/// A host on a real link, ready to run.
pub struct Lab {
    /// The world: the host, the port, and the link between them.
    pub world: World,
    /// What drives it.
    pub clock: LabClock,
    /// The host.
    pub host: NodeId,
    /// What the run asks of its surroundings it asks here, so that a replay is told the same.
    pub tape: Tape,
    recorders: Recorders,
    record: RecordArgs,
}

impl Lab {
    /// Opens the link and puts a host on it.
    ///
    /// # Errors
    /// When the link cannot be opened, an option makes no sense, or a file cannot be written.
    pub fn open(args: &LabArgs, verb: &str) -> Result<Self, Failure> {
        let tape = args.record.tape()?;
        if !tape.is_replay() {
            check_addresses(args)?;
        }
        let (link, facts) = open_link(&args.on, &tape)?;
        let seed = seed(args.seed, &tape)?;
        let date = tape.ask("date", || Ok::<_, Failure>(today().as_nanosecond()))?;
        let mut world = World::new(seed);
        let medium = facts.medium();
        let mac = args.mac.unwrap_or_else(|| own_mac(args));
        let addresses: Vec<Cidr> = args.address.clone();
        let mut interface = match medium {
            Medium::Ethernet => InterfaceConfig::new("eth0", mac, addresses),
            Medium::PointToPoint => InterfaceConfig::point_to_point("eth0", addresses),
        };
        interface.capabilities = facts.capabilities();
        if !args.offload {
            // What comes may be unfinished all the same: that is for the device to say.
            interface.capabilities.transmit_checksum = false;
            interface.capabilities.max_super_frame = 0;
        }
        // A real card has checked it, and takes it off.
        interface.check_fcs = false;
        let mut config = HostConfig::new(HOST, NodeId(0), interface);
        config.profile = Profile::linux();
        // What is tried out is asked much by one peer: the bound of all errors together is enough.
        config.profile.network.icmp_errors_per_peer = None;
        if let Some(gateway) = args.gateway {
            config.routes.push(RouteConfig::via(everywhere(), gateway.into()));
        }
        let wrong = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
        let host = world.add_host(config).map_err(|error| wrong(&error))?;
        let port = world.add_external("outside", medium).map_err(|error| wrong(&error))?;
        let ends = [(host, InterfaceId(0)), (port, InterfaceId(0))];
        let directions = [DirectionConfig::default(), DirectionConfig::default()];
        world
            .connect(LinkConfig { name: args.on.to_string(), ends, directions })
            .map_err(|error| wrong(&error))?;
        let date = Timestamp::from_nanosecond(date).unwrap_or_default();
        world.set_clock(host, Clock { date, ..Clock::default() });
        let mut clock = LabClock::new(&tape, |error| eprintln!("{error}"))?;
        clock.add(port, link)?;
        let topology = Arc::new(Topology::of(&world));
        let mut recorders = Recorders::new();
        let outputs = Outputs { pcap: args.pcap.as_deref(), trace: args.trace.as_deref(), series: None };
        let record = args.record.file().map(|path| ("the record", path));
        outputs.open(&mut recorders, &topology, (verb, seed), record)?;
        args.record.watch(&topology, &mut recorders);
        Ok(Self { world, clock, host, tape, recorders, record: args.record.clone() })
    }

    /// Adds somebody who watches.
    pub fn add_recorder(&mut self, recorder: Box<dyn Recorder>) {
        self.recorders.add(recorder);
    }

    /// The IPv4 address of a host, as this machine knows it, since our own stack asks no servers of names; with a port.
    ///
    /// # Errors
    /// When it has none.
    pub fn resolve(&self, host: &str, port: u16) -> Result<SocketAddr, Failure> {
        self.tape.ask(&format!("address of {host}:{port}"), || connect::resolve(host, port))
    }

    /// The files of a directory of this machine. A replay looks at none, and none are there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn directory(&self, path: &Path) -> Result<Box<dyn Storage>, Failure> {
        if self.tape.is_replay() {
            return Ok(Box::new(MemoryStorage::default()));
        }
        let storage = DirectoryStorage::open(path).map_err(|error| Failure::file("open", path, error))?;
        Ok(Box::new(storage))
    }

    /// Lets those who watch begin, and gives up the rights that it took to open the link: once, before it is driven, and
    /// when all files that are needed are open.
    ///
    /// # Errors
    /// When the system does not let us give them up.
    pub fn begin(&mut self) -> Result<(), Failure> {
        let recorders = core::mem::take(&mut self.recorders);
        self.world.set_recorder(Box::new(recorders));
        // From here on what the host's files say is kept.
        if let Some(storage) = self.world.storage_mut(self.host) {
            let files = core::mem::replace(storage, Box::new(MemoryStorage::default()));
            *storage = self.tape.storage(self.host, files);
        }
        give_up_rights(&self.tape)
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

/// Gives up the rights that it took to open links; a replay has opened none.
///
/// # Errors
/// When the system does not let us.
pub fn give_up_rights(tape: &Tape) -> Result<(), Failure> {
    if tape.is_replay() {
        return Ok(());
    }
    let failed = |error| DriverError::System { doing: "give up the rights of this program", error };
    Ok(wirelab_rawlink::drop_capabilities().map_err(failed)?)
}

/// Opens a link, and says what it can do; a replay's can what the recorded one could.
///
/// # Errors
/// When it cannot be opened.
pub fn open_link(spec: &LinkSpec, tape: &Tape) -> Result<(Option<Box<dyn RealLink>>, LinkFacts), Failure> {
    let mut link = None;
    let facts = tape.ask(&format!("link {spec}"), || {
        let opened = link.insert(spec.open()?);
        Ok::<_, Failure>(LinkFacts::of(&**opened))
    })?;
    Ok((link, facts))
}

/// The seed of all chance: what is given, or one that nobody can guess.
///
/// # Errors
/// When it is not in the record.
pub fn seed(given: Option<u64>, tape: &Tape) -> Result<u64, Failure> {
    tape.ask("seed", || Ok(given.unwrap_or_else(wirelab_rawlink::random_seed)))
}

/// A kernel that has our address would answer beside us.
fn check_addresses(args: &LabArgs) -> Result<(), Failure> {
    // Over raw IP the kernel's address is the one to take.
    if args.force || matches!(args.on.kind, LinkKind::Ip(_)) {
        return Ok(());
    }
    let owned = args.address.iter().find_map(|own| wirelab_rawlink::kernel_owns(own.address()));
    owned.map_or(Ok(()), |owned| Err(Failure::Usage(format!("--address: {owned}"))))
}

/// The hardware address of our host: the same for the same address on the same link, and locally administered.
fn own_mac(args: &LabArgs) -> Mac {
    let address = args.address.first().map_or_else(String::new, ToString::to_string);
    mac_of(&format!("{} {address}", args.on), 0)
}

/// `0.0.0.0/0`.
fn everywhere() -> Cidr {
    Cidr::new(Ipv4Addr::UNSPECIFIED.into(), 0).expect("no bit is set behind none")
}

/// The date, by this machine's clock.
fn today() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = i128::try_from(since.as_nanos()).unwrap_or(i128::MAX);
    Timestamp::from_nanosecond(nanos).unwrap_or_default()
}
