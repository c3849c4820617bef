//! `wirelab list`

use std::io::Write;

use wirelab_scenario::shipped;

use crate::console::{Ink, Style, pad, width};
use crate::exit::{Code, Failure};

/// Lists the scenarios that ship.
///
/// # Errors
/// When `out` cannot be written.
pub fn list(style: &Style, out: &mut dyn Write) -> Result<Code, Failure> {
    let longest = shipped().iter().map(|shipped| width(shipped.name)).max().unwrap_or(0);
    for shipped in shipped() {
        let name = style.paint(Ink::Heading, &pad(shipped.name, longest));
        writeln!(out, "{name}  {}", style.charset.show(shipped.description))?;
    }
    writeln!(out, "\n{}", style.paint(Ink::Dim, "wirelab run NAME runs one."))?;
    Ok(Code::Held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Charset;

    #[test]
    fn each_has_a_name_and_a_description() {
        let mut out = Vec::new();
        list(&Style::plain(Charset::Ascii), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.is_ascii());
        for shipped in shipped() {
            let line = text.lines().find(|line| line.starts_with(&format!("{} ", shipped.name))).unwrap();
            assert!(line.trim_end().len() > shipped.name.len() + 10, "{line}");
        }
    }
}
