//! The files of test vectors: what a second implementation must reproduce.

use crate::workspace::root;
use serde_json::Value;

/// Compares `value` with `docs/spec/vectors/NAME.json`, byte for byte; rewrites the file when the environment
/// has `KLAVER_UPDATE_VECTORS=1`.
///
/// # Panics
/// When they differ, naming the first line that does.
pub fn check(name: &str, value: &Value) {
    let mut text = serde_json::to_string_pretty(value).expect("JSON can be written");
    text.push('\n');
    let path = root().join("docs/spec/vectors").join(format!("{name}.json"));
    if std::env::var_os("KLAVER_UPDATE_VECTORS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let file = std::fs::read_to_string(&path).unwrap_or_default();
    if file == text {
        return;
    }
    let line = file.lines().zip(text.lines()).take_while(|(old, new)| old == new).count();
    panic!(
        "{name}.json, line {}: the file says {:?}, the code says {:?}. A change of bytes that others hold is a new \
         version; if it is meant, say so in docs/spec and run with KLAVER_UPDATE_VECTORS=1",
        line + 1,
        file.lines().nth(line).unwrap_or("nothing"),
        text.lines().nth(line).unwrap_or("nothing"),
    );
}

/// Returns the file of vectors `NAME.json`.
///
/// # Panics
/// When it is missing or no JSON.
pub fn read(name: &str) -> Value {
    let text = crate::workspace::read(&format!("docs/spec/vectors/{name}.json"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}.json: {error}"))
}

/// Returns lowercase hexadecimal text.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    data_encoding::HEXLOWER.encode(bytes.as_ref())
}

/// Returns the bytes of hexadecimal text.
///
/// # Panics
/// When it is no text in lowercase hexadecimal.
pub fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a text");
    data_encoding::HEXLOWER.decode(text.as_bytes()).expect("lowercase hexadecimal")
}
