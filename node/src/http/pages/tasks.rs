//! Tasks for people: the list, one task, bringing one, the client's own page. All of it works without a script.

use super::frame::{Page, icon, picture, where_it_is};
use super::language::Visit;
use super::organisations::elsewhere;
use super::pots::along;
use super::when::{day, day_as_kept, time_of_day};
use super::{Missing, unknown};
use crate::http::App;
use crate::http::extract::{PagePath, VisitorAddress, read_form};
use crate::service::{PICTURES, Refused, Service};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use klaver_api::text::timestamp;
use klaver_api::{BringTask, Task, TaskSession, TaskStateJson, WhyNotJson, paths};
use klaver_ledger::id::TaskId;
use klaver_ledger::link::CodeId;
use klaver_locales::Language;
use maud::{Markup, html};
use serde_json::{Value, json};

/// `/tasks`: what anybody can join.
pub async fn tasks(State(app): State<App>, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    page.title(page.say("tasks_title"));
    let (tasks, meets) = (app.service.tasks().tasks, app.service.town_gatherings());
    let body = html! {
        h1 { (page.heading()) }
        p.lead { (page.say("tasks_lead")) }
        @if tasks.is_empty() { p { (page.say("tasks_none")) " " (page.say("tasks_none_next")) } }
        ul.lines { @for task in &tasks { li { (task_line(&page, &app.service, task)) } } }
        (elsewhere(&page, &app.service, &meets))
        @if !meets.is_empty() || tasks.iter().any(|task| !task.sessions.is_empty()) {
            div.actions { a.button.quiet href=(paths::CALENDAR) { (icon("down")) (page.say("tasks_calendar")) } }
        }
        (along(&page, &app.service))
        (call(&page, tasks.is_empty()))
    };
    page.respond(StatusCode::OK, None, &body)
}

/// The tasks that begin first, for the town square; nothing where there are none.
pub fn joinable(page: &Page, service: &Service) -> Markup {
    let tasks = service.tasks().tasks;
    html! {
        @if !tasks.is_empty() {
            section {
                h2 { (icon("people")) (page.say("tasks_title")) }
                ul.lines { @for task in tasks.iter().take(3) { li { (task_line(page, service, task)) } } }
                div.actions { a.button.quiet href=(paths::TASKS_PAGE) { (icon("list")) (page.say("tasks_all")) } }
            }
        }
    }
}

