//! The journal under everything that can happen to a disk.

mod files;
mod groups;
mod sweeps;
