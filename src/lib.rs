//! wirelab.
