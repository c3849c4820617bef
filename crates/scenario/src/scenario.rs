//! A scenario that was read and found to make sense.

use std::path::Path;

use schemars::Schema;

use crate::diagnostic::Diagnostics;
use crate::document::{self, Kind, Node, Override};
use crate::model::Document;
use crate::read::{Read, Reader};
use crate::source::{Source, Sources, Span};

/// A scenario that was read and found to make sense.
#[derive(Clone, Debug)]
pub struct Scenario {
    name: String,
    document: Document,
}

impl Scenario {
    /// Reads the scenario in the file at `path`, with `overrides` applied first.
    ///
    /// # Errors
    /// When the file cannot be read, or what is wrong with it.
    pub fn from_file(path: impl AsRef<Path>, overrides: &[Override]) -> Result<Self, Diagnostics> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let octets = std::fs::read(path)
            .map_err(|error| Diagnostics::whole(&name, format!("the file cannot be read: {error}")))?;
        let text = String::from_utf8(octets)
            .map_err(|error| Diagnostics::whole(&name, format!("the file is not UTF-8: {error}")))?;
        Self::from_text(&name, &text, overrides)
    }

    /// Reads the scenario `text`, which goes by `file` in diagnostics, with `overrides` applied first.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_text(file: &str, text: &str, overrides: &[Override]) -> Result<Self, Diagnostics> {
        let mut sources = Sources::default();
        let source = sources.add(Source::new(file, text));
        let mut reader = Reader::default();
        let mut table = document::parse(text, source, &mut reader.problems);
        document::apply(&mut table, overrides, &mut sources, &mut reader.problems);
        let whole = Node { span: Span { source, start: 0, end: 0 }, kind: Kind::Table(table) };
        let document = Document::read(&mut reader, &whole);
        match document {
            Some(document) if reader.problems.is_empty() => Ok(Self { name: name_of(file), document }),
            _ => Err(Diagnostics::new(reader.problems, &sources)),
        }
    }

    /// The scenario's name: its file's, without folder and extension.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it shows, in a line.
    pub fn title(&self) -> &str {
        self.document.title.as_ref().map_or("", |title| &title.value)
    }

    /// Its own seed.
    pub fn seed(&self) -> u64 {
        self.document.seed.as_ref().map_or(1, |seed| seed.value)
    }

    /// The JSON Schema of scenario files.
    pub fn json_schema() -> Schema {
        crate::schema::generate()
    }
}

fn name_of(file: &str) -> String {
    Path::new(file).file_stem().map_or_else(|| file.to_owned(), |stem| stem.to_string_lossy().into_owned())
}
