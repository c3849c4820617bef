//! What can be wrong with a real link: what, where, and what would be right.

use std::fmt;
use std::io;

/// A right that a program must have been given, by Linux's name for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capability {
    /// Packet sockets and raw sockets.
    NetRaw,
    /// Making network devices, changing how they work.
    NetAdmin,
}

impl Capability {
    /// As `setcap` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NetRaw => "cap_net_raw",
            Self::NetAdmin => "cap_net_admin",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name().to_uppercase())
    }
}

/// What is wrong with a link.
#[derive(Debug)]
pub enum LinkError {
    /// A link is written as none is.
    Specification {
        /// As it was given.
        link: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// The system does not let us.
    NoPermission {
        /// The link, as given.
        link: String,
        /// What was tried: `open a packet socket`.
        doing: &'static str,
        /// What is missing.
        capability: Capability,
    },
    /// There is no such device.
    NoDevice {
        /// The link, as given.
        link: String,
        /// The devices that there are.
        known: Vec<String>,
    },
    /// The device is down. What is sent is dropped until it is up again.
    Down {
        /// The link, as given.
        link: String,
    },
    /// The device was taken away.
    Gone {
        /// The link, as given.
        link: String,
    },
    /// A frame is larger than what the device takes. It was dropped.
    TooLarge {
        /// The link, as given.
        link: String,
        /// Octets in the frame.
        octets: usize,
        /// The most that it takes.
        most: usize,
    },
    /// Something else that the system says.
    System {
        /// The link, as given.
        link: String,
        /// What was tried: `send`.
        doing: &'static str,
        /// What it said.
        error: io::Error,
    },
}

impl LinkError {
    /// What the system said when `doing` was tried.
    pub(crate) fn system(link: &str, doing: &'static str, error: io::Error) -> Self {
        Self::System { link: link.to_owned(), doing, error }
    }

    /// Whether it is the end of the link: nothing will come or go again.
    pub const fn ends(&self) -> bool {
        !matches!(self, Self::Down { .. } | Self::TooLarge { .. })
    }

    /// The right that is missing, where that is what is wrong.
    pub const fn missing_capability(&self) -> Option<Capability> {
        match self {
            Self::NoPermission { capability, .. } => Some(*capability),
            _ => None,
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Specification { link, problem } => write!(f, "`{link}` is not a link: {problem}"),
            Self::NoPermission { link, doing, capability } => {
                let name = capability.name();
                write!(
                    f,
                    "{link}: no permission to {doing}: it takes {capability}; give it to the program with \
                     `sudo setcap {name}+ep {}`, or run it with `sudo`",
                    program()
                )
            }
            Self::NoDevice { link, known } => no_device(f, link, known),
            Self::Down { link } => {
                write!(f, "{link}: the device is down; until it is up again what is sent is dropped")
            }
            Self::Gone { link } => write!(f, "{link}: the device was taken away"),
            Self::TooLarge { link, octets, most } => {
                write!(f, "{link}: a frame of {octets} octets was dropped: the device takes at most {most}")
            }
            Self::System { link, doing, error } => write!(f, "{link}: cannot {doing}: {error}"),
        }
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// The file of this program, for the line that gives it a right.
fn program() -> String {
    let path = std::env::current_exe().ok();
    path.map_or_else(|| "PROGRAM".to_owned(), |path| path.display().to_string())
}

fn no_device(f: &mut fmt::Formatter<'_>, link: &str, known: &[String]) -> fmt::Result {
    let wanted = link.split_once(':').map_or(link, |(_, device)| device);
    write!(f, "{link}: there is no device `{wanted}`")?;
    // One slip of the hand, or two in a long name.
    let distance = |name: &&String| strsim::damerau_levenshtein(wanted, name);
    let near = known.iter().min_by_key(distance).filter(|name| distance(name) <= (wanted.len() / 3).max(1));
    match near {
        Some(near) => write!(f, "; did you mean `{near}`?"),
        None if known.is_empty() => Ok(()),
        None => write!(f, "; there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_comes_with_the_line_that_gives_it() {
        let error = LinkError::NoPermission {
            link: "raw:eth0".into(),
            doing: "open a packet socket",
            capability: Capability::NetRaw,
        };
        let text = error.to_string();
        assert!(
            text.starts_with("raw:eth0: no permission to open a packet socket: it takes CAP_NET_RAW"),
            "{text}"
        );
        assert!(text.contains("`sudo setcap cap_net_raw+ep "), "{text}");
        assert_eq!(error.missing_capability(), Some(Capability::NetRaw));
        assert!(error.ends());
    }

    #[test]
    fn a_wrong_name_is_answered_with_a_near_one() {
        let known: Vec<String> = ["lo", "eth0", "eth1"].map(str::to_owned).to_vec();
        let text = |link: &str| LinkError::NoDevice { link: link.into(), known: known.clone() }.to_string();
        assert_eq!(text("raw:ehh0"), "raw:ehh0: there is no device `ehh0`; did you mean `eth0`?");
        assert_eq!(text("raw:wlan3"), "raw:wlan3: there is no device `wlan3`; there are lo, eth0, eth1");
    }

    #[test]
    fn what_recovers_does_not_end_the_link() {
        let link = || "tap:wl0".to_owned();
        assert!(!LinkError::Down { link: link() }.ends());
        assert!(!LinkError::TooLarge { link: link(), octets: 9015, most: 1514 }.ends());
        assert!(LinkError::Gone { link: link() }.ends());
        assert_eq!(
            LinkError::TooLarge { link: link(), octets: 9015, most: 1514 }.to_string(),
            "tap:wl0: a frame of 9015 octets was dropped: the device takes at most 1514"
        );
    }
}
