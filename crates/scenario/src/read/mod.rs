//! Reads the document's tree into the model, and goes on after each error so that all are reported in one go.

mod choice;
mod fields;
mod plain;

use std::rc::Rc;

use schemars::{Schema, SchemaGenerator};

use crate::diagnostic::Problem;
use crate::document::Node;
use crate::near;
use crate::source::Span;

pub(crate) use choice::choice;
pub use fields::Fields;
pub(crate) use fields::record;
pub use plain::{List, Name};

/// A value with the place it was read from, for what is found out about it later.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A place in the document: where in the text, and which field.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where in the text.
    pub span: Span,
    /// Which field: `link.wire.delay`.
    pub path: Rc<str>,
}

impl Place {
    /// A problem here.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.span, &*self.path, message)
    }
}

impl<T> At<T> {
    /// A problem with this value.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.place.problem(message)
    }
}

/// What can be read from a node of the document.
pub trait Read: Sized {
    /// What a person would call it: `a time such as "20 ms"`.
    fn expected() -> String;

    /// Reads `node`; where it is wrong, says so and returns nothing.
    fn read(reader: &mut Reader, node: &Node) -> Option<Self>;

    /// The JSON Schema of what can be read.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// Collects what is wrong while the model is read, and knows which field is being read.
#[derive(Default)]
pub struct Reader {
    /// What is wrong so far.
    pub problems: Vec<Problem>,
    path: String,
}

impl Reader {
    /// The place of something that stands at `span` in the field that is being read.
    pub fn place(&self, span: Span) -> Place {
        Place { span, path: Rc::from(self.path.as_str()) }
    }

    /// Reports a problem.
    pub fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Reports a problem with `node`.
    pub fn wrong(&mut self, node: &Node, message: impl Into<String>, allowed: impl Into<String>) {
        let problem = Problem::new(node.span, self.path.as_str(), message).allowed(allowed);
        self.report(problem);
    }

    /// Reports that `node` is not of the kind that `T` is read from.
    pub fn wrong_kind<T: Read>(&mut self, node: &Node) {
        self.wrong(node, format!("this is {}", node.describe()), T::expected());
    }

    /// Reports that `typed` is none of `known`.
    pub fn unknown<'a>(
        &mut self,
        span: Span,
        what: &str,
        typed: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) {
        let problem = Problem::new(span, self.path.as_str(), format!("there is no {what} `{typed}`"))
            .allowed(near::or_list(known.clone()))
            .suggest(near::miss(typed, known));
        self.report(problem);
    }

    /// Does `work` one step further down the path.
    pub fn within<R>(&mut self, step: &str, work: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(step);
        let result = work(self);
        self.path.truncate(length);
        result
    }

    /// Reads `node` as the field that the path names now.
    pub fn read<T: Read>(&mut self, node: &Node) -> Option<At<T>> {
        let value = T::read(self, node)?;
        Some(At { value, place: self.place(node.span) })
    }
}
