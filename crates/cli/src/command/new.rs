//! `wirelab new FILE`

use std::fs::{self, OpenOptions};
use std::io::{self, Write};

use wirelab_scenario::TEMPLATE;

use crate::args::NewArgs;
use crate::exit::{Code, Failure};

/// Writes the commented scenario to a file that does not exist yet.
///
/// # Errors
/// When there is such a file already, or it cannot be written.
pub fn new(args: &NewArgs, out: &mut dyn Write) -> Result<Code, Failure> {
    let path = &args.file;
    let failed = |error| Failure::file("write", path, error);
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Failure::Usage(format!("{} exists already and is not overwritten", path.display())));
        }
        Err(error) => return Err(failed(error)),
    };
    if let Err(error) = file.write_all(TEMPLATE.as_bytes()) {
        // Half a file is worse than none.
        let _ = fs::remove_file(path);
        return Err(failed(error));
    }
    writeln!(out, "wrote {0}; run it with: wirelab run {0}", path.display())?;
    Ok(Code::Held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::read;
    use crate::console::Charset;

    #[test]
    fn what_is_written_can_be_read_and_is_not_overwritten() {
        let file = std::env::temp_dir().join(format!("wirelab-new-{}.toml", std::process::id()));
        let args = NewArgs { file: file.clone() };
        let mut out = Vec::new();
        assert_eq!(new(&args, &mut out).unwrap(), Code::Held);
        read(file.to_str().unwrap(), &[], Charset::Unicode).unwrap();
        fs::write(&file, "mine").unwrap();
        let failure = new(&args, &mut out).unwrap_err();
        assert_eq!(failure.code(), Code::Usage);
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        fs::remove_file(&file).unwrap();
    }

    #[test]
    fn a_missing_folder_is_told() {
        let args = NewArgs { file: "/no/such/folder/x.toml".into() };
        let failure = new(&args, &mut Vec::new()).unwrap_err();
        assert!(failure.to_string().starts_with("cannot write /no/such/folder/x.toml: "), "{failure}");
    }
}
