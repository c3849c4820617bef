#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| wirelab_fuzz::record(octets));
