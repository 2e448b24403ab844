//! Counters of what the node does, in the text format of Prometheus. No account, key or address is in them.

use klaver_ledger::engine::Outcome;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the histogram of commit times, in microseconds.
const COMMIT_MICROS: [u64; 8] = [200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 500_000];

/// What the ledger and the community data know themselves.
pub struct Known {
    /// Records in the ledger.
    pub size: u64,
    /// Records under the published checkpoint.
    pub published_size: u64,
    /// Whether nothing is recorded now.
    pub is_read_only: bool,
    /// Times that community data were not written, or what was erased stayed on the disk for longer.
    pub community_failures: u64,
    /// What does not work beside the journal, and makes the next start slower: views, snapshot.
    pub store_troubles: u64,
}

/// The counters.
#[derive(Default)]
pub struct Metrics {
    /// Entries that wait for the writer now.
    pub queued: AtomicU64,
    /// Entries that were recorded.
    pub recorded: AtomicU64,
    /// Entries that had been recorded before.
    pub known: AtomicU64,
    /// Entries that the rules declined.
    pub declined: AtomicU64,
    /// Groups that were made durable.
    pub groups: AtomicU64,
    /// Entries turned away because the queue was full.
    pub turned_away_busy: AtomicU64,
    /// Connections that are open now.
    pub connections: AtomicU64,
    /// Connections turned away because there were too many.
    pub connections_turned_away: AtomicU64,
    /// Connections closed because they were too slow.
    pub connections_too_slow: AtomicU64,
    /// Cosignatures that witnesses gave.
    pub cosignatures: AtomicU64,
    /// Times that a witness was asked and gave none.
    pub cosignatures_missed: AtomicU64,
    /// Times that a witness contradicted our log.
    pub witness_alarms: AtomicU64,
    /// Records under the newest checkpoint that a quorum of witnesses cosigned.
    pub witnessed_records: AtomicU64,
    /// Requests answered, by the first digit of the status: 1xx to 5xx.
    pub answers: [AtomicU64; 5],
    /// Records that were read again since the start, and compared with the log.
    pub checked: AtomicU64,
    /// Differences that were found so.
    pub differences: AtomicU64,
    commit_buckets: [AtomicU64; COMMIT_MICROS.len()],
    commit_micros: AtomicU64,
}

impl Metrics {
    /// Counts a group that took `elapsed` to decide and make durable.
    pub fn group(&self, outcomes: &[Outcome], elapsed: Duration) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        for outcome in outcomes {
            let counter = match outcome {
                Outcome::Recorded(_) => &self.recorded,
                Outcome::Known(_) => &self.known,
                Outcome::Declined(_) | Outcome::LacksSigners(_) | Outcome::Unanswered { .. } => {
                    &self.declined
                }
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
        for (bound, bucket) in COMMIT_MICROS.iter().zip(&self.commit_buckets) {
            if micros <= *bound {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Counts an answer with `status`.
    pub fn answer(&self, status: u16) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.answers[class].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns everything as text, with what others know.
    pub fn to_text(&self, known: &Known) -> String {
        let mut text = String::with_capacity(2_048);
        let mut line = |name: &str, kind: &str, help: &str, value: u64| {
            let _ = write!(
                text,
                "# HELP klaver_{name} {help}\n# TYPE klaver_{name} {kind}\nklaver_{name} {value}\n"
            );
        };
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        line("records", "gauge", "Records in the ledger.", known.size);
        line("published_records", "gauge", "Records under the published checkpoint.", known.published_size);
        line("read_only", "gauge", "1 when nothing is recorded.", known.is_read_only.into());
        let failures = known.community_failures;
        line(
            "community_failures_total",
            "counter",
            "Community data not written, or not erased yet.",
            failures,
        );
        let troubles = known.store_troubles;
        line(
            "store_troubles",
            "gauge",
            "Views or snapshot that cannot be written; the journal is safe.",
            troubles,
        );
        line("checked_records", "gauge", "Records read again since the start.", get(&self.checked));
        let differences = get(&self.differences);
        line("differences_total", "counter", "Stored records that are not what the log says.", differences);
        line("queue_entries", "gauge", "Entries waiting for the writer.", get(&self.queued));
        line("entries_recorded_total", "counter", "Entries recorded.", get(&self.recorded));
        line("entries_known_total", "counter", "Entries sent again.", get(&self.known));
        line("entries_declined_total", "counter", "Entries declined by the rules.", get(&self.declined));
        line(
            "entries_busy_total",
            "counter",
            "Entries turned away by a full queue.",
            get(&self.turned_away_busy),
        );
        line("connections", "gauge", "Open connections.", get(&self.connections));
        let turned_away = get(&self.connections_turned_away);
        line("connections_turned_away_total", "counter", "Connections beyond the cap.", turned_away);
        let too_slow = get(&self.connections_too_slow);
        line("connections_too_slow_total", "counter", "Connections closed for being slow.", too_slow);
        line("witnessed_records", "gauge", "Records that a quorum cosigned.", get(&self.witnessed_records));
        line("cosignatures_total", "counter", "Cosignatures of witnesses.", get(&self.cosignatures));
        let missed = get(&self.cosignatures_missed);
        line("cosignatures_missed_total", "counter", "Times a witness gave none.", missed);
        let alarms = get(&self.witness_alarms);
        line("witness_alarms_total", "counter", "Times a witness contradicted the log.", alarms);
        text.push_str(
            "# HELP klaver_answers_total Requests answered.\n# TYPE klaver_answers_total counter\n",
        );
        for (class, counter) in (1..).zip(&self.answers) {
            let _ = writeln!(text, "klaver_answers_total{{status=\"{class}xx\"}} {}", get(counter));
        }
        text.push_str("# HELP klaver_commit_seconds Time to decide a group and make it durable.\n");
        text.push_str("# TYPE klaver_commit_seconds histogram\n");
        for (bound, bucket) in COMMIT_MICROS.iter().zip(&self.commit_buckets) {
            let seconds = *bound as f64 / 1e6;
            let _ = writeln!(text, "klaver_commit_seconds_bucket{{le=\"{seconds}\"}} {}", get(bucket));
        }
        let (groups, seconds) = (get(&self.groups), get(&self.commit_micros) as f64 / 1e6);
        let _ = writeln!(text, "klaver_commit_seconds_bucket{{le=\"+Inf\"}} {groups}");
        let _ = writeln!(text, "klaver_commit_seconds_sum {seconds}\nklaver_commit_seconds_count {groups}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_lands_in_every_bucket_above_it() {
        let metrics = Metrics::default();
        metrics.group(&[], Duration::from_micros(700));
        metrics.answer(422);
        let known = Known {
            size: 7,
            published_size: 5,
            is_read_only: true,
            community_failures: 3,
            store_troubles: 1,
        };
        let text = metrics.to_text(&known);
        for line in [
            "klaver_records 7",
            "klaver_published_records 5",
            "klaver_read_only 1",
            "klaver_community_failures_total 3",
            "klaver_store_troubles 1",
            "klaver_answers_total{status=\"4xx\"} 1",
            "klaver_commit_seconds_bucket{le=\"0.0005\"} 0",
            "klaver_commit_seconds_bucket{le=\"0.001\"} 1",
            "klaver_commit_seconds_bucket{le=\"+Inf\"} 1",
            "klaver_commit_seconds_count 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
    }
}
