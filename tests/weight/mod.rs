//! First values of weights, and the files they are kept in.

mod file;
mod init;
mod layout;
