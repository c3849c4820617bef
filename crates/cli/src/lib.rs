//! wirelab's command line.
//!
//! | where is … | look in |
//! |---|---|
//! | what can be said on the command line | [`args`] |
//! | the subcommands, one file each | [`command`] |
//! | one line about a frame | [`summary`] |
//! | a host of ours on a real link | [`lab`] |
//! | a wire between two real links | [`emulate`] |
//! | the sequence diagram | [`ladder`] |
//! | who types to a run | [`typing`] |
//! | files of a directory of this machine | [`directory`] |
//! | pcapng, JSON lines, CSV series | [`record`] |
//! | the tables and the verdict | [`tables`] |
//! | exit codes and what failed | [`exit`] |

pub mod args;
pub mod command;
pub mod console;
pub mod directory;
pub mod emulate;
pub mod exit;
pub mod lab;
pub mod ladder;
pub mod output_file;
pub mod progress;
pub mod record;
pub mod suggest;
pub mod summary;
pub mod tables;
#[cfg(test)]
mod test_frames;
pub mod topology;
pub mod typing;
mod words;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use console::Style;
use exit::{Code, Failure};

/// Does what the process's arguments say.
pub fn main() -> ExitCode {
    let style = Style::of_stdout();
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    // Not locked: the progress of a run is drawn there by another thread.
    run(std::env::args_os(), &style, &mut out, &mut io::stderr()).into()
}

/// Does what `arguments` say, the program's name first; answers the exit code.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    style: &Style,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Code {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // It knows by itself where it belongs; who does not read it need not be told.
            let _ = error.print();
            return if error.use_stderr() { Code::Usage } else { Code::Held };
        }
    };
    if let Some(recorded) = cli.command.recorded() {
        recorded.record.command_line = arguments;
    }
    let result = obey(&cli.command, style, out, err).and_then(|code| Ok(out.flush().map(|()| code)?));
    match result {
        Ok(code) => code,
        Err(failure) if failure.is_broken_pipe() => Code::Held,
        Err(failure) => {
            let _ = writeln!(err, "error: {failure}");
            failure.code()
        }
    }
}

fn obey(command: &Command, style: &Style, out: &mut dyn Write, err: &mut dyn Write) -> Result<Code, Failure> {
    match command {
        Command::Run(args) => command::run::run(args, style, out, err),
        Command::Check(args) => command::check::check(args, style, out, err),
        Command::List => command::list::list(style, out),
        Command::New(args) => command::new::new(args, out),
        Command::Explain(args) => command::explain::explain(args, style, out),
        Command::Connect(args) => command::connect::connect(args, out, err),
        Command::Emulate(args) => command::emulate::emulate(args, out),
        Command::Ping(args) => command::ping::ping(args, out, err),
        Command::Serve(args) => command::serve::serve(args, out),
        Command::Replay(args) => command::replay::replay(args, style, out),
        Command::Schema(args) => command::schema::schema(args, out),
    }
}
