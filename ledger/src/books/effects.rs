//! temporary
#![allow(missing_docs)]
use crate::id::{AccountId, Digest, RequestId, TaskId};
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line { pub account: AccountId, pub seq: u64, pub debit: u64, pub credit: u64, pub reference: Option<Reference> }
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference { Request(RequestId), Task(TaskId), Line { index: u64, line: u64 }, State(Digest) }
