//! `wirelab schema FORMAT`

use std::io::Write;

use wirelab_scenario::Scenario;

use crate::args::{Format, SchemaArgs};
use crate::exit::{Code, Failure};

/// Prints a format's JSON Schema.
///
/// # Errors
/// When `out` cannot be written.
pub fn schema(args: &SchemaArgs, out: &mut dyn Write) -> Result<Code, Failure> {
    match args.format {
        Format::Scenario => {
            serde_json::to_writer_pretty(&mut *out, &Scenario::json_schema())
                .map_err(std::io::Error::from)?;
        }
    }
    writeln!(out)?;
    Ok(Code::Held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_schema_of_scenarios() {
        let mut out = Vec::new();
        schema(&SchemaArgs { format: Format::Scenario }, &mut out).unwrap();
        let schema: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert!(schema["$schema"].as_str().is_some_and(|url| url.contains("json-schema.org")), "{schema}");
        assert!(schema["properties"]["host"].is_object(), "{schema}");
    }
}
