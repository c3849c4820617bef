//! What of HTTP is ours: URLs, the targets of requests, and ranges.

use wirelab_stack::application::http::Url;
use wirelab_stack::application::http::server::{Target, Wanted, wanted};
use wirelab_stack::storage::FilePath;

/// A text as a URL, as a reference from one, as the target of a request, and as a range. The first two octets are how long
/// the file is.
pub fn http(octets: &[u8]) {
    let [high, low, text @ ..] = octets else { return };
    let Ok(text) = core::str::from_utf8(text) else { return };
    if let Ok(url) = text.parse::<Url>() {
        assert_eq!(url.to_string().parse(), Ok(url.clone()));
        assert!(url.target().starts_with('/') && !url.host().is_empty() && url.port() > 0);
        // With two slashes it would name a host.
        if !url.target().starts_with("//")
            && let Ok(normal) = url.join(url.target())
            && !normal.target().starts_with("//")
        {
            assert_eq!(normal.join(normal.target()), Ok(normal));
        }
    }
    let base: Url = "http://server:8080/a/b/c?d".parse().expect("it is one");
    if let Ok(url) = base.join(text) {
        assert!(url.target().starts_with('/'), "{url}");
        assert_eq!(url.to_string().parse(), Ok(url));
    }
    let root = FilePath::new("www").expect("it is one");
    if let Ok(target) = Target::read(text, &root) {
        assert!(target.file.starts_with(&root), "{:?}", target.file);
        let encoded = target.encoded();
        assert!(encoded.starts_with('/') && !encoded.starts_with("//") && encoded.is_ascii());
        assert_eq!(Target::read(&encoded, &root).map(|again| again.file), Ok(target.file));
    }
    let length = u64::from(u16::from_be_bytes([*high, *low]));
    if let Wanted::Part(start, end) = wanted(text, length) {
        assert!(start < end && end <= length);
        let again = wanted(&format!("bytes={start}-{}", end - 1), length);
        assert_eq!(again, Wanted::Part(start, end));
    }
}
