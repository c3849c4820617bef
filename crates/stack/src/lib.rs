//! wirelab's TCP/IP stack: four layers, no I/O.
//!
//! A [`Host`](host::Host) is a value driven by four verbs (`handle_frame`, `handle_timeout`, `poll_transmit`,
//! `poll_timeout`) and by socket calls. It reads no clock and draws no number that was not given to it: time,
//! chance and the observer arrive in one argument, [`Ctx`](context::Ctx).
//!
//! Layers import only downwards, and do not call upwards: a layer returns its verdict and `host` walks.
//!
//! | where is … | look in |
//! |---|---|
//! | Ethernet, ARP, the neighbour cache | [`interface`] |
//! | IPv4, routes, ICMP | [`network`] |
//! | UDP, TCP, ports | [`transport`] |
//! | the walk of a frame up and of a byte down | [`host`] |
//! | files, behind a trait | [`storage`] |
//! | socket calls, async sockets | [`socket`] |
//! | echo, discard, bulk source and sink | [`application`] |
//! | why a frame was sent, how it ended | [`trace`] |

pub mod addr;
pub mod application;
pub mod checksum;
pub mod clock;
pub mod context;
pub mod frame;
pub mod host;
pub mod interface;
pub mod network;
pub mod profile;
pub mod rng;
pub mod socket;
pub mod storage;
pub mod table;
pub mod time;
pub mod timers;
pub mod trace;
pub mod transport;
