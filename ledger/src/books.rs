//! temporary
#![allow(missing_docs)]
pub mod effects;
