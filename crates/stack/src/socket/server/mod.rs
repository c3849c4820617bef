//! Servers by the names of Python's `socketserver`: a server class for each kind of socket, and a handler for each request.
//!
//! A server waits for requests and hands each to a handler of its own, one after the other, or each in a task of its own
//! ([`Threading`]). What Python changes by deriving a class is a method of [`ServerHooks`] here, or a field of [`Options`].
//!
//! ```no_run
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
//! use wirelab_stack::socket::server::{HandlerResult, StreamRequest, StreamRequestHandler, Streams, TcpServer};
//! use wirelab_stack::socket::server::Connection;
//!
//! struct Upper;
//!
//! impl<C: Connection, A: 'static> StreamRequestHandler<C, A> for Upper {
//!     async fn handle(&mut self, request: &mut StreamRequest<C, A>) -> HandlerResult {
//!         let mut line = String::new();
//!         request.rfile.read_line(&mut line).await?;
//!         Ok(request.wfile.write_all(line.to_uppercase().as_bytes()).await?)
//!     }
//! }
//!
//! async fn serve() -> std::io::Result<()> {
//!     let mut server = TcpServer::new("0.0.0.0:9999".parse().unwrap(), Streams(|| Upper))?;
//!     server.serve_forever().await
//! }
//! ```
//!
//! | Python | here |
//! |---|---|
//! | `BaseServer` | [`BaseServer`], generic over the [`Endpoint`], the handlers and the [`ServerHooks`] |
//! | `TCPServer`, `UDPServer` | [`TcpServer`], [`UdpServer`] |
//! | `UnixStreamServer`, `UnixDatagramServer` | [`UnixStreamServer`], [`UnixDatagramServer`] |
//! | `ThreadingMixIn`, `ThreadingTCPServer`, … | [`Options::threading`]: a task for each request, at most so many at once |
//! | `daemon_threads`, `block_on_close` | fields of [`Threading`] |
//! | `ForkingMixIn`, `ForkingTCPServer`, `max_children`, … | none: a host has no processes to fork. [`Threading::max`] is what bounds here |
//! | `server_address` | [`BaseServer::server_address`] |
//! | `RequestHandlerClass` | the second argument of `new`: [`Base`], [`Streams`] or [`Datagrams`] around a closure that makes a handler |
//! | `bind_and_activate = False` | [`BaseServer::unbound`] |
//! | `server_bind`, `server_close` | the same |
//! | `server_activate` | none: a server listens from `server_bind` on |
//! | `fileno` | [`BaseServer::fileno`]: the socket's number on its host, to tell it from others |
//! | `address_family`, `socket_type` | [`Endpoint::ADDRESS_FAMILY`], [`Endpoint::SOCKET_TYPE`] |
//! | `request_queue_size`, `allow_reuse_address`, `allow_reuse_port`, `max_packet_size`, `timeout` | fields of [`Options`] |
//! | `serve_forever(poll_interval)` | [`BaseServer::serve_forever`]; nothing needs to poll here, so [`Options::poll_interval`] is for `service_actions` alone |
//! | `handle_request` | the same |
//! | `shutdown` | [`ServerHandle::shutdown`], from another task; [`ServerHandle::request_shutdown`] does not wait |
//! | `get_request` | of the [`Endpoint`] |
//! | `shutdown_request`, `close_request` | none: a request is closed when it is dropped |
//! | `process_request`, `finish_request` | [`BaseServer::process_request`]; [`Handlers::finish_request`] |
//! | `verify_request`, `handle_timeout`, `handle_error`, `service_actions` | of [`ServerHooks`] |
//! | `BaseRequestHandler`, `StreamRequestHandler`, `DatagramRequestHandler` | the same, as traits |
//! | `request`, `client_address`, `server` | fields of [`Request`], [`StreamRequest`], [`DatagramRequest`] |
//! | `rfile`, `wfile`, `packet`, `socket` | fields of these |
//! | `rbufsize`, `wbufsize`, `timeout`, `disable_nagle_algorithm` | constants of [`StreamRequestHandler`] |
//! | `with server:` | a server that is dropped closes; [`BaseServer::server_close`] also waits for its tasks |
//!
//! As in Python `finish` follows `handle` even where that has failed, and does not where `setup` has.

mod base;
mod datagram;
mod endpoint;
mod handler;
mod hooks;
mod stop;
mod stream;
mod timed;

pub use base::{BaseServer, TcpServer, UdpServer, UnixDatagramServer, UnixStreamServer};
pub use datagram::{DatagramRequest, DatagramRequestHandler, Datagrams};
pub use endpoint::{
    DatagramSocket, Endpoint, Options, TcpEndpoint, Threading, UdpEndpoint, UnixDatagramEndpoint,
    UnixStreamEndpoint,
};
pub use handler::{Base, BaseRequestHandler, HandlerError, HandlerResult, Handlers, Request};
pub use hooks::ServerHooks;
pub use stop::ServerHandle;
pub use stream::{Connection, StreamRequest, StreamRequestHandler, Streams};
pub use timed::Timed;
