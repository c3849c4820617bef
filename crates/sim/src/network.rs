//! A world in ten lines: hosts, links between them, programs on them.

use core::hash::Hasher;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use siphasher::sip::SipHasher13;
use wirelab_stack::addr::{Cidr, Mac};
use wirelab_stack::application::AppError;
use wirelab_stack::frame::{InterfaceId, Medium, NodeId};
use wirelab_stack::host::{HostConfig, Names, RouteConfig};
use wirelab_stack::interface::InterfaceConfig;
use wirelab_stack::interface::vlan::VlanId;
use wirelab_stack::profile::Profile;
use wirelab_stack::rng::Probability;
use wirelab_stack::time::{Duration, Instant};

use crate::change::Change;
use crate::component::{Direction, LinkId};
use crate::executor::Root;
use crate::hub::HubConfig;
use crate::link::{
    Corrupt, Delay, DirectionConfig, Distribution, Jitter, LinkConfig, Loss, QueueLimit, Rate, Reorder,
};
use crate::outcome::{Limits, Outcome};
use crate::switch::{PortConfig, SwitchConfig};
use crate::world::World;

/// `percent` of a hundred, as a probability.
pub const fn percent(percent: u64) -> Probability {
    Probability::ratio(percent, 100)
}

/// A locally administered hardware address for an interface of a host: from the host's name, so that adding another
/// host changes nobody's.
pub fn mac_of(host: &str, interface: u16) -> Mac {
    let mut hash = SipHasher13::new_with_keys(0x6861_7264_7761_7265, 0x6164_6472_6573_7365);
    hash.write(host.as_bytes());
    let hash = hash.finish().to_be_bytes();
    let [high, low] = interface.to_be_bytes();
    Mac([2, hash[0], hash[1], hash[2], high, low])
}

/// Builds a [`World`] and runs it, for tests and first steps: hardware addresses, interfaces and names of links are
/// chosen for you, always the same.
///
/// ```
/// use wirelab_sim::{Network, percent};
/// use wirelab_stack::socket::net::{TcpListener, TcpStream};
/// use wirelab_stack::time::Duration;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// let mut net = Network::new(42);
/// let client = net.host("client", "10.0.0.1/24");
/// let server = net.host("server", "10.0.0.2/24");
/// net.link(client, server).delay(Duration::from_millis(20)).loss(percent(5));
/// net.spawn(server, "server", async {
///     let (mut stream, _) = TcpListener::bind("10.0.0.2:6999").await?.accept().await?;
///     let mut text = String::new();
///     stream.read_to_string(&mut text).await?;
///     stream.write_all(text.to_uppercase().as_bytes()).await?;
///     Ok(())
/// });
/// net.spawn(client, "client", async {
///     let mut stream = TcpStream::connect("10.0.0.2:6999").await?;
///     stream.write_all("欢迎新同学! hello".as_bytes()).await?;
///     stream.shutdown().await?;
///     let mut answer = String::new();
///     stream.read_to_string(&mut answer).await?;
///     assert_eq!(answer, "欢迎新同学! HELLO");
///     Ok(())
/// });
/// net.finish();
/// ```
pub struct Network {
    seed: u64,
    nodes: Vec<NodeConfig>,
    links: Vec<LinkConfig>,
    /// How many interfaces of each node have a link: its first ones, since all links are made here.
    taken: Vec<usize>,
    /// How many links there are between two nodes, by their names.
    twins: BTreeMap<String, usize>,
    programs: Vec<Program>,
    world: Option<World>,
}

/// A node as it will be.
enum NodeConfig {
    Host(Box<HostConfig>),
    Switch(SwitchConfig),
    Hub(HubConfig),
    External(String, Medium),
}

impl NodeConfig {
    fn name(&self) -> &str {
        match self {
            Self::Host(config) => &config.name,
            Self::Switch(config) => &config.name,
            Self::Hub(config) => &config.name,
            Self::External(name, _) => name,
        }
    }
}

/// A host, switch or hub of a [`Network`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostRef(NodeId);

