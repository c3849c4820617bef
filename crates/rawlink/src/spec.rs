//! How a link is written: `tap:wl0`, `raw:eth0`, `pcap:in.pcapng,pace=once`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::LinkError;

/// Octets that the name of a device has at most: Linux's `IFNAMSIZ`, less the end of the string.
const LONGEST_NAME: usize = 15;

/// What every error says would be right.
const KINDS: &str = "`raw:IFACE`, `tap:NAME`, `tun:NAME`, `ip:IFACE` or `pcap:FILE`";

/// Which real link, and how it is opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkSpec {
    /// As it was given: the link's name.
    pub text: String,
    /// What kind of link.
    pub kind: LinkKind,
    /// Whether super-frames and partial checksums go over it, where the device can.
    pub offload: bool,
}

/// What kind of link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkKind {
    /// A TAP device: Ethernet frames, with the kernel at the other end.
    Tap(String),
    /// A TUN device: IP packets, with the kernel at the other end.
    Tun(String),
    /// A packet socket on an interface.
    Raw {
        /// The interface.
        interface: String,
        /// Whether frames to other stations are heard too. A stack with a hardware address of its own needs it.
        promiscuous: bool,
    },
    /// Raw IP over an interface, whose kernel finds the neighbours.
    Ip(String),
    /// Captures.
    Pcap {
        /// The one whose frames come.
        from: Option<PathBuf>,
        /// The one that is written with what is sent.
        to: Option<PathBuf>,
        /// When they come.
        pace: Pace,
    },
}

/// When the frames of a capture come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Pace {
    /// In their own time: as far from each other as they were captured.
    #[default]
    Own,
    /// At once.
    Once,
}

impl fmt::Display for LinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for LinkSpec {
    type Err = LinkError;

    /// Reads `KIND:NAME`, and what may follow it: `,offload=off` (raw, tap, tun), `,promiscuous=off` (raw), `,pace=once`
    /// and `,to=FILE` (pcap).
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    fn from_str(text: &str) -> Result<Self, LinkError> {
        let wrong = |problem: String| LinkError::Specification { link: text.to_owned(), problem };
        let Some((kind, rest)) = text.split_once(':') else {
            return Err(wrong(format!("it takes a kind in front: {KINDS}")));
        };
        let mut parts = rest.split(',');
        let name = parts.next().unwrap_or_default();
        let mut options = Options::read(parts).map_err(wrong)?;
        let device = || device_name(kind, name).map_err(wrong);
        let mut offload = true;
        let kind = match kind {
            "tap" | "tun" | "raw" => {
                offload = options.switch("offload").map_err(wrong)?.unwrap_or(true);
                let name = device()?;
                match kind {
                    "tap" => LinkKind::Tap(name),
                    "tun" => LinkKind::Tun(name),
                    _ => {
                        let promiscuous = options.switch("promiscuous").map_err(wrong)?.unwrap_or(true);
                        LinkKind::Raw { interface: name, promiscuous }
                    }
                }
            }
            "ip" => LinkKind::Ip(device()?),
            "pcap" => {
                let pace = match options.take("pace").as_deref() {
                    None | Some("own") => Pace::Own,
                    Some("once") => Pace::Once,
                    Some(other) => return Err(wrong(format!("`pace={other}`: it is `own` or `once`"))),
                };
                let from = Some(PathBuf::from(name)).filter(|path| !path.as_os_str().is_empty());
                let to = options.take("to").map(PathBuf::from);
                if from.is_none() && to.is_none() {
                    return Err(wrong("it names no file: `pcap:FILE`, or `pcap:,to=FILE`".to_owned()));
                }
                LinkKind::Pcap { from, to, pace }
            }
            other => return Err(wrong(format!("there is no kind `{other}`: {KINDS}"))),
        };
        options.none_left().map_err(wrong)?;
        Ok(Self { text: text.to_owned(), kind, offload })
    }
}

/// The name of a device, where it can be one.
fn device_name(kind: &str, name: &str) -> Result<String, String> {
    let example = if matches!(kind, "tap" | "tun") { "wl0" } else { "eth0" };
    if name.is_empty() {
        return Err(format!("it names no device, as `{kind}:{example}` does"));
    }
    if name.len() > LONGEST_NAME {
        return Err(format!(
            "a device's name has at most {LONGEST_NAME} octets, `{name}` has {}",
            name.len()
        ));
    }
    if name == "."
        || name == ".."
        || name.contains(|c: char| matches!(c, '/' | ':' | '\0') || c.is_whitespace())
    {
        return Err(format!("`{name}` cannot be a device's name, as `{example}` is"));
    }
    // The kernel would take it for a pattern, and number the device.
    if name.contains('%') {
        return Err(format!("`{name}`: a device's name has no `%`"));
    }
    Ok(name.to_owned())
}

