//! wirelab: scenario.
