//! An hour with pioneers, for its host: what to print, what to say, and the round of needs and offers. The pages work
//! without a script; only the codes on the sheet are drawn by one.

use super::frame::{Page, icon, picture};
use super::language::Visit;
use super::tasks::{beside, see_other, shared, trouble};
use super::when::{day, day_as_kept};
use super::{Missing, amount, grouped, unknown};
use crate::community::RoundRow;
use crate::community::pioneers::{Said, SaidRow};
use crate::http::App;
use crate::http::extract::{PagePath, VisitorAddress, read_form};
use crate::service::{HostView, PICTURES, Refused, Service, takes_words};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use klaver_api::text::timestamp;
use klaver_api::{Pulse, paths};
use klaver_ledger::link::CodeId;
use maud::{Markup, html};
use serde_json::json;
use std::collections::HashMap;

/// How many parts the script of the hour has.
const STEPS: u8 = 8;

async fn hosted(app: &App, code: &str) -> Option<(CodeId, HostView)> {
    let code = CodeId::parse(code).ok()?;
    Some((code, app.service.hosted(&code.0).await.ok()?))
}

/// `/round/CODE`: everything that the host needs for the hour.
pub async fn host(State(app): State<App>, PagePath(code): PagePath, visit: Visit) -> Response {
    let page = Page::new(&app.service, visit);
    match hosted(&app, &code).await {
        Some((code, view)) => host_page(page, &app.service, &code, &view, None),
        None => unknown(page, Missing::Page),
    }
}

/// `POST /round/CODE`: what was said in the round, and what becomes a task.
pub async fn act(State(app): State<App>, PagePath(code): PagePath, visit: Visit, body: Body) -> Response {
    let page = Page::new(&app.service, visit);
    let Some((code, view)) = hosted(&app, &code).await else { return unknown(page, Missing::Page) };
    let asked = read_form(body).await;
    let field = |name: &str| asked.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let Some(said) = said_of(&field("said")) else {
        return host_page(page, &app.service, &code, &view, Some("said"));
    };
    let (service, words) = (&app.service, field("words"));
    let done = match field("do").as_str() {
        "say" => service.say_in_round(&view.id, said, &words).await,
        "unsay" => service.unsay_in_round(&view.id, said, &words).await,
        "task" => {
            service.task_of_round(&view.id, (said, &words), &field("picture"), &field("how_many")).await
        }
        _ => Ok(()),
    };
    match done {
        Ok(()) => see_other(&format!("{}#round", paths::fill(paths::ROUND_PAGE, code))),
        Err(Refused::Field(fault)) => host_page(page, service, &code, &view, Some(fault.field)),
        Err(refused) => not_done(page, &refused),
    }
}

fn not_done(page: Page, refused: &Refused) -> Response {
    match refused {
        Refused::Unknown { .. } => unknown(page, Missing::Page),
        Refused::NotNow { .. } => trouble(page, StatusCode::CONFLICT, "say_closed"),
        Refused::Crowded(_) => trouble(page, StatusCode::TOO_MANY_REQUESTS, "say_many"),
        Refused::TooMany { .. } => trouble(page, StatusCode::TOO_MANY_REQUESTS, "round_enough"),
        _ => trouble(page, StatusCode::SERVICE_UNAVAILABLE, "why_read_only"),
    }
}

fn said_of(word: &str) -> Option<Said> {
    Said::ALL.into_iter().find(|said| said.word() == word)
}

