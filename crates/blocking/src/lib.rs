//! Sockets whose calls block, for programs that are written as they are for an operating system.
//!
//! A blocking program has a thread of its own, and exactly one thread runs at a time: the loop hands control to a program
//! when what it waits for has come, and gets it back when the program waits again. So runs stay deterministic, and time
//! stands still while a program computes.
//!
//! ```
//! use std::io::{Read, Write};
//! use wirelab_blocking::{TcpListener, TcpStream, program};
//! use wirelab_sim::Network;
//!
//! let mut net = Network::new(42);
//! let client = net.host("client", "10.0.0.1/24");
//! let server = net.host("server", "10.0.0.2/24");
//! net.link(client, server);
//! net.spawn(server, "server", program(|| {
//!     let (mut stream, _) = TcpListener::bind("10.0.0.2:6999")?.accept()?;
//!     let mut text = String::new();
//!     stream.read_to_string(&mut text)?;
//!     stream.write_all(text.to_uppercase().as_bytes())?;
//!     Ok(())
//! }));
//! net.spawn(client, "client", program(|| {
//!     let mut stream = TcpStream::connect("10.0.0.2:6999")?;
//!     stream.write_all(b"hello")?;
//!     stream.shutdown_write()?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer)?;
//!     assert_eq!(answer, "HELLO");
//!     Ok(())
//! }));
//! net.finish();
//! ```
//!
//! | where is … | look in |
//! |---|---|
//! | the calls by POSIX's names, as Python has them | [`bsd`] |
//! | sockets shaped like the standard library's | [`TcpListener`], [`TcpStream`], [`UdpSocket`], [`UnixListener`], [`UnixStream`], [`UnixDatagram`] |
//! | sleeping, and threads beside a program | [`thread`] |
//! | how control is handed on | [`program`] |

pub mod bsd;
mod handle;
mod net;
mod program;
pub mod thread;
mod unix;

pub use net::{TcpListener, TcpStream, UdpSocket};
pub use program::{Program, program};
pub use unix::{UnixDatagram, UnixListener, UnixStream};

/// Says something to people: it appears in traces and ladders under the application's name.
///
/// # Panics
/// Outside of a blocking program.
pub fn report(text: impl AsRef<str>) {
    let text = text.as_ref().to_owned();
    program::call(move || async move { wirelab_stack::socket::net::report(text) });
}
