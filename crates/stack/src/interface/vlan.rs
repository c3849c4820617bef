//! 802.1Q tags: four octets behind the hardware addresses that say which VLAN a frame is in, and its priority.
//!
//! A frame has one tag at most here: what stands behind it is not looked at by those who only forward, and refused by
//! those who would have to read it (IEEE 802.1Q §9.5 gives further tags types of their own).

use core::fmt;

use etherparse::{EtherType, SingleVlanHeader, SingleVlanHeaderSlice, VlanPcp};

use super::ethernet;
use crate::frame::Frame;
use crate::trace::DropReason;

/// Octets of a tag.
pub const TAG: usize = SingleVlanHeader::LEN;

/// Octets of the two hardware addresses, which stand before the tag.
const ADDRESSES: usize = 12;

/// A VLAN's number: 1 to 4094 (IEEE 802.1Q §9.6, Table 9-2: 0 and 4095 are no VLANs).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct VlanId(u16);

impl VlanId {
    /// The VLAN that ports are in unless something else is said (IEEE 802.1Q §9.6, Table 9-2).
    pub const DEFAULT: Self = Self(1);
    /// The first.
    pub const FIRST: Self = Self(1);
    /// The last.
    pub const LAST: Self = Self(4094);

    /// The VLAN of that number; `None` where there is none.
    pub const fn new(number: u16) -> Option<Self> {
        if number >= 1 && number <= Self::LAST.0 { Some(Self(number)) } else { None }
    }

    /// Its number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for VlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a tag says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tag {
    /// The priority: 0 (or 1, which is less) to 7 (IEEE 802.1Q §6.9.3).
    pub priority: u8,
    /// Whether the frame goes before others when there is no room (IEEE 802.1Q §6.9.3).
    pub drop_eligible: bool,
    /// The VLAN; none in a priority tag, whose frame counts as untagged (IEEE 802.1Q §6.9.1).
    pub vlan: Option<VlanId>,
}

impl Tag {
    /// A tag without priority.
    pub const fn of(vlan: VlanId) -> Self {
        Self { priority: 0, drop_eligible: false, vlan: Some(vlan) }
    }

    /// Reads the tag control information.
    ///
    /// # Errors
    /// `VlanMalformed` for the reserved VLAN 4095 (IEEE 802.1Q §9.6, Table 9-2: it shall not be transmitted).
    pub fn from_control(control: u16) -> Result<Self, DropReason> {
        let [high, low] = control.to_be_bytes();
        Self::from_header(&SingleVlanHeader::from_bytes([high, low, 0, 0]))
    }

    fn from_header(header: &SingleVlanHeader) -> Result<Self, DropReason> {
        let vlan = match header.vlan_id.value() {
            0 => None,
            number => Some(VlanId::new(number).ok_or(DropReason::VlanMalformed)?),
        };
        Ok(Self { priority: header.pcp.value(), drop_eligible: header.drop_eligible_indicator, vlan })
    }

    /// The tag control information.
    pub fn control(self) -> u16 {
        let [high, low, ..] = self.header(EtherType(0)).to_bytes();
        u16::from_be_bytes([high, low])
    }

    /// The tag in front of what `carried` says.
    pub fn header(self, carried: EtherType) -> SingleVlanHeader {
        let number = self.vlan.map_or(0, VlanId::get);
        SingleVlanHeader {
            pcp: VlanPcp::try_new(self.priority & 7).unwrap_or(VlanPcp::ZERO),
            drop_eligible_indicator: self.drop_eligible,
            vlan_id: etherparse::VlanId::try_new(number).unwrap_or(etherparse::VlanId::ZERO),
            ether_type: carried,
        }
    }
}

/// Whether frames of that type have a tag, of whatever kind, in front.
pub fn is_tag(ether_type: EtherType) -> bool {
    matches!(
        ether_type,
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING | EtherType::VLAN_DOUBLE_TAGGED_FRAME
    )
}

/// Takes the tag out of an Ethernet frame, wherever it is: in the frame's meta, where a link has taken it out of the
/// octets, or in these. The frame is untagged afterwards; `None` where it was so before.
///
/// # Errors
/// The reason to drop the frame: it is too short, or its tag is none.
pub fn take(frame: &mut Frame) -> Result<Option<Tag>, DropReason> {
    let octets = frame.pull_up(ethernet::HEADER).ok_or(DropReason::Runt)?;
    let is_tagged = octets[ADDRESSES..] == EtherType::VLAN_TAGGED_FRAME.0.to_be_bytes();
    if let Some(control) = frame.meta.vlan.take() {
        return Tag::from_control(control).map(Some);
    }
    if !is_tagged {
        return Ok(None);
    }
    let octets = frame.pull_up(ethernet::HEADER + TAG).ok_or(DropReason::VlanMalformed)?;
    let header = SingleVlanHeaderSlice::from_slice(&octets[ethernet::HEADER..]);
    let header = header.map_err(|_| DropReason::VlanMalformed)?.to_header();
    let tag = Tag::from_header(&header)?;
    frame.head_mut().copy_within(..ADDRESSES, TAG);
    frame.strip_front(TAG);
    frame.meta.checksum = frame.meta.checksum.ahead(TAG as u16);
    Ok(Some(tag))
}

