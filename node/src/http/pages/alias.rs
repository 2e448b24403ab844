//! `/to/ALIAS`: somebody's own code. With an amount it leads on to the pay page; without one it asks how much.

use super::frame::{Page, icon};
use super::language::Visit;
use super::tasks::see_other;
use super::{Missing, onward, paused, unknown, without_script};
use crate::http::App;
use crate::http::extract::PagePath;
use crate::service::{CodeView, Refused, RequestView};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use klaver_api::PayByCode;
use klaver_ledger::link::Link;
use maud::html;
use std::collections::HashMap;

/// The page of an own code. It works without a script.
pub async fn alias(
    State(app): State<App>,
    PagePath(name): PagePath,
    asked: Result<Query<HashMap<String, String>>, QueryRejection>,
    visit: Visit,
) -> Response {
    let page = Page::new(&app.service, visit);
    let link = format!("{}/to/{name}", app.service.config().public_url);
    let Ok(Link::Alias { alias, .. }) = Link::parse(&link) else { return unknown(page, Missing::Code) };
    let (name, words) = match app.service.code_view(alias.as_str()) {
        CodeView::Unknown => return unknown(page, Missing::Code),
        CodeView::Replaced => return replaced(page),
        CodeView::InForce { name, paused: true, .. } => return rests(page, name),
        CodeView::InForce { name, words, .. } => (name, words),
    };
    let amount = asked.ok().and_then(|Query(mut query)| query.remove("amount"));
    let name = name.unwrap_or_else(|| page.say("request_unlisted"));
    let form = Form { action: format!("/to/{}", alias.as_str()), name, words, script: None };
    lead_on(&app, page, form, amount, |asked| app.service.request_by_code(alias.as_str(), asked))
}

/// Leads on to the pay page of a request of `amount`, or asks how much.
pub(super) fn lead_on(
    app: &App,
    page: Page,
    form: Form,
    amount: Option<String>,
    make: impl FnOnce(&PayByCode) -> Result<RequestView, Refused>,
) -> Response {
    let Some(typed) = amount else { return ask(page, form, None) };
    let decimals = app.service.scale().decimals();
    if let Some(fault) = fault_of_amount(&typed, decimals) {
        return ask(page, form, Some((typed, fault)));
    }
    let asked = PayByCode { amount: typed.trim().replace(',', ".") };
    match make(&asked)
        .and_then(|view| Ok(Link::Request { node: app.service.address().clone(), id: view.id }.print()?))
    {
        Ok(request) => see_other(&request),
        Err(Refused::TillPaused | Refused::TillFull { .. }) => rests(page, Some(form.name)),
        Err(Refused::Field(_)) => ask(page, form, Some((typed, "amount_too_large"))),
        Err(_) => {
            let body =
                html! { h1 { (page.heading()) } p.note { (icon("clock")) (page.say("why_read_only")) } };
            page.respond(StatusCode::SERVICE_UNAVAILABLE, None, &body)
        }
    }
}

/// A page that asks how much somebody is paid.
pub(super) struct Form {
    /// Where it leads, with the amount.
    pub action: String,
    /// Who is paid.
    pub name: String,
    /// What they say.
    pub words: Option<String>,
    /// What brings it to life.
    pub script: Option<&'static str>,
}

/// Asks how much, saying what was wrong with what was typed before.
fn ask(mut page: Page, form: Form, before: Option<(String, &str)>) -> Response {
    let Form { action, name, words, script } = form;
    page.title(page.say_with("request_title", &[("name", &name)]));
    let decimals = page.decimals().to_string();
    let fault = before.as_ref().map(|(_, key)| page.say_with(key, &[("decimals", &decimals)]));
    let typed = before.as_ref().map(|(typed, _)| typed.as_str()).unwrap_or_default();
    let body = html! {
        h1 { (page.heading()) }
        (page.quoted(words.as_deref()))
        form method="get" action=(action) {
            div.field {
                label for="amount" { (page.say("alias_how_much")) }
                input #amount name="amount" type="text" inputmode="decimal" autocomplete="off" maxlength="17"
                    enterkeyhint="go" required aria-describedby="amount-fault" value=(typed)
                    aria-invalid=[fault.is_some().then_some("true")];
                p #amount-fault .fault role="alert" { (fault.clone().unwrap_or_default()) }
            }
            div.actions {
                button.button.main type="submit" { (icon("pay")) (page.say("alias_go_on")) }
                a.button.quiet href="/" { (icon("clover")) (page.say("to_square")) }
            }
        }
        @if script.is_some() { div #action {} }
        p.small { (page.say("alias_checked_next")) }
        noscript { (without_script(&page, "request_how", &format!("klaver pay {}{action}", page.origin()))) }
    };
    let status = if before.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page.respond(status, script, &body)
}

/// Says that the code's owner takes nothing for a while, or not so much.
fn rests(mut page: Page, name: Option<String>) -> Response {
    let name = name.unwrap_or_else(|| page.say("request_unlisted"));
    page.title(page.say_with("request_title", &[("name", &name)]));
    let body = html! { h1 { (page.heading()) } (paused(&page, &name)) (onward(&page)) };
    page.respond(StatusCode::OK, None, &body)
}

fn replaced(mut page: Page) -> Response {
    page.title(page.say("alias_replaced"));
    let body = html! {
        h1 { (page.heading()) }
        p.note { (icon("undo")) (page.say("alias_replaced_text")) }
        p { (page.say("alias_replaced_next")) }
        div.actions { a.button href="/wallet" { (icon("wallet")) (page.say("to_wallet")) } }
    };
    page.respond(StatusCode::GONE, None, &body)
}

/// Returns the sentence that says what is wrong with an amount as people type it; `None` when it is one.
fn fault_of_amount(typed: &str, decimals: u8) -> Option<&'static str> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Some("amount_missing");
    }
    let mut parts = typed.split([',', '.']);
    let (whole, part, more) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match part {
        _ if more.is_some() => Some("amount_two_commas"),
        _ if !is_number(whole) || part.is_some_and(|part| !is_number(part)) => Some("amount_no_number"),
        Some(part) if part.len() > usize::from(decimals) => Some("amount_decimals"),
        _ if typed.bytes().all(|byte| !matches!(byte, b'1'..=b'9')) => Some("amount_zero"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_amount_is_one_or_says_what_is_wrong() {
        for (typed, fault) in [
            ("5,80", None),
            (" 5 ", None),
            ("0.05", None),
            ("", Some("amount_missing")),
            ("1,2,3", Some("amount_two_commas")),
            ("vijf", Some("amount_no_number")),
            ("5,", Some("amount_no_number")),
            ("1,005", Some("amount_decimals")),
            ("0,00", Some("amount_zero")),
        ] {
            assert_eq!(fault_of_amount(typed, 2), fault, "{typed:?}");
        }
    }
}
