//! Paths as they stand in replies. What a path means is [`FilePath::resolve`](crate::storage::FilePath::resolve)'s.

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
    fn quotes_in_a_path_are_doubled() {
        assert_eq!(quoted("/a\"b"), "\"/a\"\"b\"");
        assert_eq!(unquoted("\"/a\"\"b\" created").as_deref(), Some("/a\"b"));
        assert_eq!(unquoted("\"/a"), None);
        assert_eq!(unquoted("/a"), None);
    }

    proptest! {
        #[test]
        fn any_path_comes_back(path: String) {
            let _ = unquoted(&path);
            prop_assert_eq!(unquoted(&quoted(&path)), Some(path));
        }
    }
}
