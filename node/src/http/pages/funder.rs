//! What a funder sees of its budgets, and the thank-you for whoever gave to one. Both work without a script, and name
//! nobody who received something.

use super::frame::{Page, icon};
use super::language::Visit;
use super::tasks::shared;
use super::when::day;
use super::{Missing, amount, checked, grouped, unknown};
use crate::http::App;
use crate::http::extract::PagePath;
use crate::service::{FundedBudget, PICTURES, Service};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use klaver_api::text::deadline;
use klaver_api::{ContributionKind, Task};
use klaver_ledger::link::CodeId;
use maud::{Markup, html};
use serde_json::json;

/// `/funder/CODE`: what its budgets paid for, in tens, looked at every four weeks.
pub async fn funder(State(app): State<App>, PagePath(code): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let service = app.service.clone();
    // A first look reads all that the budgets gave.
    let found = tokio::task::spawn_blocking(move || service.funder(&CodeId::parse(&code).ok()?.0).ok()).await;
    let Some(view) = found.ok().flatten() else {
        return unknown(page, Missing::Page);
    };
    page.title(view.funder.clone());
    page.data(shared(&page, "funder_share"));
    let body = html! {
        h1 { (page.heading()) }
        p.lead { (page.say("funder_lead")) }
        p { (page.say("funder_how")) }
        @for budget in &view.budgets { (budget_section(&page, &app.service, budget)) }
        section {
            h2 { (icon("seal")) (page.say("verify_title")) }
            (checked::state(&page, &app.service))
        }
        div #action {}
        p.small { (page.say("funder_secret")) }
    };
    page.respond(StatusCode::OK, None, &body)
}

fn budget_section(page: &Page, service: &Service, budget: &FundedBudget) -> Markup {
    let [promised, received] = budget.cents.map(|cents| euro(page, cents));
    let unit = |number: u64| amount(page, service, number * service.unit());
    let at_least = |number: Option<u64>| match number {
        Some(number) => page.say_with("funder_at_least", &[("amount", &unit(number))]),
        None => page.say("funder_too_few"),
    };
    let figures = &budget.figures;
    let reasons = ["helped", "took_part", "welcome"].map(|reason| page.say(&format!("reason_{reason}")));
    html! {
        section {
            h2 { (icon("clover")) (budget.name.clone().unwrap_or_else(|| page.say("kind_budget"))) }
            dl {
                @if let Some(reference) = &budget.reference { (line(&page.say("funder_reference"), reference)) }
                (line(&page.say("funder_promised"), &promised))
                (line(&page.say("funder_received"), &received))
                (line(&page.say("council_room"), &amount(page, service, budget.cap)))
                @if let Some(until) = until_day(page, service, budget.until.as_deref()) { (line(&page.say("council_ends"), &until)) }
                @if let Some(cents) = budget.exposure_cents { (line(&page.say("funder_exposure"), &euro(page, cents))) }
            }
            @match figures.people {
                None => { p.note { (icon("people")) (page.say("funder_few")) } }
                Some(people) => {
                    dl {
                        (line(&page.say("funder_people"), &page.say_with("funder_people_count", &[("count", &grouped(people))])))
                        (line(&page.say("council_given"), &at_least(figures.given)))
                        @for (reason, sum) in reasons.iter().zip(figures.reasons) {
                            @if sum.is_some() { (line(reason, &at_least(sum))) }
                        }
                        (line(&page.say("funder_outstanding"), &at_least(figures.outstanding)))
                    }
                }
            }
            @if !budget.tasks.is_empty() {
                h3 { (page.say("funder_tasks")) }
                ul.names { @for task in budget.tasks.iter().take(50) { (task_line(page, task)) } }
            }
        }
    }
}

fn task_line(page: &Page, task: &Task) -> Markup {
    html! {
        li {
            (super::frame::drawn(&PICTURES, &task.picture)) " "
            (page.say(&format!("task_{}", task.picture))) " (" (task.how_many) ")"
            @if let Some(thanks) = &task.thanks { blockquote { (thanks) } }
        }
    }
}

fn line(what: &str, value: &str) -> Markup {
    html! { dt { (what) } dd { (value) } }
}

fn until_day(page: &Page, service: &Service, until: Option<&str>) -> Option<String> {
    let until = deadline("until", until?).ok()?;
    Some(day(page, until.seconds(), &service.config().time_zone))
}

/// Returns euro as people here read them: `€ 1 250,00`.
fn euro(page: &Page, cents: u64) -> String {
    let mark = page.language().decimal_mark();
    format!("€\u{a0}{}{mark}{:02}", grouped(cents / 100), cents % 100)
}

/// `/thanks/CODE`: the thank-you for a contribution, on paper or to send.
pub async fn thanks(State(app): State<App>, PagePath(code): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let Some(view) = CodeId::parse(&code).ok().and_then(|code| app.service.thanks_for(&code.0).ok()) else {
        return unknown(page, Missing::Page);
    };
    page.title(page.say_with("thanks_title", &[("who", &view.row.who)]));
    let kind = match view.row.kind {
        ContributionKind::Gift => "thanks_gift",
        ContributionKind::Sponsoring => "thanks_sponsoring",
    };
    let room = amount(&page, &app.service, view.row.amount);
    let body = html! {
        article.poster {
            p.poster-picture { (icon("clover")) }
            h1 { (page.heading()) }
            p.lead { (page.say_with(kind, &[("euro", &euro(&page, view.row.cents))])) }
            @if view.raised {
                p { (page.say_with("thanks_room", &[("amount", &room)])) }
                // Accounts of a place are called `place · funder`.
                @if let Some(place) = view.budget.as_deref().and_then(|name| name.split(" · ").next()) { p { (page.say_with("thanks_place", &[("place", place)])) } }
            } @else { p { (page.say("thanks_soon")) } }
            p { (page.say("thanks_what")) }
            p { (page.community()) ", " (day(&page, view.row.at, &app.service.config().time_zone)) }
            div #action {}
        }
    };
    page.data(json!({ "codes": [] }));
    page.respond(StatusCode::OK, Some("session"), &body)
}
