//! The scenarios that ship inside the program.

/// A scenario that ships with wirelab.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shipped {
    /// Its name: its file's, without extension.
    pub name: &'static str,
    /// What it shows, in a line.
    pub description: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal: $description:literal,)*) => {
        &[$(Shipped {
            name: $name,
            description: $description,
            text: include_str!(concat!("../../../scenarios/", $name, ".toml")),
        }),*]
    };
}

const SHIPPED: &[Shipped] = shipped![
    "arp-conflict": "Two stations that want an address which is taken",
    "crash": "A server crashes and starts again under a half-open connection",
    "dhcp": "DHCP: a lease, its renewal and release, and an address that is declined",
    "echo": "A TCP echo across an impaired link",
    "echo-udp": "A UDP echo whose client repeats what the link loses",
    "fragments": "Packets in pieces: cut twice, out of order, one lost, one that must not be cut",
    "ftp-mirror": "A directory mirrored by FTP, across a partition",
    "http-download": "20 MB by HTTP across a link that loses 2 %",
    "interactive": "Lines that you type, to the server on port 9999 and back",
    "lossy-transfer": "10 MB across a link that loses 5 % each way",
    "mail": "Mail for two, and mail that is not taken",
    "multicast": "Three receivers of one group, a source filter, and a leave that the router notices",
    "multihomed": "The weak and the strong host model side by side",
    "partition": "A link that is cut for 3 s in the middle of a transfer",
    "path-mtu": "TCP finds out what the narrowest link on its way takes",
    "ping": "A ping of which the third request is lost",
    "rarp-boot": "A station asks two RARP servers who it is, and one of them is wrong",
    "redirect": "A host with a default route by the wrong router learns of the better one",
    "router": "An echo through a router that has a foot in each of two networks",
    "small-services": "Small services over TCP and UDP: echo, discard, characters, dates",
    "switch-vlan": "Two VLANs over two switches and a trunk",
    "traceroute": "Traceroute through five routers, one of them silent",
    "tutorial-echo": "The tutorial's upper-casing server on port 6999",
    "tutorial-socketserver": "The tutorial's server on port 9999: three clients at once, one of them slow",
    "unix-sockets": "Sockets within a host: three types, paths, abstract names, credentials, errors",
    "unreachable": "Nobody there, connection refused, port unreachable",
];

/// A commented scenario to start from.
pub const TEMPLATE: &str = include_str!("template.toml");

/// The scenarios that ship with wirelab, by name.
pub const fn shipped() -> &'static [Shipped] {
    SHIPPED
}

/// The one of that name.
pub fn find(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|shipped| shipped.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    #[test]
    fn what_ships_can_be_read_and_its_description_is_its_title() {
        for Shipped { name, description, text } in shipped() {
            let scenario = Scenario::from_text(&format!("{name}.toml"), text, &[]);
            let scenario = scenario.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
            assert_eq!(scenario.name(), *name);
            assert_eq!(scenario.title(), *description);
        }
    }

    #[test]
    fn the_template_can_be_read_also_with_what_is_commented_out() {
        Scenario::from_text("new.toml", TEMPLATE, &[]).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        let lines: Vec<&str> = TEMPLATE.lines().collect();
        let mut tried = 0;
        for (index, line) in lines.iter().enumerate() {
            let Some(rest) = line.strip_prefix("# ") else { continue };
            let mut changed = lines.clone();
            if rest.starts_with('[') {
                // A whole table, down to the first line that is no comment.
                let table = lines[index..].iter().take_while(|line| line.starts_with('#'));
                for (offset, line) in table.enumerate() {
                    changed[index + offset] = line.trim_start_matches(['#', ' ']);
                }
            } else if let Some((field, _)) = rest.split_once(" = ").filter(|(field, _)| !field.contains(' '))
            {
                let table = lines[..index]
                    .iter()
                    .rposition(|line| line.trim_start().starts_with(['[', '#']) && line.contains("[["));
                let table = table.unwrap_or(0);
                if lines[table].starts_with('#') {
                    continue;
                }
                // What the field is an alternative to goes; what the distribution is of comes.
                for other in table..index {
                    if lines[other].starts_with(&format!("{field} = ")) {
                        changed[other] = "";
                    }
                    if field == "distribution" && lines[other].starts_with("# jitter") {
                        changed[other] = &lines[other][2..];
                    }
                }
                changed[index] = rest;
            } else {
                continue;
            }
            let read = Scenario::from_text("new.toml", &changed.join("\n"), &[]);
            assert!(read.is_ok(), "{line}\n{}", read.unwrap_err());
            tried += 1;
        }
        assert!(tried >= 18, "only {tried} alternatives were tried");
    }
}
