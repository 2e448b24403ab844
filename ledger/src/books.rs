//! temporary
#![allow(missing_docs)]
mod effects;
pub use effects::{Line, Reference};
