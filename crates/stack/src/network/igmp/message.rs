//! IGMP messages: read on the way up, written on the way down. The forms are `etherparse`'s.

use core::net::Ipv4Addr;

use bytes::{BufMut, Bytes, BytesMut};
use etherparse::igmp::{
    GroupAddress, LeaveGroupType, MaxResponseCode, MembershipQueryType, MembershipQueryWithSourcesHeader,
    MembershipReportV1Type, MembershipReportV2Type, MembershipReportV3Header, Qrv, ReportGroupRecordType,
    ReportGroupRecordV3Header,
};
use etherparse::{IgmpHeader, IgmpSlice, IgmpType};

use super::{Version, code};
use crate::checksum::Sum;
use crate::frame::{Checksum, Frame};
use crate::time::Duration;
use crate::trace::DropReason;

/// Octets of a version 3 report in front of its records.
pub const REPORT_HEADER: usize = MembershipReportV3Header::LEN;

/// Octets of a record in front of its sources.
pub const RECORD_HEADER: usize = ReportGroupRecordV3Header::LEN;

/// Octets of a version 3 query in front of its sources.
pub const QUERY_HEADER: usize = MembershipQueryWithSourcesHeader::LEN;

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// A router asks who is a member.
    Query(Query),
    /// A version 1 host is a member.
    ReportV1(Ipv4Addr),
    /// A version 2 host is a member.
    ReportV2(Ipv4Addr),
    /// What a version 3 host wants.
    ReportV3(Vec<Record>),
    /// The last version 2 host that answered has left.
    Leave(Ipv4Addr),
}

/// A router's question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query {
    /// By its length and its response time (RFC 9776 §7.1).
    pub version: Version,
    /// Within which answers are due. Version 1 has none: 10 s (RFC 2236 §4).
    pub max_response: Duration,
    /// The group that is asked about; `None` asks about all.
    pub group: Option<Ipv4Addr>,
    /// The S flag: other routers keep their timers as they are (RFC 9776 §4.1.5).
    pub suppress: bool,
    /// The querier's robustness variable, 0 where it does not say (RFC 9776 §4.1.6).
    pub robustness: u8,
    /// The querier's query interval, zero where it does not say (RFC 9776 §4.1.7).
    pub interval: Duration,
    /// The sources that are asked about; none where the whole group is.
    pub sources: Vec<Ipv4Addr>,
}

/// A group record of a version 3 report (RFC 9776 §4.2.12).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// What it says of the sources.
    pub kind: RecordKind,
    /// The group.
    pub group: Ipv4Addr,
    /// The sources.
    pub sources: Vec<Ipv4Addr>,
}

/// What a record says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordKind {
    /// `IS_IN`: these sources are wanted.
    IsInclude,
    /// `IS_EX`: all but these are.
    IsExclude,
    /// `TO_IN`: from now on these are wanted only.
    ToInclude,
    /// `TO_EX`: from now on all but these are.
    ToExclude,
    /// `ALLOW`: these besides.
    Allow,
    /// `BLOCK`: these no more.
    Block,
}

impl RecordKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::IsInclude, Self::IsExclude, Self::ToInclude, Self::ToExclude, Self::Allow, Self::Block];

    const fn code(self) -> ReportGroupRecordType {
        match self {
            Self::IsInclude => ReportGroupRecordType::MODE_IS_INCLUDE,
            Self::IsExclude => ReportGroupRecordType::MODE_IS_EXCLUDE,
            Self::ToInclude => ReportGroupRecordType::CHANGE_TO_INCLUDE_MODE,
            Self::ToExclude => ReportGroupRecordType::CHANGE_TO_EXCLUDE_MODE,
            Self::Allow => ReportGroupRecordType::ALLOW_NEW_SOURCES,
            Self::Block => ReportGroupRecordType::BLOCK_OLD_SOURCES,
        }
    }

    fn from_code(code: ReportGroupRecordType) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether it says which sources are not wanted: then what does not fit a message may be left out (RFC 9776
    /// §4.2.16).
    pub const fn excludes(self) -> bool {
        matches!(self, Self::IsExclude | Self::ToExclude)
    }
}

