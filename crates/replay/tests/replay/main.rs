//! Runs that are recorded and run again: alike, cut off, damaged, and another run than the one that was recorded.

mod damage;
mod run;
mod world;
