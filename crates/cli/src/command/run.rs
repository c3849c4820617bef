//! `wirelab run FILE|NAME`

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wirelab_scenario::{Override, Report, Run};
use wirelab_stack::clock::DEFAULT_DATE;
use wirelab_stack::storage::{FilePath, copy_all};

use crate::args::RunArgs;
use crate::console::{Ink, Style};
use crate::directory::DirectoryStorage;
use crate::exit::{Code, Failure};
use crate::ladder::{self, LadderRecorder, Limit, Only};
use crate::output_file::OutputFile;
use crate::progress;
use crate::record::pcap::PcapRecorder;
use crate::record::series::SeriesRecorder;
use crate::record::trace::TraceRecorder;
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
    add_writers(&mut run, args, &topology, scenario.name(), seed)?;
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
    finish_writers(&mut run)?;
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

/// Opens the files that a run writes, and lets their writers watch it.
fn add_writers(
    run: &mut Run,
    args: &RunArgs,
    topology: &Arc<Topology>,
    scenario: &str,
    seed: u64,
) -> Result<(), Failure> {
    must_differ(
        &args.scenario,
        [("--pcap", &args.pcap), ("--trace", &args.trace), ("--series", &args.series)],
    )?;
    if let Some(path) = &args.pcap {
        let recorder = PcapRecorder::new(OutputFile::create(path)?, topology, scenario, seed);
        run.add_recorder(Box::new(recorder.map_err(|error| Failure::file("write", path, error))?));
    }
    if let Some(path) = &args.trace {
        let recorder = TraceRecorder::new(OutputFile::create(path)?, Arc::clone(topology), scenario, seed);
        run.add_recorder(Box::new(recorder));
    }
    if let Some(path) = &args.series {
        run.add_recorder(Box::new(SeriesRecorder::new(OutputFile::create(path)?, Arc::clone(topology))));
    }
    Ok(())
}

/// Completes all files, also behind one that fails.
fn finish_writers(run: &mut Run) -> Result<(), Failure> {
    let pcap = run.take_recorder::<PcapRecorder>().map(|recorder| recorder.finish());
    let trace = run.take_recorder::<TraceRecorder>().map(|recorder| recorder.finish());
    let series = run.take_recorder::<SeriesRecorder>().map(|recorder| recorder.finish());
    [pcap, trace, series].into_iter().flatten().fold(Ok(()), Result::and)
}

/// Two outputs in one file, or one in the scenario's place, would destroy each other.
fn must_differ(scenario: &str, named: [(&str, &Option<PathBuf>); 3]) -> Result<(), Failure> {
    let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    if Path::new(scenario).is_file() {
        seen.push(("the scenario", whole(Path::new(scenario))));
    }
    for (option, path) in named {
        let Some(path) = path else { continue };
        let path = whole(path);
        let is_file = !path.exists() || path.is_file();
        if let Some((other, _)) = seen.iter().find(|(_, known)| is_file && *known == path) {
            let text = format!("{option} would overwrite {other}: both are {}", path.display());
            return Err(Failure::Usage(text));
        }
        seen.push((option, path));
    }
    Ok(())
}