impl Record {
    /// Octets of it in a message.
    pub const fn length(&self) -> usize {
        RECORD_HEADER + 4 * self.sources.len()
    }
}

impl Query {
    /// A general query of `version`.
    pub const fn general(version: Version, max_response: Duration) -> Self {
        Self {
            version,
            max_response,
            group: None,
            suppress: false,
            robustness: 0,
            interval: Duration::ZERO,
            sources: Vec::new(),
        }
    }
}

/// The response time of a version 1 query, which has no field for it (RFC 2236 §4: 100 tenths of a second).
const V1_RESPONSE: Duration = Duration::from_secs(10);

const fn tenths(number: u32) -> Duration {
    Duration::from_millis(number as u64 * 100)
}

/// Reads the message at the front of a frame whose IP header is off and which is cut to IP's length.
///
/// # Errors
/// The reason to drop the frame: its checksum is wrong, it is shorter than it says, or of a type that is unknown. Records
/// of an unknown kind are passed over (RFC 9776 §4.2.12).
pub fn accept(frame: &mut Frame) -> Result<Message, DropReason> {
    // RFC 9776 §4.1.2: the checksum covers the whole of it, also what stands behind the fields that are known.
    if matches!(frame.meta.checksum, Checksum::Complete) && !frame.sum(Sum::new()).is_intact() {
        return Err(DropReason::IgmpBadChecksum);
    }
    read(&frame.to_vec()).ok_or(DropReason::IgmpMalformed)
}

/// Reads a message; `None` where it is too short or of an unknown type.
pub fn read(octets: &[u8]) -> Option<Message> {
    let message = match IgmpSlice::from_slice(octets).ok()? {
        IgmpSlice::MembershipQuery(query) => {
            let (header, tenths_of_response) = (query.to_header(), u32::from(octets[1]));
            // RFC 9776 §7.1: of 8 octets; a response time of zero makes it version 1.
            let (version, max_response) = match tenths_of_response {
                0 => (Version::V1, V1_RESPONSE),
                number => (Version::V2, tenths(number)),
            };
            let group = group_of(header.group_address)?;
            Message::Query(Query { group, ..Query::general(version, max_response) })
        }
        IgmpSlice::MembershipQueryWithSources(query) => {
            let group = group_of(query.group_address())?;
            let sources: Vec<Ipv4Addr> = query.source_addresses().map(Ipv4Addr::from).collect();
            if group.is_none() && !sources.is_empty() {
                return None;
            }
            Message::Query(Query {
                version: Version::V3,
                max_response: tenths(code::decode(query.max_response_code().0)),
                group,
                suppress: query.s_flag(),
                robustness: query.qrv().value(),
                interval: Duration::from_secs(code::decode(query.qqic()).into()),
                sources,
            })
        }
        IgmpSlice::MembershipReportV1(report) => Message::ReportV1(group(report.group_address())?),
        IgmpSlice::MembershipReportV2(report) => Message::ReportV2(group(report.group_address())?),
        IgmpSlice::LeaveGroup(leave) => Message::Leave(group(leave.group_address())?),
        IgmpSlice::MembershipReportV3(report) => {
            let mut records = Vec::new();
            for record in report.group_records() {
                let record = record.ok()?;
                let group = Ipv4Addr::from(record.multicast_address());
                let Some(kind) = RecordKind::from_code(record.record_type()).filter(|_| group.is_multicast())
                else {
                    continue;
                };
                let sources = record.source_addresses().map(Ipv4Addr::from).collect();
                records.push(Record { kind, group, sources });
            }
            Message::ReportV3(records)
        }
        IgmpSlice::Unknown(_) => return None,
    };
    Some(message)
}

fn group(address: GroupAddress) -> Option<Ipv4Addr> {
    Some(Ipv4Addr::from(address)).filter(Ipv4Addr::is_multicast)
}

/// A query's group: none is 0.0.0.0, and what is neither that nor a group makes no sense.
#[expect(clippy::option_option, reason = "no group, and no sense, are two things")]
fn group_of(address: GroupAddress) -> Option<Option<Ipv4Addr>> {
    if address.is_zero() { Some(None) } else { group(address).map(Some) }
}