fn host_page(
    mut page: Page,
    service: &Service,
    code: &CodeId,
    view: &HostView,
    fault: Option<&str>,
) -> Response {
    let row = &view.row;
    page.title(page.say_with("round_title", &[("name", &row.name)]));
    page.data(shared(&page, "hearty_share"));
    let zone = &service.config().time_zone;
    let people = row.people.to_string();
    let print = |path: &str| paths::fill(path, code);
    let body = html! {
        h1 { (page.heading()) }
        p.lead { (page.say_with("round_lead", &[("day", &day_as_kept(&page, &row.day, zone)), ("people", &people)])) }
        section {
            h2 { (icon("list")) (page.say("round_print")) }
            div.actions {
                a.button.main href=(print(paths::SCRIPT_PAGE)) { (icon("list")) (page.say("round_script")) }
                a.button href=(print(paths::ROUND_SHEET_PAGE)) { (icon("scan")) (page.say("round_sheet")) }
            }
            h3 { (page.say("round_cards")) }
            p { (page.say_with("round_cards_text", &[("people", &people)])) }
            p { (page.say("round_cards_command")) }
            code { "klaver card new --count " (people) " --sheet kaarten.pdf" }
        }
        section {
            h2 { (icon("clover")) (page.say("round_budget")) }
            p { (page.say_with("round_budget_text", &[
                ("name", &view.budget.0.clone().unwrap_or_else(|| page.say("kind_budget"))),
                ("amount", &amount(&page, service, view.budget.1)),
            ])) }
            p { (page.say("round_budget_give")) }
        }
        section #round {
            h2 { (icon("people")) (page.say("round_round")) }
            p { (page.say("round_round_text")) }
            (say_form(&page, &print(paths::ROUND_PAGE), fault))
            @for said in Said::ALL { (lines(&page, &print(paths::ROUND_PAGE), row, said)) }
            p.small { (page.say("round_erased")) }
        }
        section {
            h2 { (icon("clock")) (page.say("round_pulse")) }
            @for pulse in &view.pulses { (pulse_text(&page, service, pulse)) }
            p.small { (page.say("home_counters_how")) }
        }
        div #action {}
    };
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page.respond(status, None, &body)
}

fn say_form(page: &Page, action: &str, fault: Option<&str>) -> Markup {
    let is_wrong = matches!(fault, Some("words" | "said"));
    html! {
        form method="post" action=(action) {
            fieldset {
                legend { (page.say("round_ask_said")) }
                @for (number, said) in Said::ALL.into_iter().enumerate() {
                    label.choice {
                        input type="radio" name="said" value=(said.word()) checked[number == 1];
                        (page.say(&format!("round_said_{}", said.word())))
                    }
                }
            }
            div.field {
                label for="words" { (page.say("round_ask_words")) }
                input #words name="words" type="text" maxlength="60" autocomplete="off" required
                    aria-describedby="words-fault" aria-invalid=[is_wrong.then_some("true")];
                p #words-fault .fault role="alert" { @if is_wrong { (page.say("round_words_wrong")) } }
            }
            @if matches!(fault, Some("picture" | "how_many" | "for_whom")) { p.note role="alert" { (icon("hand")) (page.say("round_task_wrong")) } }
            div.actions { button.button type="submit" name="do" value="say" { (icon("more")) (page.say("round_say_do")) } }
        }
    }
}

fn lines(page: &Page, action: &str, row: &RoundRow, said: Said) -> Markup {
    let some: Vec<&SaidRow> =
        row.lines.iter().filter(|line| line.said == said && !line.words.is_empty()).collect();
    html! {
        h3 { (page.say(&format!("round_said_{}", said.word()))) }
        @if some.is_empty() { p { (page.say("round_none")) } }
        ul.names {
            @for line in some {
                li {
                    strong { (line.words) }
                    @if line.count > 1 { " (" (line.count) ")" }
                    @if line.task.is_some() { p.small { (icon("tick")) (page.say("round_is_task")) } }
                    @else { (line_forms(page, action, line)) }
                }
            }
        }
    }
}

