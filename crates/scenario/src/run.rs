//! A scenario's run: its world, and the report once it has ended.

use core::pin::Pin;

use wirelab_sim::{
    Change, Direction, Hub, LinkId, Names, Outcome as WorldOutcome, Progress, Recorder, Recorders, Show,
    Switch, TraceHash, World,
};
use wirelab_stack::application::upper::{once, session};
use wirelab_stack::application::{
    AppError, bulk, dhcp, discard, echo, ftp, http, ping, small, smtp, terminal, traceroute, unix,
};
use wirelab_stack::frame::{InterfaceId, NodeId};
use wirelab_stack::host::Host;
use wirelab_stack::socket::net::configured;
use wirelab_stack::storage::{FilePath, Storage, StorageError};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{ConnectionId, ConnectionInfo};

use crate::counters;
use crate::mail;
use crate::plan::{Directory, FileCheck, Plan, PlannedApplication, PlannedChange, Subject, Work};
use crate::report::{
    ApplicationReport, ApplicationState, ConnectionReport, Counters, DeviceReport, FileReport, HostReport,
    InterfaceReport, LinkReport, MailReport, Outcome, REPORT_VERSION, Report, ResultReport, WaitingReport,
};
use crate::shown::{NotShownReport, ShownReport};
use crate::typing::{self, Nobody, Typist};
use crate::verdict;
use crate::watch::{Flow, Seen, Watch};

/// A scenario that is ready to run, or has run.
pub struct Run {
    scenario: String,
    seed: u64,
    plan: Plan,
    world: World,
    nodes: Vec<NodeId>,
    links: Vec<LinkId>,
    recorders: Recorders,
    /// What is shown when the run has ended.
    at_end: Vec<(NodeId, Show)>,
}

impl Run {
    /// The world of `plan`, in which all chance derives from `seed`.
    ///
    /// # Panics
    /// When the world refuses what the plan has checked: our own mistake.
    pub(crate) fn new(scenario: &str, plan: &Plan, seed: u64) -> Self {
        let mut world = World::new(seed);
        world.set_schedule(plan.schedule);
        let mut nodes: Vec<NodeId> =
            Vec::with_capacity(plan.hosts.len() + plan.switches.len() + plan.hubs.len());
        for host in &plan.hosts {
            nodes.push(world.add_host(host.clone()).expect("the plan has checked its hosts"));
        }
        for (node, belongings) in nodes.iter().zip(&plan.belongings) {
            let storage = belongings.storage().expect("the plan has checked its files");
            world.set_storage(*node, Box::new(storage));
            world.set_clock(*node, belongings.clock);
        }
        for switch in &plan.switches {
            nodes.push(world.add_switch(switch.clone()).expect("the plan has checked its switches"));
        }
        for hub in &plan.hubs {
            nodes.push(world.add_hub(hub.clone()).expect("the plan has checked its hubs"));
        }
        let links: Vec<LinkId> = plan
            .links
            .iter()
            .map(|link| world.connect(link.config(&nodes)).expect("the plan has checked its links"))
            .collect();
        for application in &plan.applications {
            spawn(&mut world, nodes[application.host], application);
        }
        for (at, change) in &plan.changes {
            world.at(*at, change_of(change, &nodes, &links));
        }
        let recorders = Recorders::new();
        let scenario = scenario.to_owned();
        let at_end = Vec::new();
        let mut run = Self { scenario, seed, plan: plan.clone(), world, nodes, links, recorders, at_end };
        for show in &plan.shows {
            run.show(show.at, show.node.map(|node| run.nodes[node]), &show.tables);
        }
        run
    }

