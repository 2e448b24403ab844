//! For calendars (RFC 5545): the sessions that anybody can join with when organisations meet, of all and of one.

use super::App;
use super::extract::IdPath;
use super::pages::Visit;
use super::problem::Answer;
use crate::service::{Service, unknown_organisation};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use klaver_api::text::timestamp;
use klaver_api::{Gathering, Task, TaskSession, paths};

/// Longest line, in bytes.
const LINE_BYTES_MAX: usize = 75;

/// `/tasks.ics`: all of it, in the visitor's language.
pub async fn calendar(State(app): State<App>, visit: Visit) -> Response {
    let service = &app.service;
    feed(service, &visit, &service.founded().name, service.tasks().tasks, &service.town_gatherings())
}

/// `/organisations/ID/calendar.ics`: what one organisation does.
///
/// # Errors
/// When there is no such organisation.
pub async fn of_organisation(
    State(app): State<App>,
    IdPath(id): IdPath,
    visit: Visit,
) -> Result<Response, Answer> {
    let service = &app.service;
    let id = id.ok_or_else(unknown_organisation)?;
    let found = service.organisation(&id)?;
    let meets = found.gatherings.into_iter().map(|one| (found.id.clone(), found.name.clone(), one));
    let meets: Vec<_> = meets.collect();
    Ok(feed(service, &visit, &found.name, service.tasks_of(&id), &meets))
}

fn feed(
    service: &Service,
    visit: &Visit,
    name: &str,
    tasks: Vec<Task>,
    meets: &[(String, String, Gathering)],
) -> Response {
    let public = &service.config().public_url;
    let host = public.split("://").nth(1).unwrap_or_default().to_owned();
    let stamp = compact(&klaver_ledger::time::Timestamp::to_string(&crate::clock::wall_clock()));
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Klaver//Tasks//EN".to_owned(),
        format!("NAME:{}", escaped(name)),
        format!("X-WR-CALNAME:{}", escaped(name)),
    ];
    for task in tasks {
        for session in &task.sessions {
            let what = visit.language.say(&format!("web.task_{}", task.picture), &[]);
            let address = format!("{public}/tasks/{}", task.id);
            lines.extend(event(&task, session, &[&what, &address, &host, &stamp]));
        }
    }
    for (id, name, one) in meets {
        let address = format!("{public}{}", paths::fill(paths::ORGANISATION_PAGE, id));
        lines.extend(gathering(name, one, &[&address, &host, &stamp]));
    }
    lines.push("END:VCALENDAR".to_owned());
    let text: String = lines.iter().map(|line| folded(line)).collect();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("accept-language, cookie")),
    ];
    (headers, text).into_response()
}

fn gathering(name: &str, one: &Gathering, [address, host, stamp]: &[&str; 3]) -> Vec<String> {
    let place = one.address.as_ref().map_or_else(|| name.to_owned(), |at| format!("{name}, {at}"));
    vec![
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@{host}", one.id),
        format!("DTSTAMP:{stamp}"),
        format!("DTSTART:{}", compact(&one.starts_at)),
        format!("DURATION:PT{}M", one.minutes),
        format!("SUMMARY:{}", escaped(&one.what)),
        format!("URL:{address}"),
        format!("LOCATION:{}", escaped(&place)),
        "END:VEVENT".to_owned(),
    ]
}

fn event(task: &Task, session: &TaskSession, [what, address, host, stamp]: &[&str; 4]) -> Vec<String> {
    let mut lines = vec![
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@{host}", session.id),
        format!("DTSTAMP:{stamp}"),
        format!("DTSTART:{}", compact(&session.starts_at)),
        format!("DURATION:PT{}M", session.minutes),
        format!("SUMMARY:{}", escaped(&format!("{what} ({})", task.how_many))),
        format!("DESCRIPTION:{}", escaped(&task.for_whom)),
        format!("URL:{address}"),
    ];
    lines.extend(session.place.as_ref().map(|place| format!("LOCATION:{}", escaped(place))));
    lines.push("END:VEVENT".to_owned());
    lines
}

/// Returns `2026-11-28T13:00:00.000Z` as `20261128T130000Z`.
fn compact(moment: &str) -> String {
    let whole = timestamp("moment", moment).map(|at| at.to_string()).unwrap_or_default();
    let digits: String = whole.chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{digits}Z")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// Returns a line broken where it is too long, as the format wants, with its end.
fn folded(line: &str) -> String {
    let (mut text, mut width) = (String::with_capacity(line.len() + 8), 0);
    for c in line.chars() {
        if width + c.len_utf8() > LINE_BYTES_MAX {
            text.push_str("\r\n ");
            width = 1;
        }
        width += c.len_utf8();
        text.push(c);
    }
    text.push_str("\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_and_a_text_are_as_calendars_read_them() {
        assert_eq!(compact("2026-11-28T13:00:00.000Z"), "20261128T130000Z");
        assert_eq!(escaped("a, b; c\\d"), "a\\, b\\; c\\\\d");
    }

    #[test]
    fn a_long_line_is_folded_between_letters() {
        let folded = folded(&"é".repeat(80));
        assert!(folded.lines().all(|line| line.len() <= LINE_BYTES_MAX));
        assert_eq!(folded.replace("\r\n ", "").trim_end(), "é".repeat(80));
    }
}
