//! Recording, replaying, or neither.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wirelab_stack::frame::NodeId;
use wirelab_stack::storage::Storage;

use crate::player::Player;
use crate::recorder::Recorder;
use crate::stop::Stop;
use crate::storage::{RecordedStorage, ReplayedStorage};

/// Recording, replaying, or neither. Whatever a run asks of its surroundings it asks here.
#[derive(Clone, Debug, Default)]
pub enum Tape {
    /// Neither.
    #[default]
    Off,
    /// What comes is kept.
    Recorder(Recorder),
    /// What was kept comes again.
    Player(Player),
}

impl Tape {
    /// Whether what was kept comes again: then nothing outside is touched.
    pub const fn is_replay(&self) -> bool {
        matches!(self, Self::Player(_))
    }

    /// Asks something of the surroundings, by a name of its own; a replay is answered as the recorded run was.
    ///
    /// # Errors
    /// That of `answer`, or that the record has no answer to it.
    pub fn ask<T, E>(&self, question: &str, answer: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<Stop>,
    {
        match self {
            Self::Off => answer(),
            Self::Recorder(recorder) => {
                let answer = answer()?;
                recorder.answer(question, &answer);
                Ok(answer)
            }
            Self::Player(player) => Ok(player.answer(question)?),
        }
    }

    /// The files of a host, as they are to be seen by it. A replay looks at none.
    pub fn storage(&self, node: NodeId, storage: Box<dyn Storage>) -> Box<dyn Storage> {
        match self {
            Self::Off => storage,
            Self::Recorder(recorder) => Box::new(RecordedStorage::new(recorder.clone(), node, storage)),
            Self::Player(player) => Box::new(ReplayedStorage::new(player.clone(), node)),
        }
    }

    /// The run has ended.
    ///
    /// # Errors
    /// When its record could not be written.
    pub fn finish(&self) -> io::Result<()> {
        match self {
            Self::Recorder(recorder) => recorder.finish(),
            Self::Off | Self::Player(_) => Ok(()),
        }
    }
}
