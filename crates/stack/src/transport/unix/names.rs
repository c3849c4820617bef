//! The host's name space of sockets.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;

use super::{Address, Type};
use crate::transport::{Key, SocketError};

/// Who is bound where.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// A path without a socket is what a closed one has left.
    paths: BTreeMap<Bytes, Option<Key>>,
    /// Each type has abstract names of its own, as on Linux.
    abstracts: BTreeMap<(Type, Bytes), Key>,
    /// Where the search for a free name begins.
    next: u32,
}

/// Names that are given to sockets that ask for any: five hexadecimal digits, as Linux has it.
const AUTOMATIC: u32 = 1 << 20;

impl Names {
    /// Binds `key` at `address`; `Unnamed` picks an abstract name. Returns where it is bound.
    ///
    /// # Errors
    /// `AddressInUse` where the name is taken, by a closed socket too; `NoBuffers` past `most` paths or when no automatic
    /// name is free.
    pub fn bind(
        &mut self,
        (key, kind): (Key, Type),
        address: Address,
        most: usize,
    ) -> Result<Address, SocketError> {
        match &address {
            Address::Unnamed => return self.bind_anywhere(key, kind),
            Address::Path(path) => {
                if self.paths.contains_key(path) {
                    return Err(SocketError::AddressInUse);
                }
                if self.paths.len() >= most {
                    return Err(SocketError::NoBuffers);
                }
                self.paths.insert(path.clone(), Some(key));
            }
            Address::Abstract(name) => {
                let name = (kind, name.clone());
                if self.abstracts.contains_key(&name) {
                    return Err(SocketError::AddressInUse);
                }
                self.abstracts.insert(name, key);
            }
        }
        Ok(address)
    }

    fn bind_anywhere(&mut self, key: Key, kind: Type) -> Result<Address, SocketError> {
        for _ in 0..AUTOMATIC {
            let name = Bytes::from(format!("{:05x}", self.next));
            self.next = (self.next + 1) % AUTOMATIC;
            if let Entry::Vacant(free) = self.abstracts.entry((kind, name.clone())) {
                free.insert(key);
                return Ok(Address::Abstract(name));
            }
        }
        Err(SocketError::NoBuffers)
    }

    /// The socket at `address`; of abstract names, that of the type.
    ///
    /// # Errors
    /// `NotFound` where there is no such path, `ConnectionRefused` where no socket is bound there (any more).
    pub fn find(&self, address: &Address, kind: Type) -> Result<Key, SocketError> {
        match address {
            Address::Unnamed => Err(SocketError::InvalidInput),
            Address::Path(path) => {
                self.paths.get(path).ok_or(SocketError::NotFound)?.ok_or(SocketError::ConnectionRefused)
            }
            Address::Abstract(name) => {
                self.abstracts.get(&(kind, name.clone())).copied().ok_or(SocketError::ConnectionRefused)
            }
        }
    }

    /// Whether `address` is a path that is taken.
    pub fn has_path(&self, address: &Address) -> bool {
        matches!(address, Address::Path(path) if self.paths.contains_key(path))
    }

    /// The socket that was bound at `address` is closed. A path stays, and leads to nobody.
    pub fn release(&mut self, (key, kind): (Key, Type), address: &Address) {
        match address {
            Address::Unnamed => {}
            Address::Path(path) => {
                if let Some(bound) = self.paths.get_mut(path)
                    && *bound == Some(key)
                {
                    *bound = None;
                }
            }
            Address::Abstract(name) => {
                let name = (kind, name.clone());
                if self.abstracts.get(&name) == Some(&key) {
                    self.abstracts.remove(&name);
                }
            }
        }
    }

    /// Takes a path away; who is connected by it stays so.
    ///
    /// # Errors
    /// `NotFound` where there is no such path.
    pub fn unlink(&mut self, path: &[u8]) -> Result<(), SocketError> {
        self.paths.remove(path).map(|_| ()).ok_or(SocketError::NotFound)
    }

    /// All paths, in their order.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.paths.keys().map(|path| &path[..])
    }
}
