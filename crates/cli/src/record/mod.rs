//! What watches a run and writes files.

pub mod outputs;
pub mod pcap;
pub mod series;
pub mod trace;
