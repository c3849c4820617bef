//! Somebody types to the programs of a run: lines from a person or a pipe, what programs print, and the ladder of what each
//! line caused.

pub mod keyboard;

use std::io::{self, Write};

use wirelab_scenario::{Input, Typist};
use wirelab_sim::Recorders;

use crate::console::{Ink, Style};
use crate::ladder::{self, LadderRecorder};
use keyboard::Keyboard;

/// Octets of a line that a program prints and does not end which are kept, until they are shown as they are.
const LONGEST_LINE: usize = 64 * 1024;

/// The conversation of a run with whoever types.
pub struct Session<'a> {
    keyboard: &'a mut dyn Keyboard,
    style: &'a Style,
    /// Where it is shown; nowhere, where nobody wants to see it.
    out: Option<&'a mut dyn Write>,
    /// Whether several hosts are typed to, so that one must be told from another.
    several: bool,
    /// Whether something was printed since the last ladder.
    printed: bool,
    /// What was printed, and has not ended its line yet: a question, mostly.
    unfinished: String,
    failed: io::Result<()>,
}

impl<'a> Session<'a> {
    /// A conversation that is shown on `out`, if at all.
    pub fn new(
        keyboard: &'a mut dyn Keyboard,
        style: &'a Style,
        out: Option<&'a mut dyn Write>,
        several: bool,
    ) -> Self {
        Self { keyboard, style, out, several, printed: false, unfinished: String::new(), failed: Ok(()) }
    }

    /// Ends the last line. When `out` could not be written, or the keyboard not be read, says so.
    ///
    /// # Errors
    /// The first error that there was.
    pub fn finish(mut self) -> io::Result<()> {
        self.failed?;
        match &mut self.out {
            Some(out) if !self.unfinished.is_empty() => {
                writeln!(out, "{}\n", self.style.charset.show(&self.unfinished))
            }
            _ => Ok(()),
        }
    }

    fn show(&mut self, host: &str, octets: &[u8]) -> io::Result<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        self.unfinished.push_str(&String::from_utf8_lossy(octets));
        while let Some(end) = self.unfinished.find('\n').or_else(|| too_long(&self.unfinished)) {
            let rest = self.unfinished.split_off(end);
            let line = std::mem::replace(&mut self.unfinished, rest.trim_start_matches('\n').to_owned());
            self.printed = true;
            let whose = if self.several { format!("{host}: ") } else { String::new() };
            writeln!(out, "{whose}{}", self.style.paint(Ink::Good, &self.style.charset.show(&line)))?;
        }
        Ok(())
    }

    /// Shows what has happened since the last line was typed, and asks for the next.
    fn ask(&mut self, host: &str, watchers: &mut Recorders) -> io::Result<Input> {
        let question = std::mem::take(&mut self.unfinished);
        let question = self.style.charset.show(&question);
        let question = if self.several { format!("{host}: {question}") } else { question };
        let Some(out) = &mut self.out else { return Ok(typed(self.keyboard.line("", None)?)) };
        if let Some(mut recorder) = watchers.take::<LadderRecorder>() {
            if recorder.has_rows() {
                if std::mem::take(&mut self.printed) {
                    writeln!(out)?;
                }
                ladder::draw(&recorder, self.style, out)?;
                recorder.begin_anew();
            }
            watchers.add(recorder);
        }
        out.flush()?;
        Ok(typed(self.keyboard.line(&question, Some(&mut **out))?))
    }
}

/// Where a line that has no end is cut: between two characters.
fn too_long(text: &str) -> Option<usize> {
    (text.len() > LONGEST_LINE).then(|| text.floor_char_boundary(LONGEST_LINE))
}

fn typed(line: Option<Vec<u8>>) -> Input {
    line.map_or(Input::End, Input::Octets)
}

impl Typist for Session<'_> {
    fn printed(&mut self, host: &str, octets: &[u8]) {
        if self.failed.is_ok() {
            self.failed = self.show(host, octets);
        }
    }

    /// Where it cannot go on, the input is at its end, and with it the run.
    fn input(&mut self, host: &str, watchers: &mut Recorders) -> Input {
        if self.failed.is_err() {
            return Input::End;
        }
        self.ask(host, watchers).unwrap_or_else(|error| {
            self.failed = Err(error);
            Input::End
        })
    }
}