    /// Shows tables at a time, or at the end of the run where there is none: of one node, or of all that have such.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn show(&mut self, at: Option<Instant>, node: Option<NodeId>, tables: &[Show]) {
        let nodes = node.map_or_else(|| self.nodes.clone(), |node| vec![node]);
        for (node, table) in nodes.into_iter().flat_map(|node| tables.iter().map(move |table| (node, *table)))
        {
            if !self.world.has(node, table) {
                continue;
            }
            match at {
                Some(at) => self.world.at(at, Change::Show { node, table }),
                None => self.at_end.push((node, table)),
            }
        }
    }

    /// The names of hosts and links, by their numbers.
    pub fn names(&self) -> Names {
        self.world.names()
    }

    /// The world: before the run to be looked at, afterwards as the run left it.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world, to change what a scenario file cannot say.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Adds somebody who watches. What none of them wants to see costs nothing.
    pub fn add_recorder(&mut self, recorder: Box<dyn Recorder>) {
        self.recorders.add(recorder);
    }

    /// Those who watch: none of them while it runs.
    pub fn recorders_mut(&mut self) -> &mut Recorders {
        &mut self.recorders
    }

    /// Gives back the first recorder of type `T`, after the run.
    pub fn take_recorder<T: Recorder>(&mut self) -> Option<Box<T>> {
        self.recorders.take()
    }

    /// Runs until the end, calling `progress` now and then, and says what happened.
    ///
    /// # Panics
    /// When the world does not give back its recorders: our own mistake.
    pub fn execute(&mut self, progress: &mut dyn FnMut(Progress)) -> Report {
        self.execute_typing(&mut Nobody, progress)
    }

    /// How many of its programs read what somebody types.
    pub fn terminals(&self) -> usize {
        let is_one = |application: &&PlannedApplication| matches!(application.work, Work::Terminal(_));
        self.plan.applications.iter().filter(is_one).count()
    }

    /// As [`execute`](Self::execute), with somebody who types to programs and reads what they print; without, their input
    /// is at its end.
    ///
    /// # Panics
    /// As `execute`.
    pub fn execute_typing(&mut self, typist: &mut dyn Typist, progress: &mut dyn FnMut(Progress)) -> Report {
        let mut recorders = core::mem::take(&mut self.recorders);
        recorders.add(Box::new(TraceHash::new(self.world.names())));
        recorders.add(Box::new(Watch::default()));
        self.world.set_recorder(Box::new(recorders));
        let interactive = self.terminals() > 0;
        let hosts = &self.nodes[..self.plan.hosts.len()];
        let outcome = if interactive {
            typing::converse(&mut self.world, hosts, self.plan.limits, typist, progress)
        } else {
            self.world.run(self.plan.limits, progress)
        };
        for (node, table) in &self.at_end {
            self.world.show(*node, *table);
        }
        self.recorders = typing::take_watchers(&mut self.world);
        let hash: TraceHash = *self.recorders.take().expect("the hash was added before the run");
        let watch: Watch = *self.recorders.take().expect("the watch was added before the run");
        let files = self.files();
        let mail = mail::collect(&self.plan, &mut self.world, &self.nodes);
        self.report(&outcome, &hash, &watch, (files, mail))
    }

    /// The files that expectations name.
    fn files(&mut self) -> Vec<FileReport> {
        let mut named = Vec::new();
        for expectation in &self.plan.expectations {
            let Subject::File(file, checks) = &expectation.subject else { continue };
            named.push(file.clone());
            named.extend(checks.iter().filter_map(|check| match check {
                FileCheck::Same(other) => Some(other.clone()),
                _ => None,
            }));
        }
        let mut files: Vec<FileReport> = Vec::with_capacity(named.len());
        for file in named {
            let Some(host) = self.plan.hosts.iter().position(|host| host.name == file.host) else { continue };
            let Some(storage) = self.world.storage_mut(self.nodes[host]) else { continue };
            let (length, sha256) = match hash_of(&mut **storage, &file.path) {
                Ok((length, hash)) => (length, Some(hash)),
                Err(_) => (0, None),
            };
            let report = FileReport { host: file.host, path: file.path.to_string(), length, sha256 };
            if !files.contains(&report) {
                files.push(report);
            }
        }
        files
    }

    /// The directories that hosts have by the scenario, with the hosts' numbers: whoever runs it gives their files to the
    /// hosts.
    pub fn directories(&self) -> impl Iterator<Item = (NodeId, &Directory)> {
        let belongings = self.nodes.iter().zip(&self.plan.belongings);
        belongings.filter_map(|(node, own)| Some((*node, own.directory.as_ref()?)))
    }

    fn report(
        &self,
        outcome: &WorldOutcome,
        hash: &TraceHash,
        watch: &Watch,
        (files, mail): (Vec<FileReport>, Vec<MailReport>),
    ) -> Report {
        let mut report = Report {
            version: REPORT_VERSION,
            scenario: self.scenario.clone(),
            seed: self.seed,
            outcome: outcome_of(outcome),
            held: false,
            virtual_duration: self.world.now().since(Instant::ZERO),
            events: self.world.events(),
            trace_hash: hash.to_string(),
            applications: self
                .plan
                .applications
                .iter()
                .map(|planned| self.application(planned, watch))
                .collect(),
            connections: self.connections(watch),
            hosts: self.hosts(),
            switches: self.switches(),
            hubs: self.hubs(),
            links: self.link_reports(),
            shown: self.shown(watch),
            not_shown: self.not_shown(),
            files,
            mail,
            expectations: Vec::new(),
            waiting: waiting(outcome),
        };
        report.expectations = verdict::judge(&self.plan, &report);
        report.held = verdict::outcome_as_expected(&self.plan, report.outcome)
            && report.expectations.iter().all(|expectation| expectation.held);
        report
    }

    fn application(&self, planned: &PlannedApplication, watch: &Watch) -> ApplicationReport {
        let did = watch.application(&planned.name);
        let state = match (&did.started, &did.ended) {
            (_, Some((_, Ok(())))) => ApplicationState::Finished,
            (_, Some((_, Err(_)))) => ApplicationState::Failed,
            (Some(_), None) => ApplicationState::Running,
            (None, None) => ApplicationState::Waiting,
        };
        ApplicationReport {
            name: planned.name.clone(),
            host: self.plan.hosts[planned.host].name.clone(),
            app: planned.app,
            background: planned.background,
            state,
            started: did.started,
            ended: did.ended.as_ref().map(|(at, _)| *at),
            error: did.ended.and_then(|(_, result)| result.err()),
            sent_bytes: did.sent.bytes,
            sent_sha256: did.sent.sha256(),
            received_bytes: did.received.bytes,
            received_sha256: did.received.sha256(),
            received_text: did.received.text(),
            said: did.said,
            results: did.results.into_iter().map(|(name, value)| ResultReport { name, value }).collect(),
        }
    }

    fn connections(&self, watch: &Watch) -> Vec<ConnectionReport> {
        let mut still_open: Vec<(NodeId, ConnectionId, ConnectionInfo)> = Vec::new();
        for node in &self.nodes {
            if let Some(host) = self.world.host(*node) {
                host.for_each_connection(|id, info| still_open.push((*node, id, info)));
            }
        }
        let info_of = |seen: &Seen| match &seen.ended {
            Some((_, info)) => Some(*info),
            None => still_open
                .iter()
                .find(|(node, id, _)| *node == seen.node && *id == seen.id)
                .map(|(_, _, info)| *info),
        };
        let names = self.world.names();
        watch
            .connections
            .iter()
            .map(|seen| {
                let info = info_of(seen);
                ConnectionReport {
                    host: names.node(seen.node).to_owned(),
                    local: seen.id.local.to_string(),
                    remote: seen.id.remote.to_string(),
                    active: seen.active,
                    opened: seen.opened,
                    ended: seen.ended.as_ref().map(|(at, _)| *at),
                    state: info.map_or("CLOSED", |info| info.state.name()),
                    ending: info.map_or("open", |info| info.ending.name()),
                    counters: counters::of_connection(&info.map(|info| info.counters).unwrap_or_default()),
                }
            })
            .collect()
    }

    fn hosts(&self) -> Vec<HostReport> {
        let hosts = self.nodes.iter().filter_map(|node| self.world.host(*node));
        let report = |host: &Host| HostReport {
            name: host.name().to_owned(),
            addresses: addresses(host),
            counters: counters::of_host(&host.counters()),
            interfaces: host
                .interfaces()
                .filter(|(id, _)| *id != InterfaceId::LOOPBACK)
                .map(|(id, interface)| InterfaceReport {
                    name: interface.name().to_owned(),
                    counters: counters::of_interface(&host.interface_counters(id)),
                })
                .collect(),
        };
        hosts.map(report).collect()
    }

    fn shown(&self, watch: &Watch) -> Vec<ShownReport> {
        let names = self.world.names();
        watch.shown.iter().map(|(at, node, table)| ShownReport::new(*at, names.node(*node), table)).collect()
    }

    fn not_shown(&self) -> Vec<NotShownReport> {
        let names = self.world.names();
        self.world
            .pending_shows()
            .map(|(time, node, table)| NotShownReport {
                time,
                node: names.node(node).to_owned(),
                table: table.name(),
            })
            .collect()
    }

    fn switches(&self) -> Vec<DeviceReport> {
        let nodes = self.nodes.iter().filter_map(|node| self.world.switch(*node));
        let report = |switch: &Switch| DeviceReport {
            name: switch.name().to_owned(),
            counters: Counters(switch.counters().iter().collect()),
        };
        nodes.map(report).collect()
    }

    fn hubs(&self) -> Vec<DeviceReport> {
        let nodes = self.nodes.iter().filter_map(|node| self.world.hub(*node));
        let report = |hub: &Hub| DeviceReport {
            name: hub.name().to_owned(),
            counters: Counters(hub.counters().iter().collect()),
        };
        nodes.map(report).collect()
    }

    fn link_reports(&self) -> Vec<LinkReport> {
        let mut reports = Vec::with_capacity(self.links.len() * 2);
        for (planned, link) in self.plan.links.iter().zip(&self.links) {
            for direction in Direction::BOTH {
                let [from, to] = match direction {
                    Direction::Forward => planned.ends,
                    Direction::Backward => [planned.ends[1], planned.ends[0]],
                };
                let counted = self.world.link_counters(*link, direction);
                reports.push(LinkReport {
                    name: planned.name.clone(),
                    from: self.plan.end_name(from),
                    to: self.plan.end_name(to),
                    counters: counters::of_link(&counted),
                });
            }
        }
        reports
    }
}

