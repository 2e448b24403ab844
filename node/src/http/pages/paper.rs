//! `/c/ID` and `/v/ID`: cards and vouchers, for whoever scans one with a phone. What stands behind the `#` stays there.

use super::alias::{Form, lead_on};
use super::frame::{Page, icon};
use super::language::Visit;
use super::{Missing, onward, unknown};
use crate::http::App;
use crate::http::extract::PagePath;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use klaver_api::{Paper, PaperKind, PaperState};
use klaver_ledger::link::CodeId;
use maud::html;
use serde_json::json;
use std::collections::HashMap;

/// The outside of a card receives: it asks how much. Its inside is known to the device alone.
pub async fn card(
    State(app): State<App>,
    PagePath(id): PagePath,
    asked: Result<Query<HashMap<String, String>>, QueryRejection>,
    visit: Visit,
) -> Response {
    let mut page = Page::new(&app.service, visit);
    let Some((id, paper)) = find(&app, &id, PaperKind::Card) else { return unknown(page, Missing::Paper) };
    if paper.state == PaperState::Replaced {
        return replaced(page);
    }
    page.data(json!(paper));
    let name = page.say("card_somebody");
    let form = Form { action: format!("/c/{id}"), name, words: None, script: Some("paper") };
    let amount = asked.ok().and_then(|Query(mut query)| query.remove("amount"));
    lead_on(&app, page, form, amount, |asked| app.service.request_by_card(&id.0, asked))
}

/// A voucher: what it is, and what can be done with it.
pub async fn voucher(State(app): State<App>, PagePath(id): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let Some((_, paper)) = find(&app, &id, PaperKind::Voucher) else { return unknown(page, Missing::Paper) };
    if paper.state == PaperState::Replaced {
        return replaced(page);
    }
    page.data(json!(paper));
    page.title(page.say("voucher_title"));
    let body = html! {
        h1 { (page.heading()) }
        @match paper.state {
            PaperState::Lost | PaperState::Waiting => p.note { (icon("hand")) (page.say("paper_why_paper_lost")) },
            PaperState::Ended => p.note { (icon("clock")) (page.say("paper_why_voucher_ended")) },
            _ => p.lead { (page.say("voucher_text")) },
        }
        div #action {}
        div.actions { a.button href="/#shops" { (icon("shop")) (page.say("voucher_where")) } }
        p.small { (page.say("voucher_keep")) }
    };
    page.respond(StatusCode::OK, Some("paper"), &body)
}

fn find(app: &App, id: &str, kind: PaperKind) -> Option<(CodeId, Paper)> {
    let id = CodeId::parse(id).ok()?;
    let paper = app.service.paper(None, &id.0).ok()?;
    (paper.kind == kind).then_some((id, paper))
}

fn replaced(mut page: Page) -> Response {
    page.title(page.say("paper_why_paper_replaced"));
    let body = html! {
        h1 { (page.heading()) }
        p { (page.say("paper_why_paper_replaced_next")) }
        (onward(&page))
    };
    page.respond(StatusCode::GONE, None, &body)
}
