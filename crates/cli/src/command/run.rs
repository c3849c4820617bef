//! `wirelab run FILE|NAME`

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use wirelab_scenario::{Override, Report, Run};
use wirelab_stack::clock::DEFAULT_DATE;
use wirelab_stack::storage::{FilePath, copy_all};

use crate::args::RunArgs;
use crate::console::{Ink, Style};
use crate::directory::DirectoryStorage;
use crate::exit::{Code, Failure};
use crate::ladder::{self, LadderRecorder, Limit, Only};
use crate::progress;
use crate::record::outputs::{self, Outputs};
use crate::suggest;
use crate::tables;
use crate::topology::Topology;
use crate::typing::Session;
use crate::typing::keyboard::{Keyboard, Standard};

/// Runs a scenario, and shows and writes what was asked for. What fails under `--quiet` is told to `err`.
///
/// # Errors
/// When the scenario cannot be read, or a file or `out` cannot be written.
pub fn run(args: &RunArgs, style: &Style, out: &mut dyn Write, err: &mut dyn Write) -> Result<Code, Failure> {
    run_typing(args, &mut Standard::new(style.charset), style, out, err)
}

/// As [`run`], with lines from `keyboard` for programs that read what somebody types.
///
/// # Errors
/// As `run`, and when the keyboard cannot be read.
pub fn run_typing(
    args: &RunArgs,
    keyboard: &mut dyn Keyboard,
    style: &Style,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Code, Failure> {
    let overrides: Vec<Override> = args.overrides.iter().map(Override::new).collect();
    let scenario = super::read(&args.scenario, &overrides, style.charset)?;
    let seed = args.seed.unwrap_or_else(|| scenario.seed());
    let mut run = scenario.build(seed);
    give_files(&mut run, Path::new(&args.scenario))?;
    let topology = Arc::new(Topology::of(run.world()));
    add_shows(&mut run, args, &topology)?;
    let only = match &args.only {
        Some(text) => {
            Only::parse(text, &topology).map_err(|error| Failure::Usage(format!("--only: {error}")))?
        }
        None => Only::Everything { switches: args.switches },
    };
    // Before a long run, not after it, one wants to know that its files cannot be written.
    let input = ("the scenario", Path::new(&args.scenario));
    let title = (scenario.name(), seed);
    outputs(args).open(run.recorders_mut(), &topology, title, Some(input))?;
    let limit = if args.quiet || args.json { Limit::None } else { args.ladder.0 };
    if limit != Limit::None {
        run.add_recorder(Box::new(LadderRecorder::new(topology, limit, only)));
    }
    let title = if args.json || args.quiet { "" } else { scenario.title() };
    if !title.is_empty() {
        let title = style.charset.show(&format!("{}: {title}", scenario.name()));
        writeln!(out, "{}\n", style.paint(Ink::Heading, &title)).or_else(unless_nobody_reads)?;
    }
    let terminals = run.terminals();
    let shown: Option<&mut dyn Write> = if args.quiet || args.json { None } else { Some(&mut *out) };
    let mut session = Session::new(keyboard, style, shown, terminals > 1);
    // Nobody wants to see how far it has come who is asked for lines.
    let report = progress::execute(&mut run, &mut session, !args.quiet && terminals == 0);
    session.finish().or_else(unless_nobody_reads)?;
    outputs::finish(run.recorders_mut())?;
    let ladder = run.take_recorder::<LadderRecorder>();
    let code = if report.held { Code::Held } else { Code::Failed };
    match show(args, &report, ladder.as_deref(), style, out, err).map_err(Failure::from) {
        // Whoever read us has seen enough; the verdict stands.
        Err(failure) if failure.is_broken_pipe() => Ok(code),
        other => other.map(|()| code),
    }
}

/// Whoever read us may have seen enough; the run goes on all the same.
fn unless_nobody_reads(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

fn show(
    args: &RunArgs,
    report: &Report,
    ladder: Option<&LadderRecorder>,
    style: &Style,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    if args.json {
        serde_json::to_writer_pretty(&mut *out, report)?;
        writeln!(out)?;
    } else if !args.quiet {
        if let Some(ladder) = ladder {
            ladder::draw(ladder, style, out)?;
        } else {
            tables::print_shown(report, style, out)?;
        }
        tables::print(report, style, out)?;
    }
    if args.quiet && !report.held {
        writeln!(err, "{}", style.charset.show(&tables::conclusion(report)))?;
        for waiting in &report.waiting {
            let line = format!("  {} on {}: waits {}", waiting.application, waiting.host, waiting.what);
            writeln!(err, "{}", style.charset.show(&line))?;
        }
        for failed in report.expectations.iter().filter(|expectation| !expectation.held) {
            let line = format!("  {}: {}", failed.text, failed.detail);
            writeln!(err, "{}", style.charset.show(&line))?;
        }
    }
    out.flush()
}

/// The files that are written.
fn outputs(args: &RunArgs) -> Outputs<'_> {
    Outputs { pcap: args.pcap.as_deref(), trace: args.trace.as_deref(), series: args.series.as_deref() }
}

/// Gives hosts the files of the directories that the scenario names: beside its own file.
fn give_files(run: &mut Run, scenario: &Path) -> Result<(), Failure> {
    let named: Vec<_> = run.directories().map(|(node, named)| (node, named.clone())).collect();
    for (node, named) in named {
        let path = super::beside(scenario, &named.path);
        let failed = |error| Failure::file("read", &path, error);
        let mut directory = DirectoryStorage::open(&path).map_err(failed)?;
        if named.writable {
            run.world_mut().set_storage(node, Box::new(directory));
            continue;
        }
        let date = run.world().clock(node).map_or(DEFAULT_DATE, |clock| clock.date);
        if let Some(storage) = run.world_mut().storage_mut(node) {
            copy_all(&mut directory, &mut **storage, &FilePath::root(), date)
                .map_err(|error| failed(error.into()))?;
        }
    }
    Ok(())
}

/// Asks for the tables that `--show` names.
fn add_shows(run: &mut Run, args: &RunArgs, topology: &Topology) -> Result<(), Failure> {
    for show in &args.shows {
        let node = match &show.node {
            Some(name) => Some(topology.node(name).ok_or_else(|| {
                let hint = suggest::hint(name, topology.hosts().map(|(_, host)| host.name.as_str()));
                Failure::Usage(format!("--show: there is no host or switch `{name}`{hint}"))
            })?),
            None => None,
        };
        if let Some((node, table)) = node.and_then(|node| {
            show.tables.iter().find(|table| !run.world().has(node, **table)).map(|table| (node, table))
        }) {
            let text = format!("--show: `{}` has no table `{}`", topology.host(node), table.name());
            return Err(Failure::Usage(text));
        }
        run.show(show.at, node, &show.tables);
    }
    Ok(())
}
