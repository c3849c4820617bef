//! The server as an application: its socket, its clock, and the echo requests that it sends.

use core::future::poll_fn;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::pin::pin;
use core::task::Poll;

use bytes::Bytes;

use super::{Action, Config, Server, To};
use crate::application::AppError;
use crate::application::dhcp::codec::{CLIENT_PORT, Message, SERVER_PORT};
use crate::socket::net::{EchoSocket, Interface, UdpSocket, report, time};
use crate::time::Instant;
use crate::transport::echo::EchoEvent;

/// What may happen to a server.
enum Input {
    Datagram(Bytes),
    Echo(EchoEvent),
    Timeout,
}

/// Serves for ever.
///
/// # Errors
/// When the host has no such interface, the interface no address, or another application the port.
pub async fn serve(config: Config) -> Result<(), AppError> {
    let interface = Interface::find(config.interface.as_deref())
        .ok_or_else(|| AppError::new("there is no such interface"))?;
    let own = own_address(&interface, &config)
        .ok_or_else(|| AppError::new("a DHCP server needs an address of its own"))?;
    let local = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), SERVER_PORT);
    let socket = UdpSocket::bind_on(local, &interface).await?;
    socket.set_broadcast(true)?;
    let echo = EchoSocket::open().await?;
    let mut server = Server::new(config, own);
    let mut sequence = 0_u16;
    loop {
        while let Some(action) = server.take_action() {
            match action {
                Action::Send(message, to) => send(&interface, &socket, &message, to).await,
                Action::Ping(address) => {
                    sequence = sequence.wrapping_add(1);
                    // An address that cannot be reached is nobody's.
                    let _ = echo.send(address.into(), sequence, b"is anybody there?", None).await;
                }
                Action::Say(text) => report(text),
            }
        }
        match next(&socket, &echo, server.next_timeout()).await? {
            Input::Datagram(octets) => {
                if let Some(message) = Message::parse(&octets) {
                    server.handle(time::now(), &message);
                }
            }
            Input::Echo(EchoEvent::Reply { from: IpAddr::V4(from), .. }) => {
                server.on_ping_answered(time::now(), from);
            }
            Input::Echo(_) => {}
            Input::Timeout => server.handle_timeout(time::now()),
        }
    }
}

/// The interface's address in the pool's network, or else its first one, for a pool that relay agents ask for.
fn own_address(interface: &Interface, config: &Config) -> Option<Ipv4Addr> {
    let addresses = interface.addresses();
    let of_pool = addresses.iter().find(|cidr| cidr.contains(config.first.into()));
    of_pool.into_iter().chain(&addresses).find_map(|cidr| match cidr.address() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    })
}

/// Sends an answer. One that cannot be sent is as good as lost under way.
async fn send(interface: &Interface, socket: &UdpSocket, message: &Message, to: To) {
    let to = match to {
        To::All => (Ipv4Addr::BROADCAST, CLIENT_PORT),
        To::Client(address) => (address, CLIENT_PORT),
        To::Station(address, mac) => {
            // RFC 2131 §4.1: to the hardware address, since the client cannot answer ARP for the address yet.
            interface.teach_neighbor(address.into(), mac);
            (address, CLIENT_PORT)
        }
        To::Relay(address) => (address, SERVER_PORT),
    };
    if let Err(error) = socket.send_to(&message.to_bytes(), to).await {
        report(format!("cannot answer {}: {error}", message.mac));
    }
}

async fn next(socket: &UdpSocket, echo: &EchoSocket, until: Option<Instant>) -> Result<Input, AppError> {
    let mut datagram = pin!(socket.recv_bytes());
    let mut event = pin!(echo.recv());
    let mut timeout = pin!(time::sleep_until(until.unwrap_or(Instant::FAR_FUTURE)));
    poll_fn(|cx| {
        if let Poll::Ready(received) = datagram.as_mut().poll(cx) {
            // An ICMP error about an answer is no reason to stop.
            return Poll::Ready(Ok(received.map_or(Input::Timeout, |(octets, _)| Input::Datagram(octets))));
        }
        if let Poll::Ready(event) = event.as_mut().poll(cx) {
            return Poll::Ready(event.map(Input::Echo).map_err(AppError::from));
        }
        timeout.as_mut().poll(cx).map(|()| Ok(Input::Timeout))
    })
    .await
}
