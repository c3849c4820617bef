//! Whether a socket would wait: what connections, sockets of datagrams, and their kin within the host have in common.

/// Gives a type with a field `socket` what tokio's sockets have for those who ask before they call.
macro_rules! readiness {
    ($socket:ty) => {
        impl $socket {
            /// Waits until it is ready for any of `interest`, and says for which. An error, and the end of a stream, are
            /// ready to be read.
            ///
            /// # Errors
            /// When the socket has gone.
            pub async fn ready(
                &self,
                interest: $crate::transport::Readiness,
            ) -> std::io::Result<$crate::transport::Readiness> {
                self.socket.until(interest, move |host, _, id| host.ready(id, interest)).await
            }

            /// Waits until there is something to read.
            ///
            /// # Errors
            /// When the socket has gone.
            pub async fn readable(&self) -> std::io::Result<()> {
                self.ready($crate::transport::Readiness::READ).await.map(drop)
            }

            /// Waits until there is room to write.
            ///
            /// # Errors
            /// When the socket has gone.
            pub async fn writable(&self) -> std::io::Result<()> {
                self.ready($crate::transport::Readiness::WRITE).await.map(drop)
            }

            /// Does `io` where the socket is ready for `interest`.
            ///
            /// # Errors
            /// `WouldBlock` where it is not, or what `io` says.
            pub fn try_io<R>(
                &self,
                interest: $crate::transport::Readiness,
                io: impl FnOnce() -> std::io::Result<R>,
            ) -> std::io::Result<R> {
                self.socket.call(|host, _, id| host.ready(id, interest))?;
                io()
            }

            /// Does `io` until it no longer says `WouldBlock`, waiting for `interest` in between.
            ///
            /// # Errors
            /// What `io` says.
            pub async fn async_io<R>(
                &self,
                interest: $crate::transport::Readiness,
                mut io: impl FnMut() -> std::io::Result<R>,
            ) -> std::io::Result<R> {
                loop {
                    self.ready(interest).await?;
                    match io() {
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                        done => return done,
                    }
                }
            }

            /// The error that waits, which is no more from then on (`SO_ERROR`).
            ///
            /// # Errors
            /// When the socket has gone.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.socket.take_error()
            }
        }
    };
}
pub(super) use readiness;
