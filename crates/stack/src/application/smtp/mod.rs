//! SMTP (RFC 5321): mail from one host to another.
//!
//! | file | holds |
//! |---|---|
//! | `codec/` | lines, requests, replies, addresses, texts with their dots, stored messages |

pub mod codec;
