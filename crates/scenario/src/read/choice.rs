//! Fields that take one of a few words.

/// Defines an enum that is read from one of a few words.
macro_rules! choice {
    (
        $(#[doc = $about:literal])*
        pub enum $name:ident ($what:literal) {
            $( $(#[doc = $doc:literal])* $variant:ident = $word:literal, )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name { $( $(#[doc = $doc])* $variant, )* }

        impl $name {
            /// All values with the words for them.
            pub const ALL: &[(&'static str, Self)] = &[$(($word, Self::$variant)),*];

            /// The word for it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl $crate::read::Read for $name {
            fn expected() -> String {
                $crate::near::or_list(Self::ALL.iter().map(|(word, _)| *word))
            }

            fn read(reader: &mut $crate::read::Reader, node: &$crate::document::Node) -> Option<Self> {
                let $crate::document::Kind::Text(text) = &node.kind else {
                    reader.wrong_kind::<Self>(node);
                    return None;
                };
                let found = Self::ALL.iter().map(|(_, value)| *value).find(|value| value.word() == text);
                if found.is_none() {
                    let words: Vec<&str> = Self::ALL.iter().map(|(word, _)| *word).collect();
                    reader.unknown(node.span, $what, text, words);
                }
                found
            }

            fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": [$($word),*] })
            }
        }
    };
}
pub(crate) use choice;