/// How many octets a file has, and their SHA-256 in hexadecimal.
fn hash_of(storage: &mut dyn Storage, path: &FilePath) -> Result<(u64, String), StorageError> {
    const AT_ONCE: usize = 64 * 1024;
    let (file, _) = storage.open(path)?;
    let mut flow = Flow::default();
    let read = loop {
        match storage.read_at(file, flow.bytes, AT_ONCE) {
            Ok(octets) if octets.is_empty() => break Ok((flow.bytes, flow.sha256())),
            Ok(octets) => flow.add(&octets),
            Err(error) => break Err(error),
        }
    };
    storage.close(file);
    read
}

/// The addresses of a host's interfaces now.
fn addresses(host: &wirelab_stack::host::Host) -> Vec<String> {
    (0..host.interface_count())
        .filter_map(|number| host.interface(InterfaceId(number as u16)))
        .flat_map(|interface| interface.addresses().iter().map(ToString::to_string))
        .collect()
}

fn outcome_of(outcome: &WorldOutcome) -> Outcome {
    match outcome {
        WorldOutcome::Completed => Outcome::Completed,
        WorldOutcome::Deadlock { .. } => Outcome::Deadlock,
        WorldOutcome::TimeLimit => Outcome::TimeLimit,
        WorldOutcome::EventLimit => Outcome::EventLimit,
    }
}

