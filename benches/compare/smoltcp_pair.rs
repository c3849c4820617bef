//! Two smoltcp interfaces joined by in-memory queues, with one TCP connection between them.

use std::collections::VecDeque;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, Checksum, ChecksumCapabilities, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{self, CongestionControl};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr};

use crate::hosts::{BURST, TURN};
use crate::{BUFFER, CHUNK, ETHERNET_MTU, Pair, Setting, Transferred};

/// A frame's octets, in storage that is used again.
struct Packet {
    octets: Box<[u8; ETHERNET_MTU]>,
    length: usize,
}

/// What an interface sends and receives: queues, storage to send from, and storage that was read.
#[derive(Default)]
struct Queues {
    checksums: bool,
    received: VecDeque<Packet>,
    sent: VecDeque<Packet>,
    spare: Vec<Packet>,
    read: Vec<Packet>,
}

struct RxToken<'a> {
    packet: Packet,
    read: &'a mut Vec<Packet>,
}

struct TxToken<'a> {
    spare: &'a mut Vec<Packet>,
    sent: &'a mut VecDeque<Packet>,
}

impl phy::RxToken for RxToken<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        let result = read(&self.packet.octets[..self.packet.length]);
        self.read.push(self.packet);
        result
    }
}

impl phy::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let new = || Packet { octets: Box::new([0; ETHERNET_MTU]), length: 0 };
        let mut packet = self.spare.pop().unwrap_or_else(new);
        packet.length = length;
        let result = write(&mut packet.octets[..length]);
        self.sent.push_back(packet);
        result
    }
}

impl Device for Queues {
    type RxToken<'a> = RxToken<'a>;
    type TxToken<'a> = TxToken<'a>;

    fn receive(&mut self, _: Instant) -> Option<(RxToken<'_>, TxToken<'_>)> {
        let packet = self.received.pop_front()?;
        let reply = TxToken { spare: &mut self.spare, sent: &mut self.sent };
        Some((RxToken { packet, read: &mut self.read }, reply))
    }

    fn transmit(&mut self, _: Instant) -> Option<TxToken<'_>> {
        Some(TxToken { spare: &mut self.spare, sent: &mut self.sent })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut checksum = ChecksumCapabilities::default();
        if !self.checksums {
            // The transport's only: the IPv4 header's is always computed, as in the other stack.
            checksum.tcp = Checksum::None;
        }
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = ETHERNET_MTU;
        capabilities.checksum = checksum;
        capabilities
    }
}

/// One end: an interface with one socket.
struct End {
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    queues: Queues,
}

impl End {
    fn new(last_octet: u8, setting: Setting) -> Self {
        let mut queues = Queues { checksums: setting.checksums, ..Queues::default() };
        let mac = EthernetAddress([2, 0, 0, 0, 0, last_octet]);
        let mut interface = Interface::new(Config::new(mac.into()), &mut queues, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses
                .push(IpCidr::new(IpAddress::v4(10, 0, 0, last_octet), 24))
                .expect("room for one address");
        });
        let buffer = || tcp::SocketBuffer::new(vec![0; BUFFER]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.set_congestion_control(CongestionControl::Reno);
        if setting.timestamps {
            socket.set_tsval_generator(Some(|| 1));
        }
        let mut sockets = SocketSet::new(Vec::new());
        let socket = sockets.add(socket);
        Self { interface, sockets, socket, queues }
    }

    fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.socket)
    }

    fn poll(&mut self, now: Instant) {
        self.interface.poll(now, &mut self.queues, &mut self.sockets);
    }
}

/// The two ends.
pub struct SmoltcpPair {
    client: End,
    server: End,
    now: Instant,
    chunk: Vec<u8>,
    buffer: Vec<u8>,
}

/// Moves at most `most` frames from one end's wire to the other's. Storage goes back where it came from.
fn carry(from: &mut End, to: &mut End, most: usize) -> u64 {
    from.queues.spare.append(&mut to.queues.read);
    let count = most.min(from.queues.sent.len());
    to.queues.received.extend(from.queues.sent.drain(..count));
    count as u64
}

impl SmoltcpPair {
    /// Two ends with an established connection.
    pub fn new(setting: Setting) -> Self {
        let (mut client, mut server) = (End::new(1, setting), End::new(2, setting));
        server.socket().listen(7).expect("a fresh socket listens");
        let handle = client.socket;
        let socket = client.sockets.get_mut::<tcp::Socket<'_>>(handle);
        let remote = (IpAddress::v4(10, 0, 0, 2), 7);
        socket.connect(client.interface.context(), remote, 50_000).expect("a fresh socket connects");
        let (chunk, buffer) = (vec![7; CHUNK], vec![0; CHUNK]);
        let mut pair = Self { client, server, now: Instant::ZERO, chunk, buffer };
        while !pair.client.socket().may_send() || !pair.server.socket().may_send() {
            assert!(pair.now < Instant::from_secs(60), "smoltcp's handshake does not end");
            pair.turn();
        }
        pair
    }

    /// Each end sends what it has and takes what there is, at most [`BURST`] frames. Returns the frames that
    /// reached the server and the client.
    fn turn(&mut self) -> (u64, u64) {
        self.client.poll(self.now);
        let up = carry(&mut self.client, &mut self.server, BURST);
        self.server.poll(self.now);
        let down = carry(&mut self.server, &mut self.client, BURST);
        self.now += smoltcp::time::Duration::from_micros(TURN.as_micros());
        (up, down)
    }
}

impl Pair for SmoltcpPair {
    #[inline(never)]
    fn transfer(&mut self, octets: usize) -> Transferred {
        let (mut to_send, mut to_receive, mut moved) = (octets, octets, Transferred::default());
        let mut idle = 0;
        while to_receive > 0 {
            let socket = self.client.sockets.get_mut::<tcp::Socket<'_>>(self.client.socket);
            while to_send > 0 && socket.send_capacity() - socket.send_queue() >= CHUNK {
                let length = CHUNK.min(to_send);
                to_send -= socket.send_slice(&self.chunk[..length]).expect("the connection is open");
            }
            let (up, down) = self.turn();
            moved.data_frames += up;
            moved.ack_frames += down;
            let socket = self.server.sockets.get_mut::<tcp::Socket<'_>>(self.server.socket);
            while socket.can_recv() {
                to_receive -= socket.recv_slice(&mut self.buffer).expect("the connection is open");
            }
            idle = if up + down == 0 { idle + 1 } else { 0 };
            assert!(idle < 1_000_000, "smoltcp's transfer stands still with {to_receive} octets to come");
        }
        moved
    }
}
