//! The host's interfaces and addresses, for applications that configure it or wait until it is configured.

use core::future::poll_fn;
use core::net::{IpAddr, Ipv4Addr};
use core::task::{Context, Poll};
use std::io;

use super::context::{self, call, poll_call};
use crate::addr::{Cidr, Mac};
use crate::context::Ctx;
use crate::frame::{InterfaceId, NodeId};
use crate::host::{ConfigError, Host, RouteConfig, RouteKind};
use crate::interface::Standing;
use crate::transport::{Readiness, SocketError, SocketId};

/// Waits until the host has the addresses that it was to have: those that are probed first, those that RARP or DHCP give.
/// Ready at once on a host that has them all.
///
/// # Errors
/// When the host gets none: nobody answered, or others have its addresses.
pub async fn configured() -> io::Result<()> {
    let node = context::with(|seat| seat.host.node());
    let mut waits = Waits::new(node);
    let result = poll_fn(|cx| waits.poll(cx, |host, _| host.configured())).await;
    result.map_err(|error| match context::with(|seat| seat.host.why_unconfigured()) {
        Some(why) => {
            io::Error::new(io::ErrorKind::AddrNotAvailable, format!("the host has no address: {why}"))
        }
        None => error.into(),
    })
}

/// Waits until an address of the host has come, gone, or was found to be another station's.
pub async fn changed() {
    let node = context::with(|seat| seat.host.node());
    let (mut waits, mut asked) = (Waits::new(node), false);
    poll_fn(|cx| {
        waits.poll(cx, |host, _| {
            if core::mem::replace(&mut asked, true) {
                return Ok(());
            }
            host.wait_for_addresses();
            Err(SocketError::WouldBlock)
        })
    })
    .await
    .unwrap_or_default();
}

/// A future's place among those who wait for the host's addresses.
struct Waits {
    node: NodeId,
    task: Option<u64>,
}

impl Waits {
    const fn new(node: NodeId) -> Self {
        Self { node, task: None }
    }

    fn poll<R>(
        &mut self,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Host, &mut Ctx<'_>) -> Result<R, SocketError>,
    ) -> Poll<Result<R, SocketError>> {
        poll_call((self.node, SocketId::Addresses), Readiness::READ, cx, &mut self.task, act)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        if let Some(task) = self.task {
            context::try_with(|seat| seat.waiters.forget(SocketId::Addresses, Readiness::READ, task));
        }
    }
}

/// What became of an address that was to be assigned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Assigned {
    /// The interface has it.
    Yes,
    /// Another station has it.
    Duplicate(Mac),
}

/// An interface of the host that the task runs on.
#[derive(Clone, Debug)]
pub struct Interface {
    node: NodeId,
    id: InterfaceId,
    name: String,
    mac: Mac,
}

impl Interface {
    /// The interface of that name, or the first one.
    #[track_caller]
    pub fn find(name: Option<&str>) -> Option<Self> {
        call(None, |host, _| {
            (0..host.interface_count()).map(|number| InterfaceId(number as u16)).find_map(|id| {
                let interface = host.interface(id)?;
                let fits = name.is_none_or(|name| name == interface.name());
                let (name, mac) = (interface.name().to_owned(), interface.mac());
                fits.then(|| Self { node: host.node(), id, name, mac })
            })
        })
    }

    /// Its number.
    pub const fn id(&self) -> InterfaceId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its hardware address.
    pub const fn mac(&self) -> Mac {
        self.mac
    }

    /// Its addresses.
    #[track_caller]
    pub fn addresses(&self) -> Vec<Cidr> {
        let own = |host: &Host| host.interface(self.id).map(|own| own.addresses().to_vec());
        call(Some(self.node), |host, _| own(host).unwrap_or_default())
    }

    /// Whether it has this address.
    #[track_caller]
    pub fn has(&self, address: Ipv4Addr) -> bool {
        self.addresses().iter().any(|own| own.address() == address)
    }

    /// Gives it an address, which is probed before it is used (RFC 5227 §2.1), and waits for the outcome.
    ///
    /// # Errors
    /// When the address cannot be its own, or was taken away meanwhile.
    pub async fn assign(&self, cidr: Cidr) -> io::Result<Assigned> {
        call(Some(self.node), |host, ctx| host.assign_address(ctx, self.id, cidr)).map_err(refused)?;
        let mut waits = Waits::new(self.node);
        let standing = poll_fn(|cx| {
            waits.poll(cx, |host, _| match host.standing(self.id, cidr.address()) {
                Some(Standing::Tentative) => {
                    host.wait_for_addresses();
                    Err(SocketError::WouldBlock)
                }
                Some(Standing::Assured) => Ok(Assigned::Yes),
                Some(Standing::Duplicate(mac)) => Ok(Assigned::Duplicate(mac)),
                None => Err(SocketError::AddressNotAvailable),
            })
        });
        standing.await.map_err(io::Error::from)
    }

    /// How an address of it stands; `None`: it was never given it, or has lost it.
    #[track_caller]
    pub fn standing(&self, address: Ipv4Addr) -> Option<Standing> {
        call(Some(self.node), |host, _| host.standing(self.id, address.into()))
    }

    /// Says why it has no address, where [`Configure::Dhcp`](crate::interface::Configure::Dhcp) has the host wait for one:
    /// who waits is told. An address that comes nevertheless is taken.
    #[track_caller]
    pub fn unconfigured(&self, why: &'static str) {
        call(Some(self.node), |host, _| host.unconfigured(self.id, why));
    }

    /// Takes an address from it. What is bound to the address fails.
    #[track_caller]
    pub fn remove(&self, address: IpAddr) -> bool {
        call(Some(self.node), |host, ctx| host.remove_address(ctx, self.id, address))
    }

    /// Adds a route by it.
    ///
    /// # Errors
    /// When it makes no sense, or there is one to that network already.
    #[track_caller]
    pub fn add_route(&self, destination: Cidr, gateway: Option<IpAddr>) -> io::Result<()> {
        let route = self.route(destination, gateway);
        call(Some(self.node), |host, _| host.add_route(&route)).map_err(refused)
    }

    /// Removes a route that [`add_route`](Self::add_route) added.
    #[track_caller]
    pub fn remove_route(&self, destination: Cidr, gateway: Option<IpAddr>) -> bool {
        let route = self.route(destination, gateway);
        call(Some(self.node), |host, _| host.remove_route(&route))
    }

    const fn route(&self, destination: Cidr, gateway: Option<IpAddr>) -> RouteConfig {
        let route = RouteConfig::new(destination, RouteKind::Unicast);
        RouteConfig { gateway, interface: Some(self.id), ..route }
    }

    /// Tells it which station has an address, as that station's answer would.
    #[track_caller]
    pub fn teach_neighbor(&self, address: IpAddr, mac: Mac) {
        call(Some(self.node), |host, ctx| host.teach_neighbor(ctx, self.id, address, mac));
    }
}

fn refused(error: ConfigError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

/// A number from `least` to `most`, both included, from the host's stream of draws.
///
/// # Panics
/// Outside of a task.
#[track_caller]
pub fn draw(least: u64, most: u64, why: &'static str) -> u64 {
    let span = most.saturating_sub(least).saturating_add(1);
    context::with(|seat| least + seat.rng.pick(span, why))
}
