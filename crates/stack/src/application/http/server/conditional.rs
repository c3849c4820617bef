//! Preconditions (RFC 9110 §13): requests that mean a file only as long as it is the one that the client knows.

use hyper::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use hyper::{Method, StatusCode};
use jiff::fmt::rfc2822::DateTimeParser;

use super::super::date_field;
use crate::clock::Timestamp;
use crate::storage::Metadata;

/// By what a client knows a file again.
#[derive(Clone, Debug)]
pub(super) struct Validators {
    tag: String,
    /// In whole seconds, as fields have it.
    modified: i64,
}

impl Validators {
    pub(super) fn of(metadata: &Metadata) -> Self {
        // Whatever is written is written at an instant of its own, or has another length: a strong validator.
        let tag = format!("\"{:x}-{:x}\"", metadata.length, metadata.modified.as_nanosecond());
        Self { tag, modified: metadata.modified.as_second() }
    }

    /// The fields that tell them.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let modified = Timestamp::from_second(self.modified).map(date_field).unwrap_or_default();
        for (name, text) in [(ETAG, &self.tag), (LAST_MODIFIED, &modified)] {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
    }

    /// Whether the list of a field names it. A weak tag is as good only where octets need not be the same.
    fn named(&self, list: &str, weak: bool) -> bool {
        list.split(',').map(str::trim).any(|tag| {
            let strong = tag.strip_prefix("W/").filter(|_| weak).unwrap_or(tag);
            tag == "*" || strong == self.tag
        })
    }
}

/// The one value of a field, if it is a text.
fn field(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// A date, in whole seconds; what is none counts for nothing (RFC 9110 §13.1.3).
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    let text = headers.get(name)?.to_str().ok()?;
    let date = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(date.as_second())
}

/// RFC 9110 §13.2.2, in its order: the status where a request for a file, or for a name without one, is not to be done.
pub(super) fn check(method: &Method, headers: &HeaderMap, file: Option<&Validators>) -> Option<StatusCode> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if let Some(list) = field(headers, &IF_MATCH) {
        if !file.is_some_and(|file| file.named(&list, false)) {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
    } else if let Some(since) = date(headers, &IF_UNMODIFIED_SINCE)
        && file.is_none_or(|file| file.modified > since)
    {
        return Some(StatusCode::PRECONDITION_FAILED);
    }
    if let Some(list) = field(headers, &IF_NONE_MATCH) {
        if file.is_some_and(|file| file.named(&list, true)) {
            return Some(if reads { StatusCode::NOT_MODIFIED } else { StatusCode::PRECONDITION_FAILED });
        }
    } else if reads
        && let Some(since) = date(headers, &IF_MODIFIED_SINCE)
        && file.is_some_and(|file| file.modified <= since)
    {
        return Some(StatusCode::NOT_MODIFIED);
    }
    None
}

/// Whether a range is meant of this file (RFC 9110 §13.1.5).
pub(super) fn ranges(headers: &HeaderMap, file: &Validators) -> bool {
    let Some(value) = headers.get(IF_RANGE) else { return true };
    if value.as_bytes().starts_with(b"\"") {
        return value.as_bytes() == file.tag.as_bytes();
    }
    date(headers, &IF_RANGE) == Some(file.modified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DEFAULT_DATE;

    fn file() -> Validators {
        Validators::of(&Metadata { length: 16, modified: DEFAULT_DATE, is_directory: false })
    }

    fn checked(method: &Method, fields: &[(HeaderName, &str)]) -> Option<u16> {
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        check(method, &headers, Some(&file())).map(|status| status.as_u16())
    }

    #[test]
    fn preconditions_are_weighed_in_their_order() {
        let tag = file().tag;
        let weak = format!("W/{tag}");
        let listed = format!("\"other\", {tag}");
        let (then, before) = ("Thu, 01 Jan 2026 00:00:00 GMT", "Wed, 31 Dec 2025 23:59:59 GMT");
        for (field, value, read, write) in [
            (IF_MATCH, tag.as_str(), None, None),
            (IF_MATCH, &listed, None, None),
            (IF_MATCH, "*", None, None),
            (IF_MATCH, &weak, Some(412), Some(412)),
            (IF_MATCH, "\"other\"", Some(412), Some(412)),
            (IF_UNMODIFIED_SINCE, then, None, None),
            (IF_UNMODIFIED_SINCE, before, Some(412), Some(412)),
            (IF_UNMODIFIED_SINCE, "yesterday", None, None),
            (IF_NONE_MATCH, &tag, Some(304), Some(412)),
            (IF_NONE_MATCH, &weak, Some(304), Some(412)),
            (IF_NONE_MATCH, "*", Some(304), Some(412)),
            (IF_NONE_MATCH, "\"other\"", None, None),
            (IF_MODIFIED_SINCE, then, Some(304), None),
            (IF_MODIFIED_SINCE, before, None, None),
            (IF_MODIFIED_SINCE, "Thursday, 01-Jan-26", None, None),
        ] {
            let fields = [(field, value)];
            assert_eq!(checked(&Method::GET, &fields), read, "{fields:?}");
            assert_eq!(checked(&Method::PUT, &fields), write, "{fields:?}");
        }
        // A tag goes before a date.
        assert_eq!(checked(&Method::GET, &[(IF_MATCH, "*"), (IF_UNMODIFIED_SINCE, before)]), None);
        assert_eq!(checked(&Method::GET, &[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, then)]), None);
    }

    #[test]
    fn a_name_without_a_file_matches_nothing() {
        let headers: HeaderMap = [(IF_MATCH, HeaderValue::from_static("*"))].into_iter().collect();
        assert_eq!(check(&Method::PUT, &headers, None), Some(StatusCode::PRECONDITION_FAILED));
        let headers: HeaderMap = [(IF_NONE_MATCH, HeaderValue::from_static("*"))].into_iter().collect();
        assert_eq!(check(&Method::PUT, &headers, None), None);
    }

    #[test]
    fn a_range_is_of_the_file_that_the_client_knows() {
        let of = |value: &str| {
            let headers: HeaderMap =
                [(IF_RANGE, HeaderValue::from_str(value).unwrap())].into_iter().collect();
            ranges(&headers, &file())
        };
        assert!(of(&file().tag) && of("Thu, 01 Jan 2026 00:00:00 GMT"));
        assert!(!of("\"other\"") && !of(&format!("W/{}", file().tag)));
        assert!(!of("Fri, 02 Jan 2026 00:00:00 GMT") && !of("nonsense"));
        assert!(ranges(&HeaderMap::new(), &file()));
    }
}
