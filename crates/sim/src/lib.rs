//! wirelab: sim.
