//! What happens between a client and a server: drawn, and written down as a scenario.

use core::fmt;
use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use wirelab_stack::time::Duration;

use super::impairment::{Impairment, impairment};
use super::testbed::Testbed;

/// A time during which something is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// When it begins.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
}

/// Two hosts, `client` (10.0.0.1) and `server` (10.0.0.2), a link between them, and what happens to all three.
///
/// Shown, with `{}` or `{:?}`, it is the scenario file that replays it.
#[derive(Clone)]
pub struct Case {
    /// Of all chance.
    pub seed: u64,
    /// What the link does to frames: from the client to the server, and back.
    pub directions: [Impairment; 2],
    /// When the link is cut.
    pub partitions: Vec<Interval>,
    /// When the server is down, after it has crashed.
    pub crashes: Vec<Interval>,
    /// Whether tasks that are ready at once run in any order.
    pub random_schedule: bool,
    /// Whether TCP never gives up, and the hosts know each other's hardware addresses: a link can be too bad for the usual
    /// 100 s, or for ARP's three requests.
    pub patient: bool,
}

/// Which cases are drawn. By default: any impairments, a partition or none, no crash, tasks in any order or in theirs, TCP that
/// never gives up.
#[derive(Clone, Debug)]
pub struct Cases {
    /// The most partitions of one case.
    pub partitions: usize,
    /// The most crashes of the server in one case.
    pub crashes: usize,
    /// How long partitions last, and crashed servers are down, at most.
    pub longest: Duration,
    /// Partitions and crashes begin within this.
    pub within: Duration,
    /// Whether tasks may run in any order.
    pub random_schedule: bool,
    /// Whether TCP never gives up (R2 of RFC 9293 §3.8.3 is out of reach), nor ARP has to be asked. If not, programs are to expect `TimedOut`,
    /// `HostUnreachable` and `ConnectionReset`: drawn links lose 30 % and more.
    pub patient: bool,
}

impl Default for Cases {
    fn default() -> Self {
        Self {
            partitions: 1,
            crashes: 0,
            longest: Duration::from_secs(20),
            within: Duration::from_secs(10),
            random_schedule: true,
            patient: true,
        }
    }
}

impl Cases {
    /// A strategy that draws such cases, and shrinks them towards one in which nothing happens.
    pub fn strategy(&self) -> impl Strategy<Value = Case> + use<> {
        let intervals = |most: usize| vec(self.interval(), 0..=most);
        let (partitions, crashes) = (intervals(self.partitions), intervals(self.crashes));
        let random = if self.random_schedule { any::<bool>().boxed() } else { Just(false).boxed() };
        // A scenario file has no numbers beyond 2⁶³.
        let seed = any::<u64>().prop_map(|seed| seed >> 1);
        let patient = self.patient;
        let drawn = (seed, [impairment(), impairment()], partitions, crashes, random);
        drawn.prop_map(move |(seed, directions, partitions, crashes, random_schedule)| Case {
            seed,
            directions,
            partitions,
            crashes,
            random_schedule,
            patient,
        })
    }

    fn interval(&self) -> impl Strategy<Value = Interval> + use<> {
        let millis = |most: Duration| -> RangeInclusive<u64> { 1..=most.as_millis().max(1) };
        (millis(self.within), millis(self.longest)).prop_map(|(at, lasts)| Interval {
            at: Duration::from_millis(at),
            lasts: Duration::from_millis(lasts),
        })
    }
}

impl Case {
    /// The network of the case, to run programs on.
    ///
    /// # Panics
    /// When one of its public fields was set to what no scenario can have, such as 200 %.
    #[track_caller]
    pub fn testbed(&self) -> Testbed {
        Testbed::new(&self.to_string()).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the scenario\n\n{self}")
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "title = \"A case of a property test\"\nseed = {}", self.seed)?;
        if self.random_schedule {
            writeln!(f, "schedule = \"random\"")?;
        }
        for (name, own, other) in [("client", 1, 2), ("server", 2, 1)] {
            writeln!(f, "\n[[host]]\nname = \"{name}\"")?;
            if self.patient {
                writeln!(f, "tcp = {{ r2 = \"900 h\", syn_r2 = \"900 h\" }}")?;
            }
            writeln!(f, "\n[[host.interface]]\naddresses = [\"10.0.0.{own}/24\"]")?;
            if self.patient {
                // Nor does ARP give up.
                writeln!(
                    f,
                    "mac = \"02:00:00:00:00:0{own}\"\n\
                     neighbor = [{{ address = \"10.0.0.{other}\", mac = \"02:00:00:00:00:0{other}\" }}]"
                )?;
            }
        }
        writeln!(f, "\n[[link]]\nname = \"wire\"\nbetween = [\"client\", \"server\"]")?;
        for (name, direction) in ["forward", "backward"].iter().zip(&self.directions) {
            write!(f, "\n[link.{name}]\n{direction}")?;
        }
        for Interval { at, lasts } in &self.partitions {
            event(f, *at, "cut", "wire")?;
            event(f, *at + *lasts, "restore", "wire")?;
        }
        for Interval { at, lasts } in &self.crashes {
            event(f, *at, "crash", "server")?;
            event(f, *at + *lasts, "restart", "server")?;
        }
        Ok(())
    }
}

fn event(f: &mut fmt::Formatter<'_>, at: Duration, what: &str, whom: &str) -> fmt::Result {
    writeln!(f, "\n[[event]]\nat = \"{} ms\"\n{what} = \"{whom}\"", at.as_millis())
}