fn waiting(outcome: &WorldOutcome) -> Vec<WaitingReport> {
    let WorldOutcome::Deadlock { waiting } = outcome else { return Vec::new() };
    let one = |who: &wirelab_sim::Waiting, what: String, since| WaitingReport {
        host: who.node.clone(),
        application: who.application.clone(),
        what,
        since,
    };
    let mut reports = Vec::new();
    for who in waiting {
        if who.waits_for.is_empty() {
            reports.push(one(who, "something outside of the network".to_owned(), None));
        }
        let socket = |what: &wirelab_sim::WaitsFor| one(who, what.to_string(), Some(what.since));
        reports.extend(who.waits_for.iter().map(socket));
    }
    reports
}

fn change_of(change: &PlannedChange, nodes: &[NodeId], links: &[LinkId]) -> Change {
    match change {
        PlannedChange::Crash(host) => Change::Crash(nodes[*host]),
        PlannedChange::Restart(host) => Change::Restart(nodes[*host]),
        PlannedChange::Cut(link) => Change::Cut(links[*link]),
        PlannedChange::Restore(link) => Change::Restore(links[*link]),
        PlannedChange::Remove { link, direction, stage } => {
            Change::RemoveStage { link: links[*link], direction: *direction, stage: *stage }
        }
        PlannedChange::Set { link, direction, stage } => {
            Change::SetStage { link: links[*link], direction: *direction, stage: stage.clone() }
        }
    }
}