impl HostRef {
    /// Its number in the world.
    pub const fn node(self) -> NodeId {
        self.0
    }
}

impl From<&Self> for HostRef {
    fn from(host: &Self) -> Self {
        *host
    }
}

/// Starts a program, as soon as there is a world.
type Program = Box<dyn FnOnce(&mut World)>;

impl Network {
    /// A network without hosts. Every random stream in it derives from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            nodes: Vec::new(),
            links: Vec::new(),
            taken: Vec::new(),
            twins: BTreeMap::new(),
            programs: Vec::new(),
            world: None,
        }
    }

    /// A host with one interface that has `address`, such as `10.0.0.1/24`.
    ///
    /// # Panics
    /// When the address is none, or the network has run.
    #[track_caller]
    pub fn host(&mut self, name: &str, address: &str) -> HostRef {
        let host = self.add_node(NodeConfig::Host(Box::new(HostConfig {
            name: name.to_owned(),
            // The world numbers its nodes itself.
            node: NodeId(0),
            interfaces: Vec::new(),
            routes: Vec::new(),
            profile: Profile::default(),
            names: Arc::default(),
        })));
        self.address(host, address);
        host
    }

    /// A switch. It has as many ports, `port1` and so on in VLAN 1, as it is given links;
    /// [`switch_config`](Self::switch_config) can change them, or give it some beforehand.
    ///
    /// # Panics
    /// When the network has run.
    #[track_caller]
    pub fn switch(&mut self, name: &str) -> HostRef {
        self.add_node(NodeConfig::Switch(SwitchConfig::new(name, 0)))
    }

    /// A hub. It has as many ports as it is given links.
    ///
    /// # Panics
    /// When the network has run.
    #[track_caller]
    pub fn hub(&mut self, name: &str) -> HostRef {
        self.add_node(NodeConfig::Hub(HubConfig::new(name, 0)))
    }

    /// A port to the outside, for a real link that carries Ethernet ([`World::drive`]).
    ///
    /// # Panics
    /// When the network has run.
    #[track_caller]
    pub fn external(&mut self, name: &str) -> HostRef {
        self.add_node(NodeConfig::External(name.to_owned(), Medium::Ethernet))
    }

    #[track_caller]
    fn add_node(&mut self, config: NodeConfig) -> HostRef {
        assert!(self.world.is_none(), "the network has run: it gets no more nodes");
        self.nodes.push(config);
        self.taken.push(0);
        HostRef(NodeId(self.nodes.len() as u32 - 1))
    }

    /// One more interface of a host, for one more link.
    ///
    /// # Panics
    /// As [`host`](Self::host).
    #[track_caller]
    pub fn address(&mut self, host: impl Into<HostRef>, address: &str) -> &mut Self {
        let address = parse::<Cidr>(address);
        let host = self.config(host.into());
        let place = host.interfaces.len();
        let mac = mac_of(&host.name, place as u16);
        host.interfaces.push(InterfaceConfig::new(format!("eth{place}"), mac, vec![address]));
        self
    }

    /// A host's default gateway.
    ///
    /// # Panics
    /// As [`host`](Self::host).
    #[track_caller]
    pub fn gateway(&mut self, host: impl Into<HostRef>, gateway: &str) -> &mut Self {
        let route = RouteConfig::via(parse("0.0.0.0/0"), parse(gateway));
        self.config(host.into()).routes.push(route);
        self
    }

    /// A host's knobs.
    ///
    /// # Panics
    /// When the network has run.
    #[track_caller]
    pub fn profile(&mut self, host: impl Into<HostRef>, profile: Profile) -> &mut Self {
        self.config(host.into()).profile = profile;
        self
    }

    /// A host's configuration as it stands, to change.
    ///
    /// # Panics
    /// When the network has run, or the node is no host.
    #[track_caller]
    pub fn config(&mut self, host: impl Into<HostRef>) -> &mut HostConfig {
        assert!(self.world.is_none(), "the network has run: its hosts are as they are");
        match &mut self.nodes[host.into().0.0 as usize] {
            NodeConfig::Host(config) => config,
            other => panic!("`{}` is no host", other.name()),
        }
    }

    /// A switch's configuration as it stands, to change.
    ///
    /// # Panics
    /// When the network has run, or the node is no switch.
    #[track_caller]
    pub fn switch_config(&mut self, switch: impl Into<HostRef>) -> &mut SwitchConfig {
        assert!(self.world.is_none(), "the network has run: its switches are as they are");
        match &mut self.nodes[switch.into().0.0 as usize] {
            NodeConfig::Switch(config) => config,
            other => panic!("`{}` is no switch", other.name()),
        }
    }

    /// Every host knows all others by their names, unless it was given names of its own.
    fn share_names(&mut self) {
        let hosts = self.nodes.iter().filter_map(|node| match node {
            NodeConfig::Host(config) => Some(&**config),
            _ => None,
        });
        let names = Arc::new(Names::of(hosts));
        for node in &mut self.nodes {
            if let NodeConfig::Host(config) = node
                && *config.names == Names::default()
            {
                config.names = Arc::clone(&names);
            }
        }
    }

    /// A link between the first interfaces, or ports, of two nodes that have none yet. Without further settings it carries
    /// everything at once.
    ///
    /// # Panics
    /// When a host has no interface left, or the network has run.
    #[track_caller]
    pub fn link(&mut self, a: impl Into<HostRef>, b: impl Into<HostRef>) -> LinkSettings<'_> {
        let ends = [a.into(), b.into()];
        let [first, second] = ends.map(|end| (end.0, self.free_interface(end)));
        assert!(self.world.is_none(), "the network has run: it gets no more links");
        let [a, b] = ends.map(|end| self.nodes[end.0.0 as usize].name().to_owned());
        let name = format!("{a}-{b}");
        let twins = self.twins.entry(name.clone()).or_default();
        *twins += 1;
        let name = if *twins == 1 { name } else { format!("{name}#{twins}") };
        let id = LinkId(self.links.len() as u32);
        let directions = [DirectionConfig::default(), DirectionConfig::default()];
        self.links.push(LinkConfig { name, ends: [first, second], directions });
        LinkSettings { network: self, id }
    }

    /// The first interface without a link; the interfaces of VLANs have none. Switches and hubs get one more port.
    #[track_caller]
    fn free_interface(&mut self, node: HostRef) -> InterfaceId {
        let taken = self.taken[node.0.0 as usize];
        self.taken[node.0.0 as usize] += 1;
        match &mut self.nodes[node.0.0 as usize] {
            NodeConfig::Host(host) => {
                let numbers = (0..).map(InterfaceId).zip(&host.interfaces);
                let free = numbers.filter(|(_, own)| own.vlan.is_none()).nth(taken);
                assert!(
                    free.is_some(),
                    "`{}` has a link at each of its interfaces: give it one more with `address`",
                    host.name
                );
                free.map_or(InterfaceId(0), |(id, _)| id)
            }
            NodeConfig::Switch(switch) => {
                if taken == switch.ports.len() {
                    switch.ports.push(PortConfig::access(PortConfig::name_of(taken), VlanId::DEFAULT));
                }
                InterfaceId(taken as u16)
            }
            NodeConfig::Hub(hub) => {
                if taken == hub.ports.len() {
                    hub.ports.push(PortConfig::name_of(taken));
                }
                InterfaceId(taken as u16)
            }
            NodeConfig::External(name, _) => {
                assert!(taken == 0, "the port `{name}` has a link already");
                InterfaceId(0)
            }
        }
    }

    /// Runs a program on a host from the beginning. The run waits for it.
    ///
    /// # Panics
    /// When there is no such host.
    pub fn spawn(
        &mut self,
        host: impl Into<HostRef>,
        name: &str,
        program: impl Future<Output = Result<(), AppError>> + 'static,
    ) {
        self.add(host.into(), name, Instant::ZERO, false, Box::pin(program));
    }

    /// As [`spawn`](Self::spawn), from `start` on.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    pub fn spawn_at(
        &mut self,
        host: impl Into<HostRef>,
        name: &str,
        start: Instant,
        program: impl Future<Output = Result<(), AppError>> + 'static,
    ) {
        self.add(host.into(), name, start, false, Box::pin(program));
    }

    /// As [`spawn`](Self::spawn), but the run does not wait for it: a server.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    pub fn background(
        &mut self,
        host: impl Into<HostRef>,
        name: &str,
        program: impl Future<Output = Result<(), AppError>> + 'static,
    ) {
        self.add(host.into(), name, Instant::ZERO, true, Box::pin(program));
    }

    /// A program that runs in the background each time that the host starts: from the beginning, and again when it is
    /// restarted ([`crash`](Self::crash)). `program` makes it anew each time.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    pub fn service<F>(&mut self, host: impl Into<HostRef>, name: &str, program: impl FnMut() -> F + 'static)
    where
        F: Future<Output = Result<(), AppError>> + 'static,
    {
        let (node, name) = (host.into().0, name.to_owned());
        self.begin(Box::new(move |world| world.spawn_service(node, &name, Instant::ZERO, program)));
    }

    /// Crashes a host at `at`, and restarts it after `down`. Its services run again then; other programs of it have failed.
    ///
    /// # Panics
    /// As [`world`](Self::world), which is built by this: hosts and links are to be there.
    #[track_caller]
    pub fn crash(&mut self, host: impl Into<HostRef>, at: Instant, down: Duration) {
        let node = host.into().0;
        self.world().at(at, Change::Crash(node));
        self.world().at(at + down, Change::Restart(node));
    }

    fn add(&mut self, host: HostRef, name: &str, start: Instant, background: bool, root: Root) {
        let (node, name) = (host.0, name.to_owned());
        self.begin(Box::new(move |world| {
            if background {
                world.spawn_background(node, &name, start, root);
            } else {
                world.spawn(node, &name, start, root);
            }
        }));
    }

    /// Now, or as soon as there is a world.
    fn begin(&mut self, program: Program) {
        match &mut self.world {
            Some(world) => program(world),
            None => self.programs.push(program),
        }
    }

    /// The world, built if it was not yet: to set a recorder, plan changes, read counters.
    ///
    /// # Panics
    /// When a host's or a link's settings make no sense.
    #[track_caller]
    pub fn world(&mut self) -> &mut World {
        if self.world.is_none() {
            let mut world = World::new(self.seed);
            self.share_names();
            for node in core::mem::take(&mut self.nodes) {
                let name = node.name().to_owned();
                let added = match node {
                    NodeConfig::Host(config) => world.add_host(*config),
                    NodeConfig::Switch(config) => world.add_switch(config),
                    NodeConfig::Hub(config) => world.add_hub(config),
                    NodeConfig::External(name, medium) => world.add_external(&name, medium),
                };
                if let Err(error) = added {
                    panic!("`{name}`: {error}");
                }
            }
            for link in core::mem::take(&mut self.links) {
                let name = link.name.clone();
                if let Err(error) = world.connect(link) {
                    panic!("link `{name}`: {error}");
                }
            }
            for program in core::mem::take(&mut self.programs) {
                program(&mut world);
            }
            self.world = Some(world);
        }
        self.world.as_mut().expect("it was just built")
    }

    /// Runs until all programs have ended.
    ///
    /// # Panics
    /// As [`world`](Self::world).
    #[track_caller]
    pub fn run(&mut self) -> Outcome {
        self.world().run(Limits::default(), &mut |_| {})
    }

    /// Runs until all programs have ended, and ended well.
    ///
    /// # Panics
    /// As [`world`](Self::world), when the run ends otherwise, or when a program fails.
    #[track_caller]
    pub fn finish(&mut self) {
        self.world().finish();
    }
}

