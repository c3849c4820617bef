//! wirelab's real links: where the frames of a host leave for, and come from, what nobody here wrote.
//!
//! | where is … | look in |
//! |---|---|
//! | what every link is to the loop | [`RealLink`] |
//! | what can go wrong with one | [`LinkError`] |
//! | the wall clock, signals, standard input and output | [`WallClock`] |
//! | how one is written, and opened | [`LinkSpec`] |
//! | packet sockets | [`Raw`] |
//! | raw IP | [`Ip`] |
//! | TAP and TUN devices | [`Tap`] |
//! | captures | [`Capture`] |
//! | which interfaces the system has, and whose an address is | [`interfaces`], [`kernel_owns`] |
//! | rights given up | [`drop_capabilities`] |
//!
//! Nothing of a host, of the stack or of an application knows that its link is a real one: a link says what it can
//! do in its [`Capabilities`](wirelab_stack::interface::Capabilities), and each frame's
//! [`Meta`](wirelab_stack::frame::Meta) what is known of it.
//!
//! This is the one crate with `unsafe` code; each block says why it is sound.

mod batch;
mod capture;
mod device;
mod driver;
mod error;
mod incoming;
mod ip;
mod link;
mod open;
mod outgoing;
mod own;
mod permission;
mod pool;
mod raw;
mod seed;
mod signals;
mod spec;
mod standard;
mod sys;
mod tap;
mod virtio;

pub use capture::Capture;
pub use device::{InterfaceInfo, interfaces};
pub use driver::{DriverError, WallClock};
pub use error::{Capability, LinkError};
pub use ip::Ip;
pub use link::{LinkCounters, RealLink};
pub use own::{Owned, kernel_owns};
pub use permission::drop_capabilities;
pub use raw::Raw;
pub use seed::random_seed;
pub use spec::{LinkKind, LinkSpec, Pace};
pub use tap::Tap;
