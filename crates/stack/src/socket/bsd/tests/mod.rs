//! The calls on two hosts on one wire, in the words of programs. What they answer was asked of Linux first.

mod datagram;
mod device;
mod names;
mod opening;
mod options;
mod polling;
mod raw;
mod stream;
mod unix;

use super::*;
use crate::host::tests::Net;
use crate::profile::Profile;

/// Calls of one host.
impl Net {
    fn bsd<R>(&mut self, host: usize, calls: impl FnOnce(&mut Bsd<'_, '_>) -> R) -> R {
        self.call(host, |host, ctx| calls(&mut host.bsd(ctx)))
    }
}

const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 6999);

fn net() -> Net {
    Net::new(2, |config| config.profile = Profile::linux())
}

fn tcp(net: &mut Net, host: usize) -> Fd {
    net.bsd(host, |bsd| bsd.socket(AF_INET, SOCK_STREAM, 0).unwrap())
}

fn udp(net: &mut Net, host: usize) -> Fd {
    net.bsd(host, |bsd| bsd.socket(AF_INET, SOCK_DGRAM, 0).unwrap())
}

/// A listener at [`SERVER`].
fn listener(net: &mut Net, backlog: i32) -> Fd {
    let fd = tcp(net, 1);
    net.bsd(1, |bsd| {
        bsd.bind(fd, SERVER).unwrap();
        bsd.listen(fd, backlog).unwrap();
    });
    fd
}

/// A connection from host 0 to a listener at [`SERVER`], and its other end: client, listener, server.
fn connection(net: &mut Net) -> (Fd, Fd, Fd) {
    let listener = listener(net, 5);
    let client = tcp(net, 0);
    assert_eq!(net.bsd(0, |bsd| bsd.connect(client, SERVER)), Err(Errno::EINPROGRESS));
    net.run();
    assert_eq!(net.bsd(0, |bsd| bsd.connect(client, SERVER)), Ok(()));
    let (server, _) = net.bsd(1, |bsd| bsd.accept(listener)).unwrap();
    (client, listener, server)
}

fn recv(net: &mut Net, host: usize, fd: Fd, flags: i32) -> Result<Vec<u8>, Errno> {
    let mut buffer = [0; 4096];
    let length = net.bsd(host, |bsd| bsd.recv(fd, &mut buffer, flags))?;
    Ok(buffer[..length.min(buffer.len())].to_vec())
}

fn send(net: &mut Net, host: usize, fd: Fd, data: &[u8]) -> Result<usize, Errno> {
    let sent = net.bsd(host, |bsd| bsd.send(fd, data, 0));
    net.run();
    sent
}

/// Everything that holds of a descriptor.
fn poll(net: &mut Net, host: usize, fd: Fd) -> i16 {
    let mut asked = [PollFd::new(fd, i16::MAX)];
    net.bsd(host, |bsd| bsd.poll(&mut asked));
    asked[0].revents
}
