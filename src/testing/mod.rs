//! Property tests of programs that talk over a network: a client, a server, and whatever may happen between them.
//!
//! A [`Case`] is drawn by proptest, shrinks, and shows itself as the scenario file that replays it: what a failing test
//! prints can be kept in a file and run again with [`Testbed::new`].
//!
//! ```
//! use proptest::prelude::*;
//! use wirelab::net::{TcpListener, TcpStream};
//! use wirelab::testing::Cases;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! proptest! {
//!     #![proptest_config(ProptestConfig::with_cases(20))]
//!     # fn name_of_the_test(case in Cases::default().strategy()) { check(&case); }
//!     # }
//!     # fn check(case: &wirelab::testing::Case) {
//!     # /*
//!     #[test]
//!     fn every_octet_comes_back(case in Cases::default().strategy()) {
//!     # */
//!         let mut bed = case.testbed();
//!         bed.service("server", "echo", || async {
//!             let listener = TcpListener::bind("10.0.0.2:7").await?;
//!             loop {
//!                 let (mut stream, _) = listener.accept().await?;
//!                 let mut text = Vec::new();
//!                 stream.read_to_end(&mut text).await?;
//!                 stream.write_all(&text).await?;
//!             }
//!         });
//!         bed.spawn("client", "client", async {
//!             let mut stream = TcpStream::connect("10.0.0.2:7").await?;
//!             stream.write_all(b"every octet").await?;
//!             stream.shutdown().await?;
//!             let mut text = Vec::new();
//!             stream.read_to_end(&mut text).await?;
//!             assert_eq!(text, b"every octet");
//!             Ok(())
//!         });
//!         bed.finish();
//!     # /*
//!     }
//!     # */
//! }
//! # name_of_the_test();
//! ```

mod case;
mod impairment;
mod testbed;

pub use case::{Case, Cases, Interval};
pub use impairment::{Corrupt, Impairment, Loss, impairment};
pub use testbed::Testbed;
