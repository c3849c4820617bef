//! A scenario that was read and found to make sense.

use std::path::Path;

use schemars::Schema;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{self, Override};
use crate::model::Document;
use crate::plan::{self, Directory, Plan};
use crate::read::{Fields, Reader};
use crate::run::Run;
use crate::source::{Source, Sources, Span};

/// A scenario that was read and found to make sense.
#[derive(Clone, Debug)]
pub struct Scenario {
    name: String,
    title: String,
    seed: u64,
    plan: Plan,
    /// The directories that hosts have, each with what can be said where it is named.
    directories: Vec<(Directory, Diagnostic)>,
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
        let mut fields = Fields::new(&table, Span { source, start: 0, end: 0 });
        let document = Document::from_fields(&mut reader, &mut fields);
        fields.finish(&mut reader, "a scenario");
        let mut problems = reader.problems;
        let Some(document) = document else { return Err(Diagnostics::new(problems, &sources)) };
        let whole = problems.is_empty();
        let mut found = Vec::new();
        let plan = plan::make(&document, &mut found);
        // Where parts could not be read, what refers to them is not to blame.
        problems.extend(found.into_iter().filter(|problem| whole || !problem.dangling));
        if !problems.is_empty() {
            return Err(Diagnostics::new(problems, &sources));
        }
        let named = document.host.iter().filter_map(|host| host.value.directory.as_ref());
        let places = named.map(|named| named.problem("").locate(&sources));
        let directories =
            plan.belongings.iter().filter_map(|own| own.directory.clone()).zip(places).collect();
        Ok(Self {
            directories,
            name: name_of(file),
            title: document.title.map_or_else(String::new, |title| title.value),
            seed: document.seed.map_or(1, |seed| seed.value),
            plan,
        })
    }

    /// The scenario's name: its file's, without folder and extension.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it shows, in a line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its own seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Looks at each directory of this machine that a host has: whoever runs the scenario knows where it is.
    ///
    /// # Errors
    /// What `look` finds wrong, where the directory is named.
    pub fn check_directories(
        &self,
        mut look: impl FnMut(&Directory) -> Result<(), String>,
    ) -> Result<(), Diagnostics> {
        let wrong = self.directories.iter().filter_map(|(directory, place)| {
            look(directory).err().map(|message| Diagnostic { message, ..place.clone() })
        });
        Diagnostics::none_or(wrong.collect())
    }

    /// The world of this scenario, ready to run, in which all chance derives from `seed`.
    pub fn build(&self, seed: u64) -> Run {
        Run::new(&self.name, &self.plan, seed)
    }

    /// What was planned for it.
    #[cfg(test)]
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The JSON Schema of scenario files.
    pub fn json_schema() -> Schema {
        crate::schema::generate()
    }
}

fn name_of(file: &str) -> String {
    Path::new(file).file_stem().map_or_else(|| file.to_owned(), |stem| stem.to_string_lossy().into_owned())
}
