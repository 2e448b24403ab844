//! Organisations for people: who takes part, the page of each, and the own page of one without the currency behind a
//! private link. All of it works without a script.

use super::frame::{Page, icon, where_it_is};
use super::language::Visit;
use super::tasks::{from_until, see_other, shared, task_line, trouble};
use super::when::{moment_at, month};
use super::{Missing, once_each, unknown};
use crate::community::OrganisationRow;
use crate::http::App;
use crate::http::extract::{IdPath, PagePath, read_form};
use crate::service::{NewGathering, Refused, Service};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use klaver_api::{Gathering, MonthFigures, Organisation, OrganisationWords, paths};
use klaver_ledger::link::CodeId;
use maud::{Markup, html};
use std::collections::HashMap;

/// How many gatherings stand on a list that is about something else.
const SHOWN: usize = 10;

/// The way to the organisations, for the town square; nothing where none has a name.
pub fn way(page: &Page, service: &Service) -> Markup {
    html! {
        @if service.has_organisations() {
            section {
                h2 { (icon("people")) (page.say("organisations")) }
                p { (page.say("organisations_text")) }
                div.actions { a.button.quiet href=(paths::ORGANISATIONS_PAGE) { (icon("list")) (page.say("organisations_all")) } }
            }
        }
    }
}

/// When organisations without the currency meet, beside the tasks; nothing where they do not.
pub fn elsewhere(page: &Page, service: &Service, meets: &[(String, String, Gathering)]) -> Markup {
    html! {
        @if !meets.is_empty() {
            h2 { (icon("people")) (page.say("gatherings_title")) }
            p { (page.say("gatherings_text")) }
            ul.lines { @for (id, name, one) in meets.iter().take(SHOWN) {
                li { a href=(paths::fill(paths::ORGANISATION_PAGE, id)) { span.words {
                    strong { (one.what) }
                    span.small { (name) }
                    span.small { (from_until(page, service, &one.starts_at, one.minutes)) }
                } } }
            } }
        }
    }
}

/// `/organisations`: who takes part, and what all did together.
pub async fn all(State(app): State<App>, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    page.title(page.say("organisations"));
    let Ok(found) = app.service.organisations() else {
        return trouble(page, StatusCode::SERVICE_UNAVAILABLE, "why_read_only");
    };
    let list = |with_currency: bool, title: &str, text: &str| {
        let some: Vec<&Organisation> =
            found.organisations.iter().filter(|one| one.with_currency == with_currency).collect();
        html! {
            @if !some.is_empty() {
                section {
                    h2 { (icon("people")) (page.say(title)) }
                    p { (page.say(text)) }
                    ul.lines { @for one in some { li { (line(one)) } } }
                }
            }
        }
    };
    let body = html! {
        h1 { (page.heading()) }
        p.lead { (page.say("organisations_text")) }
        @if found.organisations.is_empty() { p { (page.say("organisations_none")) } }
        (list(true, "organisations_with", "organisations_with_text"))
        (list(false, "organisations_without", "organisations_without_text"))
        @if !found.organisations.is_empty() {
            section {
                h2 { (icon("clover")) (page.say("organisations_together")) }
                (figures(&page, found.together.as_ref()))
            }
        }
        div.actions { a.button.quiet href="/" { (icon("back")) (page.say("to_square")) } }
    };
    page.respond(StatusCode::OK, None, &body)
}

fn line(one: &Organisation) -> Markup {
    html! {
        a href=(paths::fill(paths::ORGANISATION_PAGE, &one.id)) { span.words {
            strong { (one.name) }
            @if let Some(about) = &one.about { span.small { (about) } }
        } }
    }
}

/// What was done in a month, in words, or that it is not told.
fn figures(page: &Page, figures: Option<&MonthFigures>) -> Markup {
    let count = |key: &str, number: u64| {
        let key = if number == 1 { format!("{key}_one") } else { key.to_owned() };
        page.say_with(&key, &[("number", &super::grouped(number))])
    };
    html! {
        @match figures {
            None => p { (page.say("figures_few")) },
            Some(figures) => {
                p { (page.say_with("figures_month", &[("month", &month(page, &figures.month))])) }
                ul.names {
                    li { (page.say_with("figures_people", &[("number", &super::grouped(figures.people))])) }
                    @if figures.moments > 0 { li { (count("figures_count_moments", figures.moments)) } }
                    @if figures.hours > 0 { li { (count("figures_count_hours", figures.hours)) } }
                }
                p.small { (page.say("figures_how")) }
            }
        }
    }
}