/// What can be done with a line: a need or an offer becomes a task, and each can be taken off the list.
fn line_forms(page: &Page, action: &str, line: &SaidRow) -> Markup {
    let hidden = html! {
        input type="hidden" name="said" value=(line.said.word());
        input type="hidden" name="words" value=(line.words);
    };
    html! {
        details {
            summary { (page.say(if line.said == Said::Stop { "round_line" } else { "round_to_task" })) }
            @if line.said != Said::Stop {
                form method="post" action=(action) {
                    (hidden)
                    fieldset.pictures {
                        legend { (page.say("task_ask_picture")) }
                        @for name in PICTURES.keys() {
                            label.task-picture {
                                input type="radio" name="picture" value=(name) required;
                                (picture(name)) span { (page.say(&format!("task_{name}"))) }
                            }
                        }
                    }
                    label.field {
                        (page.say("task_ask_how_many"))
                        input name="how_many" type="text" maxlength="80" autocomplete="off" required;
                    }
                    div.actions { button.button type="submit" name="do" value="task" { (icon("tick")) (page.say("round_task_do")) } }
                }
            }
            form method="post" action=(action) {
                (hidden)
                div.actions { button.button.quiet type="submit" name="do" value="unsay" { (icon("erase")) (page.say("round_unsay")) } }
            }
        }
    }
}

/// Says how it goes some days after the hour, or when that can be read.
fn pulse_text(page: &Page, service: &Service, pulse: &Pulse) -> Markup {
    let zone = &service.config().time_zone;
    let days = pulse.days.to_string();
    let due = timestamp("due", &pulse.due).map(|at| day(page, at.seconds(), zone)).unwrap_or_default();
    html! {
        h3 { (page.say_with("round_pulse_after", &[("days", &days)])) }
        @match (pulse.ready, pulse.people) {
            (false, _) => { p { (page.say_with("round_pulse_due", &[("day", &due)])) } }
            (true, None) => { p { (page.say("round_pulse_few")) } }
            (true, Some(people)) => {
                dl {
                    dt { (page.say("round_pulse_people")) } dd { (grouped(people)) }
                    @if let Some(active) = pulse.active { dt { (page.say("round_pulse_active")) } dd { (grouped(active)) } }
                    @if let Some(spent) = pulse.spent { dt { (page.say("round_pulse_spent")) } dd { (amount(page, service, spent * service.unit())) } }
                    @if let Some(tasks) = pulse.tasks { dt { (page.say("round_pulse_tasks")) } dd { (tasks) } }
                }
            }
        }
    }
}

/// `/round/CODE/script`: what the host says in the hour, to print.
pub async fn script(State(app): State<App>, PagePath(code): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let Some((code, view)) = hosted(&app, &code).await else { return unknown(page, Missing::Page) };
    page.title(page.say("round_script"));
    let body = html! {
        article {
            h1 { (page.heading()) }
            p.lead { (view.row.name) ", " (day_as_kept(&page, &view.row.day, &app.service.config().time_zone)) }
            ol {
                @for step in 1..=STEPS {
                    li { strong { (page.say(&format!("round_step_{step}"))) } p { (page.say(&format!("round_step_{step}_text"))) } }
                }
            }
            p { (page.say("round_step_kind")) }
            div #action {}
            div.actions { a.button.quiet href=(paths::fill(paths::ROUND_PAGE, code)) { (icon("back")) (page.say("back")) } }
        }
    };
    page.data(json!({ "codes": [] }));
    page.respond(StatusCode::OK, Some("session"), &body)
}

