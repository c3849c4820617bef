//! Where lines come from: a person at a terminal, who can edit them and go back to earlier ones, or a pipe.

use std::io::{self, BufRead, IsTerminal, Write};

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use crate::console::Charset;

/// Octets that are taken from a pipe at once, where no line ends before.
const AT_ONCE: usize = 16 * 1024;

/// Something that lines come from.
pub trait Keyboard {
    /// The next line, with its end, or a part of one that is long; none at the end. It is asked for with `question`, which
    /// is written to `out` where the keyboard does not show it itself.
    ///
    /// # Errors
    /// When it cannot be read, or `out` not be written.
    fn line(&mut self, question: &str, out: Option<&mut dyn Write>) -> io::Result<Option<Vec<u8>>>;
}

/// Lines as they come, from a pipe or a file. They are written behind their questions, as a terminal would show them.
pub struct Plain<R>(pub R, pub Charset);

impl<R: BufRead> Keyboard for Plain<R> {
    fn line(&mut self, question: &str, out: Option<&mut dyn Write>) -> io::Result<Option<Vec<u8>>> {
        let octets = self.0.fill_buf()?;
        let most = octets.len().min(AT_ONCE);
        let length = octets[..most].iter().position(|octet| *octet == b'\n').map_or(most, |end| end + 1);
        let line = octets[..length].to_vec();
        self.0.consume(length);
        if let Some(out) = out {
            let shown = String::from_utf8_lossy(&line);
            writeln!(out, "{question}{}", self.1.show(shown.trim_end_matches(['\r', '\n'])))?;
        }
        Ok((!line.is_empty()).then_some(line))
    }
}

/// The process's standard input: with line editing and history where it is a terminal. It is not touched before the first
/// line is wanted.
pub struct Standard {
    charset: Charset,
    opened: Option<Box<dyn Keyboard>>,
}

impl Standard {
    /// Not opened yet.
    pub const fn new(charset: Charset) -> Self {
        Self { charset, opened: None }
    }
}

impl Keyboard for Standard {
    fn line(&mut self, question: &str, out: Option<&mut dyn Write>) -> io::Result<Option<Vec<u8>>> {
        let keyboard = match &mut self.opened {
            Some(keyboard) => keyboard,
            none => none.insert(open(out.is_some(), self.charset)?),
        };
        keyboard.line(question, out)
    }
}

/// A person sees what they type only where our own output is shown, on a terminal.
fn open(shown: bool, charset: Charset) -> io::Result<Box<dyn Keyboard>> {
    if shown && io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(Box::new(Editor(DefaultEditor::new().map_err(failure)?)));
    }
    Ok(Box::new(Plain(io::stdin().lock(), charset)))
}

/// Lines that a person edits.
struct Editor(DefaultEditor);

impl Keyboard for Editor {
    fn line(&mut self, question: &str, _: Option<&mut dyn Write>) -> io::Result<Option<Vec<u8>>> {
        match self.0.readline(question) {
            Ok(line) => {
                // Answers to questions are not worth coming back to.
                if !question.contains('?') && !line.is_empty() {
                    self.0.add_history_entry(&line).map_err(failure)?;
                }
                Ok(Some((line + "\n").into_bytes()))
            }
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(None),
            Err(error) => Err(failure(error)),
        }
    }
}

fn failure(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_gives_lines_and_its_end() {
        let mut pipe = Plain(&b"one\r\n\ntwo"[..], Charset::Unicode);
        let mut out = Vec::new();
        let mut next = |question: &str| pipe.line(question, Some(&mut out)).unwrap();
        assert_eq!(next("text: ").as_deref(), Some(&b"one\r\n"[..]));
        assert_eq!(next("text: ").as_deref(), Some(&b"\n"[..]));
        assert_eq!(next("quit? ").as_deref(), Some(&b"two"[..]));
        assert_eq!(next("text: "), None);
        assert_eq!(String::from_utf8(out).unwrap(), "text: one\ntext: \nquit? two\ntext: \n");
    }

    #[test]
    fn a_line_without_end_comes_in_parts_and_controls_are_shown() {
        let long = [vec![b'a'; AT_ONCE], b"b\x1b[2J\n".to_vec()].concat();
        let mut pipe = Plain(&long[..], Charset::Unicode);
        assert_eq!(pipe.line("", None).unwrap().map(|part| part.len()), Some(AT_ONCE));
        let mut out = Vec::new();
        assert_eq!(pipe.line("", Some(&mut out)).unwrap().map(|part| part.len()), Some(6));
        assert_eq!(out, b"b\\u{1b}[2J\n");
    }
}