/// `/organisations/ID`: one of them.
pub async fn one(State(app): State<App>, IdPath(id): IdPath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let service = &app.service;
    let found = id.map(|id| (id, service.organisation(&id)));
    let (id, found) = match found {
        Some((id, Ok(found))) => (id, found),
        Some((_, Err(Refused::Unknown { .. }))) | None => return unknown(page, Missing::Page),
        Some(_) => return trouble(page, StatusCode::SERVICE_UNAVAILABLE, "why_read_only"),
    };
    page.title(found.name.clone());
    let tasks = service.tasks_of(&id);
    let places = once_each(found.places.iter().map(|name| (name.clone(), None)).collect());
    let has_calendar = !found.gatherings.is_empty() || tasks.iter().any(|task| !task.sessions.is_empty());
    let body = html! {
        h1 { (page.heading()) }
        @if let Some(about) = &found.about { p.lead { (about) } }
        (where_it_is(found.address.as_deref()))
        @if !found.with_currency { p.note { (icon("people")) (page.say("organisation_without")) } }
        @if !found.places.is_empty() {
            (page.names("organisation_places", "home_places_none", "people", &places))
        }
        @if !tasks.is_empty() {
            section {
                h2 { (icon("hand")) (page.say("tasks_title")) }
                ul.lines { @for task in &tasks { li { (task_line(&page, service, task)) } } }
            }
        }
        @if !found.gatherings.is_empty() {
            section {
                h2 { (icon("clock")) (page.say("organisation_meets")) }
                ul.names { @for one in &found.gatherings { li { (gathering(&page, service, one)) } } }
            }
        }
        @if has_calendar || found.agenda.is_some() {
            div.actions {
                @if has_calendar { a.button.quiet href=(paths::fill(paths::ORGANISATION_CALENDAR, &found.id)) { (icon("down")) (page.say("tasks_calendar")) } }
                @if let Some(agenda) = &found.agenda { a.button.quiet href=(agenda) rel="noopener noreferrer nofollow" { (icon("list")) (page.say("organisation_agenda")) } }
            }
        }
        section {
            h2 { (icon("clover")) (page.say("organisation_figures")) }
            (figures(&page, found.figures.as_ref()))
        }
        div.actions { a.button.quiet href=(paths::ORGANISATIONS_PAGE) { (icon("back")) (page.say("organisations_all")) } }
    };
    page.respond(StatusCode::OK, None, &body)
}

fn gathering(page: &Page, service: &Service, one: &Gathering) -> Markup {
    html! {
        strong { (one.what) } br;
        (from_until(page, service, &one.starts_at, one.minutes))
        (where_it_is(one.address.as_deref()))
    }
}

/// `/member/CODE`: the own page of an organisation without the currency.
pub async fn own(State(app): State<App>, PagePath(code): PagePath, visit: Visit) -> Response {
    let page = Page::new(&app.service, visit);
    own_page(page, &app.service, &code, &HashMap::new(), None)
}

/// `POST /member/CODE`: when it meets, what it counted, what it says of itself.
pub async fn act(State(app): State<App>, PagePath(code): PagePath, visit: Visit, body: Body) -> Response {
    let page = Page::new(&app.service, visit);
    let Ok(secret) = CodeId::parse(&code) else { return unknown(page, Missing::Page) };
    let typed = read_form(body).await;
    match done(&app.service, &secret.0, &typed).await {
        Ok(()) => see_other(&paths::fill(paths::MEMBER_PAGE, secret)),
        Err(Refused::Unknown { .. }) => unknown(page, Missing::Page),
        Err(Refused::Field(fault)) => own_page(page, &app.service, &code, &typed, Some(fault.field)),
        Err(Refused::TooMany { .. }) => trouble(page, StatusCode::TOO_MANY_REQUESTS, "gatherings_many"),
        Err(_) => trouble(page, StatusCode::SERVICE_UNAVAILABLE, "why_read_only"),
    }
}

/// Does what a form of that page asks for.
async fn done(service: &Service, code: &[u8; 16], typed: &HashMap<String, String>) -> Result<(), Refused> {
    let field = |name: &str| typed.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let some = |name: &str| Some(field(name)).filter(|text| !text.is_empty());
    let number = |name: &'static str| {
        let wrong = || klaver_api::text::FieldError::new(name, field(name), "a number belongs here");
        field(name).parse::<u64>().map_err(|_| wrong())
    };
    match field("do").as_str() {
        "meet" => {
            let asked = NewGathering {
                what: field("what"),
                // What is no time is over: the page says so beside the day.
                starts_at: moment_at(&field("day"), &field("time"), &service.config().time_zone)
                    .unwrap_or_default(),
                minutes: u16::try_from(number("minutes")?).unwrap_or(u16::MAX),
                address: some("where"),
            };
            service.add_gathering(code, asked).await
        }
        "forget" => service.forget_gathering(code, &field("gathering")).await,
        "count" => service.count_month(code, &field("month"), number("people")?, number("hours")?).await,
        "say" => {
            let words =
                OrganisationWords { about: some("about"), address: some("address"), agenda: some("agenda") };
            service.set_member_words(code, &words).await
        }
        _ => Ok(()),
    }
}

/// What is typed into the forms of that page, and what was wrong with it.
struct Forms<'p> {
    page: &'p Page,
    typed: &'p HashMap<String, String>,
    fault: Option<&'static str>,
}

