//! Where a path leads below the served root, and that none leads out of it.

use core::fmt;

/// Octets of a path below the root.
pub const PATH: usize = 1_024;
/// Names in a path.
pub const DEPTH: usize = 64;
/// Octets of one name.
pub const NAME: usize = 255;

/// Why a path leads nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathError {
    /// It would lead out of the root.
    Outside,
    /// A name that no file may have.
    Name,
    /// More than [`PATH`] octets, [`DEPTH`] names, or [`NAME`] octets in a name.
    TooLong,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outside => "The path leads out of what is served.",
            Self::Name => "No file has such a name.",
            Self::TooLong => "The path is too long.",
        })
    }
}

impl core::error::Error for PathError {}

/// A directory, or a file, below the root: its names from there, none of them empty, `.` or `..`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Served(Vec<String>);

impl Served {
    /// The root.
    pub const ROOT: Self = Self(Vec::new());

    /// Where `path` leads from here; from the root where it begins with `/`. Nothing in it is decoded: `%2e` is three
    /// characters.
    ///
    /// # Errors
    /// When it leads nowhere. A `..` beyond the root is refused, not ignored, wherever in the path it is.
    pub fn resolve(&self, path: &str) -> Result<Self, PathError> {
        if path.len() > PATH {
            return Err(PathError::TooLong);
        }
        let mut names = if path.starts_with('/') { Vec::new() } else { self.0.clone() };
        for name in path.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    names.pop().ok_or(PathError::Outside)?;
                }
                _ if name.len() > NAME => return Err(PathError::TooLong),
                _ if name.chars().any(char::is_control) => return Err(PathError::Name),
                _ if names.len() >= DEPTH => return Err(PathError::TooLong),
                _ => names.push(name.to_owned()),
            }
        }
        let path = Self(names);
        if path.below_root().len() > PATH { Err(PathError::TooLong) } else { Ok(path) }
    }

    /// The path without a slash before it; empty for the root.
    pub fn below_root(&self) -> String {
        self.0.join("/")
    }

    /// Its last name; none for the root.
    pub fn name(&self) -> Option<&str> {
        self.0.last().map(String::as_str)
    }

    /// The directory that it is in; the root is in none.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_last().map(|(_, names)| Self(names.to_vec()))
    }

    /// Whether it is `other`, or something below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.below_root())
    }
}

/// A path as it stands in the replies 257 (RFC 959 §appendix II): in quotes, those in it doubled.
pub fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('"', "\"\""))
}

/// The path in the text of a 257.
pub fn unquoted(text: &str) -> Option<String> {
    let mut inside = text.strip_prefix('"')?.chars();
    let mut path = String::new();
    loop {
        match inside.next()? {
            '"' if inside.as_str().starts_with('"') => {
                inside.next();
                path.push('"');
            }
            '"' => return Some(path),
            other => path.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_path_leaves_the_root() {
        let here = Served::ROOT.resolve("a/b").unwrap();
        let to = |path| here.resolve(path).map(|path| path.to_string());
        assert_eq!(to("c").as_deref(), Ok("/a/b/c"));
        assert_eq!(to("../c/./d//").as_deref(), Ok("/a/c/d"));
        assert_eq!(to("/").as_deref(), Ok("/"));
        assert_eq!(to("../..").as_deref(), Ok("/"));
        assert_eq!(to("/etc/passwd").as_deref(), Ok("/etc/passwd"), "the root is the served one");
        for outside in ["../../..", "/..", "/../a", "/a/../../b", "../../../a/b", "..//../.."] {
            assert_eq!(to(outside), Err(PathError::Outside), "{outside}");
        }
        for name in ["a\0b", "a\nb", "\u{7f}", "\u{85}"] {
            assert_eq!(to(name), Err(PathError::Name), "{name:?}");
        }
        // What somebody else might decode is a name like any other.
        assert_eq!(to("%2e%2e/x").as_deref(), Ok("/a/b/%2e%2e/x"));
        assert_eq!(to("..\\..\\x").as_deref(), Ok("/a/b/..\\..\\x"));
        assert_eq!(to("...").as_deref(), Ok("/a/b/..."));
    }

    #[test]
    fn paths_have_their_bounds() {
        assert!(Served::ROOT.resolve(&"n".repeat(NAME)).is_ok());
        assert_eq!(Served::ROOT.resolve(&"n".repeat(NAME + 1)), Err(PathError::TooLong));
        let deep = Served::ROOT.resolve(&"a/".repeat(DEPTH)).unwrap();
        assert_eq!(Served::ROOT.resolve(&"a/".repeat(DEPTH + 1)), Err(PathError::TooLong));
        assert_eq!(deep.resolve("a"), Err(PathError::TooLong));
        let long = format!("{}/", "b".repeat(NAME)).repeat(4);
        let at = Served::ROOT.resolve(&long).unwrap();
        assert_eq!(at.below_root().len(), PATH - 1);
        assert_eq!(at.resolve("c"), Err(PathError::TooLong));
        assert!(Served::ROOT.resolve(&"/".repeat(PATH)).is_ok());
        assert_eq!(Served::ROOT.resolve(&"/".repeat(PATH + 1)), Err(PathError::TooLong));
    }

    #[test]
    fn quotes_in_a_path_are_doubled() {
        assert_eq!(quoted("/a\"b"), "\"/a\"\"b\"");
        assert_eq!(unquoted("\"/a\"\"b\" created").as_deref(), Some("/a\"b"));
        assert_eq!(unquoted("\"/a"), None);
        assert_eq!(unquoted("/a"), None);
    }

    proptest! {
        #[test]
        fn wherever_a_path_leads_it_is_below_the_root(here in "[a./]{0,20}", path in "(\\.\\./|/|\\./|[a-c%\\\\]{1,3}/){0,8}") {
            let here = Served::ROOT.resolve(&here).unwrap_or_default();
            if let Ok(to) = here.resolve(&path) {
                prop_assert!(to.0.iter().all(|name| !matches!(name.as_str(), "" | "." | "..") && !name.contains('/')));
                prop_assert_eq!(Served::ROOT.resolve(&to.to_string()), Ok(to.clone()));
                prop_assert!(to.is_within(&Served::ROOT));
            }
        }

        #[test]
        fn any_text_is_a_path_or_none(path: String, quote: String) {
            let _ = Served::ROOT.resolve(&path);
            let _ = unquoted(&quote);
            prop_assert_eq!(unquoted(&quoted(&path)), Some(path));
        }
    }
}
