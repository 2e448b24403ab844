//! Where the files of the project are, for checks that read them.

use std::path::{Path, PathBuf};

/// Returns the root of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_owned()
}

/// Returns the text of the file at `path` below the root.
///
/// # Panics
/// When it cannot be read, naming it.
pub fn read(path: &str) -> String {
    let file = root().join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Returns every Rust file below `directory` with its text, ordered by path; paths begin at the root.
///
/// # Panics
/// When a directory or file cannot be read.
pub fn rust_files(directory: &str) -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    let mut waiting = vec![root.join(directory)];
    while let Some(directory) = waiting.pop() {
        let Ok(listing) = std::fs::read_dir(&directory) else { continue };
        for item in listing {
            let path = item.expect("a directory can be listed").path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target" && name != "node_modules")
            {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
                found.push((name.clone(), read(&name)));
            }
        }
    }
    found.sort();
    found
}

/// Returns `text` up to its inline test module, with line numbers kept.
pub fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// Returns the number that the environment gives for `name`, else `usual`: how `tests/soak` asks for more rounds.
///
/// # Panics
/// When it is set and no number.
pub fn setting(name: &str, usual: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text}: a number belongs here")),
        Err(_) => usual,
    }
}
