//! Takes the pages' scripts and styles into the program.
//!
//! `make web` makes them. It is never run from here: without them everything builds and is tested, and the pages that
//! need them say what to do.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let own = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let made = Path::new(&own).join("web/dist");
    println!("cargo:rerun-if-changed={}", made.display());
    // Where nothing was made there is no directory, and the table is empty.
    let files: Vec<fs::DirEntry> =
        fs::read_dir(&made).map(|entries| entries.filter_map(Result::ok).collect()).unwrap_or_default();
    let mut names: Vec<String> =
        files.iter().filter_map(|file| file.file_name().into_string().ok()).collect();
    names.sort();
    let mut table = String::from("&[\n");
    for name in names {
        let path = made.join(&name);
        let _ = writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    table.push_str("]\n");
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("pages.rs");
    fs::write(out, table).expect("cargo's own directory can be written");
}
