//! Whose groups fill a router's table: each reporter has a share, and where there is no room the largest share yields. So a
//! host that reports groups without end pushes out its own, and others go on joining.

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

/// A group's place in the share of a reporter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Claim {
    /// When it came, as a number: the newest of a share yields first.
    serial: u64,
    /// Whose share it counts in.
    pub reporter: Ipv4Addr,
}

/// The shares of all reporters of a link.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    /// Each reporter's groups, the oldest first.
    groups: BTreeMap<Ipv4Addr, BTreeSet<(u64, Ipv4Addr)>>,
    /// The reporters, by how many groups they have.
    sizes: BTreeSet<(usize, Ipv4Addr)>,
    serial: u64,
}

impl Shares {
    /// How many groups a reporter has.
    pub fn size(&self, reporter: Ipv4Addr) -> usize {
        self.groups.get(&reporter).map_or(0, BTreeSet::len)
    }

    /// A group counts in the share of `reporter`.
    pub fn add(&mut self, reporter: Ipv4Addr, group: Ipv4Addr) -> Claim {
        self.serial += 1;
        let serial = self.serial;
        self.change(reporter, |groups| groups.insert((serial, group)));
        Claim { serial, reporter }
    }

    /// A group does not count any more.
    pub fn remove(&mut self, claim: Claim, group: Ipv4Addr) {
        self.change(claim.reporter, |groups| groups.remove(&(claim.serial, group)));
    }

    /// Another host reported the group of `claim`: it counts in the smaller of both shares. Who reports what others have
    /// joined does not make it their loss.
    pub fn pass(&mut self, claim: Claim, group: Ipv4Addr, reporter: Ipv4Addr) -> Claim {
        if self.size(reporter) + 1 >= self.size(claim.reporter) {
            return claim;
        }
        self.remove(claim, group);
        self.add(reporter, group)
    }

    /// The group that makes room for one more of `reporter`: the newest of the largest share, if that stays as large as the
    /// reporter's will be. Else the reporter has to do without.
    pub fn yields_to(&self, reporter: Ipv4Addr) -> Option<Ipv4Addr> {
        let (size, largest) = self.sizes.last()?;
        if *size <= self.size(reporter) + 1 {
            return None;
        }
        self.groups.get(largest)?.last().map(|(_, group)| *group)
    }

    fn change(&mut self, reporter: Ipv4Addr, change: impl FnOnce(&mut BTreeSet<(u64, Ipv4Addr)>) -> bool) {
        let groups = self.groups.entry(reporter).or_default();
        self.sizes.remove(&(groups.len(), reporter));
        change(groups);
        let size = groups.len();
        if size == 0 {
            self.groups.remove(&reporter);
        } else {
            self.sizes.insert((size, reporter));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(number: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, number)
    }

    fn group(number: u8) -> Ipv4Addr {
        Ipv4Addr::new(239, 0, 0, number)
    }

    #[test]
    fn the_newest_of_the_largest_share_yields() {
        let mut shares = Shares::default();
        assert_eq!(shares.yields_to(host(1)), None, "there is nothing");
        let claims: Vec<Claim> = (1..=4).map(|number| shares.add(host(1), group(number))).collect();
        shares.add(host(2), group(9));
        assert_eq!(shares.yields_to(host(1)), None, "its own share is the largest");
        assert_eq!(shares.yields_to(host(2)), Some(group(4)));
        assert_eq!(shares.yields_to(host(3)), Some(group(4)));
        shares.remove(claims[3], group(4));
        assert_eq!(shares.yields_to(host(3)), Some(group(3)));
        shares.remove(claims[2], group(3));
        assert_eq!(shares.yields_to(host(2)), None, "2 and 1: to take one would only turn it round");
        assert_eq!(shares.yields_to(host(3)), Some(group(2)));
        shares.remove(claims[1], group(2));
        assert_eq!(shares.yields_to(host(3)), None, "each has one");
    }

    #[test]
    fn a_group_counts_in_the_smaller_share_of_those_who_report_it() {
        let mut shares = Shares::default();
        let claim = shares.add(host(1), group(1));
        for number in 2..=9 {
            shares.add(host(6), group(number));
        }
        let still = shares.pass(claim, group(1), host(6));
        assert_eq!((still, shares.size(host(1)), shares.size(host(6))), (claim, 1, 8));
        let forged = shares.add(host(6), group(20));
        let passed = shares.pass(forged, group(20), host(2));
        assert_eq!((passed.reporter, shares.size(host(2)), shares.size(host(6))), (host(2), 1, 8));
        assert_eq!(shares.pass(passed, group(20), host(3)), passed, "it need not wander among equals");
    }
}
