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
    fn a_directory_that_is_not_there_is_told_where_it_is_named() {
        let folder = std::env::temp_dir().join(format!("wirelab-check-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("files")).unwrap();
        std::fs::write(folder.join("plain"), "no directory").unwrap();
        let file = folder.join("mine.toml");
        let check_with = |directory: &str| {
            let text = format!("[[host]]\nname = \"a\"\ndirectory = \"{directory}\"\n");
            std::fs::write(&file, text).unwrap();
            let args = CheckArgs { files: vec![file.display().to_string()] };
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = check(&args, &Style::plain(Charset::Unicode), &mut out, &mut err).unwrap();
            (code, String::from_utf8(err).unwrap())
        };
        assert_eq!(check_with("files"), (Code::Held, String::new()));
        let (code, told) = check_with("flies");
        let expected = format!(
            "{}:3:13: host.a.directory: there is no directory {}\n   |\n 3 | directory = \"flies\"\n   |             ^^^^^^^\n",
            file.display(),
            folder.join("flies").display()
        );
        assert_eq!((code, told), (Code::Usage, expected));
        let (code, told) = check_with("plain");
        assert!(code == Code::Usage && told.contains("plain is no directory"), "{told}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

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
