//! What is kept of where a file came from that is not whole: its URL, and by what it is known again.

use core::fmt;

use hyper::header::{DATE, ETAG, HeaderMap, LAST_MODIFIED};
use jiff::fmt::rfc2822::DateTimeParser;

/// Octets of such a note: a URL and a field are no longer.
pub(super) const MAX_ORIGIN: usize = 32 * 1024;

/// Where something came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    pub(super) url: String,
    /// By what it is known again: HTTP's entity tag or date, as they came, or FTP's date and size.
    pub(super) validator: String,
}

impl Origin {
    /// Reads what [`Display`](fmt::Display) has written; nothing where somebody else wrote it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (url, validator) = text.strip_suffix('\n')?.split_once('\n')?;
        let whole = !url.is_empty() && !validator.is_empty() && !validator.contains('\n');
        whole.then(|| Self { url: url.to_owned(), validator: validator.to_owned() })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n", self.url, self.validator)
    }
}

/// By what a response's content is known again octet for octet, as `If-Range` takes it (RFC 9110 §13.1.5): an entity tag that
/// is not weak, or else a date of change that lies a second before the response's own (§8.8.2.2).
pub(super) fn strong_validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(tag) = text(ETAG).filter(|tag| tag.starts_with('"')) {
        return Some(tag.to_owned());
    }
    let modified = text(LAST_MODIFIED)?;
    let second = |text| Some(DateTimeParser::new().parse_timestamp(text).ok()?.as_second());
    (second(modified)? < second(text(DATE)?)?).then(|| modified.to_owned())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written_or_not_at_all() {
        let origin = Origin { url: "http://s/x".into(), validator: "\"a b\"".into() };
        assert_eq!(Origin::parse(&origin.to_string()), Some(origin));
        for text in ["", "\n\n", "http://s/x\n", "http://s/x\n\n", "\n\"a\"\n", "u\nv", "u\nv\nw\n"] {
            assert_eq!(Origin::parse(text), None, "{text:?}");
        }
    }

    /// RFC 9110 §13.1.5, §8.8.2.2.
    #[test]
    fn only_what_is_strong_is_asked_by() {
        let of = |fields: &[(hyper::header::HeaderName, &str)]| {
            let fields =
                fields.iter().map(|(name, text)| (name.clone(), HeaderValue::from_str(text).unwrap()));
            strong_validator(&fields.collect())
        };
        let (then, now) = ("Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:01 GMT");
        assert_eq!(of(&[(ETAG, "\"x\""), (LAST_MODIFIED, then)]).as_deref(), Some("\"x\""));
        assert_eq!(of(&[(ETAG, "W/\"x\"")]), None);
        assert_eq!(of(&[(ETAG, "W/\"x\""), (LAST_MODIFIED, then), (DATE, now)]).as_deref(), Some(then));
        assert_eq!(of(&[(LAST_MODIFIED, then), (DATE, then)]), None, "it may change within that second");
        assert_eq!(of(&[(LAST_MODIFIED, then)]), None);
        assert_eq!(of(&[(LAST_MODIFIED, "soon"), (DATE, now)]), None);
        assert_eq!(of(&[]), None);
    }
}
