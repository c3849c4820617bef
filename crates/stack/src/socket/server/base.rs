//! The behaviour that all servers share.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use std::io;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::endpoint::{
    Endpoint, Options, TcpEndpoint, Threading, UdpEndpoint, UnixDatagramEndpoint, UnixStreamEndpoint,
};
use super::handler::{Handlers, Request};
use super::hooks::ServerHooks;
use super::stop::ServerHandle;
use crate::socket::net::{spawn, time};
use crate::transport::SocketId;

/// A server: it waits for requests, and has a handler work on each.
#[derive(Debug)]
pub struct BaseServer<E: Endpoint, H, K = ()> {
    server_address: E::Address,
    /// `None` before it is bound, and once it is closed.
    endpoint: Option<E>,
    handlers: Arc<H>,
    hooks: Arc<K>,
    options: Options,
    handle: ServerHandle,
    /// As many as requests may be processed at once.
    places: Arc<Semaphore>,
}

/// A server of TCP connections.
pub type TcpServer<H, K = ()> = BaseServer<TcpEndpoint, H, K>;
/// A server of UDP datagrams.
pub type UdpServer<H, K = ()> = BaseServer<UdpEndpoint, H, K>;
/// A server of connections within the host.
pub type UnixStreamServer<H, K = ()> = BaseServer<UnixStreamEndpoint, H, K>;
/// A server of datagrams within the host.
pub type UnixDatagramServer<H, K = ()> = BaseServer<UnixDatagramEndpoint, H, K>;

/// What a server waited for.
enum Turn<R> {
    Request(R),
    Stop,
    Tick,
}

impl<E: Endpoint, H: Handlers<E::Request, E::Address>> BaseServer<E, H> {
    /// A server at `server_address`, bound and listening, that overrides nothing.
    ///
    /// # Errors
    /// When the address is not the host's, or is taken.
    pub fn new(server_address: E::Address, handlers: H) -> io::Result<Self> {
        Self::with_options(server_address, handlers, Options::default())
    }

    /// As [`new`](Self::new), with other attributes.
    ///
    /// # Errors
    /// As `new`.
    pub fn with_options(server_address: E::Address, handlers: H, options: Options) -> io::Result<Self> {
        let mut server = Self::unbound(server_address, handlers, options, ());
        server.server_bind()?;
        Ok(server)
    }
}

