//! Two of our hosts with one TCP connection between them.

use wirelab::stack::profile::Profile;

use crate::hosts::{Connection, Hosts};
use crate::{BUFFER, CHUNK, Pair, Setting, Transferred};

/// The two hosts, and the applications' memory.
pub struct WirelabPair {
    hosts: Hosts,
    connection: Connection,
    chunk: Vec<u8>,
    buffer: Vec<u8>,
}

impl WirelabPair {
    /// Two hosts with an established connection.
    pub fn new(setting: Setting) -> Self {
        let mut hosts = Hosts::new(setting.checksums, &profile(setting));
        let connection = hosts.connect();
        Self { hosts, connection, chunk: vec![7; CHUNK], buffer: vec![0; CHUNK] }
    }
}

/// The documents' defaults with the comparison's buffers, and with timestamps only where the other stack has them.
fn profile(setting: Setting) -> Profile {
    let mut profile = Profile::rfc();
    let buffer = u32::try_from(BUFFER).expect("a buffer of less than 4 GiB");
    (profile.tcp.send_buffer, profile.tcp.receive_buffer) = (buffer, buffer);
    profile.tcp.timestamps = setting.timestamps;
    profile
}

impl Pair for WirelabPair {
    #[inline(never)]
    fn transfer(&mut self, octets: usize) -> Transferred {
        let carried = self.hosts.transfer(self.connection, octets, &self.chunk, &mut self.buffer);
        Transferred { data_frames: carried.up, ack_frames: carried.down }
    }
}
