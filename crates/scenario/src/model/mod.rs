//! The model of a scenario file, as it is written.

mod addressing;
mod application;
mod device;
mod dhcp;
mod event;
mod expect;
mod files;
mod host;
mod http;
mod knobs;
mod link;
mod service;
mod settings;
mod transfer;
mod unix;

pub use addressing::{ConfigureWord, OnConflictWord, RarpEntry};
pub use application::{App, Application, Common, Ping, ProbeWord, Traceroute, UdpSink, UdpSource};
pub use device::{Hub, Port, Switch};
pub use dhcp::{DhcpClient, DhcpServer};
pub use event::{Event, ShowWord};
pub use expect::{Bounds, CounterBounds, Expect, OutcomeWord, StateWord};
pub use files::File;
pub use host::{Host, Interface, MediumWord, MulticastWord, Preset, Route, RouteWord, Routing};
pub use http::{HttpClient, HttpRequest, HttpServer, MethodWord};
pub use link::{DirectionName, Distribution, Link, Loss, Settings, StageName, Wire};
pub use service::{ServiceClient, ServiceWord, TransportWord};
pub use transfer::{AnonymousWord, FtpClient, FtpServer, FtpUser, SmtpClient, SmtpServer};
pub use unix::{SocketTypeWord, UnixClient, UnixServer};

use core::num::NonZeroU64;

use crate::read::{choice, record};
use crate::units::{Date, Span};

record! {
    /// A wirelab scenario: hosts, switches, links between them, applications on them, what happens when, and what is
    /// expected of the run.
    pub struct Document ("a scenario") {
        /// What the scenario shows, in a line.
        title: optional String,
        /// The date at the beginning of the run; 2026-01-01T00:00:00Z where left out.
        date: optional Date,
        /// The seed of all chance; 1 where left out.
        seed: optional u64,
        /// When the run stops at the latest.
        stop: optional Stop,
        /// Where routes come from besides those that are written down; `static`, from nowhere, where left out.
        routes: optional Routing,
        /// In which order tasks of one host run that are ready at once; `in-order`, as they were woken, where left out.
        schedule: optional ScheduleWord,
        /// The hosts.
        host: list Host,
        /// The switches.
        switch: list Switch,
        /// The hubs.
        hub: list Hub,
        /// The links between the hosts' interfaces.
        link: list Link,
        /// The applications on the hosts.
        application: list Application,
        /// What happens to links and hosts, and what is shown, and when.
        event: list Event,
        /// What is expected of the run.
        expect: list Expect,
    }
}

choice! {
    /// In which order tasks of one host run that are ready at once.
    pub enum ScheduleWord ("a schedule") {
        /// In the order in which they were woken.
        InOrder = "in-order",
        /// In any order, drawn from the seed: what an application must not depend on.
        Random = "random",
    }
}

record! {
    /// When a run stops, if it has not ended before: a run ends when all applications have ended (those in the
    /// background aside) and no frame is under way.
    pub struct Stop ("the stop condition") {
        /// The virtual time at which it stops.
        until: optional Span,
        /// The number of events after which it stops.
        max_events: optional NonZeroU64,
    }
}
