//! A TCP/IP stack in four layers, and a deterministic network simulator to run it in.
//!
//! - [`stack`]: hosts as values, without I/O: Ethernet, ARP, IPv4, ICMP, UDP, TCP, sockets, applications.
//! - [`sim`]: virtual time, links that delay, lose and corrupt, async programs, recorders.
//! - [`scenario`]: scenario files and what they expect.
//! - [`net`] and [`time`]: async sockets shaped like tokio's, and the network's time, for programs.
//! - [`blocking`]: sockets whose calls block, for programs that are written as for an operating system.
//! - [`socketserver`]: servers by the names of Python's.
//! - [`testing`]: property tests of one's own programs.
//!
//! Two hosts and a lossy link; the programs use sockets shaped like tokio's, in virtual time, and the same seed
//! gives the same frames at the same nanoseconds on every machine:
//!
//! ```
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use wirelab::sim::{Network, percent};
//! use wirelab::stack::socket::net::{TcpListener, TcpStream};
//! use wirelab::stack::time::Duration;
//!
//! let mut net = Network::new(42);
//! let client = net.host("client", "10.0.0.1/24");
//! let server = net.host("server", "10.0.0.2/24");
//! net.link(client, server).delay(Duration::from_millis(20)).loss(percent(5));
//! net.spawn(server, "server", async {
//!     let (mut stream, _) = TcpListener::bind("10.0.0.2:6999").await?.accept().await?;
//!     let mut question = String::new();
//!     stream.read_to_string(&mut question).await?;
//!     stream.write_all(question.to_uppercase().as_bytes()).await?;
//!     Ok(())
//! });
//! net.spawn(client, "client", async {
//!     let mut stream = TcpStream::connect("10.0.0.2:6999").await?;
//!     stream.write_all("欢迎新同学! hello".as_bytes()).await?;
//!     stream.shutdown().await?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?;
//!     assert_eq!(answer, "欢迎新同学! HELLO");
//!     Ok(())
//! });
//! net.finish();
//! ```
//!
//! A scenario file says the same without Rust, and what to expect of the run:
//!
//! ```
//! use wirelab::scenario::Scenario;
//!
//! let echo = Scenario::from_text("echo.toml", include_str!("../scenarios/echo.toml"), &[])?;
//! let report = echo.build(7).execute(&mut |_| {});
//! assert!(report.held, "{:?}", report.expectations);
//! # Ok::<(), wirelab::scenario::Diagnostics>(())
//! ```
//!
//! Built with `default-features = false` the crate has neither the command line nor what only that needs.

pub mod testing;

pub use wirelab_blocking as blocking;
pub use wirelab_scenario as scenario;
pub use wirelab_sim as sim;
pub use wirelab_stack as stack;

pub use wirelab_stack::socket::net::{self, time};
pub use wirelab_stack::socket::server as socketserver;
