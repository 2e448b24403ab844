//! HTTP around the service: the accept loop, thin handlers, and the words for every refusal.

pub mod accept;
pub mod problem;

pub mod accounts;
pub mod assets;
pub mod audit;
pub mod budgets;
pub mod calendar;
pub mod codes;
pub mod coordination;
pub mod entries;
pub mod extract;
pub mod inbox;
pub mod joining;
pub mod log;
pub mod operating;
pub mod organisations;
pub mod pages;
pub mod pairings;
pub mod papers;
pub mod pioneers;
pub mod pots;
pub mod promises;
pub mod requests;
pub mod sessions;
pub mod succession;
pub mod tasks;
pub mod tills;
pub mod witnesses;
pub mod wrong;

use crate::service::Service;
use std::sync::Arc;
use tokio::sync::watch;

/// What every handler is given.
#[derive(Clone)]
pub struct App {
    /// The node.
    pub service: Arc<Service>,
    /// Changes when the node stops: streams end then.
    pub stopping: watch::Receiver<bool>,
}
