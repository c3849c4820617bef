//! Names: of sockets within a host, of hosts with a port, and of files. And dates, which are named by numbers.

use wirelab_stack::addr::Mac;
use wirelab_stack::application::small::date::{MAX_LINE, from_seconds, in_words, seconds};
use wirelab_stack::clock::{DEFAULT_DATE, Timestamp};
use wirelab_stack::frame::NodeId;
use wirelab_stack::host::{Host, HostConfig};
use wirelab_stack::interface::InterfaceConfig;
use wirelab_stack::rng::Rng;
use wirelab_stack::socket::net::ToSocketAddrs;
use wirelab_stack::storage::{FilePath, MAX_NAME, MAX_PATH};
use wirelab_stack::transport::unix::Address;

/// A name of a socket within the host, or of a host with its port.
pub fn name(octets: &[u8]) {
    if let Ok(address) = Address::of_sun_path(octets) {
        let text = address.to_string();
        assert!(text.is_ascii() && !text.chars().any(char::is_control), "{text:?}");
        assert_eq!(address.is_unnamed(), octets.is_empty());
        let path = address.as_path().map(<[u8]>::to_vec);
        let named = address.as_abstract().map(|name| [b"\0", name].concat());
        // A path ends where a NUL is.
        let told = path.or(named).unwrap_or_default();
        assert!(octets.starts_with(&told));
        assert_eq!(Address::of_sun_path(&told), Ok(address));
    }
    let Ok(text) = core::str::from_utf8(octets) else { return };
    if let Ok(addresses) = HOST.with(|host| text.resolve(host)) {
        assert!(!addresses.is_empty());
        let (name, port) = text.rsplit_once(':').expect("a name has a port");
        let name = name.trim_start_matches('[').trim_end_matches(']');
        for address in addresses {
            assert_eq!(port.parse(), Ok(address.port()));
            // All names are of addresses of version 4.
            assert!(address.is_ipv4() || name.parse() == Ok(address.ip()) || text.parse() == Ok(address));
        }
    }
}

thread_local! {
    static HOST: Host = {
        let address = "10.0.0.1/24".parse().expect("an address");
        let interface = InterfaceConfig::new("eth0", Mac([2, 0, 0, 0, 0, 1]), vec![address]);
        let config = HostConfig::new("server", NodeId(0), interface);
        Host::new(config, &mut Rng::stream(1, "server", "stack")).expect("a host")
    };
}

/// A path from the root, from a directory, and as somebody in it means it: it is normal, within its bounds, below the
/// root, and reads the same again. The first octet says where the directory's name ends.
pub fn path(octets: &[u8]) {
    let [split, text @ ..] = octets else { return };
    let Ok(text) = core::str::from_utf8(text) else { return };
    let split = text.floor_char_boundary(usize::from(*split).min(text.len()));
    let here = FilePath::new(&text[..split]).unwrap_or_else(|_| FilePath::root());
    let rest = &text[split..];
    for (path, within) in [(FilePath::new(text), false), (here.join(rest), true), (here.resolve(rest), false)]
    {
        let Ok(path) = path else { continue };
        assert!(path.as_str().len() <= MAX_PATH && path.names().all(|name| name.len() <= MAX_NAME));
        assert!(path.names().all(|name| !matches!(name, "" | "." | "..")));
        assert!(!path.as_str().chars().any(|c| c.is_control() || c == '\\'));
        assert_eq!(FilePath::new(&path.to_string()), Ok(path.clone()));
        assert!(!within || path.starts_with(&here));
        if let Some(parent) = path.parent() {
            assert!(path.starts_with(&parent));
            assert_eq!(parent.join(path.name()), Ok(path));
        } else {
            assert!(path.is_root());
        }
    }
}

/// Seconds since 1900, and which date they mean at another: the nearest. The words of a date fit their line.
pub fn date(octets: &[u8]) {
    let [a, b, c, d, near @ ..] = octets else { return };
    let number = u32::from_be_bytes([*a, *b, *c, *d]);
    let mut apart = [0; 8];
    let length = near.len().min(8);
    apart[..length].copy_from_slice(&near[..length]);
    let near = DEFAULT_DATE.as_second().wrapping_add(i64::from_be_bytes(apart) >> 24);
    let Ok(near) = Timestamp::from_second(near) else { return };
    let Some(date) = from_seconds(number, near) else { return };
    assert_eq!(seconds(date), number);
    assert!((date.as_second() - near.as_second()).abs() <= 1 << 31);
    let words = in_words(date);
    assert!(words.len() <= MAX_LINE && words.ends_with("\r\n") && words.is_ascii(), "{words}");
}
