//! How a switch is described, and what can be wrong with that.

use core::fmt;
use std::collections::BTreeSet;

use wirelab_stack::interface::vlan::VlanId;
use wirelab_stack::time::Duration;

/// A set of VLANs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VlanSet {
    /// Ranges, both ends included, in order, without overlaps.
    ranges: Vec<(VlanId, VlanId)>,
}

impl VlanSet {
    /// No VLAN.
    pub const fn none() -> Self {
        Self { ranges: Vec::new() }
    }

    /// All 4094 of them.
    pub fn all() -> Self {
        Self { ranges: vec![(VlanId::FIRST, VlanId::LAST)] }
    }

    /// Adds those from `first` to `last`.
    pub fn add(&mut self, first: VlanId, last: VlanId) {
        let (mut first, mut last) = (first.min(last), first.max(last));
        // Those that touch it become one with it.
        self.ranges.retain(|&(from, to)| {
            let apart = to.get() + 1 < first.get() || last.get() + 1 < from.get();
            if !apart {
                (first, last) = (first.min(from), last.max(to));
            }
            apart
        });
        let place = self.ranges.partition_point(|&(from, _)| from < first);
        self.ranges.insert(place, (first, last));
    }

    /// Whether `vlan` is one of them.
    pub fn contains(&self, vlan: VlanId) -> bool {
        let place = self.ranges.partition_point(|&(from, _)| from <= vlan);
        place.checked_sub(1).is_some_and(|place| vlan <= self.ranges[place].1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

impl FromIterator<VlanId> for VlanSet {
    fn from_iter<T: IntoIterator<Item = VlanId>>(vlans: T) -> Self {
        let mut set = Self::none();
        vlans.into_iter().for_each(|vlan| set.add(vlan, vlan));
        set
    }
}

/// As people write it: `10, 20-29`.
impl fmt::Display for VlanSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ranges == Self::all().ranges {
            return f.write_str("all");
        }
        for (place, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            if first == last { write!(f, "{comma}{first}")? } else { write!(f, "{comma}{first}-{last}")? }
        }
        Ok(())
    }
}

/// Which VLANs a port is in, and how their frames look there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PortMode {
    /// For a station that knows no VLANs: its frames are untagged, and in this VLAN. What comes with a tag is dropped,
    /// unless it is a priority tag (IEEE 802.1Q §6.9: Admit Only Untagged and Priority-tagged).
    Access(VlanId),
    /// For another switch, or a station that knows VLANs: frames are tagged.
    Trunk {
        /// The VLANs that it carries. The native one is among them, named or not.
        allowed: VlanSet,
        /// The VLAN whose frames are untagged; without one, untagged frames are dropped (IEEE 802.1Q §6.9: Admit Only
        /// VLAN-tagged).
        native: Option<VlanId>,
    },
}

impl PortMode {
    /// Whether the port carries `vlan` (IEEE 802.1Q §8.8.10: is in its member set).
    pub fn carries(&self, vlan: VlanId) -> bool {
        match self {
            Self::Access(own) => *own == vlan,
            Self::Trunk { allowed, native } => *native == Some(vlan) || allowed.contains(vlan),
        }
    }

    /// The VLAN of the port's untagged frames: IEEE 802.1Q's PVID.
    pub const fn untagged(&self) -> Option<VlanId> {
        match self {
            Self::Access(own) => Some(*own),
            Self::Trunk { native, .. } => *native,
        }
    }
}

/// A port of a switch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PortConfig {
    /// Its name.
    pub name: String,
    /// Its VLANs.
    pub mode: PortMode,
}

impl PortConfig {
    /// A port in one VLAN.
    pub fn access(name: impl Into<String>, vlan: VlanId) -> Self {
        Self { name: name.into(), mode: PortMode::Access(vlan) }
    }

    /// A port that carries these VLANs tagged, and nothing untagged.
    pub fn trunk(name: impl Into<String>, allowed: impl IntoIterator<Item = VlanId>) -> Self {
        let allowed = allowed.into_iter().collect();
        Self { name: name.into(), mode: PortMode::Trunk { allowed, native: None } }
    }

    /// The name of port number `index` where nothing else is said: `port1` is the first.
    pub fn name_of(index: usize) -> String {
        format!("port{}", index + 1)
    }
}

