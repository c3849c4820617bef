//! The JSON Schema of scenario files, for editors.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};
use std::borrow::Cow;

use crate::model::Document;
use crate::read::Read;

/// The JSON Schema (draft 2020-12) of scenario files.
pub fn generate() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Document>()
}

impl JsonSchema for Document {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Scenario")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <Self as Read>::schema(generator)
    }
}

/// A reference to the definition `name`, which `define` makes the first time.
pub fn named(
    generator: &mut SchemaGenerator,
    name: &'static str,
    define: impl FnOnce(&mut SchemaGenerator) -> Schema,
) -> Schema {
    if name == "Document" {
        return define(generator);
    }
    if !generator.definitions().contains_key(name) {
        let schema = define(generator);
        generator.definitions_mut().insert(name.to_owned(), schema.into());
    }
    json_schema!({ "$ref": format!("#/$defs/{name}") })
}

/// The properties of a table, while they are gathered.
#[derive(Default)]
pub struct Properties {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl Properties {
    /// Adds the field `name`; `mode` is `required`, `optional` or `list`.
    pub fn add<T: Read>(
        &mut self,
        generator: &mut SchemaGenerator,
        name: &'static str,
        mode: &'static str,
        doc: &str,
    ) {
        let mut schema = T::schema(generator);
        if mode == "list" {
            schema = json_schema!({ "type": "array", "items": schema });
        }
        self.put(name, schema, doc);
        if mode == "required" {
            self.required.push(name);
        }
    }

    /// Adds a field with a schema of its own.
    pub fn put(&mut self, name: &'static str, mut schema: Schema, doc: &str) {
        schema.insert("description".to_owned(), Value::String(tidy(doc)));
        self.properties.insert(name.to_owned(), schema.into());
    }

    /// What the field `name` is, in a line.
    pub fn description(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.get("description")?.as_str()
    }

    /// The fields' names.
    #[cfg(test)]
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.properties.keys().map(String::as_str)
    }

    /// Makes the field `name`, which was added, a required one.
    pub fn require(&mut self, name: &'static str) {
        self.required.push(name);
    }

    /// The schema of the table.
    pub fn into_schema(self, about: &str) -> Schema {
        let mut schema = json_schema!({
            "type": "object",
            "description": tidy(about),
            "properties": self.properties,
            "additionalProperties": false,
        });
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), self.required.into());
        }
        schema
    }
}

/// A doc comment as plain text: its lines joined.
fn tidy(doc: &str) -> String {
    doc.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
