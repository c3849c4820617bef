//! Quantities with units, as people write them: `20 ms`, `10 Mbit/s`, `5 %`, `100 packets`, `64 KiB`; and
//! addresses.
//!
//! All arithmetic is exact and in integers; what does not come out whole is an error.

mod address;
mod amounts;
mod date;
mod decimal;
mod file;
mod http;
mod mail;
mod moment;
mod quantity;
mod unix;
mod vlan;

pub use address::{Destination, End, Group, Network, Peer, Port};
pub use amounts::{Limit, Percent, Period, QueueLimit, Rate, Size, Span};
pub use date::Date;
pub use file::HostFile;
pub use http::ByteRange;
pub use mail::{Domain, RemotePath};
pub use moment::Moment;
pub use unix::UnixAddress;
pub use vlan::{Vlan, Vlans};
