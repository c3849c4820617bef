//! The network layer: IPv4, routes and ICMP.
//!
//! It imports the core modules and the interface layer's types, nothing above. IPv6 will stand beside `ipv4`:
//! routes, and whatever is said of a flow, are of either family already.
//!
//! | file | holds |
//! |---|---|
//! | `ipv4` | the IPv4 header |
//! | `options/` | IPv4 options: read, filled in, source routes |
//! | `identification` | what fragments of one packet have in common |
//! | `fragment` | packets cut to an MTU |
//! | `segmentation/` | super-frames cut into what they stand for |
//! | `reassembly/` | packets put together again |
//! | `pmtu` | the MTUs of paths |
//! | `local` | which addresses are this host's |
//! | `route` | the route table, flows |
//! | `per_source` | what is said to each source once in a while |
//! | `sending` | what a sender may say of its packets' headers |
//! | `forward` | what forwarding asks of a packet, and does to its header |
//! | `icmp` | ICMP messages |
//! | `igmp` | IGMP: its messages, a host's and a router's part |
//! | `discovery/` | router discovery, a host's and a router's part |
//! | `quote` | the packet that an ICMP error is about |
//! | `rate`, `limits` | token buckets, and those that bound what ICMP sends |
//! | `cache` | what is learnt from others: bounded, and forgotten after a while |
//! | `redirect` | better next hops, by destination |

pub mod cache;
pub mod discovery;
pub mod forward;
pub mod fragment;
pub mod icmp;
pub mod identification;
pub mod igmp;
pub mod ipv4;
mod knobs;
pub mod limits;
pub mod local;
pub mod options;
pub mod per_source;
pub mod pmtu;
pub mod quote;
pub mod rate;
pub mod reassembly;
pub mod redirect;
pub mod route;
pub mod segmentation;
pub mod sending;

pub use knobs::{HostModel, Knobs, RateLimit, ReversePath};
