//! `SO_BINDTODEVICE` of streams: what a listener takes, what a connection hears, and by which way it sends.

use super::*;
use crate::addr::Mac;
use crate::frame::InterfaceId;
use crate::host::{Host, RouteConfig, RouteKind};
use crate::interface::InterfaceConfig;
use crate::time::Duration;

fn bind_to(net: &mut Net, host: usize, fd: Fd, name: &str) -> Result<(), Errno> {
    net.bsd(host, |bsd| bsd.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name))
}

/// What comes of an attempt to connect to [`SERVER`].
fn try_to_connect(net: &mut Net) -> Result<(), Errno> {
    let client = tcp(net, 0);
    assert_eq!(net.bsd(0, |bsd| bsd.connect(client, SERVER)), Err(Errno::EINPROGRESS));
    net.run();
    net.bsd(0, |bsd| bsd.connect(client, SERVER))
}

#[test]
fn a_listener_takes_what_comes_by_its_interface() {
    let mut net = net();
    let listener = listener(&mut net, 5);
    assert_eq!(bind_to(&mut net, 1, listener, "eth9"), Err(Errno::ENODEV));
    bind_to(&mut net, 1, listener, "lo").unwrap();
    net.bsd(1, |bsd| {
        assert_eq!(bsd.getsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE), Ok("lo".into()));
        assert_eq!(bsd.setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, 1), Err(Errno::EINVAL));
    });
    assert_eq!(try_to_connect(&mut net), Err(Errno::ECONNREFUSED));
    bind_to(&mut net, 1, listener, "eth0").unwrap();
    assert_eq!(try_to_connect(&mut net), Ok(()));
    let (accepted, _) = net.bsd(1, |bsd| bsd.accept(listener)).unwrap();
    net.bsd(1, |bsd| assert_eq!(bsd.getsockopt(accepted, SOL_SOCKET, SO_BINDTODEVICE), Ok("eth0".into())));
    bind_to(&mut net, 1, listener, "").unwrap();
    assert_eq!(try_to_connect(&mut net), Ok(()));
}

#[test]
fn sockets_of_different_interfaces_have_one_port() {
    let mut net = net();
    let [here, wire, anywhere, again] = [(); 4].map(|()| tcp(&mut net, 1));
    bind_to(&mut net, 1, here, "lo").unwrap();
    bind_to(&mut net, 1, wire, "eth0").unwrap();
    bind_to(&mut net, 1, again, "eth0").unwrap();
    net.bsd(1, |bsd| {
        for fd in [here, wire] {
            bsd.bind(fd, SERVER).unwrap();
            bsd.listen(fd, 5).unwrap();
        }
        assert_eq!(bsd.bind(anywhere, SERVER), Err(Errno::EADDRINUSE));
        assert_eq!(bsd.bind(again, SERVER), Err(Errno::EADDRINUSE));
    });
    assert_eq!(try_to_connect(&mut net), Ok(()));
    net.bsd(1, |bsd| {
        assert_eq!(bsd.accept(here), Err(Errno::EAGAIN));
        assert!(bsd.accept(wire).is_ok());
    });
    // What a host sends to itself comes by its loopback.
    let own = tcp(&mut net, 1);
    let _ = net.bsd(1, |bsd| bsd.connect(own, SERVER));
    net.run();
    net.bsd(1, |bsd| {
        assert_eq!(bsd.accept(wire), Err(Errno::EAGAIN));
        assert!(bsd.accept(here).is_ok());
    });
}

#[test]
fn a_connection_hears_nothing_by_another_interface() {
    let mut net = net();
    let (client, _, server) = connection(&mut net);
    // Segments have been expected before.
    assert_eq!(send(&mut net, 0, client, &[1; 3000]), Ok(3000));
    assert_eq!(recv(&mut net, 1, server, 0).map(|data| data.len()), Ok(3000));
    bind_to(&mut net, 1, server, "eth0").unwrap();
    net.run_for(Duration::from_secs(1));
    assert_eq!(send(&mut net, 0, client, b"heard"), Ok(5));
    assert_eq!(recv(&mut net, 1, server, 0).unwrap(), b"heard");
    net.run_for(Duration::from_secs(1));
    bind_to(&mut net, 1, server, "lo").unwrap();
    assert_eq!(send(&mut net, 0, client, b"lost"), Ok(4));
    assert_eq!(recv(&mut net, 1, server, 0), Err(Errno::EAGAIN));
    assert_eq!(
        recv(&mut net, 0, client, 0),
        Err(Errno::ECONNRESET),
        "there is nobody, as far as it can tell"
    );
}

#[test]
fn a_connection_goes_by_its_interface_alone() {
    let first = |device: &str| {
        let mut net = Net::new(2, |config| {
            config.profile = Profile::linux();
            let address = vec!["10.0.1.1/24".parse().unwrap()];
            let mut second = InterfaceConfig::new("eth1", Mac([2, 0, 0, 0, 1, config.node.0 as u8]), address);
            second.announce = false;
            if config.node.0 == 1 {
                config.interfaces.push(second);
                let everything = "0.0.0.0/0".parse().unwrap();
                let interface = Some(InterfaceId(1));
                let route = RouteConfig::new(everything, RouteKind::Unicast);
                config.routes.push(RouteConfig { interface, ..route });
            }
        });
        let client = tcp(&mut net, 0);
        bind_to(&mut net, 0, client, device).unwrap();
        let begun = net.bsd(0, |bsd| bsd.connect(client, SERVER));
        let local = net.bsd(0, |bsd| bsd.getsockname(client)).unwrap();
        let by = net.call(0, Host::poll_transmit).map(|(by, _)| by);
        (begun, local.inet().map(|local| local.ip()), by)
    };
    let (begun, any) = (Err(Errno::EINPROGRESS), Some([0; 4].into()));
    assert_eq!(first(""), (begun, Some([10, 0, 0, 1].into()), Some(InterfaceId(0))));
    assert_eq!(first("eth0"), (begun, Some([10, 0, 0, 1].into()), Some(InterfaceId(0))));
    assert_eq!(first("eth1"), (begun, Some([10, 0, 1, 1].into()), Some(InterfaceId(1))));
    assert_eq!(first("lo"), (Err(Errno::ENETUNREACH), any, None));
}