/// A switch's knobs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SwitchKnobs {
    /// How long a station is remembered after its last frame (IEEE 802.1Q §8.8.3, Table 8-6: 300 s unless set).
    pub ageing_time: Duration,
    /// Stations that are remembered. When there is one more, the port with the most of them forgets the one that it has
    /// not seen for longest: a port that has no more than its even share loses none to others, whatever they send.
    pub max_entries: usize,
    /// The longest packet of a frame, in octets: without Ethernet header and tag.
    pub mtu: u16,
}

impl Default for SwitchKnobs {
    fn default() -> Self {
        Self { ageing_time: Duration::from_secs(300), max_entries: 8192, mtu: 1500 }
    }
}

/// A switch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SwitchConfig {
    /// Its name.
    pub name: String,
    /// Its ports, numbered in this order.
    pub ports: Vec<PortConfig>,
    /// Its knobs.
    pub knobs: SwitchKnobs,
}

impl SwitchConfig {
    /// A switch whose ports, `port1` and so on, are all in the default VLAN.
    pub fn new(name: impl Into<String>, ports: usize) -> Self {
        let port = |index| PortConfig::access(PortConfig::name_of(index), VlanId::DEFAULT);
        Self { name: name.into(), ports: (0..ports).map(port).collect(), knobs: SwitchKnobs::default() }
    }

    /// What makes no sense about it, if anything.
    pub(crate) fn check(&self) -> Result<(), SwitchError> {
        check_ports(self.ports.iter().map(|port| port.name.as_str()))?;
        if self.knobs.max_entries == 0 {
            return Err(SwitchError::NoEntries);
        }
        if self.knobs.mtu < LEAST_MTU {
            return Err(SwitchError::BadMtu(self.knobs.mtu));
        }
        Ok(())
    }
}

/// The least MTU of IPv4 (RFC 791 §3.2).
const LEAST_MTU: u16 = 68;

/// Whether ports of these names can be.
pub(crate) fn check_ports<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), SwitchError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(SwitchError::DuplicatePort(name.to_owned()));
        }
    }
    if seen.len() >= usize::from(u16::MAX) { Err(SwitchError::TooManyPorts) } else { Ok(()) }
}

/// What is wrong with a switch or a hub that was to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SwitchError {
    /// There are more ports than can be numbered.
    TooManyPorts,
    /// Two ports have this name.
    DuplicatePort(String),
    /// It may remember nobody.
    NoEntries,
    /// The MTU is below what IPv4 needs (RFC 791 §3.2: 68 octets).
    BadMtu(u16),
}

impl fmt::Display for SwitchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyPorts => write!(f, "there are at most {} ports", u16::MAX - 1),
            Self::DuplicatePort(name) => write!(f, "there are two ports `{name}`"),
            Self::NoEntries => f.write_str("a switch remembers at least one station"),
            Self::BadMtu(mtu) => write!(f, "an MTU of {mtu} is below IPv4's minimum of {LEAST_MTU} octets"),
        }
    }
}

impl core::error::Error for SwitchError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn vlan(number: u16) -> VlanId {
        VlanId::new(number).unwrap()
    }

    #[test]
    fn a_set_holds_what_was_added_and_says_so_briefly() {
        let mut set: VlanSet = [20, 10, 11, 13].map(vlan).into_iter().collect();
        assert_eq!(set.to_string(), "10-11, 13, 20");
        set.add(vlan(12), vlan(12));
        set.add(vlan(30), vlan(21));
        assert_eq!(set.to_string(), "10-13, 20-30");
        for number in 1..=4094 {
            let there = (10..=13).contains(&number) || (20..=30).contains(&number);
            assert_eq!(set.contains(vlan(number)), there, "{number}");
        }
        set.add(VlanId::FIRST, VlanId::LAST);
        assert_eq!((set.to_string(), VlanSet::none().to_string()), ("all".into(), String::new()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let config = SwitchConfig::new("sw", 3);
        assert_eq!((config.check(), config.ports[2].name.as_str()), (Ok(()), "port3"));
        let mut twice = config.clone();
        twice.ports[1].name = "port1".into();
        assert_eq!(twice.check(), Err(SwitchError::DuplicatePort("port1".into())));
        let with = |knobs| SwitchConfig { knobs, ..config.clone() }.check();
        assert_eq!(
            with(SwitchKnobs { max_entries: 0, ..SwitchKnobs::default() }),
            Err(SwitchError::NoEntries)
        );
        assert_eq!(with(SwitchKnobs { mtu: 67, ..SwitchKnobs::default() }), Err(SwitchError::BadMtu(67)));
    }
}
