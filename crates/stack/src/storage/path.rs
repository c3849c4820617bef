//! Paths: what a file is called under its root, and nothing that leads out of it.

use core::fmt;
use std::sync::Arc;

/// Octets in a path, without a leading `/`.
pub const MAX_PATH: usize = 1_024;

/// Octets in a name, one step of a path.
pub const MAX_NAME: usize = 255;

/// A path under a storage's root, normalised: names with `/` between them, none of them empty, `.` or `..`.
///
/// It is made from a text only by [`new`](Self::new), [`join`](Self::join) and [`resolve`](Self::resolve), so whatever has
/// one need not look again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath {
    // Without a leading `/`; empty for the root.
    text: Arc<str>,
}

/// Why a text is no path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathError {
    /// It has a step `..`, or more of them than there are directories above.
    Parent,
    /// It has a control character, NUL among them, or a `\`, which means another thing on each system.
    Character,
    /// A name is longer than [`MAX_NAME`].
    NameTooLong,
    /// It is longer than [`MAX_PATH`].
    TooLong,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parent => f.write_str("a path must not lead out of its root by `..`"),
            Self::Character => f.write_str("a path must not have a control character or `\\`"),
            Self::NameTooLong => write!(f, "a name in a path has at most {MAX_NAME} octets"),
            Self::TooLong => write!(f, "a path has at most {MAX_PATH} octets"),
        }
    }
}

impl core::error::Error for PathError {}

impl FilePath {
    /// The directory that all others are in.
    pub fn root() -> Self {
        Self { text: Arc::from("") }
    }

    /// Reads a path from the root; a leading `/` changes nothing, nor do empty steps and `.`.
    ///
    /// # Errors
    /// When it has a step `..`, a character that no path has, or is too long.
    pub fn new(text: &str) -> Result<Self, PathError> {
        Self::root().join(text)
    }

    /// The path of `text` below this one; a leading `/` changes nothing.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn join(&self, text: &str) -> Result<Self, PathError> {
        self.step_through(text, false)
    }

    /// What `text` means to somebody who is here: from the root where it begins with `/`, and `..` steps up.
    ///
    /// # Errors
    /// As [`new`](Self::new), and where `..` leads above the root.
    pub fn resolve(&self, text: &str) -> Result<Self, PathError> {
        let root = Self::root();
        let from = if text.starts_with('/') { &root } else { self };
        from.step_through(text, true)
    }

    fn step_through(&self, text: &str, up: bool) -> Result<Self, PathError> {
        if text.chars().any(|c| c.is_control() || c == '\\') {
            return Err(PathError::Character);
        }
        let mut steps: Vec<&str> = self.names().collect();
        for step in text.split('/') {
            match step {
                "" | "." => {}
                ".." if up => {
                    steps.pop().ok_or(PathError::Parent)?;
                }
                ".." => return Err(PathError::Parent),
                name if name.len() > MAX_NAME => return Err(PathError::NameTooLong),
                name => steps.push(name),
            }
        }
        let text = steps.join("/");
        if text.len() > MAX_PATH {
            return Err(PathError::TooLong);
        }
        Ok(Self { text: text.into() })
    }

    /// The path without a leading `/`; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.text.is_empty()
    }

    /// Its steps from the root.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.text.split('/').filter(|name| !name.is_empty())
    }

    /// The last step; empty for the root.
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// The directory that it is in; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let parent = self.text.rsplit_once('/').map_or("", |(parent, _)| parent);
        Some(Self { text: parent.into() })
    }

    /// Whether it is `other` or below it.
    pub fn starts_with(&self, other: &Self) -> bool {
        let rest = self.text.strip_prefix(&*other.text);
        rest.is_some_and(|rest| other.is_root() || rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.text)
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl core::str::FromStr for FilePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_normalised() {
        for (text, expected) in
            [("", "/"), ("/", "/"), ("a", "/a"), ("//a/./b//", "/a/b"), ("a/...", "/a/..."), ("é/ß", "/é/ß")]
        {
            let path = FilePath::new(text).unwrap();
            assert_eq!(path.to_string(), expected, "{text:?}");
            assert_eq!(FilePath::new(&path.to_string()), Ok(path));
        }
    }

    #[test]
    fn no_path_leads_out_or_has_what_a_system_reads_otherwise() {
        for text in ["..", "a/..", "../a", "a/../b", "/.."] {
            assert_eq!(FilePath::new(text), Err(PathError::Parent), "{text:?}");
        }
        for text in ["a\0b", "a\nb", "..\\a", "a\u{7f}", "\r"] {
            assert_eq!(FilePath::new(text), Err(PathError::Character), "{text:?}");
        }
    }

    #[test]
    fn names_and_paths_have_bounds() {
        assert!(FilePath::new(&"n".repeat(MAX_NAME)).is_ok());
        assert_eq!(FilePath::new(&"n".repeat(MAX_NAME + 1)), Err(PathError::NameTooLong));
        let longest = format!("{}/{}", vec!["n".repeat(102); 9].join("/"), "n".repeat(97));
        assert_eq!(longest.len(), MAX_PATH);
        assert_eq!(FilePath::new(&format!("/{longest}")).unwrap().as_str(), longest);
        assert_eq!(FilePath::new(&format!("{longest}n")), Err(PathError::TooLong));
    }

    #[test]
    fn steps_up_end_at_the_root() {
        let here = FilePath::new("a/b").unwrap();
        for (text, expected) in
            [("c", "/a/b/c"), ("/c", "/c"), ("..", "/a"), ("../../c", "/c"), ("c/..", "/a/b")]
        {
            assert_eq!(here.resolve(text).unwrap().to_string(), expected, "{text:?}");
        }
        assert_eq!(here.resolve("../../.."), Err(PathError::Parent));
        assert_eq!(here.resolve("/.."), Err(PathError::Parent));
    }

    #[test]
    fn a_path_knows_its_parts() {
        let path = FilePath::new("a/b/c").unwrap();
        assert_eq!((path.name(), path.parent().unwrap().to_string().as_str()), ("c", "/a/b"));
        assert_eq!(FilePath::new("a").unwrap().parent(), Some(FilePath::root()));
        assert_eq!((FilePath::root().parent(), FilePath::root().name()), (None, ""));
        let below = |text: &str| path.starts_with(&FilePath::new(text).unwrap());
        assert!(below("") && below("a") && below("a/b") && below("a/b/c"));
        assert!(!below("a/b/c/d") && !below("a/bc") && !below("a/b/cc") && !below("b"));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_stays_below_the_root(text in ".*", here in "[a-c/]{0,9}") {
            let here = FilePath::new(&here).unwrap();
            for path in [FilePath::new(&text), here.resolve(&text), here.join(&text)].into_iter().flatten() {
                prop_assert!(path.names().all(|name| !matches!(name, "" | "." | "..")));
                prop_assert_eq!(FilePath::new(path.as_str()), Ok(path.clone()));
                prop_assert_eq!(path.names().collect::<Vec<_>>().join("/"), path.as_str());
            }
        }
    }
}