#[track_caller]
fn parse<T: FromStr<Err: core::fmt::Display>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// A link of a [`Network`], to be set; each setting is for both directions.
pub struct LinkSettings<'a> {
    network: &'a mut Network,
    id: LinkId,
}

impl LinkSettings<'_> {
    /// Its number in the world.
    pub const fn id(&self) -> LinkId {
        self.id
    }

    fn config(&mut self) -> &mut LinkConfig {
        &mut self.network.links[self.id.0 as usize]
    }

    fn both(mut self, set: impl Fn(&mut DirectionConfig)) -> Self {
        self.config().directions.iter_mut().for_each(set);
        self
    }
}

/// Settings apply as they are made: what they return is for the next one.
#[expect(clippy::return_self_not_must_use, reason = "settings apply as they are made")]
impl LinkSettings<'_> {
    /// Its name, instead of one made of its ends'.
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.config().name);
        self
    }

    /// How long frames are under way.
    pub fn delay(self, base: Duration) -> Self {
        self.both(|direction| {
            let jitter = direction.delay.and_then(|delay| delay.jitter);
            direction.delay = Some(Delay { base, jitter });
        })
    }

    /// How far delays differ, uniformly, either way.
    pub fn jitter(self, spread: Duration) -> Self {
        self.both(|direction| {
            let base = direction.delay.map_or(Duration::ZERO, |delay| delay.base);
            let jitter = Some(Jitter { spread, distribution: Distribution::Uniform });
            direction.delay = Some(Delay { base, jitter });
        })
    }

    /// How fast frames are put on the line; a thousand may wait unless [`queue`](Self::queue) says otherwise.
    pub fn rate(self, rate: Rate) -> Self {
        self.both(|direction| direction.rate = Some(rate))
    }

    /// How much may wait for the line.
    pub fn queue(self, limit: QueueLimit) -> Self {
        self.both(|direction| direction.queue = Some(limit))
    }

    /// The probability that a frame is lost.
    pub fn loss(self, probability: Probability) -> Self {
        self.both(|direction| direction.loss = Some(Loss::Bernoulli(probability)))
    }

    /// The probability that a bit of a frame is flipped, which its receiver notices.
    pub fn corrupt(self, probability: Probability) -> Self {
        self.both(|direction| direction.corrupt = Some(Corrupt::new(probability)))
    }

    /// The probability that a frame arrives twice.
    pub fn duplicate(self, probability: Probability) -> Self {
        self.both(|direction| direction.duplicate = Some(probability))
    }

    /// The probability that a frame is under way longer by `by`, so that others overtake it.
    pub fn reorder(self, probability: Probability, by: Duration) -> Self {
        self.both(|direction| direction.reorder = Some(Reorder { probability, by }))
    }

    /// The longest packet that passes; the interfaces at both ends know it. (A switch has one MTU for all its ports: the
    /// greatest.)
    pub fn mtu(mut self, octets: u16) -> Self {
        for (node, interface) in self.config().ends {
            match &mut self.network.nodes[node.0 as usize] {
                NodeConfig::Host(host) => {
                    host.interfaces[usize::from(interface.0)].capabilities.mtu = octets;
                }
                NodeConfig::Switch(switch) => switch.knobs.mtu = switch.knobs.mtu.max(octets),
                NodeConfig::Hub(_) | NodeConfig::External(..) => {}
            }
        }
        self.both(|direction| direction.mtu = Some(u32::from(octets)))
    }

    /// The hosts at both ends leave checksums to the link, and the cutting of packets of at most `super_frame` octets into
    /// segments (0: they send no such). A link with any stage does so before the first.
    pub fn offload(mut self, super_frame: u16) -> Self {
        for (node, interface) in self.config().ends {
            if let NodeConfig::Host(host) = &mut self.network.nodes[node.0 as usize] {
                let capabilities = &mut host.interfaces[usize::from(interface.0)].capabilities;
                capabilities.max_super_frame = super_frame.into();
                capabilities.transmit_checksum = true;
            }
        }
        self
    }

    /// Sets anything of one direction: forward is from the host that was named first.
    pub fn direction(mut self, direction: Direction, set: impl FnOnce(&mut DirectionConfig)) -> Self {
        set(&mut self.config().directions[direction.index()]);
        self
    }
}