fn spawn(world: &mut World, node: NodeId, application: &PlannedApplication) {
    let PlannedApplication { name, start, background, .. } = application;
    if *background {
        let again = application.clone();
        world.spawn_service(node, name, *start, move || program(&again));
    } else {
        world.spawn(node, name, *start, program(application));
    }
}

/// What an application does, from its beginning.
fn program(application: &PlannedApplication) -> Program {
    let start = Start { application };
    match application.work.clone() {
        Work::EchoServer(config) => start.with(echo::tcp_server(config)),
        Work::EchoClient(config) => start.with(echo::tcp_client(config)),
        Work::Discard(config) => start.with(discard::tcp_server(config)),
        Work::Source(config) => start.with(bulk::tcp_source(config)),
        Work::Sink(config) => start.with(bulk::tcp_sink(config)),
        Work::DhcpClient(config) => start.with(dhcp::client::run(config)),
        Work::DhcpServer(config) => start.with(dhcp::server::serve(config)),
        Work::Ping(config) => start.with(ping::ping(config)),
        Work::Traceroute(config) => start.with(traceroute::traceroute(config)),
        Work::UdpEchoServer(config) => start.with(echo::udp_server(config)),
        Work::UdpEchoClient(config) => start.with(echo::udp_client(config)),
        Work::UdpDiscard(config) => start.with(discard::udp_server(config)),
        Work::UdpSource(config) => start.with(bulk::udp_source(config)),
        Work::UdpSink(config) => start.with(bulk::udp_sink(config)),
        Work::SmallServer(config) => start.with(small::serve(config)),
        Work::SmallClient(config) => start.with(small::ask(config)),
        Work::Upper(config) => start.with(once::server(config)),
        Work::UpperClient(config) => start.with(once::client(config)),
        Work::UpperSession(config) => start.with(session::server(config)),
        Work::HttpServer(config) => start.with(http::server::server(config)),
        Work::HttpClient(config) => start.with(http::client::client(config)),
        Work::UpperSessionClient(config) => start.with(session::client(config)),
        Work::FtpServer(config) => start.with(ftp::server::serve(config)),
        Work::FtpClient(config) => start.with(ftp::client::run(config)),
        Work::SmtpServer(config) => start.with(smtp::server::serve(config)),
        Work::SmtpClient(config) => start.with(smtp::client::run(config)),
        Work::Terminal(config) => start.with(terminal::run(config)),
        Work::UnixServer(config) => start.with(unix::server(config)),
        Work::UnixClient(config) => start.with(unix::client(config)),
    }
}

type Program = Pin<Box<dyn Future<Output = Result<(), AppError>>>>;

struct Start<'a> {
    application: &'a PlannedApplication,
}

impl Start<'_> {
    fn with(&self, work: impl Future<Output = Result<(), AppError>> + 'static) -> Program {
        let waits = self.application.waits;
        Box::pin(async move {
            if waits {
                configured().await?;
            }
            work.await
        })
    }
}
