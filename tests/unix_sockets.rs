//! Random calls on `AF_UNIX` sockets, made of a host and of the system that the test runs on: the same results, the same
//! errors. What is meant to differ: a system's backlog of n holds n + 1 connections; a listener, or a
//! socket of datagrams, that is shut for reading says so here to who does not wait too, and there to who waits only; and how many octets a full
//! stream holds, which is not asked for here.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketAddrAny, SocketAddrUnix, SocketFlags};
use wirelab::stack::addr::Mac;
use wirelab::stack::context::{Ctx, Unobserved};
use wirelab::stack::frame::NodeId;
use wirelab::stack::host::{Host, HostConfig};
use wirelab::stack::interface::InterfaceConfig;
use wirelab::stack::profile::Profile;
use wirelab::stack::rng::Rng;
use wirelab::stack::socket::{SocketError, SocketId};
use wirelab::stack::time::Instant;
use wirelab::stack::transport::unix::{Address, Shutdown, Type};

/// Sockets that a sequence plays with.
const SLOTS: usize = 5;
/// Names that it binds them to; the odd ones are abstract.
const NAMES: usize = 4;

#[derive(Clone, Debug)]
enum Call {
    Open(usize, Type),
    Pair(usize, usize, Type),
    Bind(usize, usize),
    Listen(usize, usize),
    Connect(usize, usize),
    Accept(usize, usize),
    Send(usize, usize),
    SendTo(usize, usize, usize),
    Recv(usize, usize, bool),
    Shutdown(usize, Shutdown),
    Error(usize),
    Close(usize),
    Unlink(usize),
}

/// What a call gave, or the name of its error.
type Outcome = Result<Given, &'static str>;

#[derive(PartialEq, Eq, Debug)]
enum Given {
    Nothing,
    Octets(usize),
    Message(Vec<u8>, Option<String>),
    Error(Option<&'static str>),
}

/// What a test plays on: this project's host, or the system.
trait Sockets {
    fn call(&mut self, call: &Call, data: &[u8]) -> Outcome;
}

/// The names of addresses, whatever they are called where they are bound.
fn name_of(number: usize) -> String {
    format!("name {number}")
}

struct Ours {
    host: Host,
    rng: Rng,
    slots: BTreeMap<usize, SocketId>,
}

impl Ours {
    fn new() -> Self {
        let mut config = HostConfig::new("host", NodeId(0), InterfaceConfig::new("eth0", Mac([2; 6]), []));
        config.profile = Profile::linux();
        let mut rng = Rng::stream(1, "host", "stack");
        let host = Host::new(config, &mut rng).unwrap();
        Self { host, rng, slots: BTreeMap::new() }
    }

    fn address(number: usize) -> Address {
        let name = format!("/{number}");
        let address =
            if number.is_multiple_of(2) { Address::path(name) } else { Address::abstract_name(name) };
        address.unwrap()
    }

    fn put(&mut self, slot: usize, id: SocketId) {
        if let Some(old) = self.slots.insert(slot, id) {
            self.close(old);
        }
    }

    fn close(&mut self, id: SocketId) {
        self.host.close(&mut Ctx::new(Instant::ZERO, &mut self.rng, &mut Unobserved), id);
    }

    fn act(&mut self, call: &Call, data: &[u8]) -> Result<Given, SocketError> {
        let at = |slot: &usize| self.slots.get(slot).copied().ok_or(SocketError::BadDescriptor);
        match call {
            Call::Open(slot, kind) => {
                let id = self.host.unix_open(*kind);
                self.put(*slot, id);
            }
            Call::Pair(first, second, kind) => {
                let ids = self.host.unix_pair(*kind);
                self.put(*first, ids[0]);
                self.put(*second, ids[1]);
            }
            Call::Bind(slot, name) => self.host.unix_bind(at(slot)?, Self::address(*name))?,
            Call::Listen(slot, backlog) => self.host.unix_listen(at(slot)?, *backlog)?,
            Call::Connect(slot, name) => self.host.unix_connect(at(slot)?, &Self::address(*name))?,
            Call::Accept(slot, into) => {
                let (id, _) = self.host.unix_accept(at(slot)?)?;
                self.put(*into, id);
            }
            Call::Send(slot, length) => {
                let sent = self.host.unix_send(at(slot)?, &data[..*length], None)?;
                return Ok(Given::Octets(sent));
            }
            Call::SendTo(slot, name, length) => {
                let to = Self::address(*name);
                let sent = self.host.unix_send(at(slot)?, &data[..*length], Some(&to))?;
                return Ok(Given::Octets(sent));
            }
            Call::Recv(slot, most, peek) => {
                let id = at(slot)?;
                let message =
                    if *peek { self.host.unix_peek(id, *most) } else { self.host.unix_recv(id, *most) }?;
                let from = (0..NAMES).find(|number| Self::address(*number) == message.from).map(name_of);
                let datagram = self.host.unix_type(id)? == Type::Datagram;
                return Ok(Given::Message(message.payload.to_vec(), from.filter(|_| datagram)));
            }
            Call::Shutdown(slot, how) => self.host.unix_shutdown(at(slot)?, *how)?,
            Call::Error(slot) => {
                let error = self.host.unix_take_error(at(slot)?)?;
                return Ok(Given::Error(error.map(SocketError::name)));
            }
            Call::Close(slot) => {
                let id = at(slot)?;
                self.slots.remove(slot);
                self.close(id);
            }
            Call::Unlink(name) => {
                let path = format!("/{name}");
                self.host.unix_unlink(path.as_bytes())?;
            }
        }
        Ok(Given::Nothing)
    }
}

impl Sockets for Ours {
    fn call(&mut self, call: &Call, data: &[u8]) -> Outcome {
        self.act(call, data).map_err(SocketError::name)
    }
}

/// The system's sockets, in a directory of their own that goes with them.
struct Theirs {
    directory: PathBuf,
    slots: BTreeMap<usize, OwnedFd>,
    /// Sockets that this test has shut for reading, by their numbers in the system.
    shut: BTreeSet<i32>,
}

static DIRECTORIES: AtomicU32 = AtomicU32::new(0);

impl Theirs {
    fn new() -> Self {
        let number = DIRECTORIES.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("wirelab-{}-{number}", process::id()));
        fs::create_dir_all(&directory).unwrap();
        Self { directory, slots: BTreeMap::new(), shut: BTreeSet::new() }
    }

