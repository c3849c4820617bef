//! The progress of long runs: on standard error, on a terminal, and only once a run has taken a while.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use wirelab_scenario::{Report, Run, Typist};
use wirelab_sim::Progress;

use crate::tables::grouped;

/// A run that is done by then shows nothing.
const PATIENCE: Duration = Duration::from_millis(700);
/// How often the bar is drawn.
const INTERVAL: Duration = Duration::from_millis(100);

/// Runs, and shows how far it has come where somebody can see it.
pub fn execute(run: &mut Run, typist: &mut dyn Typist, wanted: bool) -> Report {
    if !wanted || !std::io::stderr().is_terminal() {
        return run.execute_typing(typist, &mut |_| {});
    }
    let begun = Instant::now();
    let mut drawn = begun;
    let mut bar: Option<ProgressBar> = None;
    let report = run.execute_typing(typist, &mut |progress| {
        let now = Instant::now();
        if now - begun < PATIENCE || now - drawn < INTERVAL {
            return;
        }
        drawn = now;
        bar.get_or_insert_with(spinner).set_message(message(&progress));
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    report
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        // Characters that every terminal has; the last stands when it is done.
        bar.set_style(style.tick_chars("|/-\\ "));
    }
    bar.enable_steady_tick(INTERVAL);
    bar
}

/// Lines on standard error that change while something goes on.
pub struct Board {
    all: MultiProgress,
    lines: Vec<ProgressBar>,
}

impl Board {
    /// So many lines; nothing where standard error is no terminal.
    pub fn on_terminal(lines: usize) -> Option<Self> {
        std::io::stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            let line = || {
                let line = all.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                    line.set_style(style);
                }
                line
            };
            let lines = (0..lines).map(|_| line()).collect();
            Self { all, lines }
        })
    }

    /// Shows a line.
    pub fn show(&self, place: usize, text: String) {
        if let Some(line) = self.lines.get(place) {
            line.set_message(text);
            line.tick();
        }
    }

    /// Prints lines above, which stay.
    pub fn above(&self) -> impl Fn(&str) + use<> {
        let all = self.all.clone();
        // Who cannot print there has nobody to tell so.
        move |line| drop(all.println(line))
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.lines.iter().for_each(ProgressBar::finish_and_clear);
    }
}

fn message(progress: &Progress) -> String {
    let millis = progress.now.as_millis();
    let running = match progress.running {
        1 => "1 application".to_owned(),
        running => format!("{running} applications"),
    };
    let events = grouped(progress.events);
    format!("virtual time {}.{:03} s, {events} events, {running} running", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_how_far_it_is() {
        let now = wirelab_stack::time::Instant::from_millis(12_034);
        let message = message(&Progress { now, events: 1_234_567, running: 1 });
        assert_eq!(message, "virtual time 12.034 s, 1,234,567 events, 1 application running");
    }
}
