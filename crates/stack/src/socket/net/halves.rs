//! What the halves of a connection have for those who ask before they call.

/// What both kinds of a reading half have.
macro_rules! reading {
    ($stream:ident: $($half:ty),+) => {
        $(impl $half {
            #[doc = concat!("As [`", stringify!($stream), "::readable`].")]
            ///
            /// # Errors
            /// When the connection has gone.
            pub async fn readable(&self) -> std::io::Result<()> {
                self.as_ref().readable().await
            }

            #[doc = concat!("As [`", stringify!($stream), "::try_read`].")]
            ///
            /// # Errors
            /// As there.
            pub fn try_read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.as_ref().try_read(buffer)
            }

            #[doc = concat!("As [`", stringify!($stream), "::try_read_buf`].")]
            ///
            /// # Errors
            /// As there.
            pub fn try_read_buf<B: bytes::BufMut>(&self, buffer: &mut B) -> std::io::Result<usize> {
                self.as_ref().try_read_buf(buffer)
            }
        })+
    };
}

/// What both kinds of a writing half have.
macro_rules! writing {
    ($stream:ident: $($half:ty),+) => {
        $(impl $half {
            #[doc = concat!("As [`", stringify!($stream), "::writable`].")]
            ///
            /// # Errors
            /// When the connection has gone.
            pub async fn writable(&self) -> std::io::Result<()> {
                self.as_ref().writable().await
            }

            #[doc = concat!("As [`", stringify!($stream), "::try_write`].")]
            ///
            /// # Errors
            /// As there.
            pub fn try_write(&self, data: &[u8]) -> std::io::Result<usize> {
                self.as_ref().try_write(data)
            }
        })+
    };
}

/// What all halves have.
macro_rules! both {
    ($stream:ident, $address:ty: $($half:ty),+) => {
        $(impl $half {
            #[doc = concat!("As [`", stringify!($stream), "::ready`].")]
            ///
            /// # Errors
            /// When the connection has gone.
            pub async fn ready(&self, interest: $crate::transport::Readiness) -> std::io::Result<$crate::transport::Readiness> {
                self.as_ref().ready(interest).await
            }

            /// This end.
            ///
            /// # Errors
            /// When the connection has gone.
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.as_ref().local_addr()
            }

            /// The other end.
            ///
            /// # Errors
            /// When the connection has gone.
            pub fn peer_addr(&self) -> std::io::Result<$address> {
                self.as_ref().peer_addr()
            }
        })+
    };
}
pub(super) use {both, reading, writing};
