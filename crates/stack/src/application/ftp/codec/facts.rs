//! What is said of a file or directory: facts (RFC 3659 §7), times (§2.3), and lines as `ls -l` writes them.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::clock::Timestamp;
use crate::storage::{Entry, Metadata};

/// A time of a file as `MDTM` and `modify` say it: `20260102030405`, with a fraction of a second if there is one.
pub fn time(at: Timestamp) -> String {
    let date = Offset::UTC.to_datetime(at);
    let millis = date.millisecond();
    let whole = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}",
        date.year(),
        date.month(),
        date.day(),
        date.hour(),
        date.minute(),
        date.second()
    );
    if millis == 0 { whole } else { format!("{whole}.{millis:03}") }
}

/// Reads what [`time`] writes; fractions of any length, of which milliseconds count.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) || text.ends_with('.') {
        return None;
    }
    let number = |from: usize, to: usize| whole[from..to].parse::<i8>().ok();
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    // RFC 3659 §2.3: second 60 is a leap second, of which the calendar knows nothing.
    let second = number(12, 14)?.min(59);
    let nanos = millis.parse::<i32>().ok()? * 1_000_000;
    let date = DateTime::new(
        whole[..4].parse().ok()?,
        number(4, 6)?,
        number(6, 8)?,
        number(8, 10)?,
        number(10, 12)?,
        second,
        nanos,
    );
    Offset::UTC.to_timestamp(date.ok()?).ok()
}

/// What something is (RFC 3659 §7.5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// The directory that is listed.
    This,
    /// The one above it.
    Parent,
    /// Something else.
    Other,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "dir",
            Self::This => "cdir",
            Self::Parent => "pdir",
            Self::Other => "OS.unknown=other",
        }
    }

    fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "file" => Self::File,
            "dir" => Self::Directory,
            "cdir" => Self::This,
            "pdir" => Self::Parent,
            _ => Self::Other,
        }
    }
}

/// Which facts a client wants (RFC 3659 §7.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// `type`.
    pub kind: bool,
    /// `size`.
    pub size: bool,
    /// `modify`.
    pub modify: bool,
    /// `perm`.
    pub permissions: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { kind: true, size: true, modify: true, permissions: true }
    }
}

impl Wanted {
    /// The facts that `OPTS MLST` names; those that are not known are passed over.
    pub fn parse(names: &str) -> Self {
        let has = |fact: &str| names.split(';').any(|name| name.eq_ignore_ascii_case(fact));
        Self { kind: has("type"), size: has("size"), modify: has("modify"), permissions: has("perm") }
    }

    fn names(self) -> impl Iterator<Item = (bool, &'static str)> {
        [(self.kind, "type"), (self.size, "size"), (self.modify, "modify"), (self.permissions, "perm")]
            .into_iter()
    }

    /// The facts that are wanted, as the answer to `OPTS` has them.
    pub fn text(self) -> String {
        let names: Vec<_> = self.names().filter(|(on, _)| *on).map(|(_, name)| format!("{name};")).collect();
        names.concat()
    }

    /// All facts that there are, as the answer to `FEAT` has them: a star after those that are wanted.
    pub fn feature(self) -> String {
        let names: Vec<_> =
            self.names().map(|(on, name)| format!("{name}{};", if on { "*" } else { "" })).collect();
        names.concat()
    }
}

/// What is known of one name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// What it is, if it was said.
    pub kind: Option<Kind>,
    /// Octets of a file.
    pub size: Option<u64>,
    /// When it was last written.
    pub modify: Option<Timestamp>,
    /// What may be done with it (RFC 3659 §7.5.5).
    pub permissions: Option<String>,
    /// Its name, or its path.
    pub name: String,
}

impl Facts {
    /// The facts that are wanted of something.
    pub fn new(name: &str, kind: Kind, metadata: &Metadata, writes: bool, wanted: Wanted) -> Self {
        let permissions = match (metadata.is_directory, writes) {
            (true, true) => "cdeflmp",
            (true, false) => "el",
            (false, true) => "adfrw",
            (false, false) => "r",
        };
        Self {
            kind: wanted.kind.then_some(kind),
            size: (wanted.size && !metadata.is_directory).then_some(metadata.length),
            modify: wanted.modify.then_some(metadata.modified),
            permissions: wanted.permissions.then(|| permissions.to_owned()),
            name: name.to_owned(),
        }
    }

    /// Its line, without an end.
    pub fn line(&self) -> String {
        let facts = [
            ("type", self.kind.map(|kind| kind.word().to_owned())),
            ("size", self.size.map(|size| size.to_string())),
            ("modify", self.modify.map(time)),
            ("perm", self.permissions.clone()),
        ];
        let given = facts.iter().filter_map(|(name, value)| Some(format!("{name}={};", value.as_ref()?)));
        format!("{} {}", given.collect::<Vec<_>>().concat(), self.name)
    }

