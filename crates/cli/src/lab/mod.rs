//! The packet lab: one host of ours on a real link, in the time of the wall clock.
//!
//! | where is … | look in |
//! |---|---|
//! | `--on`, `--address` and the other options of every verb | [`options`] |
//! | the host, its port to the outside and its link | [`Lab`] |
//! | `echo:7`, `http:80=DIR` and how they are run | [`applications`] |
//! | one line a connection | [`lines`] |
//! | a program of ours until its end | [`client`] |
//! | how a run ends | [`farewell`] |

pub mod applications;
pub mod client;
pub mod farewell;
pub mod lines;
pub mod options;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use wirelab_rawlink::{DriverError, LinkError, LinkKind, WallClock};
use wirelab_sim::{DirectionConfig, LinkConfig, Recorder, Recorders, World, mac_of};
use wirelab_stack::addr::{Cidr, Mac};
use wirelab_stack::clock::{Clock, Timestamp};
use wirelab_stack::frame::{InterfaceId, Medium, NodeId};
use wirelab_stack::host::{HostConfig, RouteConfig};
use wirelab_stack::interface::InterfaceConfig;
use wirelab_stack::profile::Profile;

use crate::exit::Failure;
use crate::output_file::OutputFile;
use crate::record::pcap::PcapRecorder;
use crate::record::trace::TraceRecorder;
use crate::topology::Topology;
use options::LabArgs;

/// What our host is called in ladders, traces and mail.
pub const HOST: &str = "wirelab";

/// A host on a real link, ready to run.
pub struct Lab {
    /// The world: the host, the port, and the link between them.
    pub world: World,
    /// What drives it.
    pub clock: WallClock,
    /// The host.
    pub host: NodeId,
    recorders: Recorders,
}

impl Lab {
    /// Opens the link and puts a host on it.
    ///
    /// # Errors
    /// When the link cannot be opened, an option makes no sense, or a file cannot be written.
    pub fn open(args: &LabArgs, verb: &str) -> Result<Self, Failure> {
        check_addresses(args)?;
        let link = args.on.open()?;
        let seed = args.seed.unwrap_or_else(wirelab_rawlink::random_seed);
        let mut world = World::new(seed);
        let medium = link.medium();
        let mac = args.mac.unwrap_or_else(|| own_mac(args));
        let addresses: Vec<Cidr> = args.address.clone();
        let mut interface = match medium {
            Medium::Ethernet => InterfaceConfig::new("eth0", mac, addresses),
            Medium::PointToPoint => InterfaceConfig::point_to_point("eth0", addresses),
        };
        interface.capabilities = link.capabilities();
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
        world.set_clock(host, Clock { date: today(), ..Clock::default() });
        let mut clock = WallClock::new(|error: &LinkError| eprintln!("{error}"))?;
        clock.add(port, link)?;
        let mut lab = Self { world, clock, host, recorders: Recorders::new() };
        lab.add_writers(args, verb, seed)?;
        Ok(lab)
    }

    /// Adds somebody who watches.
    pub fn add_recorder(&mut self, recorder: Box<dyn Recorder>) {
        self.recorders.add(recorder);
    }

    fn add_writers(&mut self, args: &LabArgs, verb: &str, seed: u64) -> Result<(), Failure> {
        let topology = Arc::new(Topology::of(&self.world));
        if let Some(path) = &args.pcap {
            let recorder = PcapRecorder::new(OutputFile::create(path)?, &topology, verb, seed);
            self.add_recorder(Box::new(recorder.map_err(|error| Failure::file("write", path, error))?));
        }
        if let Some(path) = &args.trace {
            let recorder = TraceRecorder::new(OutputFile::create(path)?, topology, verb, seed);
            self.add_recorder(Box::new(recorder));
        }
        Ok(())
    }

    /// Lets those who watch begin, and gives up the rights that it took to open the link: once, before it is driven, and
    /// when all files that are needed are open.
    ///
    /// # Errors
    /// When the system does not let us give them up.
    pub fn begin(&mut self) -> Result<(), Failure> {
        let recorders = core::mem::take(&mut self.recorders);
        self.world.set_recorder(Box::new(recorders));
        let failed = |error| DriverError::System { doing: "give up the rights of this program", error };
        Ok(wirelab_rawlink::drop_capabilities().map_err(failed)?)
    }

    /// Completes the files that were written.
    ///
    /// # Errors
    /// When one cannot be.
    pub fn finish(mut self) -> Result<(), Failure> {
        let Some(recorders) = self.world.take_recorder() else { return Ok(()) };
        let Ok(mut recorders) = recorders.downcast::<Recorders>() else { return Ok(()) };
        let pcap = recorders.take::<PcapRecorder>().map(|recorder| recorder.finish());
        let trace = recorders.take::<TraceRecorder>().map(|recorder| recorder.finish());
        [pcap, trace].into_iter().flatten().fold(Ok(()), Result::and)
    }
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