impl Message {
    /// The message as it stands on the wire.
    pub fn to_octets(&self) -> Bytes {
        let mut rest = BytesMut::new();
        let header = match self {
            Self::Query(query) => query.header(&mut rest),
            Self::ReportV1(group) => {
                IgmpType::MembershipReportV1(MembershipReportV1Type { group_address: (*group).into() })
            }
            Self::ReportV2(group) => {
                IgmpType::MembershipReportV2(MembershipReportV2Type { group_address: (*group).into() })
            }
            Self::Leave(group) => IgmpType::LeaveGroup(LeaveGroupType { group_address: (*group).into() }),
            Self::ReportV3(records) => {
                records.iter().for_each(|record| record.write(&mut rest));
                let num_of_records = records.len() as u16;
                IgmpType::MembershipReportV3(MembershipReportV3Header { flags: [0; 2], num_of_records })
            }
        };
        let header = IgmpHeader::with_checksum(header, &rest).to_bytes();
        let mut octets = BytesMut::with_capacity(header.len() + rest.len());
        octets.put_slice(&header);
        octets.put_slice(&rest);
        octets.freeze()
    }
}

impl Query {
    fn header(&self, rest: &mut BytesMut) -> IgmpType {
        let response = u32::try_from(self.max_response.as_millis() / 100).unwrap_or(u32::MAX);
        let group_address = self.group.unwrap_or(Ipv4Addr::UNSPECIFIED).into();
        let short = |max_response_time| {
            IgmpType::MembershipQuery(MembershipQueryType { max_response_time, group_address })
        };
        match self.version {
            Version::V1 => short(0),
            // RFC 2236 §2.2: tenths of a second, and no floating point.
            Version::V2 => short(response.clamp(1, 255) as u8),
            Version::V3 => {
                let interval = u32::try_from(self.interval.as_secs()).unwrap_or(u32::MAX);
                let mut header = MembershipQueryWithSourcesHeader {
                    max_response_code: MaxResponseCode(code::encode(response)),
                    group_address,
                    raw_byte_8: 0,
                    qqic: code::encode(interval),
                    num_of_sources: self.sources.len() as u16,
                };
                header.set_s_flag(self.suppress);
                // RFC 9776 §4.1.6: a robustness variable above 7 is not said.
                header.set_qrv(Qrv::try_new(self.robustness).unwrap_or(Qrv::ZERO));
                self.sources.iter().for_each(|source| rest.put_slice(&source.octets()));
                IgmpType::MembershipQueryWithSources(header)
            }
        }
    }
}

impl Record {
    fn write(&self, into: &mut BytesMut) {
        let header = ReportGroupRecordV3Header {
            record_type: self.kind.code(),
            aux_data_len: 0,
            num_of_sources: self.sources.len() as u16,
            multicast_address: self.group.octets(),
        };
        into.put_slice(&header.to_bytes());
        self.sources.iter().for_each(|source| into.put_slice(&source.octets()));
    }
}

/// Puts records into reports of at most `longest` octets each, in order. A record that is too long for one report is
/// divided, or, where it excludes, cut (RFC 9776 §4.2.16).
pub fn pack(records: Vec<Record>, longest: usize) -> Vec<Message> {
    let room = longest.saturating_sub(REPORT_HEADER).max(RECORD_HEADER + 4);
    let (mut reports, mut report, mut filled) = (Vec::new(), Vec::new(), 0);
    let most_sources = (room - RECORD_HEADER) / 4;
    for mut record in records {
        while record.sources.len() > most_sources {
            let rest = record.sources.split_off(most_sources);
            if record.kind.excludes() {
                break;
            }
            let (kind, group) = (record.kind, record.group);
            let part = core::mem::replace(&mut record, Record { kind, group, sources: rest });
            if !report.is_empty() {
                reports.push(Message::ReportV3(core::mem::take(&mut report)));
                filled = 0;
            }
            reports.push(Message::ReportV3(vec![part]));
        }
        if filled + record.length() > room {
            reports.push(Message::ReportV3(core::mem::take(&mut report)));
            filled = 0;
        }
        filled += record.length();
        report.push(record);
    }
    if !report.is_empty() {
        reports.push(Message::ReportV3(report));
    }
    reports
}

#[cfg(test)]
mod tests;