    /// Reads a line. Facts that are not known, or that make no sense, are passed over.
    pub fn parse(line: &str) -> Option<Self> {
        let (facts, name) = line.split_once(' ')?;
        let mut read =
            Self { kind: None, size: None, modify: None, permissions: None, name: name.to_owned() };
        if name.is_empty() {
            return None;
        }
        for fact in facts.split(';').filter(|fact| !fact.is_empty()) {
            let (name, value) = fact.split_once('=')?;
            match name.to_ascii_lowercase().as_str() {
                "type" => read.kind = Some(Kind::of(value)),
                "size" => read.size = value.parse().ok(),
                "modify" => read.modify = parse_time(value),
                "perm" => read.permissions = Some(value.to_owned()),
                _ => {}
            }
        }
        Some(read)
    }
}

/// A line as `ls -l` writes it, which is what people and their programs expect of `LIST`: the time of day for what was
/// written in the last half year, else the year.
pub fn list_line(entry: &Entry, writes: bool, now: Timestamp) -> String {
    const HALF_YEAR: i64 = 182 * 24 * 3600;
    let Metadata { length, modified, is_directory } = entry.metadata;
    let mode = match (is_directory, writes) {
        (true, true) => "drwxr-xr-x",
        (true, false) => "dr-xr-xr-x",
        (false, true) => "-rw-r--r--",
        (false, false) => "-r--r--r--",
    };
    let date = Offset::UTC.to_datetime(modified);
    let month = MONTHS.get(usize::from(date.month().unsigned_abs()).saturating_sub(1)).unwrap_or(&"???");
    let age = now.as_second() - modified.as_second();
    let when = if (0..HALF_YEAR).contains(&age) {
        format!("{:02}:{:02}", date.hour(), date.minute())
    } else {
        format!("{:5}", date.year())
    };
    format!("{mode} 1 ftp ftp {length:12} {month} {:2} {when} {}", date.day(), entry.name)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::DEFAULT_DATE;

    const FILE: Metadata = Metadata { length: 1_234, modified: DEFAULT_DATE, is_directory: false };

    #[test]
    fn times_are_fourteen_digits_and_a_fraction() {
        assert_eq!(time(DEFAULT_DATE), "20260101000000");
        let later = Timestamp::new(1_767_225_600 + 86_399, 45_000_000).unwrap();
        assert_eq!(time(later), "20260101235959.045");
        assert_eq!(parse_time("20260101235959.045"), Some(later));
        assert_eq!(parse_time("20260101235960.0459999"), Some(later), "a leap second");
        for wrong in
            ["", "2026010100000", "20261301000000", "20260101000000.", "20260101000000.x", "+0260101000000"]
        {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn facts_are_those_that_are_wanted() {
        let facts = Facts::new("a b", Kind::File, &FILE, false, Wanted::default());
        assert_eq!(facts.line(), "type=file;size=1234;modify=20260101000000;perm=r; a b");
        let wanted = Wanted::parse("Size;unique;TYPE;");
        assert_eq!(
            (wanted.text().as_str(), wanted.feature().as_str()),
            ("type;size;", "type*;size*;modify;perm;")
        );
        assert_eq!(Facts::new("a", Kind::File, &FILE, true, wanted).line(), "type=file;size=1234; a");
        assert_eq!(Facts::new("a", Kind::File, &FILE, true, Wanted::parse("")).line(), " a");
        let foreign = Facts::parse("Type=OS.unix=slink:/x;UNIX.mode=0644;Size=x; n").unwrap();
        assert_eq!((foreign.kind, foreign.size, foreign.name.as_str()), (Some(Kind::Other), None, "n"));
        for wrong in ["", "type=file;", "type=file; ", "type a"] {
            assert_eq!(Facts::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lines_look_as_those_of_ls() {
        let entry = Entry { name: "a b".into(), metadata: FILE };
        let line = |days: i64, writes| {
            list_line(&entry, writes, Timestamp::new(DEFAULT_DATE.as_second() + days * 86_400, 0).unwrap())
        };
        assert_eq!(line(0, false), "-r--r--r-- 1 ftp ftp         1234 Jan  1 00:00 a b");
        assert_eq!(line(182, true), "-rw-r--r-- 1 ftp ftp         1234 Jan  1  2026 a b");
        assert_eq!(line(-1, true), line(182, true), "what comes from the future has its year");
    }

    proptest! {
        #[test]
        fn facts_come_back(
            name in "[ -~é]{1,20}", length: u64, seconds in 0_i64..4_000_000_000, millis in 0_i32..1000, is_directory: bool, writes: bool,
        ) {
            let modified = Timestamp::new(seconds, millis * 1_000_000).unwrap();
            let kind = if is_directory { Kind::Directory } else { Kind::File };
            let facts = Facts::new(&name, kind, &Metadata { length, modified, is_directory }, writes, Wanted::default());
            prop_assert_eq!(Facts::parse(&facts.line()), Some(facts));
        }

        #[test]
        fn any_line_is_facts_or_none(line: String, digits in "[0-9]{14}(\\.[0-9]{0,9})?") {
            let _ = (Facts::parse(&line), parse_time(&line), parse_time(&digits));
            let _ = Facts::parse(&format!("{line}; x"));
        }
    }
}
