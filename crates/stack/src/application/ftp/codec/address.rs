//! Addresses of data connections: `PORT` and 227 (RFC 959 §4.1.2), `EPRT` and 229 (RFC 2428 §2).

use core::fmt::Write;
use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

/// `127,0,0,1,7,138`: four octets of address, two of port.
pub fn parse_host_port(text: &str) -> Option<SocketAddrV4> {
    let mut numbers = [0_u8; 6];
    let mut parts = text.split(',');
    for number in &mut numbers {
        *number = octet(parts.next()?)?;
    }
    let [a, b, c, d, high, low] = numbers;
    parts
        .next()
        .is_none()
        .then(|| SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])))
}

/// A number of at most three digits that fits an octet.
fn octet(text: &str) -> Option<u8> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The form that [`parse_host_port`] reads.
pub fn host_port(address: SocketAddrV4) -> String {
    let [a, b, c, d] = address.ip().octets();
    let [high, low] = address.port().to_be_bytes();
    format!("{a},{b},{c},{d},{high},{low}")
}

/// The address in the text of a 227. RFC 1123 §4.1.2.6: there need be no parentheses, so the first digit begins it.
pub fn parse_passive(text: &str) -> Option<SocketAddrV4> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let rest = &text[from..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(rest.len());
    parse_host_port(rest[..end].trim_end_matches(','))
}

/// What an `EPRT` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extended {
    /// An address of a family that we know.
    Address(SocketAddr),
    /// A family that we do not.
    Family,
}

/// `|1|132.235.1.2|6275|`. RFC 2428 §2: the delimiter is any printable character.
pub fn parse_extended(text: &str) -> Option<Extended> {
    let delimiter = text.chars().next().filter(|c| matches!(*c, '\x21'..='\x7e'))?;
    let mut parts = text[1..].split(delimiter);
    let (family, address, port, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if !rest.is_empty() || parts.next().is_some() {
        return None;
    }
    if family != "1" && family != "2" {
        return Some(Extended::Family).filter(|_| family.bytes().all(|digit| digit.is_ascii_digit()));
    }
    let address: IpAddr = address.parse().ok()?;
    let fits = matches!((family, address), ("1", IpAddr::V4(_)) | ("2", IpAddr::V6(_)));
    let port = number(port)?;
    fits.then_some(Extended::Address(SocketAddr::new(address, port)))
}

fn number(text: &str) -> Option<u16> {
    let digits = (1..=5).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The form that [`parse_extended`] reads.
pub fn extended(address: SocketAddr) -> String {
    let family = if address.is_ipv4() { 1 } else { 2 };
    let mut text = String::new();
    let _ = write!(text, "|{family}|{}|{}|", address.ip(), address.port());
    text
}

/// The port in the text of a 229: `… (|||6446|)` (RFC 2428 §3). An address in it is not for us to use.
pub fn parse_extended_passive(text: &str) -> Option<u16> {
    let inside = text.rsplit_once('(')?.1.split_once(')')?.0;
    let delimiter = inside.chars().next().filter(|c| matches!(*c, '\x21'..='\x7e'))?;
    let mut parts = inside[1..].split(delimiter);
    let (_, _, port, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (rest.is_empty() && parts.next().is_none()).then(|| number(port)).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn six_numbers_are_an_address() {
        let address: SocketAddrV4 = "10.0.0.2:1930".parse().unwrap();
        assert_eq!(parse_host_port("10,0,0,2,7,138"), Some(address));
        assert_eq!(host_port(address), "10,0,0,2,7,138");
        for wrong in
            ["", "10,0,0,2,7", "10,0,0,2,7,138,1", "10,0,0,256,7,138", "10,0,0,+2,7,138", "10, 0,0,2,7,138"]
        {
            assert_eq!(parse_host_port(wrong), None, "{wrong}");
        }
        for text in
            ["Entering Passive Mode (10,0,0,2,7,138).", "=10,0,0,2,7,138", "10,0,0,2,7,138, and so on"]
        {
            assert_eq!(parse_passive(text), Some(address), "{text}");
        }
        assert_eq!(parse_passive("Entering Passive Mode"), None);
    }

    #[test]
    fn extended_addresses_name_their_family() {
        let address = |text: &str| Some(Extended::Address(text.parse().unwrap()));
        assert_eq!(parse_extended("|1|132.235.1.2|6275|"), address("132.235.1.2:6275"));
        assert_eq!(parse_extended("!2!1080::8!5282!"), address("[1080::8]:5282"));
        assert_eq!(parse_extended("|3|x|1|"), Some(Extended::Family));
        for wrong in [
            "",
            "|",
            "|1|10.0.0.1|21",
            "|2|10.0.0.1|21|",
            "|1|10.0.0.1|65536|",
            "|1|10.0.0.1|21||",
            " 1 10.0.0.1 2 ",
        ] {
            assert_eq!(parse_extended(wrong), None, "{wrong}");
        }
        assert_eq!(parse_extended_passive("Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(parse_extended_passive("(|||70000|)"), None);
        assert_eq!(parse_extended_passive("(|||1)"), None);
    }

    proptest! {
        #[test]
        fn addresses_come_back(ip: u32, port: u16) {
            let address = SocketAddrV4::new(ip.into(), port);
            prop_assert_eq!(parse_host_port(&host_port(address)), Some(address));
            prop_assert_eq!(parse_passive(&format!("on ({})", host_port(address))), Some(address));
            prop_assert_eq!(parse_extended(&extended(address.into())), Some(Extended::Address(address.into())));
        }

        #[test]
        fn any_text_is_an_address_or_none(text: String) {
            let _ = (parse_host_port(&text), parse_passive(&text), parse_extended(&text), parse_extended_passive(&text));
        }
    }
}
