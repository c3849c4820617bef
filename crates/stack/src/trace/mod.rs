//! What the stack says about itself: why each frame exists, how each ended, what changed.
//!
//! | file | holds |
//! |---|---|
//! | `cause` | why a frame was sent, and what made that happen |
//! | `fate` | how a frame ended: delivered, or dropped where and why |
//! | `connection` | a TCP connection as seen from outside: its name, state, counters |
//! | `table` | a table of a node's state, for people and for programs |
//! | `event` | everything an observer can be shown, and the mask that says what it wants |

mod cause;
mod connection;
mod event;
mod fate;
mod table;

pub use cause::{Cause, Trigger};
pub use connection::{ConnectionId, ConnectionInfo, Counters, Ending, Metrics, State};
pub use event::{AddressChange, ApplicationEvent, Event, Interest, LinkEvent, NeighborState};
pub use fate::{DropReason, Place};
pub use table::{Row, Table, Value};

/// Declares a two-byte enum whose values have a name, a source and a meaning, looked up only when printed.
macro_rules! documented {
    ($(#[$meta:meta])* $name:ident counted as $counter:literal {
        $($variant:ident = $text:literal, $source:literal, $meaning:literal;)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum $name { $(#[doc = $meaning] $variant,)+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The names of the counters of every value, in order.
            pub const COUNTERS: &[&str] = &[$(concat!($counter, $text)),+];

            /// The name of the counter that a host has for it.
            pub const fn counter(self) -> &'static str {
                Self::COUNTERS[self as usize]
            }

            /// Its name in traces and on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The document and section that say so.
            pub const fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)+ }
            }

            /// What it means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// The value of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
use documented;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_name(cause.name()), Some(*cause));
        }
        for reason in DropReason::ALL {
            assert_eq!(DropReason::from_name(reason.name()), Some(*reason));
        }
    }

    #[test]
    fn each_source_names_a_section() {
        let sources = Cause::ALL.iter().map(|c| c.source()).chain(DropReason::ALL.iter().map(|d| d.source()));
        for source in sources {
            assert!(!source.starts_with("RFC") || source.contains('§'), "{source}");
        }
    }

    #[test]
    fn a_cause_is_two_bytes() {
        assert_eq!(size_of::<Cause>(), 2);
    }
}
