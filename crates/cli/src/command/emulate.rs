//! `wirelab emulate --between LINK LINK`

use std::io::Write;

use crate::args::EmulateArgs;
use crate::emulate::Emulator;
use crate::emulate::live::Live;
use crate::exit::{Code, Failure};

/// Is a wire between two real links, until a signal comes or its time is over.
///
/// # Errors
/// When a setting makes no sense, a link cannot be opened, or one is gone.
pub fn emulate(args: &EmulateArgs, out: &mut dyn Write) -> Result<Code, Failure> {
    let live = Live::new(args.quiet);
    let mut emulator = Emulator::open(args, &live)?;
    let run = emulator.run(args, live, out);
    // What was counted is told also where a device is gone.
    let summary = emulator.summary();
    let finished = emulator.finish();
    let told = if args.json { summary.print_json(out) } else { summary.print(out) };
    run?;
    finished?;
    told?;
    Ok(Code::Held)
}
