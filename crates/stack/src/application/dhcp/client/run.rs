//! The client as an application: its socket, its clock, and the interface that it configures.

use core::future::poll_fn;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::pin::pin;
use core::task::Poll;

use bytes::Bytes;

use super::{Action, Client, Config, Lease, To};
use crate::addr::Cidr;
use crate::application::AppError;
use crate::application::dhcp::codec::{CLIENT_PORT, Message, SERVER_PORT};
use crate::interface::Standing;
use crate::socket::net::{Assigned, Interface, UdpSocket, changed, draw, report, time};
use crate::time::{Duration, Instant};

/// What the last message gets to leave the host, before the address is gone that it is sent from.
const LINGER: Duration = Duration::from_secs(1);

/// What may happen to a client.
enum Input {
    Datagram(Bytes),
    Addresses,
    Timeout,
}

/// Configures an interface, and goes on keeping its address, until it gives it back. Whoever waits for the host's
/// addresses is told when there is none for long, and when there will be none any more.
///
/// # Errors
/// When there is no such interface, another application has the port, or nobody answers an inform.
pub async fn run(config: Config) -> Result<(), AppError> {
    let interface = Interface::find(config.interface.as_deref())
        .ok_or_else(|| AppError::new("there is no such interface"))?;
    let inform = config.inform;
    let end = keep(config, interface.clone()).await;
    if !inform {
        interface.unconfigured(match &end {
            Ok(()) => "its DHCP client has given its address back",
            Err(_) => "its DHCP client has failed",
        });
    }
    end
}

async fn keep(config: Config, interface: Interface) -> Result<(), AppError> {
    let own = interface.addresses().iter().find_map(|cidr| match cidr.address() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    if config.inform && own.is_none() {
        return Err(AppError::new("an inform needs an address"));
    }
    let local = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), CLIENT_PORT);
    let socket = UdpSocket::bind_on(local, &interface).await?;
    socket.set_broadcast(true)?;
    let client = Client::new(time::now(), &mut draw, config, interface.mac(), own);
    let mut work = Work { interface, socket, client, router: None };
    loop {
        while let Some(action) = work.client.take_action() {
            if let Some(end) = work.act(action).await {
                return end;
            }
        }
        match work.next().await {
            Input::Datagram(octets) => {
                if let Some(message) = Message::parse(&octets) {
                    work.client.handle(time::now(), &mut draw, &message);
                }
            }
            Input::Addresses => {
                if work.client.lease().is_some_and(|lease| work.has_lost(lease)) {
                    work.client.on_conflict(time::now());
                }
            }
            Input::Timeout => work.client.handle_timeout(time::now(), &mut draw),
        }
    }
}

struct Work {
    interface: Interface,
    socket: UdpSocket,
    client: Client,
    /// The router that the default route leads to.
    router: Option<Ipv4Addr>,
}

impl Work {
    async fn act(&mut self, action: Action) -> Option<Result<(), AppError>> {
        match action {
            Action::Send(message, to) => {
                let to = match to {
                    To::All => Ipv4Addr::BROADCAST,
                    To::Server(address) => address,
                };
                // What cannot be sent is as good as lost under way: it will be sent again.
                if let Err(error) = self.socket.send_to(&message.to_bytes(), (to, SERVER_PORT)).await {
                    report(format!("cannot send to {to}: {error}"));
                }
            }
            Action::Check(lease) => match self.interface.assign(lease.cidr).await {
                Ok(Assigned::Yes) => {
                    self.set_router(&lease);
                    self.client.on_checked(time::now());
                }
                Ok(Assigned::Duplicate(_)) => self.client.on_conflict(time::now()),
                // Another interface of this host has it, or somebody took it away meanwhile: it is of no use either.
                Err(error) => {
                    report(format!("cannot use {}: {error}", lease.cidr));
                    self.client.on_conflict(time::now());
                }
            },
            Action::Extended(lease) => self.set_router(&lease),
            Action::Linger => time::sleep(LINGER).await,
            Action::Give(lease) => {
                self.drop_router();
                self.interface.remove(lease.cidr.address());
            }
            Action::Without(why) => self.interface.unconfigured(why),
            Action::Say(text) => report(text),
            Action::End(how) => return Some(how.map_err(AppError::new)),
        }
        None
    }

    /// Whether the address was taken away. One that is probed again, since the interface was down, was not.
    fn has_lost(&self, lease: &Lease) -> bool {
        let standing = self.interface.standing(lease.address());
        !matches!(standing, Some(Standing::Assured | Standing::Tentative))
    }

    /// The default route leads to the first router that is on the link.
    fn set_router(&mut self, lease: &Lease) {
        let router = lease.routers.iter().copied().find(|router| lease.cidr.contains((*router).into()));
        if router == self.router {
            return;
        }
        self.drop_router();
        if let (Some(router), Some(all)) = (router, everywhere()) {
            match self.interface.add_route(all, Some(router.into())) {
                Ok(()) => self.router = Some(router),
                Err(error) => report(format!("no route by {router}: {error}")),
            }
        }
    }

    fn drop_router(&mut self) {
        if let (Some(router), Some(all)) = (self.router.take(), everywhere()) {
            self.interface.remove_route(all, Some(router.into()));
        }
    }

    async fn next(&self) -> Input {
        let mut datagram = pin!(self.socket.recv_bytes());
        let mut addresses = pin!(changed());
        let mut timeout = pin!(time::sleep_until(self.client.next_timeout().max(Instant::ZERO)));
        poll_fn(|cx| {
            if let Poll::Ready(received) = datagram.as_mut().poll(cx) {
                // An ICMP error about a message is no answer.
                return Poll::Ready(received.map_or(Input::Timeout, |(octets, _)| Input::Datagram(octets)));
            }
            if addresses.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Input::Addresses);
            }
            timeout.as_mut().poll(cx).map(|()| Input::Timeout)
        })
        .await
    }
}

fn everywhere() -> Option<Cidr> {
    Cidr::new(Ipv4Addr::UNSPECIFIED.into(), 0).ok()
}