impl<E, H, K> BaseServer<E, H, K>
where
    E: Endpoint,
    H: Handlers<E::Request, E::Address>,
    K: ServerHooks<E::Request, E::Address>,
{
    /// A server that is not bound yet, and overrides what `hooks` does.
    pub fn unbound(server_address: E::Address, handlers: H, options: Options, hooks: K) -> Self {
        let places = options.threading.map_or(1, |threading| threading.max.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            server_address,
            endpoint: None,
            handlers: Arc::new(handlers),
            hooks: Arc::new(hooks),
            options,
            handle: ServerHandle::new(),
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Binds the server, and has it listen where there is something to listen for; does nothing if it is bound.
    /// (Python's `server_activate` is part of it: between the two there is nothing to do here.)
    ///
    /// # Errors
    /// When the address is not the host's, or is taken.
    pub fn server_bind(&mut self) -> io::Result<()> {
        if self.endpoint.is_none() {
            let endpoint = E::server_bind(&self.server_address, &self.options)?;
            self.server_address = endpoint.server_address()?;
            self.endpoint = Some(endpoint);
        }
        Ok(())
    }

    /// Where it is bound, with the port that was picked; before, where it is to be.
    pub const fn server_address(&self) -> &E::Address {
        &self.server_address
    }

    /// Its attributes.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Its socket's number on the host; `None` where it is not bound.
    pub fn fileno(&self) -> Option<SocketId> {
        self.endpoint.as_ref().map(Endpoint::fileno)
    }

    /// What other tasks can tell it by.
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Handles requests until it is shut down.
    ///
    /// # Errors
    /// When it is not bound, or its socket has failed.
    pub async fn serve_forever(&mut self) -> io::Result<()> {
        self.handle.begin();
        // However this ends, dropped too: whoever waits for that is told.
        let _serving = Serving(self.handle.clone());
        while !self.handle.is_requested() {
            let tick = self.options.poll_interval;
            match self.next(tick).await? {
                Turn::Request((request, from)) => self.process_request(request, from).await,
                Turn::Stop => break,
                Turn::Tick => {}
            }
            self.hooks.service_actions();
        }
        Ok(())
    }

    /// Handles one request, which is waited for as long as [`Options::timeout`] says: then
    /// [`handle_timeout`](ServerHooks::handle_timeout) is called.
    ///
    /// # Errors
    /// When it is not bound, or its socket has failed.
    pub async fn handle_request(&mut self) -> io::Result<()> {
        match self.next(self.options.timeout).await? {
            Turn::Request((request, from)) => self.process_request(request, from).await,
            Turn::Tick => self.hooks.handle_timeout(),
            Turn::Stop => {}
        }
        Ok(())
    }

    /// The next request, unless it is told to stop before, or `span` is over.
    async fn next(&self, span: Option<crate::time::Duration>) -> io::Result<Turn<(E::Request, E::Address)>> {
        let endpoint = self.endpoint.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let mut stop = pin!(self.handle.requested());
        let mut request = pin!(endpoint.get_request(&self.options));
        let mut tick = pin!(async {
            match span {
                Some(span) => time::sleep(span).await,
                None => core::future::pending().await,
            }
        });
        poll_fn(|cx| {
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(Turn::Stop));
            }
            if let Poll::Ready(request) = request.as_mut().poll(cx) {
                return Poll::Ready(request.map(Turn::Request));
            }
            tick.as_mut().poll(cx).map(|()| Ok(Turn::Tick))
        })
        .await
    }

    /// Has a handler work on a request that is verified: at once, or in a task of its own as soon as one may begin.
    pub async fn process_request(&self, request: E::Request, client_address: E::Address) {
        if !self.hooks.verify_request(&request, &client_address) {
            return;
        }
        let request = Request { request, client_address, server: self.handle.clone() };
        let work = work(Arc::clone(&self.handlers), Arc::clone(&self.hooks), request);
        match self.options.threading {
            None => work.await,
            Some(Threading { daemon_threads, .. }) => {
                // Told to stop while it waits for a place, it drops the request.
                let Some(place) = self.place().await else { return };
                let closed = daemon_threads.then(|| self.handle.clone());
                drop(spawn(unless_closed(closed, place, work)));
            }
        }
    }

    /// A place for one more request; `None` where the server is told to stop before there is one.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        let mut stop = pin!(self.handle.requested());
        let mut place = pin!(Arc::clone(&self.places).acquire_owned());
        poll_fn(|cx| {
            if let Poll::Ready(place) = place.as_mut().poll(cx) {
                return Poll::Ready(place.ok());
            }
            stop.as_mut().poll(cx).map(|()| None)
        })
        .await
    }

    /// Closes the server's socket, and waits for the tasks of its requests where they are to be waited for.
    pub async fn server_close(&mut self) {
        self.endpoint = None;
        self.handle.close();
        if let Some(Threading { max, daemon_threads: false, block_on_close: true }) = self.options.threading {
            let all = max.clamp(1, Semaphore::MAX_PERMITS);
            // Nobody closes the semaphore.
            let _ = self.places.acquire_many(u32::try_from(all).unwrap_or(u32::MAX)).await;
        }
    }
}

impl<E: Endpoint, H, K> Drop for BaseServer<E, H, K> {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// As long as it lives, the server serves.
struct Serving(ServerHandle);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Has a handler work on a request, and tells the server where that failed.
async fn work<R, A, H, K>(handlers: Arc<H>, hooks: Arc<K>, request: Request<R, A>)
where
    A: Clone + core::fmt::Display,
    H: Handlers<R, A>,
    K: ServerHooks<R, A>,
{
    let client_address = request.client_address.clone();
    if let Err(error) = handlers.finish_request(request).await {
        hooks.handle_error(&client_address, &error);
    }
}

/// Works, in `place`; a daemon until its server is closed, at most.
async fn unless_closed(
    closed: Option<ServerHandle>,
    place: OwnedSemaphorePermit,
    work: impl Future<Output = ()>,
) {
    let mut work = pin!(work);
    let mut closed = pin!(async {
        match &closed {
            Some(server) => server.closed().await,
            None => core::future::pending().await,
        }
    });
    poll_fn(|cx| match closed.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => work.as_mut().poll(cx),
    })
    .await;
    drop(place);
}
