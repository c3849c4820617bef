//! What the terminal can show: which characters, how wide, whether colour.

use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Which characters may be drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charset {
    /// The locale says UTF-8.
    Unicode,
    /// It does not, or there is none: letters, digits and punctuation only.
    Ascii,
}

impl Charset {
    /// The locale's, as POSIX finds it: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set and not empty.
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))
            .unwrap_or_default();
        let codeset = locale.split_once('.').map_or("", |(_, rest)| rest.split('@').next().unwrap_or(""));
        let is_utf8 = codeset.eq_ignore_ascii_case("utf-8") || codeset.eq_ignore_ascii_case("utf8");
        if is_utf8 { Self::Unicode } else { Self::Ascii }
    }

    /// `text` as it can be shown: control characters, and beside UTF-8 every character that is not ASCII, are
    /// escaped.
    pub fn show(self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        for character in text.chars() {
            match (self, character) {
                (_, control) if control.is_control() => shown.extend(control.escape_default()),
                (Self::Ascii, wide) if !wide.is_ascii() => match plain(wide) {
                    Some(plain) => shown.push_str(plain),
                    None => shown.extend(wide.escape_unicode()),
                },
                (_, character) => shown.push(character),
            }
        }
        shown
    }
}

/// ASCII for the characters that our own texts use.
const fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        '§' => "section ",
        '…' => "...",
        '·' | '–' | '—' => "-",
        '→' => "->",
        '×' => "x",
        'µ' => "u",
        '≤' => "<=",
        '≥' => ">=",
        '‘' | '’' => "'",
        '“' | '”' => "\"",
        _ => return None,
    })
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Ink {
    Plain,
    Heading,
    Good,
    Bad,
    Warning,
    Dim,
    Cause,
    Layer,
}

impl Ink {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "1",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Warning => "33",
            Self::Dim => "2",
            Self::Cause => "36",
            Self::Layer => "35",
        }
    }
}

/// How output looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Which characters are drawn.
    pub charset: Charset,
    /// Whether text is coloured.
    pub colour: bool,
    /// Columns of the terminal; `None` where output goes elsewhere and lines may be as long as they are.
    pub width: Option<usize>,
}

impl Style {
    /// For standard output, from the environment.
    pub fn of_stdout() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let terminal = std::io::stdout().is_terminal();
        let width = terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0));
        Self::new(variable, terminal, width)
    }

    /// For output to a terminal (or not), in an environment.
    pub fn new(variable: impl Fn(&str) -> Option<String>, terminal: bool, width: Option<usize>) -> Self {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let dumb = variable("TERM").is_none_or(|term| term == "dumb");
        Self {
            charset: Charset::of_locale(&variable),
            colour: terminal && !set("NO_COLOR") && !dumb,
            width: width.filter(|_| terminal),
        }
    }

    /// No colour, any width.
    pub const fn plain(charset: Charset) -> Self {
        Self { charset, colour: false, width: None }
    }

    /// `text`, coloured if that is wanted.
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        if !self.colour || ink == Ink::Plain || text.is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{}m{text}\x1b[0m", ink.code())
    }
}

/// Columns that `text` takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text`, filled up with spaces to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    let mut padded = text.to_owned();
    padded.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(text))));
    padded
}

/// `text`, filled up with spaces on its left to `columns`.
pub fn pad_left(text: &str, columns: usize) -> String {
    let mut padded = " ".repeat(columns.saturating_sub(width(text)));
    padded.push_str(text);
    padded
}

/// The longest beginning of `text` that fits into `columns`, with a mark where something was cut.
pub fn cut(text: &str, columns: usize, charset: Charset) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mark = if charset == Charset::Unicode { "…" } else { "..." };
    let room = columns.saturating_sub(width(mark));
    let mut shown = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > room {
            break;
        }
        shown.push(character);
    }
    shown.push_str(mark);
    shown
}

/// `text` broken at spaces into lines of at most `columns`; a word that is longer stands alone and juts out.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(pairs: &[(&str, &str)]) -> Charset {
        Charset::of_locale(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert_eq!(locale(&[]), Charset::Ascii);
        assert_eq!(locale(&[("LANG", "en_GB.UTF-8")]), Charset::Unicode);
        assert_eq!(locale(&[("LANG", "zh_CN.utf8")]), Charset::Unicode);
        assert_eq!(locale(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")]), Charset::Ascii);
        assert_eq!(locale(&[("LANG", "C"), ("LC_CTYPE", "C.UTF-8"), ("LC_ALL", "")]), Charset::Unicode);
        assert_eq!(locale(&[("LANG", "de_DE.ISO-8859-15@euro")]), Charset::Ascii);
    }

    #[test]
    fn colour_is_for_terminals_that_want_it() {
        let of = |pairs: &'static [(&str, &str)], terminal| {
            let variable = move |name: &str| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            Style::new(variable, terminal, Some(80))
        };
        assert!(of(&[("TERM", "xterm")], true).colour);
        assert!(!of(&[("TERM", "xterm")], false).colour);
        assert!(!of(&[("TERM", "xterm"), ("NO_COLOR", "1")], true).colour);
        assert!(of(&[("TERM", "xterm"), ("NO_COLOR", "")], true).colour);
        assert!(!of(&[("TERM", "dumb")], true).colour);
        assert_eq!(of(&[], false).width, None);
        assert_eq!(of(&[], true).width, Some(80));
    }

    #[test]
    fn columns_are_counted_as_displayed() {
        assert_eq!(width("欢迎新同学!"), 11);
        assert_eq!(pad("欢迎", 6), "欢迎  ");
        assert_eq!(pad_left("欢迎", 6), "  欢迎");
        assert_eq!(cut("欢迎新同学!", 6, Charset::Unicode), "欢迎…");
        assert_eq!(cut("欢迎新同学!", 11, Charset::Unicode), "欢迎新同学!");
        assert_eq!(cut("welcome all", 8, Charset::Ascii), "welco...");
    }

    #[test]
    fn ascii_shows_everything_somehow() {
        assert_eq!(Charset::Ascii.show("see §3.5 · 学"), "see section 3.5 - \\u{5b66}");
        assert_eq!(Charset::Unicode.show("学\n\x1b[31m"), "学\\n\\u{1b}[31m");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensible it is", 5), ["incomprehensible", "it is"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
