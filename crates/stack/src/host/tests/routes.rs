use super::*;
use crate::transport::SocketError;

fn two_interfaces() -> HostConfig {
    let mut config = config(1);
    let address = "192.168.1.1/24".parse().unwrap();
    let mut second = InterfaceConfig::new("eth1", Mac([2, 0, 0, 0, 1, 1]), vec![address]);
    second.announce = false;
    config.interfaces.push(second);
    config.routes.push(RouteConfig::via("0.0.0.0/0".parse().unwrap(), [192, 168, 1, 254].into()));
    config
}

fn build(config: HostConfig) -> Result<Host, ConfigError> {
    Host::new(config, &mut Rng::stream(1, "host", "stack"))
}

#[test]
fn the_route_says_the_source_and_the_next_hop() {
    let host = build(two_interfaces()).unwrap();
    let any = [0, 0, 0, 0].into();
    let plan = |destination: &str| {
        let plan = host.plan(destination.parse().unwrap(), any).unwrap();
        (plan.hop.interface.0, plan.hop.station.to_string(), plan.source.to_string())
    };
    assert_eq!(plan("10.0.0.9"), (0, "10.0.0.9".into(), "10.0.0.1".into()));
    assert_eq!(plan("8.8.8.8"), (1, "192.168.1.254".into(), "192.168.1.1".into()));
    assert_eq!(plan("192.168.1.1"), (u16::MAX, "192.168.1.1".into(), "192.168.1.1".into()));
    assert_eq!(plan("255.255.255.255"), (0, "255.255.255.255".into(), "10.0.0.1".into()));
    assert_eq!(plan("192.168.1.255").0, 1);
    let bound = host.plan([255; 4].into(), [192, 168, 1, 1].into()).unwrap();
    assert_eq!(bound.hop.interface, InterfaceId(1), "the sender's own interface");
    assert_eq!(host.plan("0.0.0.0".parse().unwrap(), any).unwrap_err(), SocketError::NetworkUnreachable);
}

/// A change to a configuration, and what is said of it.
type Mistake = (fn(&mut HostConfig), &'static str);

#[test]
fn a_mistake_in_the_configuration_is_named() {
    let error = |change: fn(&mut HostConfig)| {
        let mut config = two_interfaces();
        change(&mut config);
        build(config).unwrap_err().to_string()
    };
    let cases: [Mistake; 9] = [
        (
            |config| config.interfaces[0].mac = Mac::BROADCAST,
            "ff:ff:ff:ff:ff:ff is not a unicast hardware address",
        ),
        (|config| config.interfaces[0].capabilities.mtu = 67, "an MTU of 67"),
        (
            |config| config.interfaces[0].addresses[0] = "10.0.0.255/24".parse().unwrap(),
            "10.0.0.255/24 cannot be a host's address",
        ),
        (
            |config| config.interfaces[0].addresses[0] = "127.0.0.1/8".parse().unwrap(),
            "127.0.0.1/8 cannot be a host's address",
        ),
        (
            |config| config.interfaces[0].addresses[0] = "192.168.1.1/16".parse().unwrap(),
            "192.168.1.1 is given twice",
        ),
        (|config| config.routes.push(config.routes[0]), "two routes lead to 0.0.0.0/0"),
        (
            |config| config.routes[0].gateway = Some([9, 9, 9, 9].into()),
            "9.9.9.9 is in no interface's network",
        ),
        (|config| config.routes[0].gateway = None, "neither a gateway nor an interface"),
        (|config| config.routes[0].interface = Some(InterfaceId(2)), "there is no interface 2"),
    ];
    for (change, expected) in cases {
        let error = error(change);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_host_without_addresses_sends_only_to_itself() {
    let mut config = config(1);
    config.interfaces[0].addresses.clear();
    let host = build(config).unwrap();
    assert!(host.plan([127, 0, 0, 1].into(), [0; 4].into()).is_ok());
    assert_eq!(host.plan([255; 4].into(), [0; 4].into()).unwrap_err(), SocketError::AddressNotAvailable);
}

#[test]
fn a_packet_for_another_host_is_not_forwarded() {
    let mut net = Net::new(2, |config| {
        let all = "0.0.0.0/0".parse().unwrap();
        let gateway = if config.node == NodeId(1) { [10, 0, 0, 2] } else { [10, 0, 0, 1] };
        config.routes.push(RouteConfig::via(all, gateway.into()));
    });
    net.call(0, |host, ctx| {
        let socket = host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap();
        host.udp_send_to(ctx, socket, b"", addr("8.8.8.8:7")).unwrap();
    });
    net.run();
    assert_eq!(net.lines().last().unwrap(), "dropped not-forwarding at network");
}
