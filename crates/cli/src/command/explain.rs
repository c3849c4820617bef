//! `wirelab explain [CAUSE]`

use std::io::Write;

use wirelab_stack::trace::{Cause, DropReason};

use crate::args::ExplainArgs;
use crate::console::{Ink, Style, pad, width, wrap};
use crate::exit::{Code, Failure};
use crate::suggest;

/// Something that can be explained.
struct Entry {
    kind: &'static str,
    name: &'static str,
    source: &'static str,
    meaning: &'static str,
}

const SENT: &str = "why a frame is sent";
const DROPPED: &str = "why a frame is dropped";

fn entries() -> impl Iterator<Item = Entry> {
    let causes = Cause::ALL.iter().map(|cause| Entry {
        kind: SENT,
        name: cause.name(),
        source: cause.source(),
        meaning: cause.meaning(),
    });
    let reasons = DropReason::ALL.iter().map(|reason| Entry {
        kind: DROPPED,
        name: reason.name(),
        source: reason.source(),
        meaning: reason.meaning(),
    });
    causes.chain(reasons)
}

/// Explains one name, or lists all.
///
/// # Errors
/// When there is no such name, or `out` cannot be written.
pub fn explain(args: &ExplainArgs, style: &Style, out: &mut dyn Write) -> Result<Code, Failure> {
    let Some(name) = &args.name else {
        list(style, out)?;
        return Ok(Code::Held);
    };
    let wanted = normal(name);
    let found: Vec<Entry> = entries().filter(|entry| normal(entry.name) == wanted).collect();
    if found.is_empty() {
        let hint = suggest::hint(name, entries().map(|entry| entry.name));
        let more = if hint.is_empty() { "; `wirelab explain` lists all" } else { "" };
        return Err(Failure::Usage(format!("`{name}` is no cause and no drop reason{hint}{more}")));
    }
    for entry in found {
        let heading = format!("{}: {}", entry.name, entry.kind);
        writeln!(out, "{}", style.paint(Ink::Heading, &heading))?;
        for line in
            wrap(&style.charset.show(entry.meaning), style.width.map_or(100, |columns| columns.min(100)) - 2)
        {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "  Source: {}", style.paint(Ink::Cause, &style.charset.show(entry.source)))?;
    }
    Ok(Code::Held)
}

fn list(style: &Style, out: &mut dyn Write) -> std::io::Result<()> {
    let show = |text: &str| style.charset.show(text);
    let names = entries().map(|entry| width(entry.name)).max().unwrap_or(0);
    let sources = entries().map(|entry| width(&show(entry.source))).max().unwrap_or(0);
    for kind in [SENT, DROPPED] {
        let heading = kind.replacen('w', "W", 1);
        writeln!(out, "{}", style.paint(Ink::Heading, &heading))?;
        for entry in entries().filter(|entry| entry.kind == kind) {
            let source = style.paint(Ink::Cause, &pad(&show(entry.source), sources));
            writeln!(out, "  {}  {source}  {}", pad(entry.name, names), show(entry.meaning))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A name as it is compared: `RetransmitRto` and `retransmit_rto` are `retransmit-rto`.
fn normal(name: &str) -> String {
    name.chars()
        .filter(|character| !matches!(character, '-' | '_' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Charset;

    fn explained(name: Option<&str>) -> Result<String, Failure> {
        let mut out = Vec::new();
        let args = ExplainArgs { name: name.map(str::to_owned) };
        explain(&args, &Style::plain(Charset::Unicode), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_cause_has_its_meaning_and_its_section() {
        let expected = "retransmit-rto: why a frame is sent\n  Sends again the earliest segment not acknowledged when \
                        the retransmission timer expired.\n  Source: RFC 6298 §5.4\n";
        assert_eq!(explained(Some("retransmit-rto")).unwrap(), expected);
        assert_eq!(explained(Some("RetransmitRto")).unwrap(), expected);
        assert!(explained(Some("bad-fcs")).unwrap().starts_with("bad_fcs: why a frame is dropped\n"));
    }

    #[test]
    fn all_are_listed() {
        let all = explained(None).unwrap();
        for entry in entries() {
            assert!(all.contains(entry.meaning), "{}", entry.name);
        }
    }

    #[test]
    fn a_slip_is_found() {
        let failure = explained(Some("delayed-akc")).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "`delayed-akc` is no cause and no drop reason; did you mean `delayed-ack`?"
        );
        let failure = explained(Some("xyzzy")).unwrap_err();
        assert!(failure.to_string().ends_with("`wirelab explain` lists all"));
    }

    #[test]
    fn no_two_names_are_alike() {
        let names: std::collections::BTreeSet<_> = entries().map(|entry| normal(entry.name)).collect();
        assert_eq!(names.len(), entries().count());
    }
}
