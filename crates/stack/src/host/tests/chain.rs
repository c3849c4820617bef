//! Routers in a line: what the options of a packet say at its ends.

use core::net::Ipv4Addr;

use super::*;
use crate::network::options::{List, Stamps, kind};
use crate::transport::echo::EchoEvent;

/// The network of each link is `10.0.<link>.0/24`; `.1` is on its left end, `.2` on its right one.
fn ip(link: usize, end: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, link as u8, end)
}

/// A host, routers, and another host, each with a link to the next that takes a second.
struct Chain {
    hosts: Vec<Host>,
    now: Instant,
    rng: Rng,
    log: Log,
}

impl Chain {
    fn new(routers: usize) -> Self {
        let mut rng = Rng::stream(1, "chain", "test");
        let hosts = (0..routers + 2).map(|number| {
            let on = |link: usize, end: u8| {
                let mac = |end| Mac([2, 0, 0, 0, link as u8, end]);
                let address = format!("{}/24", ip(link, end)).parse().unwrap();
                let mut interface = InterfaceConfig::new(format!("eth{link}"), mac(end), vec![address]);
                interface.announce = false;
                interface.neighbors.push((ip(link, 3 - end).into(), mac(3 - end)));
                interface
            };
            let via =
                |network: &str, gateway: Ipv4Addr| RouteConfig::via(network.parse().unwrap(), gateway.into());
            let left = (number > 0).then(|| on(number - 1, 2));
            let right = (number <= routers).then(|| on(number, 1));
            let mut interfaces = left.into_iter().chain(right);
            let mut config =
                HostConfig::new(format!("host{number}"), NodeId(number as u32), interfaces.next().unwrap());
            config.interfaces.extend(interfaces);
            config.profile.network.forwarding = true;
            if number > 1 {
                config.routes.push(via("10.0.0.0/24", ip(number - 1, 1)));
            }
            if number < routers {
                config.routes.push(via("0.0.0.0/0", ip(number, 2)));
            }
            Host::new(config, &mut rng).unwrap()
        });
        let hosts = hosts.collect();
        Self { hosts, now: Instant::ZERO, rng, log: Log::default() }
    }

    fn call<T>(&mut self, host: usize, call: impl FnOnce(&mut Host, &mut Ctx<'_>) -> T) -> T {
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut self.log);
        call(&mut self.hosts[host], &mut ctx)
    }

    /// Carries frames, a second from each host to the next, until none is under way.
    fn run(&mut self) {
        loop {
            let mut under_way = Vec::new();
            for host in 0..self.hosts.len() {
                while let Some((by, frame)) = self.call(host, Host::poll_transmit) {
                    let to_left = host > 0 && by == InterfaceId(0);
                    under_way.push((if to_left { host - 1 } else { host + 1 }, to_left, frame));
                }
            }
            if under_way.is_empty() {
                return;
            }
            self.now += Duration::from_secs(1);
            for (host, to_left, frame) in under_way {
                let on = InterfaceId(u16::from(to_left && host > 0));
                self.call(host, |host, ctx| host.handle_frame(ctx, on, frame));
            }
        }
    }

    /// The options that come back with the answer to an echo request that the first host sends to the last.
    fn echo(&mut self, options: &List) -> List {
        let last = self.hosts.len() - 1;
        let socket = self.call(0, |host, ctx| {
            let socket = host.icmp_open(ctx).unwrap();
            host.set_ip_options(socket, options.octets()).unwrap();
            host.icmp_send_echo(ctx, socket, ip(last - 1, 2).into(), 1, b"hello", None).unwrap();
            socket
        });
        self.run();
        match self.call(0, |host, ctx| host.icmp_recv(ctx, socket)) {
            Ok(EchoEvent::Reply { options, .. }) => options,
            other => panic!("{other:?}: {:?}", self.log.lines),
        }
    }
}

#[test]
fn each_router_records_the_address_by_which_a_packet_leaves() {
    // RFC 791 §3.1; RFC 1812 §5.3.13.5
    let options = Chain::new(2).echo(&List::record_route(9));
    let there = [ip(0, 1), ip(1, 1), ip(2, 1)];
    let back = [ip(2, 2), ip(1, 2), ip(0, 2)];
    assert_eq!(options.recorded_route().collect::<Vec<_>>(), [there, back].concat());
    let full = Chain::new(2).echo(&List::record_route(2));
    assert_eq!(full.recorded_route().collect::<Vec<_>>(), there[..2], "a full one is passed on as it is");
}

#[test]
fn each_router_stamps_the_time_at_which_a_packet_passes() {
    // RFC 791 §3.1; RFC 1812 §5.3.13.6
    let stamps = |options: &List| Chain::new(2).echo(options).stamps().collect::<Vec<_>>();
    let times = stamps(&List::time_stamp(Stamps::Times, 9));
    // The asker, two routers, who is asked, the routers again, and the asker.
    let expected = [0, 1000, 2000, 3000, 4000, 5000, 6000];
    assert_eq!(times.iter().map(|stamp| stamp.time).collect::<Vec<_>>(), expected);
    assert!(times.iter().all(|stamp| stamp.by.is_none()));
    let addressed: Vec<_> = stamps(&List::time_stamp(Stamps::Addressed, 4))
        .into_iter()
        .map(|stamp| (stamp.by.unwrap(), stamp.time))
        .collect();
    assert_eq!(addressed, [(ip(0, 1), 0), (ip(1, 1), 1000), (ip(2, 1), 2000), (ip(2, 2), 3000)]);
}

#[test]
fn who_is_named_beforehand_stamps_and_nobody_else() {
    // RFC 791 §3.1, flag 3
    let named = |hosts: &[Ipv4Addr]| {
        let mut option = vec![kind::TIME_STAMP, 4 + 8 * hosts.len() as u8, 5, 3];
        for host in hosts {
            option.extend(host.octets());
            option.extend([0; 4]);
        }
        let options = Chain::new(2).echo(&List::read(&option).unwrap());
        options.stamps().map(|stamp| (stamp.by.unwrap(), stamp.time)).collect::<Vec<_>>()
    };
    // By any of its addresses; the first router is passed a second time on the way back.
    assert_eq!(
        named(&[ip(0, 2), ip(2, 1), ip(1, 1)]),
        [(ip(0, 2), 1000), (ip(2, 1), 2000), (ip(1, 1), 5000)]
    );
    assert_eq!(named(&[ip(7, 7), ip(0, 2)]), [], "who does not come by keeps the others waiting");
}

#[test]
fn routers_that_find_no_room_for_a_time_are_counted() {
    // RFC 791 §3.1
    let overflow = |routers: usize, stamps, slots| {
        let options = Chain::new(routers).echo(&List::time_stamp(stamps, slots));
        let option = options.iter().next().unwrap();
        (option[3] >> 4, option[3] & 0xf)
    };
    // The asker and the first three routers fill it. Then: two routers, who is asked, five routers, and the asker.
    assert_eq!(overflow(5, Stamps::Addressed, 4), (2 + 1 + 5 + 1, 1));
    assert_eq!(overflow(5, Stamps::Times, 4), (2 + 1 + 5 + 1, 0));
}
