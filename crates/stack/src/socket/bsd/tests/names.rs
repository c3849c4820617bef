//! Names and services.

use super::*;

fn ask(
    net: &mut Net,
    node: Option<&str>,
    service: Option<&str>,
    hints: Hints,
) -> Result<Vec<String>, GaiError> {
    let found = net.bsd(0, |bsd| bsd.getaddrinfo(node, service, hints))?;
    Ok(found.iter().map(|found| format!("{} {} {}", found.address, found.kind, found.protocol)).collect())
}

#[test]
fn a_name_and_a_service_are_what_a_socket_needs() {
    let mut net = net();
    let any = Hints::default();
    let stream = Hints { kind: SOCK_STREAM, ..any };
    let passive = Hints { flags: AI_PASSIVE, ..stream };
    let numeric = Hints { flags: AI_NUMERICHOST | AI_NUMERICSERV, ..stream };
    for (node, service, hints, expected) in [
        (Some("localhost"), Some("80"), stream, Ok("127.0.0.1:80 1 6")),
        (Some("host1"), Some("http"), any, Ok("10.0.0.1:80 1 6")),
        (Some("10.0.0.9"), None, stream, Ok("10.0.0.9:0 1 6")),
        (Some("10.0.0.9"), Some("7"), any, Ok("10.0.0.9:7 1 6, 10.0.0.9:7 2 17, 10.0.0.9:7 3 0")),
        (Some("10.0.0.9"), Some("domain"), any, Ok("10.0.0.9:53 1 6, 10.0.0.9:53 2 17")),
        (None, Some("smtp"), passive, Ok("0.0.0.0:25 1 6")),
        (None, Some("smtp"), stream, Ok("127.0.0.1:25 1 6")),
        (Some("10.1"), Some("1"), numeric, Ok("10.0.0.1:1 1 6")),
        (None, None, any, Err(GaiError::EAI_NONAME)),
        (Some("nobody"), Some("80"), stream, Err(GaiError::EAI_NONAME)),
        (Some("host1"), Some("80"), numeric, Err(GaiError::EAI_NONAME)),
        (Some("10.0.0.9"), Some("http"), numeric, Err(GaiError::EAI_NONAME)),
        (Some("10.0.0.9"), Some("bootps"), stream, Err(GaiError::EAI_SERVICE)),
        (Some("10.0.0.9"), Some("nothing"), any, Err(GaiError::EAI_SERVICE)),
        (Some("10.0.0.9"), Some("65536"), any, Err(GaiError::EAI_SERVICE)),
        (Some("::1"), Some("80"), stream, Err(GaiError::EAI_ADDRFAMILY)),
        (Some("host1"), None, Hints { family: AF_INET6, ..any }, Err(GaiError::EAI_FAMILY)),
        (Some("host1"), None, Hints { kind: SOCK_SEQPACKET, ..any }, Err(GaiError::EAI_SOCKTYPE)),
        (Some("host1"), None, Hints { protocol: 17, ..stream }, Err(GaiError::EAI_SOCKTYPE)),
        (Some("host1"), None, Hints { flags: 0x10_0000, ..any }, Err(GaiError::EAI_BADFLAGS)),
        (None, Some("80"), Hints { flags: AI_CANONNAME, ..any }, Err(GaiError::EAI_BADFLAGS)),
    ] {
        let found = ask(&mut net, node, service, hints).map(|found| found.join(", "));
        assert_eq!(found, expected.map(str::to_owned), "{node:?} {service:?} {hints:?}");
    }
    let named = Hints { flags: AI_CANONNAME, ..any };
    let found = net.bsd(0, |bsd| bsd.getaddrinfo(Some("host1"), None, named)).unwrap();
    let names: Vec<Option<&str>> = found.iter().map(|found| found.canonical_name.as_deref()).collect();
    assert_eq!(names, [Some("host1"), None, None]);
}

#[test]
fn numbers_are_read_as_inet_aton_reads_them() {
    let mut net = net();
    for (text, address) in [
        ("127.1", Some("127.0.0.1")),
        ("0x7f.0.0.1", Some("127.0.0.1")),
        ("017.0.0.1", Some("15.0.0.1")),
        ("2130706433", Some("127.0.0.1")),
        ("10.1.257", Some("10.1.1.1")),
        ("10.16777216", None),
        ("256.1.1.1", None),
        ("1.2.3.256", None),
        ("1.2.3.4.5", None),
        ("1..2", None),
        ("+1", None),
        ("08", None),
        ("0x", None),
        ("4294967296", None),
        ("", None),
    ] {
        let found = net.bsd(0, |bsd| bsd.gethostbyname(text)).ok();
        let found = found.map(|found| found[0].to_string());
        assert_eq!(found.as_deref(), address, "{text}");
    }
    assert_eq!(GaiError::EAI_NONAME.to_string(), "EAI_NONAME: name or service not known");
    assert_eq!(GaiError::EAI_NONAME.number(), -2);
    let error = std::io::Error::from(GaiError::EAI_NONAME);
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
