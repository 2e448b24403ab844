//! Says where the pages' scripts and styles are, so that they become part of the program.
//!
//! `make web` makes them. It is never run from here: without them everything builds and is tested, and the pages that
//! need them say what to do.

use std::path::Path;
use std::{env, fs};

fn main() {
    let own = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let made = Path::new(&own).join("web/dist");
    println!("cargo:rerun-if-changed={}", made.join("manifest.json").display());
    let folder = if made.join("manifest.json").is_file() {
        made
    } else {
        let empty = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("no-pages");
        fs::create_dir_all(&empty).expect("cargo's own directory can be written");
        empty
    };
    println!("cargo:rustc-env=KLAVER_WEB_DIST={}", folder.display());
}
