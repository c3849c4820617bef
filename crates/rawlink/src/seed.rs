//! A seed that nobody can guess.

/// A number from the system's generator. Initial sequence numbers and ports are drawn from it: on a real network they must
/// not be known (RFC 6528 §2).
///
/// # Panics
/// When the system has no generator.
pub fn random_seed() -> u64 {
    let mut octets = [0; 8];
    let mut filled = 0;
    while filled < octets.len() {
        match rustix::rand::getrandom(&mut octets[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(more) => filled += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("the system has no random numbers: {error}"),
        }
    }
    u64::from_le_bytes(octets)
}
