//! Who has looked at the ledger, for everybody: the newest note of an auditor, and the witnesses of the log.

use super::frame::{Page, icon};
use crate::service::{Service, WitnessedHead, WitnessedLog};
use maud::{Markup, html};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Says how far auditors and witnesses have come, and how long ago.
pub fn state(page: &Page, service: &Service) -> Markup {
    let (audited, audit) = audit(page, service);
    let (witnessed, witnesses) = witnesses(page, service.witnessed_log());
    html! {
        p { (icon(picture(audited))) (audit) }
        p { (icon(picture(witnessed))) (witnesses) " " (page.say("home_witnesses_what")) }
    }
}

/// Returns the hash of the auditor's note, for whoever was given the note itself.
pub fn hash(page: &Page, service: &Service) -> Markup {
    html! {
        @if let Some(note) = service.audit_note() {
            p { (page.say("home_audit_hash")) }
            code { (note.document) }
        }
    }
}

fn picture(done: bool) -> &'static str {
    if done { "tick" } else { "hand" }
}

fn audit(page: &Page, service: &Service) -> (bool, String) {
    let Some(note) = service.audit_note() else { return (false, page.say("home_audit_none")) };
    let (size, index) = (note.size.to_string(), note.index.to_string());
    let ago = ago(page, note.age_seconds);
    (true, page.say_with("home_audit", &[("size", &size), ("index", &index), ("ago", &ago)]))
}

fn witnesses(page: &Page, log: Option<WitnessedLog>) -> (bool, String) {
    let Some(WitnessedLog { total, seen }) = log else { return (false, page.say("home_witnesses_none")) };
    let total = total.to_string();
    let Some(WitnessedHead { size, count, age_seconds }) = seen else {
        return (false, page.say_with("home_witnesses_wait", &[("total", &total)]));
    };
    let (size, count, ago) = (size.to_string(), count.to_string(), ago(page, age_seconds));
    let values = [("count", &*count), ("total", &*total), ("size", &*size), ("ago", &*ago)];
    (true, page.say_with("home_witnesses", &values))
}

/// Says in words how long ago something was.
fn ago(page: &Page, seconds: u64) -> String {
    let count = |number: u64, key: &str| page.say_with(key, &[("count", &number.to_string())]);
    match seconds {
        0..HOUR => page.say("home_ago_soon"),
        HOUR..DAY => count(seconds / HOUR, "home_ago_hours"),
        _ if seconds < 2 * DAY => page.say("home_ago_day"),
        _ => count(seconds / DAY, "home_ago_days"),
    }
}