/// What follows the name: `word=value`, between commas.
struct Options(Vec<(String, String)>);

impl Options {
    fn read<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut options: Vec<(String, String)> = Vec::new();
        for part in parts {
            let Some((word, value)) = part.split_once('=') else {
                return Err(format!("`{part}` is no option, as `offload=off` is"));
            };
            if options.iter().any(|(known, _)| known == word) {
                return Err(format!("`{word}` is given twice"));
            }
            options.push((word.to_owned(), value.to_owned()));
        }
        Ok(Self(options))
    }

    fn take(&mut self, word: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| known == word)?;
        Some(self.0.remove(place).1)
    }

    fn switch(&mut self, word: &str) -> Result<Option<bool>, String> {
        match self.take(word).as_deref() {
            None => Ok(None),
            Some("on") => Ok(Some(true)),
            Some("off") => Ok(Some(false)),
            Some(other) => Err(format!("`{word}={other}`: it is `on` or `off`")),
        }
    }

    fn none_left(&self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((word, _)) => Err(format!(
                "it has no option `{word}`: raw, tap and tun have `offload`, raw has `promiscuous`, pcap has `pace` and `to`"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(text: &str) -> LinkKind {
        text.parse::<LinkSpec>().unwrap().kind
    }

    fn problem(text: &str) -> String {
        text.parse::<LinkSpec>().unwrap_err().to_string()
    }

    #[test]
    fn each_kind_is_read() {
        assert_eq!(kind("tap:wl0"), LinkKind::Tap("wl0".into()));
        assert_eq!(kind("tun:wl0,offload=off"), LinkKind::Tun("wl0".into()));
        assert_eq!(kind("raw:eth0"), LinkKind::Raw { interface: "eth0".into(), promiscuous: true });
        assert_eq!(
            kind("raw:eth0,promiscuous=off"),
            LinkKind::Raw { interface: "eth0".into(), promiscuous: false }
        );
        assert_eq!(kind("ip:lo"), LinkKind::Ip("lo".into()));
        let pcap = |from: Option<&str>, to: Option<&str>, pace| LinkKind::Pcap {
            from: from.map(PathBuf::from),
            to: to.map(PathBuf::from),
            pace,
        };
        assert_eq!(kind("pcap:a b.pcap"), pcap(Some("a b.pcap"), None, Pace::Own));
        assert_eq!(kind("pcap:a.pcap,pace=once,to=b.pcap"), pcap(Some("a.pcap"), Some("b.pcap"), Pace::Once));
        assert_eq!(kind("pcap:,to=b.pcap"), pcap(None, Some("b.pcap"), Pace::Own));
        let spec: LinkSpec = "tap:wl0,offload=off".parse().unwrap();
        assert_eq!((spec.to_string().as_str(), spec.offload), ("tap:wl0,offload=off", false));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        assert_eq!(problem("wl0"), format!("`wl0` is not a link: it takes a kind in front: {KINDS}"));
        assert_eq!(problem("tab:wl0"), format!("`tab:wl0` is not a link: there is no kind `tab`: {KINDS}"));
        assert_eq!(problem("tap:"), "`tap:` is not a link: it names no device, as `tap:wl0` does");
        assert!(
            problem("raw:a-device-of-16-o").ends_with("has at most 15 octets, `a-device-of-16-o` has 16")
        );
        assert_eq!(kind("tap:a-device-of-15-"), LinkKind::Tap("a-device-of-15-".into()));
        assert!(problem("raw:eth0/1").ends_with("`eth0/1` cannot be a device's name, as `eth0` is"));
        assert!(problem("tap:wl%d").ends_with("`wl%d`: a device's name has no `%`"));
        assert!(problem("tap:wl0,offload").ends_with("`offload` is no option, as `offload=off` is"));
        assert!(problem("tap:wl0,offload=no").ends_with("`offload=no`: it is `on` or `off`"));
        assert!(problem("tap:wl0,offload=on,offload=on").ends_with("`offload` is given twice"));
        assert!(problem("tap:wl0,promiscuous=on").contains("it has no option `promiscuous`"));
        assert!(problem("pcap:").ends_with("it names no file: `pcap:FILE`, or `pcap:,to=FILE`"));
        assert!(problem("pcap:a,pace=fast").ends_with("`pace=fast`: it is `own` or `once`"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_link_or_is_refused(text in "(tap:|raw:|pcap:|ip:|)[ -~]{0,24}") {
            if let Ok(spec) = text.parse::<LinkSpec>() {
                prop_assert_eq!(spec.to_string(), text);
            }
        }
    }
}
