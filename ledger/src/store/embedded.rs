//! The store inside the node's own process: plain files in one directory, no server.
//!
//! In reading order: [`disk`] is the only place that touches files; [`frame`] and [`segment`] are the bytes of the
//! journal; [`journal`] appends groups durably, [`recovery`] opens a directory after whatever happened to it,
//! [`reader`] reads groups and single frames while the writer appends; [`anchor`] remembers the newest commit
//! outside the journal; [`inspect`] looks at a directory without changing it, [`read_only`] reads what is sound of a
//! damaged one; [`fault`] says what went wrong and what to do.

pub mod anchor;
mod block;
pub mod disk;
pub mod fault;
pub mod frame;
pub mod inspect;
pub mod journal;
mod ledger_store;
pub mod read_only;
pub mod reader;
pub mod recovery;
pub mod segment;
#[cfg(any(test, feature = "testing"))]
pub mod sim;
mod snapshot;
mod survey;
#[cfg(test)]
mod tests;
mod views;

pub use ledger_store::{EmbeddedReader, EmbeddedStore, Options, ViewsAt};
pub use read_only::{ReadOnlyStore, ledger_lock};
pub use views::Rows;