/// Puts a tag into the octets of an untagged Ethernet frame.
///
/// # Panics
/// When the frame's Ethernet header was not pulled up.
pub fn put(frame: &mut Frame, tag: Tag) {
    frame.push_front::<TAG>();
    let head = frame.head_mut();
    head.copy_within(TAG..TAG + ADDRESSES, 0);
    let octets = &mut head[ADDRESSES..ADDRESSES + TAG];
    octets[..2].copy_from_slice(&EtherType::VLAN_TAGGED_FRAME.0.to_be_bytes());
    octets[2..].copy_from_slice(&tag.control().to_be_bytes());
    frame.meta.checksum = frame.meta.checksum.behind(TAG as u16);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::addr::Mac;
    use crate::frame::{Checksum, Meta};
    use crate::trace::{Cause, Trigger};

    const TO: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const FROM: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn untagged() -> Frame {
        let mut frame =
            Frame::with_payload(Bytes::from_static(b"packet"), Meta::new(Cause::Raw, Trigger::Call));
        ethernet::push(&mut frame, &ethernet::header(TO, FROM, EtherType::IPV4));
        frame
    }

    fn from_wire(octets: &[u8]) -> Frame {
        Frame::from_wire(Bytes::copy_from_slice(octets), Meta::new(Cause::Raw, Trigger::Call))
    }

    #[test]
    fn a_tag_stands_behind_the_addresses_as_the_standard_says() {
        // IEEE 802.1Q §9.4 to §9.6: type 81-00, three bits of priority, drop eligibility, twelve bits of VLAN.
        let tag = Tag { priority: 5, drop_eligible: true, vlan: VlanId::new(0xabc) };
        let mut frame = untagged();
        put(&mut frame, tag);
        let expected = [&TO.0[..], &FROM.0, &[0x81, 0x00, 0xba, 0xbc, 0x08, 0x00], b"packet"].concat();
        assert_eq!(frame.to_vec(), expected);
        for mut frame in [frame, from_wire(&expected)] {
            assert_eq!(take(&mut frame), Ok(Some(tag)));
            assert_eq!(frame.to_vec(), untagged().to_vec());
            assert_eq!(take(&mut frame), Ok(None));
        }
    }

    #[test]
    fn zero_is_a_priority_tag_and_4095_is_none() {
        // IEEE 802.1Q §9.6, Table 9-2
        assert_eq!(Tag::from_control(0xe000), Ok(Tag { priority: 7, drop_eligible: false, vlan: None }));
        assert_eq!(Tag::from_control(0x0fff), Err(DropReason::VlanMalformed));
        assert_eq!(
            [0, 1, 4094, 4095].map(|number| VlanId::new(number).map(VlanId::get)),
            [None, Some(1), Some(4094), None]
        );
    }

    #[test]
    fn a_tag_beside_the_octets_counts_first() {
        let mut frame = untagged();
        frame.meta.vlan = Some(10);
        assert_eq!(take(&mut frame), Ok(VlanId::new(10).map(Tag::of)));
        assert_eq!((frame.meta.vlan, frame.to_vec()), (None, untagged().to_vec()));
    }

    #[test]
    fn what_is_cut_off_is_no_tag() {
        let mut frame = untagged();
        put(&mut frame, Tag::of(VlanId::DEFAULT));
        let whole = frame.to_vec();
        for length in 0..18 {
            let reason = if length < 14 { DropReason::Runt } else { DropReason::VlanMalformed };
            assert_eq!(take(&mut from_wire(&whole[..length])), Err(reason), "{length} octets");
        }
    }

    #[test]
    fn a_partial_checksum_moves_with_the_tag() {
        let mut frame = untagged();
        frame.meta.checksum = Checksum::Partial { start: 34, offset: 16 };
        put(&mut frame, Tag::of(VlanId::DEFAULT));
        assert_eq!(frame.meta.checksum, Checksum::Partial { start: 38, offset: 16 });
        take(&mut frame).unwrap();
        assert_eq!(frame.meta.checksum, Checksum::Partial { start: 34, offset: 16 });
    }

    proptest! {
        #[test]
        fn each_tag_reads_as_it_was_written(priority in 0..8_u8, drop_eligible: bool, number in 0..4095_u16) {
            let tag = Tag { priority, drop_eligible, vlan: VlanId::new(number) };
            prop_assert_eq!(Tag::from_control(tag.control()), Ok(tag));
            let mut frame = from_wire(&untagged().to_vec());
            frame.pull_up(ethernet::HEADER);
            put(&mut frame, tag);
            prop_assert_eq!(take(&mut frame), Ok(Some(tag)));
            prop_assert_eq!(frame.to_vec(), untagged().to_vec());
        }

        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..200), tagged: bool, beside: Option<u16>) {
            let mut octets = octets;
            if tagged && octets.len() >= 14 {
                octets[12..14].copy_from_slice(&[0x81, 0]);
            }
            let mut frame = from_wire(&octets);
            frame.meta.vlan = beside;
            let is_tagged = octets.get(12..14) == Some(&[0x81, 0]) && beside.is_none();
            if let Ok(tag) = take(&mut frame) {
                prop_assert_eq!(tag.is_some(), is_tagged || beside.is_some());
                prop_assert_eq!(frame.len(), octets.len() - if is_tagged { TAG } else { 0 });
            }
        }
    }
}
