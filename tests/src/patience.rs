//! Waiting for what happens on another process's clock: asked again and again, bounded in time.

use std::time::{Duration, Instant};

/// How long something may take that happens on the next beat, on a busy machine.
pub const BEATS: Duration = Duration::from_secs(30);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within `time`; `what` says what was waited for.
pub fn within<T>(time: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + time;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < until, "no {what} within {time:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
