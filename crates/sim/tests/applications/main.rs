//! Applications that move files and mail, on whole networks: what they do, and what they leave when the network or they
//! themselves break.

mod bounds;
mod ftp;
mod ftp_faults;
mod ftp_server;
mod get;
mod smtp;
mod smtp_faults;
mod smtp_server;
mod talk;
mod wire;
