//! `wirelab check FILE…`

use std::io::Write;

use crate::args::CheckArgs;
use crate::console::Style;
use crate::exit::{Code, Failure};

/// Reads each file; what is right goes to `out`, what is wrong to `err`.
///
/// # Errors
/// When `out` or `err` cannot be written.
pub fn check(
    args: &CheckArgs,
    style: &Style,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Code, Failure> {
    let mut worst = Code::Held;
    for file in &args.files {
        match super::read(file, &[], style.charset) {
            Ok(_) => writeln!(out, "{}: ok", style.charset.show(file))?,
            Err(failure) => {
                // What stands before it in `out` is read before it.
                out.flush()?;
                writeln!(err, "{failure}")?;
                worst = worst.max(failure.code());
            }
        }
    }
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Charset;

    #[test]
    fn all_files_are_looked_at_and_the_worst_counts() {
        let files = ["echo", "no-such-scenario", "ping"].map(str::to_owned).to_vec();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let style = Style::plain(Charset::Unicode);
        let code = check(&CheckArgs { files }, &style, &mut out, &mut err).unwrap();
        assert_eq!(code, Code::Usage);
        assert_eq!(String::from_utf8(out).unwrap(), "echo: ok\nping: ok\n");
        assert!(String::from_utf8(err).unwrap().contains("no-such-scenario"));
    }
}