impl Forms<'_> {
    fn field(&self, name: &'static str, kind: &str, most: &str, known: &str) -> Markup {
        let value = self.typed.get(name).map_or(known, String::as_str);
        let is_faulty = self.fault == Some(name);
        html! {
            div.field {
                label for=(name) { (self.page.say(&format!("member_ask_{name}"))) }
                input id=(name) name=(name) type=(if kind == "number" { "text" } else { kind }) maxlength=[(!most.is_empty()).then_some(most)]
                    autocomplete="off" inputmode=[(kind == "number").then_some("numeric")]
                    required[matches!(name, "what" | "day" | "time" | "minutes" | "people" | "hours")] value=(value)
                    aria-describedby={ (name) "-fault" } aria-invalid=[is_faulty.then_some("true")];
                (self.fault(name))
            }
        }
    }

    /// What is wrong with a field, where something is.
    fn fault(&self, name: &'static str) -> Markup {
        html! {
            p.fault role="alert" id={ (name) "-fault" } {
                @if self.fault == Some(name) { (self.page.say(&format!("member_fault_{name}"))) }
            }
        }
    }
}

fn own_page(
    mut page: Page,
    service: &Service,
    code: &str,
    typed: &HashMap<String, String>,
    fault: Option<&'static str>,
) -> Response {
    let secret = CodeId::parse(code).ok();
    let Some((id, row)) = secret.and_then(|secret| service.member_organisation(&secret.0).ok()) else {
        return unknown(page, Missing::Page);
    };
    page.title(row.name.clone());
    page.data(shared(&page, "member_share"));
    let (path, meets) = (format!("/member/{code}"), service.coming_gatherings(&id));
    let forms = Forms { page: &page, typed, fault };
    let known = |text: &Option<String>| text.clone().unwrap_or_default();
    let public = paths::fill(paths::ORGANISATION_PAGE, data_encoding::HEXLOWER.encode(&id));
    let body = html! {
        h1 { (page.heading()) }
        p.lead { (page.say("member_lead")) }
        div.actions { a.button.quiet href=(public) { (icon("people")) (page.say("member_public")) } }
        div #action {}
        section {
            h2 { (icon("clock")) (page.say("organisation_meets")) }
            @if meets.is_empty() { p { (page.say("member_meets_none")) } }
            @for one in &meets {
                form method="post" action=(path) {
                    input type="hidden" name="gathering" value=(one.id);
                    p { (gathering(&page, service, one)) }
                    div.actions { button.button.quiet type="submit" name="do" value="forget" { (icon("cross")) (page.say("member_forget")) } }
                }
            }
            form method="post" action=(path) {
                (forms.field("what", "text", "80", ""))
                (forms.field("day", "date", "", ""))
                (forms.field("time", "time", "", ""))
                (forms.field("minutes", "number", "4", "120"))
                (forms.field("where", "text", "80", &known(&row.address)))
                div.actions { button.button.main type="submit" name="do" value="meet" { (icon("tick")) (page.say("member_meet")) } }
            }
        }
        (counting(&page, service, &row, &path, &forms))
        details open[matches!(fault, Some("about" | "address" | "agenda"))] {
            summary { (page.say("member_words")) }
            form method="post" action=(path) {
                (forms.field("about", "text", "280", &known(&row.about)))
                (forms.field("address", "text", "80", &known(&row.address)))
                (forms.field("agenda", "text", "200", &known(&row.agenda)))
                div.actions { button.button type="submit" name="do" value="say" { (icon("tick")) (page.say("member_say")) } }
            }
        }
    };
    page.respond(if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }, None, &body)
}

/// The form for people and hours of a month, with what was counted before.
fn counting(page: &Page, service: &Service, row: &OrganisationRow, path: &str, forms: &Forms<'_>) -> Markup {
    let months = service.months_to_count();
    let chosen = forms.typed.get("month");
    html! {
        section {
            h2 { (icon("people")) (page.say("member_count")) }
            p { (page.say("member_count_text")) }
            ul.names { @for (of, counted) in row.months.iter().rev().take(3) {
                li { (page.say_with("member_counted", &[
                    ("month", &month(page, of)),
                    ("people", &super::grouped(counted.people)),
                    ("hours", &super::grouped(counted.hours)),
                ])) }
            } }
            form method="post" action=(path) {
                div.field {
                    label for="month" { (page.say("member_ask_month")) }
                    select #month name="month" aria-describedby="month-fault" { @for of in &months {
                        option value=(of) selected[chosen == Some(of)] { (month(page, of)) }
                    } }
                    (forms.fault("month"))
                }
                (forms.field("people", "number", "6", ""))
                (forms.field("hours", "number", "6", ""))
                div.actions { button.button type="submit" name="do" value="count" { (icon("tick")) (page.say("member_count_do")) } }
            }
        }
    }
}
