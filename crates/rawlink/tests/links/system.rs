//! What the crate asks of the system, in a network namespace of each test's own.

use std::collections::VecDeque;

use crate::hand::{Hand, OUR_MAC, OURS};
use crate::support::{in_namespace, ip};
use wirelab_rawlink::{Capability, LinkSpec, drop_capabilities, interfaces, kernel_owns};

#[test]
fn interfaces_are_listed_as_they_are() {
    in_namespace(|| {
        ip("link add v0 address 02:00:00:00:00:0a type veth peer name v1");
        ip("link set v0 up");
        ip("address add 10.77.0.1/24 dev v0");
        let all = interfaces();
        let find = |name: &str| all.iter().find(|interface| interface.name == name).unwrap();
        assert!(find("lo").loopback && find("lo").mac.is_none());
        let v0 = find("v0");
        assert_eq!(v0.mac.unwrap().to_string(), "02:00:00:00:00:0a");
        assert!(v0.addresses.contains(&("10.77.0.1".parse().unwrap(), 24)));
        assert!(v0.up && !find("v1").up && v0.index != find("v1").index);
    });
}

#[test]
fn the_kernels_own_addresses_are_known() {
    in_namespace(|| {
        ip("link add v0 type veth peer name v1");
        ip("address add 10.77.0.1/24 dev v0");
        let owned = kernel_owns("10.77.0.1".parse().unwrap()).unwrap();
        assert_eq!(owned.interface, "v0");
        assert_eq!(kernel_owns("10.77.0.2".parse().unwrap()), None);
        assert_eq!(kernel_owns("127.0.0.1".parse().unwrap()).unwrap().interface, "lo");
    });
}

#[test]
fn links_work_on_when_all_rights_are_given_up() {
    in_namespace(|| {
        let open = |text: &str| text.parse::<LinkSpec>().unwrap().open();
        let link = open("tap:wl0").unwrap();
        ip("address add 10.77.0.1/24 dev wl0");
        ip(&format!("neigh add {OURS} lladdr {OUR_MAC} dev wl0"));
        drop_capabilities().unwrap();
        for set in [caps::CapSet::Effective, caps::CapSet::Permitted, caps::CapSet::Bounding] {
            assert!(caps::read(None, set).unwrap().is_empty(), "{set:?}");
        }
        // Nor has what is started here any.
        let status = std::process::Command::new("ip").args(["link", "set", "wl0", "down"]).status().unwrap();
        assert!(!status.success());
        for (link, missing) in [("tap:wl1", Capability::NetAdmin), ("raw:wl0", Capability::NetRaw)] {
            let error = open(link).map(|_| ()).unwrap_err();
            assert_eq!(error.missing_capability(), Some(missing), "{error}");
        }
        let mac = link.mac();
        let mut hand = Hand::new(link, mac);
        hand.exchange_datagrams();
        hand.exchange_streams(true);
        assert_eq!(hand.link.receive(&mut VecDeque::new(), 0).unwrap(), 0);
    });
}
