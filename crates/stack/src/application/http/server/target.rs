//! What a request's target names: a file below the root, and nothing else.

use hyper::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::storage::{FilePath, PathError};

/// What stays as it is in the path of a URL (RFC 3986 §3.3).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The file or directory that a request is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Its path below the served directory, as the client knows it.
    pub path: FilePath,
    /// Its path on the host.
    pub file: FilePath,
    /// Whether the client means a directory: the path ends in `/`.
    pub directory: bool,
}

impl Target {
    /// Reads the path of a URL, below the directory `root` of the host.
    ///
    /// # Errors
    /// The status for a path that is none, or that leads elsewhere, decoded or not.
    pub fn read(path: &str, root: &FilePath) -> Result<Self, StatusCode> {
        let decoded = percent_decode_str(path).decode_utf8().map_err(|_| StatusCode::BAD_REQUEST)?;
        let status = |error| match error {
            PathError::TooLong | PathError::NameTooLong => StatusCode::URI_TOO_LONG,
            PathError::Parent | PathError::Character => StatusCode::BAD_REQUEST,
        };
        let path = FilePath::new(&decoded).map_err(status)?;
        let file = root.join(path.as_str()).map_err(status)?;
        Ok(Self { path, file, directory: decoded.ends_with('/') })
    }

    /// It as the path of a URL. It begins with one `/`: with two it would be another host.
    pub fn encoded(&self) -> String {
        format!("/{}", utf8_percent_encode(self.path.as_str(), KEPT))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::storage::{MAX_NAME, MAX_PATH};

    fn read(path: &str) -> Result<String, StatusCode> {
        Target::read(path, &FilePath::new("www").unwrap()).map(|target| target.file.to_string())
    }

    #[test]
    fn a_target_names_a_file_below_the_root() {
        for (path, expected) in [
            ("/", "/www"),
            ("/a/b.html", "/www/a/b.html"),
            ("/a%20b/%C3%A9", "/www/a b/é"),
            ("//etc/passwd", "/www/etc/passwd"),
            ("/./a//b/", "/www/a/b"),
            ("/a%2Fb", "/www/a/b"),
            ("/%252e%252e/a", "/www/%2e%2e/a"),
            ("/...", "/www/..."),
        ] {
            assert_eq!(read(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn no_target_leads_elsewhere() {
        for path in [
            "/..",
            "/../etc/passwd",
            "/a/../../b",
            "/a/..",
            "/%2e%2e/etc/passwd",
            "/%2E%2e%2fetc",
            "/..%2f..%2fetc",
            "/..%5c..%5cetc",
            "/a%00.html",
            "/a%0d%0aSet-Cookie:x",
            "/%ff",
            "/%c0%ae%c0%ae/",
        ] {
            assert_eq!(read(path), Err(StatusCode::BAD_REQUEST), "{path}");
        }
    }

    #[test]
    fn targets_have_bounds() {
        assert!(read(&format!("/{}", "n".repeat(MAX_NAME))).is_ok());
        assert_eq!(read(&format!("/{}", "n".repeat(MAX_NAME + 1))), Err(StatusCode::URI_TOO_LONG));
        let longest = "n/".repeat(MAX_PATH / 2 - 2);
        assert_eq!(read(&format!("/{longest}")).unwrap().len(), MAX_PATH);
        assert!(read(&format!("/{longest}n")).is_err_and(|status| status == StatusCode::URI_TOO_LONG));
    }

    proptest! {
        #[test]
        fn any_path_is_refused_or_below_the_root(path in "(/|%2[eEfF]|%5c|\\.|a|é|%00|%)*") {
            let root = FilePath::new("www").unwrap();
            if let Ok(target) = Target::read(&path, &root) {
                prop_assert!(target.file.starts_with(&root));
                let again = Target::read(&target.encoded(), &root).unwrap();
                prop_assert_eq!(&again.file, &target.file);
                prop_assert!(!target.encoded().starts_with("//"));
            }
        }
    }
}
