//! wirelab's simulator: one loop, virtual time, impaired links, and the executor that runs applications.
//!
//! | where is … | look in |
//! |---|---|
//! | hosts, links and programs in ten lines | [`Network`] |
//! | the loop, what can be added to a world | [`World`] |
//! | what a link does to frames | [`link`] |
//! | switches and hubs | [`Switch`], [`Hub`] |
//! | tables of a node's state | [`Show`] |
//! | who watches | [`Recorder`], [`TraceHash`] |
//! | how a run ends | [`Outcome`] |
//! | real links, or a record of them | [`Driver`] |

mod change;
mod component;
mod console;
mod driver;
mod executor;
mod external;
mod fabric;
mod hub;
pub mod link;
mod network;
mod node;
mod outcome;
mod reboot;
mod recorder;
mod run;
mod schedule;
mod show;
mod slab;
mod switch;
mod trace_hash;
mod trouble;
mod turn;
mod world;

pub use change::Change;
pub use component::{Component, Direction, LinkId, Names};
pub use driver::{Driver, Input, Signal};
pub use external::{ExternalCounters, MOST_OUTGOING};
pub use hub::{Hub, HubConfig};
pub use link::{
    Corrupt, Delay, DirectionConfig, Distribution, GilbertElliott, Jitter, LinkConfig, LinkCounters,
    LinkError, Loss, QueueLimit, Rate, Reorder, StageConfig, StageKind,
};
pub use network::{HostRef, LinkSettings, Network, mac_of, percent};
pub use node::Script;
pub use outcome::{Limits, Outcome, Progress, Waiting, WaitsFor};
pub use recorder::{Recorder, Recorders, kind_of};
pub use schedule::Schedule;
pub use show::{Show, Subject, Whose};
pub use switch::{
    HubCounters, PortConfig, PortCounters, PortMode, Switch, SwitchConfig, SwitchCounters, SwitchError,
    SwitchKnobs, TableEntry, VlanSet,
};
pub use trace_hash::TraceHash;
pub use world::{ApplicationStatus, BuildError, TaskId, World};