    fn address(&self, number: usize) -> SocketAddrUnix {
        let path = self.directory.join(number.to_string());
        if number.is_multiple_of(2) {
            SocketAddrUnix::new(&path).unwrap()
        } else {
            SocketAddrUnix::new_abstract_name(path.as_os_str().as_encoded_bytes()).unwrap()
        }
    }

    fn at(&self, slot: usize) -> Result<&OwnedFd, Errno> {
        self.slots.get(&slot).ok_or(Errno::BADF)
    }

    fn put(&mut self, slot: usize, socket: OwnedFd) {
        // A closed socket's number is given to another.
        self.shut.remove(&socket.as_raw_fd());
        self.slots.insert(slot, socket);
    }

    fn act(&mut self, call: &Call, data: &[u8]) -> Result<Given, Errno> {
        let kind_of = |kind: &Type| match kind {
            Type::Stream => net::SocketType::STREAM,
            Type::Datagram => net::SocketType::DGRAM,
            Type::SeqPacket => net::SocketType::SEQPACKET,
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let send = SendFlags::NOSIGNAL;
        match call {
            Call::Open(slot, kind) => {
                let socket = net::socket_with(AddressFamily::UNIX, kind_of(kind), flags, None)?;
                self.put(*slot, socket);
            }
            Call::Pair(first, second, kind) => {
                let (a, b) = net::socketpair(AddressFamily::UNIX, kind_of(kind), flags, None)?;
                self.put(*first, a);
                self.put(*second, b);
            }
            Call::Bind(slot, name) => net::bind(self.at(*slot)?, &self.address(*name))?,
            Call::Listen(slot, backlog) => net::listen(self.at(*slot)?, *backlog as i32 - 1)?,
            Call::Connect(slot, name) => net::connect(self.at(*slot)?, &self.address(*name))?,
            Call::Accept(slot, into) => {
                let listener = self.at(*slot)?;
                let socket = match net::accept_with(listener, flags) {
                    Err(Errno::AGAIN) if self.shut.contains(&listener.as_raw_fd()) => Err(Errno::INVAL),
                    accepted => accepted,
                }?;
                self.put(*into, socket);
            }
            Call::Send(slot, length) => {
                return net::send(self.at(*slot)?, &data[..*length], send).map(Given::Octets);
            }
            Call::SendTo(slot, name, length) => {
                let to = self.address(*name);
                return net::sendto(self.at(*slot)?, &data[..*length], send, &to).map(Given::Octets);
            }
            Call::Recv(slot, most, peek) => {
                let socket = self.at(*slot)?;
                let datagram = net::sockopt::socket_type(socket)? == net::SocketType::DGRAM;
                let mut buffer = vec![0; *most];
                let flags = if *peek { RecvFlags::PEEK } else { RecvFlags::empty() };
                let (got, _, from) = match net::recvfrom(socket, &mut buffer, flags) {
                    Err(Errno::AGAIN) if datagram && self.shut.contains(&socket.as_raw_fd()) => (0, 0, None),
                    got => got?,
                };
                buffer.truncate(got);
                return Ok(Given::Message(
                    buffer,
                    from.filter(|_| datagram).and_then(|from| self.name(&from)),
                ));
            }
            Call::Shutdown(slot, how) => {
                let socket = self.at(*slot)?;
                let (number, reads) = (socket.as_raw_fd(), *how != Shutdown::Write);
                let how = match how {
                    Shutdown::Read => net::Shutdown::Read,
                    Shutdown::Write => net::Shutdown::Write,
                    Shutdown::Both => net::Shutdown::Both,
                };
                net::shutdown(socket, how)?;
                if reads {
                    self.shut.insert(number);
                }
            }
            Call::Error(slot) => {
                let error = net::sockopt::socket_error(self.at(*slot)?)?;
                return Ok(Given::Error(error.err().map(name)));
            }
            Call::Close(slot) => drop(self.slots.remove(slot).ok_or(Errno::BADF)?),
            Call::Unlink(name) => {
                let path = self.directory.join(name.to_string());
                fs::remove_file(path).map_err(|error| Errno::from_io_error(&error).unwrap())?;
            }
        }
        Ok(Given::Nothing)
    }

    fn name(&self, from: &SocketAddrAny) -> Option<String> {
        let from = SocketAddrUnix::try_from(from.clone()).ok()?;
        (0..NAMES).find(|number| self.address(*number) == from).map(name_of)
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

impl Sockets for Theirs {
    fn call(&mut self, call: &Call, data: &[u8]) -> Outcome {
        self.act(call, data).map_err(name)
    }
}

fn name(error: Errno) -> &'static str {
    let names = [
        (Errno::AGAIN, "EWOULDBLOCK"),
        (Errno::CONNREFUSED, "ECONNREFUSED"),
        (Errno::CONNRESET, "ECONNRESET"),
        (Errno::ADDRINUSE, "EADDRINUSE"),
        (Errno::NOTCONN, "ENOTCONN"),
        (Errno::ISCONN, "EISCONN"),
        (Errno::PIPE, "EPIPE"),
        (Errno::MSGSIZE, "EMSGSIZE"),
        (Errno::INVAL, "EINVAL"),
        (Errno::BADF, "EBADF"),
        (Errno::OPNOTSUPP, "EOPNOTSUPP"),
        (Errno::NOENT, "ENOENT"),
        (Errno::PROTOTYPE, "EPROTOTYPE"),
        (Errno::PERM, "EPERM"),
    ];
    names.iter().find(|(known, _)| *known == error).map_or_else(|| panic!("{error:?}"), |(_, name)| name)
}

fn call() -> impl Strategy<Value = Call> {
    let slot = || 0..SLOTS;
    let name = || 0..NAMES;
    // Streams most of all: they have the most states.
    let kind = || prop_oneof![3 => Just(Type::Stream), 2 => Just(Type::Datagram), 1 => Just(Type::SeqPacket)];
    let how = prop_oneof![Just(Shutdown::Read), Just(Shutdown::Write), Just(Shutdown::Both)];
    let pair = (0..SLOTS, 1..SLOTS, kind());
    prop_oneof![
        3 => (slot(), kind()).prop_map(|(slot, kind)| Call::Open(slot, kind)),
        1 => pair.prop_map(|(first, apart, kind)| Call::Pair(first, (first + apart) % SLOTS, kind)),
        3 => (slot(), name()).prop_map(|(slot, name)| Call::Bind(slot, name)),
        2 => (slot(), 1..3_usize).prop_map(|(slot, backlog)| Call::Listen(slot, backlog)),
        4 => (slot(), name()).prop_map(|(slot, name)| Call::Connect(slot, name)),
        3 => (slot(), slot()).prop_map(|(slot, into)| Call::Accept(slot, into)),
        5 => (slot(), 0..20_usize).prop_map(|(slot, length)| Call::Send(slot, length)),
        3 => (slot(), name(), 0..20_usize).prop_map(|(slot, name, length)| Call::SendTo(slot, name, length)),
        6 => (slot(), 1..30_usize, any::<bool>()).prop_map(|(slot, most, peek)| Call::Recv(slot, most, peek)),
        2 => (slot(), how).prop_map(|(slot, how)| Call::Shutdown(slot, how)),
        1 => slot().prop_map(Call::Error),
        2 => slot().prop_map(Call::Close),
        1 => (0..NAMES).prop_map(|name| Call::Unlink(name / 2 * 2)),
    ]
}

/// Each call is made of both; what they give is the same.
fn compare(calls: &[Call]) -> Result<(), TestCaseError> {
    let (mut ours, mut theirs) = (Ours::new(), Theirs::new());
    for (place, call) in calls.iter().enumerate() {
        let data: Vec<u8> = (0..20).map(|octet| (place * 20 + octet) as u8).collect();
        let (own, system) = (ours.call(call, &data), theirs.call(call, &data));
        prop_assert_eq!(own, system, "call {}, {:?}", place, call);
    }
    Ok(())
}

/// Cases: many more with `WIRELAB_DEEP=1`.
fn cases() -> u32 {
    if std::env::var_os("WIRELAB_DEEP").is_some() { 30_000 } else { 1_000 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn a_host_and_the_system_give_the_same(calls in prop::collection::vec(call(), 1..60)) {
        compare(&calls)?;
    }
}

#[test]
fn a_queue_of_datagrams_holds_as_many_as_the_system_s() {
    let mut calls = vec![Call::Open(0, Type::Datagram), Call::Bind(0, 0), Call::Open(1, Type::Datagram)];
    calls.extend((0..13).map(|_| Call::SendTo(1, 0, 5)));
    calls.extend([Call::Recv(0, 9, false), Call::SendTo(1, 0, 5), Call::SendTo(1, 0, 5)]);
    compare(&calls).unwrap();
}