/// The places where people help together, each with the moment that begins first there, and the way to join it.
pub fn meeting_places(page: &Page, service: &Service, listed: &[(String, Option<String>)]) -> Markup {
    let tasks = service.tasks().tasks;
    let next = |name: &str| {
        let here = tasks.iter().filter(|task| task.place.as_deref().map(place_of) == Some(name));
        let sessions = here.flat_map(|task| task.sessions.iter().map(move |session| (task, session)));
        sessions.min_by(|(_, one), (_, other)| one.starts_at.cmp(&other.starts_at))
    };
    html! {
        section #places {
            h2 { (icon("people")) (page.say("home_places")) }
            @if listed.is_empty() { p { (page.say("home_places_none")) } }
            @else { p { (page.say("home_places_text")) } }
            ul.names {
                @for (name, address) in listed {
                    li {
                        (name) (where_it_is(address.as_deref()))
                        @if let Some((task, session)) = next(name) {
                            a.way href={ "/tasks/" (task.id) } {
                                (page.say_with("home_next", &[("when", &moment(page, service, session))]))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns what a place is called, whoever pays for what it gives: its accounts are called `place · funder`.
pub fn place_of(name: &str) -> &str {
    name.split(" · ").next().unwrap_or(name)
}

/// The standing call for tasks, with the way to bring one: the main thing to do where there is no other.
pub fn call(page: &Page, is_main: bool) -> Markup {
    html! {
        section {
            h2 { (icon("hand")) (page.say("home_call")) }
            p { (page.say("home_call_text")) }
            div.actions { a.button.main[is_main] href=(paths::BRING_PAGE) { (icon("mail")) (page.say("task_bring")) } }
        }
    }
}

pub(super) fn task_line(page: &Page, service: &Service, task: &Task) -> Markup {
    let first = task.sessions.first();
    html! {
        a href={ "/tasks/" (task.id) } {
            (picture(&task.picture))
            span.words {
                strong { (title(page, task)) }
                span.small { (page.say_with("task_for", &[("whom", &task.for_whom)])) }
                @if let Some(place) = &task.place { span.small { (place) } }
                @match first {
                    Some(session) => { span.small { (moment(page, service, session)) } span.small { (places(page, session)) } }
                    None => span.small { (page.say("task_no_session")) },
                }
            }
        }
    }
}

/// Returns what a task is called: its picture in words, and how many.
fn title(page: &Page, task: &Task) -> String {
    format!("{} ({})", page.say(&format!("task_{}", task.picture)), task.how_many)
}

fn moment(page: &Page, service: &Service, session: &TaskSession) -> String {
    from_until(page, service, &session.starts_at, session.minutes)
}

/// Says when something begins and ends, by the clocks of the community.
pub(super) fn from_until(page: &Page, service: &Service, starts_at: &str, minutes: u16) -> String {
    let zone = &service.config().time_zone;
    let Ok(starts_at) = timestamp("starts_at", starts_at) else { return String::new() };
    let ends_at = starts_at.seconds() + u64::from(minutes) * 60;
    let (from, until) = (time_of_day(starts_at.seconds(), zone), time_of_day(ends_at, zone));
    page.say_with(
        "task_when",
        &[("day", &day(page, starts_at.seconds(), zone)), ("from", &from), ("until", &until)],
    )
}

fn places(page: &Page, session: &TaskSession) -> String {
    match session.left {
        0 => page.say("task_full"),
        1 => page.say("task_place_left"),
        left => page.say_with("task_places_left", &[("left", &left.to_string())]),
    }
}

/// `/tasks/ID`: one task, with its sessions.
pub async fn task(State(app): State<App>, PagePath(id): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let found = TaskId::from_hex(&id).and_then(|id| app.service.task(&id).ok());
    let Some(task) = found else { return unknown(page, Missing::Task) };
    page.title(title(&page, &task));
    let body = html! {
        h1 { (picture(&task.picture)) " " (page.heading()) }
        p.lead { (page.say_with("task_for", &[("whom", &task.for_whom)])) }
        (about(&page, &app.service, &task))
        h2 { (icon("clock")) (page.say("task_sessions")) }
        @if task.sessions.is_empty() { p { (page.say("task_no_session_long")) } }
        @for session in &task.sessions {
            section.session {
                p { strong { (moment(&page, &app.service, session)) } br;
                    span data-left=(session.id) { (places(&page, session)) } ". "
                    (page.say(&format!("task_difficulty_{}", session.difficulty))) "." }
                @if session.left == 0 { p { (page.say("task_full_next")) } }
                div.actions data-session=(session.id) {}
            }
        }
        noscript { p.note { (icon("hand")) (page.say("task_join_without_script")) } }
        div #action {}
        div.actions { a.button.quiet href=(paths::TASKS_PAGE) { (icon("back")) (page.say("tasks_back")) } }
    };
    page.data(json!({ "sessions": task.sessions }));
    page.respond(StatusCode::OK, Some("session"), &body)
}

/// What anybody may know of a task, besides its sessions.
fn about(page: &Page, service: &Service, task: &Task) -> Markup {
    let postures = [("sitting", task.sitting), ("standing", task.standing), ("lifting", task.lifting)];
    let postures: Vec<String> =
        postures.iter().filter(|(_, is)| *is).map(|(name, _)| page.say(&format!("task_{name}"))).collect();
    html! {
        dl {
            @if let Some(place) = &task.place { dt { (page.say("task_place")) } dd { (place) (where_it_is(task.address.as_deref())) } }
            @if let Some(day) = &task.ready_by { dt { (page.say("task_ready_by")) } dd { (day_as_kept(page, day, &service.config().time_zone)) } }
            @if !postures.is_empty() { dt { (page.say("task_how")) } dd { (postures.join(", ")) } }
            @if task.state == TaskStateJson::Done {
                dt { (page.say("task_state")) } dd { (page.say("task_finished")) }
            } @else if task.progress > 0 {
                dt { (page.say("task_progress")) }
                dd { @if task.progress == 50 { (page.say("task_half")) } @else { (page.say_with("task_part", &[("part", &task.progress.to_string())])) } }
            }
        }
        @if let Some(thanks) = &task.thanks { p.small { (page.say("task_thanks")) } blockquote { (thanks) } }
    }
}

/// `/tasks/new`: bringing a task, in five fields.
pub async fn bring(State(app): State<App>, visit: Visit) -> Response {
    bring_form(Page::new(&app.service, visit), &Typed::default(), None)
}

/// What somebody typed, as it came.
#[derive(Default)]
struct Typed {
    picture: String,
    for_whom: String,
    how_many: String,
    ready_by: String,
    brought_by: String,
}

/// `POST /tasks/new`: takes it, or says what is missing.
pub async fn take(
    State(app): State<App>,
    visit: Visit,
    VisitorAddress(address): VisitorAddress,
    body: Body,
) -> Response {
    let page = Page::new(&app.service, visit);
    let form = read_form(body).await;
    let field = |name: &str| form.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let typed = Typed {
        picture: field("picture"),
        for_whom: field("for_whom"),
        how_many: field("how_many"),
        ready_by: field("ready_by"),
        brought_by: field("brought_by"),
    };
    let asked = BringTask {
        picture: typed.picture.clone(),
        for_whom: typed.for_whom.clone(),
        how_many: typed.how_many.clone(),
        ready_by: Some(typed.ready_by.clone()).filter(|day| !day.is_empty()),
        brought_by: typed.brought_by.clone(),
    };
    match app.service.bring_task(&asked, address).await {
        Ok(brought) => see_other(&format!("{}?new", brought.link)),
        Err(Refused::Field(fault)) => bring_form(page, &typed, Some(fault.field)),
        Err(Refused::TooMany { .. }) => trouble(page, StatusCode::TOO_MANY_REQUESTS, "task_bring_many"),
        Err(_) => trouble(page, StatusCode::SERVICE_UNAVAILABLE, "why_read_only"),
    }
}

/// Says that it cannot be done now.
pub(super) fn trouble(page: Page, status: StatusCode, key: &str) -> Response {
    let body = html! { h1 { (page.heading()) } p.note { (icon("clock")) (page.say(key)) } };
    page.respond(status, None, &body)
}

/// Leads on after a form.
pub(super) fn see_other(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(address) => (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn bring_form(mut page: Page, typed: &Typed, fault: Option<&'static str>) -> Response {
    page.title(page.say("task_bring"));
    let says = |name: &str| match fault {
        Some(wrong) if wrong == name => {
            page.say(if name == "picture" { "task_choose" } else { "task_fill_in" })
        }
        _ => String::new(),
    };
    let text = |name: &'static str, value: &str| {
        html! {
            div.field {
                label for=(name) { (page.say(&format!("task_ask_{name}"))) }
                input id=(name) name=(name) type="text" maxlength="80" autocomplete="off" required value=(value)
                    aria-describedby={ (name) "-hint " (name) "-fault" } aria-invalid=[(fault == Some(name)).then_some("true")];
                p.small id={ (name) "-hint" } { (page.say(&format!("task_hint_{name}"))) }
                p.fault role="alert" id={ (name) "-fault" } { (says(name)) }
            }
        }
    };
    let body = html! {
        h1 { (page.heading()) }
        p.lead { (page.say("task_bring_lead")) }
        form method="post" action=(paths::BRING_PAGE) {
            fieldset.pictures aria-describedby="picture-fault" {
                legend { (page.say("task_ask_picture")) }
                @for name in PICTURES.keys() {
                    label.task-picture {
                        input type="radio" name="picture" value=(name) required checked[typed.picture == *name];
                        (picture(name)) span { (page.say(&format!("task_{name}"))) }
                    }
                }
            }
            p.small { (page.say("task_picture_other")) }
            p #picture-fault .fault role="alert" { (says("picture")) }
            (text("for_whom", &typed.for_whom))
            (text("how_many", &typed.how_many))
            div.field {
                label for="ready_by" { (page.say("task_ask_ready_by")) }
                input #ready_by name="ready_by" type="date" value=(typed.ready_by)
                    aria-describedby="ready_by-fault" aria-invalid=[(fault == Some("ready_by")).then_some("true")];
                p.fault role="alert" id="ready_by-fault" { (says("ready_by")) }
            }
            (text("brought_by", &typed.brought_by))
            p.small { (page.say("task_bring_how")) }
            div.actions { button.button.main type="submit" { (icon("mail")) (page.say("task_bring_do")) }
                a.button href=(paths::TASKS_PAGE) { (icon("back")) (page.say("tasks_back")) } }
        }
    };
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page.respond(status, None, &body)
}

/// `/client/CODE`: how it goes with a task, for whoever brought it.
pub async fn client(
    State(app): State<App>,
    PagePath(code): PagePath,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
    visit: Visit,
) -> Response {
    let page = Page::new(&app.service, visit);
    client_page(page, &app.service, &code, query.as_deref() == Some("new"), false)
}

/// `POST /client/CODE`: a thank-you.
pub async fn thank(
    State(app): State<App>,
    PagePath(code): PagePath,
    visit: Visit,
    VisitorAddress(address): VisitorAddress,
    body: Body,
) -> Response {
    let page = Page::new(&app.service, visit);
    let form = read_form(body).await;
    let words = form.get("words").map(|text| text.trim().to_owned()).unwrap_or_default();
    let Ok(secret) = CodeId::parse(&code) else { return unknown(page, Missing::Task) };
    match app.service.thank(&secret.0, &words, address).await {
        Ok(()) => see_other(&paths::fill(paths::CLIENT_PAGE, secret)),
        Err(Refused::Unknown { .. }) => unknown(page, Missing::Task),
        Err(Refused::Field(_)) => client_page(page, &app.service, &code, false, true),
        Err(Refused::TooMany { .. }) => trouble(page, StatusCode::TOO_MANY_REQUESTS, "task_thank_many"),
        Err(_) => trouble(page, StatusCode::SERVICE_UNAVAILABLE, "why_read_only"),
    }
}

fn client_page(mut page: Page, service: &Service, code: &str, is_new: bool, is_faulty: bool) -> Response {
    let secret = CodeId::parse(code).ok();
    let Some(found) = secret.and_then(|secret| service.client_task(&secret.0).ok()) else {
        return unknown(page, Missing::Task);
    };
    let task = &found.task;
    page.title(title(&page, task));
    let state = match (task.state, found.why_not) {
        (TaskStateJson::Proposed, _) => page.say("task_client_proposed"),
        (TaskStateJson::Open, _) => match &task.place {
            Some(place) => page.say_with("task_client_open_by", &[("place", place)]),
            None => page.say("task_client_open"),
        },
        (TaskStateJson::Done, _) => page.say("task_client_finished"),
        (TaskStateJson::NotFeasible, why) => {
            format!("{} {}", page.say("task_client_not_feasible"), page.say(why_key(why)))
        }
    };
    let body = html! {
        h1 { (picture(&task.picture)) " " (page.heading()) }
        @if is_new { p.note.good { (icon("tick")) (page.say("task_client_new")) } p { (page.say("task_client_keep")) } }
        p.lead { (state) }
        @if task.state == TaskStateJson::NotFeasible { p { (page.say("task_client_not_feasible_next")) } }
        (about(&page, service, task))
        @for session in &task.sessions { p { (icon("clock")) " " (moment(&page, service, session)) } }
        @if matches!(task.state, TaskStateJson::Open | TaskStateJson::Done) {
            @if task.thanks.is_some() { p.note.good { (icon("tick")) (page.say("task_client_thanked")) } }
            form method="post" action={ "/client/" (code) } {
                div.field {
                    label for="words" { (page.say("task_client_thank")) }
                    textarea #words name="words" rows="3" maxlength="140" required aria-describedby="words-hint words-fault"
                        { (task.thanks.clone().unwrap_or_default()) }
                    p #words-hint .small { (page.say("task_client_thank_who")) }
                    p #words-fault .fault role="alert" { @if is_faulty { (page.say("task_client_thank_fault")) } }
                }
                div.actions { button.button.main type="submit" { (icon("tick")) (page.say("task_client_thank_do")) } }
            }
        }
        div #action {}
        @if task.state == TaskStateJson::NotFeasible {
            div.actions {
                a.button.main href=(paths::BRING_PAGE) { (icon("mail")) (page.say("task_bring_other")) }
                a.button.quiet href="/" { (icon("clover")) (page.say("to_square")) }
            }
        }
    };
    page.data(shared(&page, "task_client_share"));
    page.respond(if is_faulty { StatusCode::BAD_REQUEST } else { StatusCode::OK }, None, &body)
}

/// What a script needs to hand on the address of a page that has no other key.
pub(super) fn shared(page: &Page, words: &str) -> Value {
    let [share, copied, by_hand] = [words, "page_copied", "page_copy_by_hand"].map(|key| page.say(key));
    json!({ "share": share, "copied": copied, "copyByHand": by_hand })
}

fn why_key(why: Option<WhyNotJson>) -> &'static str {
    match why {
        Some(WhyNotJson::People) => "task_why_people",
        Some(WhyNotJson::Time) => "task_why_time",
        Some(WhyNotJson::Room) => "task_why_room",
        Some(WhyNotJson::PaidWork) => "task_why_paid_work",
        Some(WhyNotJson::Safety) | None => "task_why_safety",
    }
}

/// `/t/ID`: being there. The code is in the fragment, which only the visitor's own phone sees.
pub async fn check_in(State(app): State<App>, PagePath(id): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let found = CodeId::parse(&id).ok().and_then(|id| app.service.public_session(&TaskId(id.0)).ok());
    let Some(session) = found else { return unknown(page, Missing::Code) };
    page.title(page.say(&format!("task_{}", session.picture)));
    let body = html! {
        h1 { (picture(&session.picture)) " " (page.heading()) }
        p.lead { (moment(&page, &app.service, &session)) }
        @if let Some(place) = &session.place { p { (icon("people")) " " (place) (where_it_is(session.address.as_deref())) } }
        div #action {}
        noscript { p.note { (icon("hand")) (page.say("check_in_without_script")) } }
    };
    page.data(json!({ "checkIn": session }));
    page.respond(StatusCode::OK, Some("session"), &body)
}

/// `/poster/ID`: a session on paper, in two languages side by side. Its script draws the code out of the fragment.
pub async fn poster(State(app): State<App>, PagePath(id): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit.clone());
    let found = TaskId::from_hex(&id).and_then(|id| app.service.public_session(&id).ok());
    let Some(session) = found else { return unknown(page, Missing::Task) };
    page.title(page.say(&format!("task_{}", session.picture)));
    let columns = [page.language(), beside(page.language())].map(|language| {
        let other = Page::new(&app.service, Visit { language, ..visit.clone() });
        html! {
            section lang=(language.code()) {
                h2 { (other.say(&format!("task_{}", session.picture))) }
                p { strong { (moment(&other, &app.service, &session)) } }
                @if let Some(place) = &session.place { p { (place) (where_it_is(session.address.as_deref())) } }
                p { (other.say("poster_welcome")) }
                p { (other.say("poster_scan")) }
                p { (other.say("poster_no_phone")) }
            }
        }
    });
    let body = html! {
        h1.unseen { (page.heading()) }
        article.poster {
            p.poster-picture { (picture(&session.picture)) }
            div.columns { @for column in &columns { (column) } }
            div #action {}
        }
    };
    page.data(json!({ "poster": session }));
    page.respond(StatusCode::OK, Some("session"), &body)
}

/// Returns the language that stands beside another on paper.
pub(super) fn beside(language: Language) -> Language {
    if language == Language::Dutch { Language::French } else { Language::Dutch }
}

/// `/l/ID`: a right that is lent for today. What the code stands for is in the fragment.
pub async fn lent(State(app): State<App>, PagePath(id): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let Ok(id) = CodeId::parse(&id) else { return unknown(page, Missing::Code) };
    page.title(page.say("lent_title"));
    let text = match app.service.who_lends(&id) {
        Some(place) => page.say_with("lent_text_by", &[("place", &place)]),
        None => page.say("lent_text"),
    };
    let body = html! {
        h1 { (page.heading()) }
        p { (text) }
        div #action {}
        noscript { p.note { (page.say("needs_script")) } p { (page.say("needs_script_next")) } }
    };
    page.respond(StatusCode::OK, Some("lent"), &body)
}
