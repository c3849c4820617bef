//! The subcommands, one file each.

pub mod check;
pub mod connect;
pub mod emulate;
pub mod explain;
pub mod list;
pub mod new;
pub mod ping;
pub mod replay;
pub mod run;
pub mod schema;
pub mod serve;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wirelab_scenario::{Diagnostics, Override, Scenario, shipped};

use crate::console::Charset;
use crate::exit::Failure;
use crate::suggest;

/// Reads the scenario that `name` stands for: a file, or one that ships.
///
/// # Errors
/// When there is neither, the file cannot be read, or something is wrong with it.
pub fn read(name: &str, overrides: &[Override], charset: Charset) -> Result<Scenario, Failure> {
    let path = Path::new(name);
    let shipped = shipped().iter().find(|shipped| shipped.name == name);
    let read = match (fs::read_to_string(path), shipped) {
        (Ok(text), _) => Scenario::from_text(name, &text, overrides),
        (Err(_), Some(shipped)) => {
            Scenario::from_text(&format!("{}.toml", shipped.name), shipped.text, overrides)
        }
        (Err(error), None) if error.kind() == io::ErrorKind::NotFound => return Err(unknown(name)),
        (Err(error), None) => return Err(Failure::file("read", path, error)),
    };
    let told = |diagnostics: Diagnostics| {
        let text = diagnostics.to_string();
        let lines: Vec<String> = text.lines().map(|line| charset.show(line)).collect();
        Failure::Usage(lines.join("\n"))
    };
    let scenario = read.map_err(told)?;
    let mut forbidden = None;
    let looked = scenario.check_directories(|directory| {
        let path = beside(path, &directory.path);
        match fs::read_dir(&path) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                forbidden.get_or_insert(Failure::file("read", &path, error));
                Ok(())
            }
            Err(error) => Err(match error.kind() {
                io::ErrorKind::NotFound => format!("there is no directory {}", path.display()),
                io::ErrorKind::NotADirectory => format!("{} is no directory", path.display()),
                _ => format!("the directory {} cannot be read: {error}", path.display()),
            }),
        }
    });
    looked.map_err(told)?;
    forbidden.map_or(Ok(scenario), Err)
}

/// What a scenario names, beside its own file.
pub fn beside(scenario: &Path, named: &str) -> PathBuf {
    scenario.parent().unwrap_or(Path::new("")).join(named)
}

fn unknown(name: &str) -> Failure {
    let path = Path::new(name);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|entry| {
            let file = entry.file_name();
            path.with_file_name(file).to_str().map(str::to_owned)
        })
        .collect();
    let names = shipped().iter().map(|shipped| shipped.name);
    let hint = suggest::hint(name, names.chain(beside.iter().map(String::as_str)));
    let more = if hint.is_empty() { "; `wirelab list` shows those that ship" } else { "" };
    Failure::Usage(format!("there is no scenario file `{name}`, and none ships under that name{hint}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Code;

    #[test]
    fn a_slip_in_a_name_is_found() {
        let failure = read("ehco", &[], Charset::Unicode).unwrap_err();
        assert_eq!(failure.code(), Code::Usage);
        assert!(failure.to_string().ends_with("did you mean `echo`?"), "{failure}");
        let failure = read("xyzzy", &[], Charset::Unicode).unwrap_err();
        assert!(failure.to_string().ends_with("`wirelab list` shows those that ship"), "{failure}");
    }

    #[test]
    fn what_ships_can_be_read_by_name_with_changes() {
        for shipped in shipped() {
            assert_eq!(read(shipped.name, &[], Charset::Unicode).unwrap().name(), shipped.name);
        }
        let changed = read("echo", &[Override::new("seed=77")], Charset::Unicode).unwrap();
        assert_eq!(changed.seed(), 77);
        let failure = read("echo", &[Override::new("sede=77")], Charset::Unicode).unwrap_err();
        assert!(failure.to_string().contains("did you mean `seed`?"), "{failure}");
    }

    #[test]
    fn a_folder_is_no_scenario() {
        let failure = read(".", &[], Charset::Unicode).unwrap_err();
        assert!(failure.to_string().starts_with("cannot read .: "), "{failure}");
    }
}