/// `/round/CODE/sheet`: two codes for the table, in two languages: saying what one needs, and making a wallet.
pub async fn sheet(State(app): State<App>, PagePath(code): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit.clone());
    let Some((_, view)) = hosted(&app, &code).await else { return unknown(page, Missing::Page) };
    page.title(view.row.name.clone());
    let both = [page.language(), beside(page.language())];
    let words = |key: &str| {
        let pages = both.map(|language| Page::new(&app.service, Visit { language, ..visit.clone() }));
        html! { @for other in &pages { p lang=(other.language().code()) { (other.say(key)) } } }
    };
    let body = html! {
        h1.unseen { (page.heading()) }
        article.poster {
            p.lead { strong { (view.row.name) } }
            section { (words("round_sheet_say")) div data-code="0" {} }
            @if view.invitation.is_some() { section { (words("round_sheet_join")) div data-code="1" {} } }
            @else { p { (page.say("round_sheet_over")) } }
            (words("round_sheet_paper"))
            div #action {}
        }
    };
    let links: Vec<&str> =
        [Some(view.guests.as_str()), view.invitation.as_deref()].into_iter().flatten().collect();
    page.data(json!({ "codes": links }));
    page.respond(StatusCode::OK, Some("session"), &body)
}

/// `/say/CODE`: saying what one needs and can do, on one's own phone, without a name.
pub async fn say(
    State(app): State<App>,
    PagePath(code): PagePath,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Response {
    let page = Page::new(&app.service, visit);
    let found = CodeId::parse(&code).ok().and_then(|code| Some((code, app.service.said_at(&code.0).ok()?.1)));
    match found {
        Some((_, row)) if !takes_words(&row) => trouble(page, StatusCode::OK, "say_closed"),
        Some((code, row)) => {
            say_page(page, &code, &row, query.as_deref() == Some("done"), &HashMap::new(), None)
        }
        None => unknown(page, Missing::Page),
    }
}

/// `POST /say/CODE`: takes what was said.
pub async fn take(
    State(app): State<App>,
    PagePath(code): PagePath,
    visit: Visit,
    VisitorAddress(address): VisitorAddress,
    body: Body,
) -> Response {
    let page = Page::new(&app.service, visit);
    let found = CodeId::parse(&code).ok().and_then(|code| Some((code, app.service.said_at(&code.0).ok()?.1)));
    let Some((code, row)) = found else { return unknown(page, Missing::Page) };
    let typed = read_form(body).await;
    let words: Vec<(Said, &str)> = Said::ALL
        .into_iter()
        .filter_map(|said| Some((said, typed.get(said.word())?.trim())))
        .filter(|(_, words)| !words.is_empty())
        .collect();
    if words.is_empty() {
        return say_page(page, &code, &row, false, &typed, Some("need"));
    }
    match app.service.say_as_guest(&code.0, &words, address).await {
        Ok(()) => see_other(&format!("{}?done", paths::fill(paths::SAY_PAGE, code))),
        Err(Refused::Field(fault)) => say_page(page, &code, &row, false, &typed, Some(fault.field)),
        Err(refused) => not_done(page, &refused),
    }
}

fn say_page(
    mut page: Page,
    code: &CodeId,
    row: &RoundRow,
    is_done: bool,
    typed: &HashMap<String, String>,
    fault: Option<&str>,
) -> Response {
    page.title(row.name.clone());
    let body = html! {
        h1 { (page.heading()) }
        @if is_done { p.note.good role="status" { (icon("tick")) (page.say("say_done")) } p { (page.say("say_more")) } }
        @else { p.lead { (page.say("say_lead")) } }
        form method="post" action=(paths::fill(paths::SAY_PAGE, code)) {
            @for said in Said::ALL {
                @let (name, is_wrong) = (said.word(), fault == Some(said.word()));
                div.field {
                    label for=(name) { (page.say(&format!("say_ask_{name}"))) }
                    input id=(name) name=(name) type="text" maxlength="60" autocomplete="off"
                        value=(typed.get(name).cloned().unwrap_or_default())
                        aria-describedby={ (name) "-fault" } aria-invalid=[is_wrong.then_some("true")];
                    p.fault role="alert" id={ (name) "-fault" } { @if is_wrong { (page.say("round_words_wrong")) } }
                }
            }
            p.small { (page.say("say_nameless")) }
            div.actions { button.button.main type="submit" { (icon("tick")) (page.say("say_do")) } }
        }
    };
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page.respond(status, None, &body)
}
