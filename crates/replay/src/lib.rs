//! wirelab's records of runs: what came from outside is kept in a file, and given to the same world again in virtual time.
//!
//! A run in somebody else's time ([`Driver`](wirelab_sim::Driver)) is the same for the same inputs at the same instants. All
//! of them pass here: the answers to what is asked before it begins ([`Tape::ask`]: the seed, the date, what a link can do),
//! each turn's instant with the frames, the standard input and the signals that came in it, how much a device took and how
//! much was printed, and what files had to say. Of what the run gave out the record has a hash a frame, so that a run that
//! goes another way is found out at the first frame that differs.
//!
//! | where is … | look in |
//! |---|---|
//! | what is in a file, and its bounds | [`record`] |
//! | a run that is recorded | [`Recorder`], [`Recording`], [`RecordedStorage`] |
//! | a record that is run again | [`Player`], [`Replay`], [`ReplayedStorage`] |
//! | either, or neither | [`Tape`] |
//! | why a record can go on no further | [`Stop`] |
//!
//! Records hold what a run was given, and so whatever was secret in it: contents of files, what was typed, the payload of
//! frames.

mod answers;
mod hash;
mod player;
pub mod record;
mod recorder;
mod recording;
mod replay;
mod stop;
mod storage;
mod tape;

pub use player::{Player, Tally};
pub use recorder::Recorder;
pub use recording::{Failed, Recording};
pub use replay::Replay;
pub use stop::Stop;
pub use storage::{RecordedStorage, ReplayedStorage};
pub use tape::Tape;
