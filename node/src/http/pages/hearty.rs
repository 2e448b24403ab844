//! Shops that join with their heart alone: a form, and their own page behind a private link. Both work without a script.

use super::frame::{Page, drawn, icon};
use super::language::Visit;
use super::pots::services;
use super::tasks::{see_other, shared, trouble};
use super::{Missing, unknown};
use crate::http::App;
use crate::http::extract::{PagePath, VisitorAddress, read_form};
use crate::service::{BringHearty, ITEMS, OwnHearty, Refused, SERVICES};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use klaver_api::{CountPot, PotCount, paths};
use klaver_ledger::link::CodeId;
use maud::{Markup, html};
use std::collections::HashMap;

/// The picture of an item where nothing stands ready.
const NOTHING: &str = "";

/// `/hearty/new`: joining, in one form.
pub async fn bring(State(app): State<App>, visit: Visit) -> Response {
    form(Page::new(&app.service, visit), &HashMap::new(), None)
}

/// `POST /hearty/new`: takes it, or says what is missing.
pub async fn take(
    State(app): State<App>,
    visit: Visit,
    VisitorAddress(address): VisitorAddress,
    body: Body,
) -> Response {
    let page = Page::new(&app.service, visit);
    let typed = read_form(body).await;
    let field = |name: &str| typed.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let point = field("where");
    let position = position_of(&point);
    if position.is_none() && !point.is_empty() {
        return form(page, &typed, Some("where"));
    }
    let street = Some(field("address")).filter(|street| !street.is_empty());
    let picture = field("picture");
    let named = |item: String| if item.is_empty() { page.say(&format!("item_{picture}")) } else { item };
    let asked = BringHearty {
        name: field("name"),
        services: SERVICES
            .keys()
            .filter(|name| typed.contains_key(&format!("service_{name}")))
            .cloned()
            .collect(),
        item: (picture != NOTHING).then(|| (named(field("item")), picture.clone())),
        address: street,
        position,
    };
    match app.service.bring_hearty(&asked, address).await {
        Ok(code) => see_other(&format!("{}?new", paths::fill(paths::HEARTY_PAGE, code))),
        Err(Refused::Field(fault)) if fault.field == "position" => form(page, &typed, Some("where")),
        Err(Refused::Field(fault)) => form(page, &typed, Some(fault.field)),
        Err(Refused::TooMany { .. }) => trouble(page, StatusCode::TOO_MANY_REQUESTS, "hearty_many"),
        Err(_) => trouble(page, StatusCode::SERVICE_UNAVAILABLE, "why_read_only"),
    }
}

/// Reads latitude and longitude as maps write them: `50.8503, 4.3517`.
fn position_of(text: &str) -> Option<(i32, i32)> {
    let (north, east) = text.split_once(',')?;
    let micro = |part: &str| {
        let degrees = part.trim().parse::<f64>().ok().filter(|degrees| degrees.abs() <= 180.0)?;
        Some((degrees * 1e6).round() as i32)
    };
    Some((micro(north)?, micro(east)?))
}

fn form(mut page: Page, typed: &HashMap<String, String>, fault: Option<&'static str>) -> Response {
    page.title(page.say("hearty_title"));
    let value = |name: &str| typed.get(name).cloned().unwrap_or_default();
    let says = |name: &str, key: &str| if fault == Some(name) { page.say(key) } else { String::new() };
    let text = |name: &'static str, label: &str, most: &str, wrong: &str, required: bool| {
        html! {
            div.field {
                label for=(name) { (page.say(label)) }
                input id=(name) name=(name) type="text" maxlength=(most) autocomplete="off" required[required]
                    value=(value(name)) aria-describedby={ (name) "-fault" }
                    aria-invalid=[(fault == Some(name)).then_some("true")];
                p.fault role="alert" id={ (name) "-fault" } { (says(name, wrong)) }
            }
        }
    };
    let chosen = value("picture");
    let body = html! {
        h1 { (page.heading()) }
        p.lead { (page.say("hearty_lead")) }
        form method="post" action=(paths::HEARTY_NEW_PAGE) {
            (text("name", "hearty_ask_name", "60", "hearty_name_missing", true))
            fieldset.pictures {
                legend { (page.say("hearty_ask_item")) }
                label.task-picture {
                    input type="radio" name="picture" value=(NOTHING) checked[chosen == NOTHING];
                    span { (page.say("hearty_no_item")) }
                }
                @for name in ITEMS.keys() {
                    label.task-picture {
                        input type="radio" name="picture" value=(name) checked[chosen == *name];
                        (drawn(&ITEMS, name)) span { (page.say(&format!("item_{name}"))) }
                    }
                }
            }
            (text("item", "hearty_ask_words", "40", "hearty_item_long", false))
            fieldset.pictures aria-describedby="services-fault" {
                legend { (page.say("hearty_ask_services")) }
                @for name in SERVICES.keys() {
                    label.task-picture {
                        input type="checkbox" name={ "service_" (name) }
                            checked[typed.contains_key(&format!("service_{name}"))];
                        (drawn(&SERVICES, name)) span { (page.say(&format!("service_{name}"))) }
                    }
                }
            }
            p #services-fault .fault role="alert" { (says("services", "hearty_nothing")) }
            (text("address", "square_address", "80", "hearty_item_long", false))
            details open[fault == Some("where")] {
                summary { (page.say("hearty_on_map")) }
                (text("where", "hearty_ask_where", "60", "square_where_wrong", false))
            }
            p.small { (page.say("hearty_how")) }
            div.actions { button.button.main type="submit" { (icon("tick")) (page.say("hearty_do")) } }
        }
    };
    let status = if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page.respond(status, None, &body)
}

/// `/hearty/CODE`: a shop's own page.
pub async fn own(
    State(app): State<App>,
    PagePath(code): PagePath,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Response {
    let page = Page::new(&app.service, visit);
    let found =
        CodeId::parse(&code).ok().and_then(|code| Some((code, app.service.own_hearty(&code.0).ok()?)));
    match found {
        Some((code, own)) => own_page(page, &code, &own, query.as_deref() == Some("new")),
        None => unknown(page, Missing::Page),
    }
}

/// `POST /hearty/CODE`: pausing, counting, ending: each with one tap.
pub async fn act(State(app): State<App>, PagePath(code): PagePath, visit: Visit, body: Body) -> Response {
    let page = Page::new(&app.service, visit);
    let Ok(code) = CodeId::parse(&code) else { return unknown(page, Missing::Page) };
    let asked = read_form(body).await;
    let pot = asked.get("pot").and_then(|text| data_encoding::HEXLOWER.decode(text.as_bytes()).ok());
    let pot: [u8; 16] = pot.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
    let service = &app.service;
    let count = |what, count| service.count_hearty(&code.0, &pot, CountPot { what, count });
    let done = match asked.get("do").map(String::as_str) {
        Some("pause") => service.pause_hearty(&code.0, true).await,
        Some("open") => service.pause_hearty(&code.0, false).await,
        Some("given") => count(PotCount::Given, 1).await,
        Some("out") => count(PotCount::HandedOut, 1).await,
        Some("undo") => count(PotCount::Given, -1).await,
        Some("end") => match service.end_hearty(&code.0).await {
            Ok(()) => return see_other(paths::HOME_PAGE),
            refused => refused,
        },
        _ => Ok(()),
    };
    match done {
        Ok(()) => see_other(&paths::fill(paths::HEARTY_PAGE, code)),
        Err(Refused::Unknown { .. }) => unknown(page, Missing::Page),
        Err(Refused::TooMany { .. }) => trouble(page, StatusCode::TOO_MANY_REQUESTS, "hearty_enough"),
        Err(_) => trouble(page, StatusCode::SERVICE_UNAVAILABLE, "why_read_only"),
    }
}

fn own_page(mut page: Page, code: &CodeId, own: &OwnHearty, is_new: bool) -> Response {
    let OwnHearty { row, pots } = own;
    page.title(row.name.clone());
    page.data(shared(&page, "hearty_share"));
    let path = paths::fill(paths::HEARTY_PAGE, code);
    let tap = |what: &str, pot: &str, look: &str, picture: &str, key: &str| -> Markup {
        html! {
            form method="post" action=(path) {
                input type="hidden" name="pot" value=(pot);
                button class={ "button " (look) } type="submit" name="do" value=(what) { (icon(picture)) (page.say(key)) }
            }
        }
    };
    let state = match (row.listed, row.paused) {
        (false, _) => "hearty_waits",
        (true, true) => "hearty_rests",
        (true, false) => "hearty_listed",
    };
    let body = html! {
        h1 { (page.heading()) }
        @if is_new { p.note.good { (icon("tick")) (page.say("hearty_new")) } p { (page.say("hearty_keep")) } }
        p.lead role="status" { (page.say(state)) }
        div #action {}
        (services(&page, &row.services))
        @for (id, pot) in pots {
            @let id = data_encoding::HEXLOWER.encode(id);
            section {
                h2 { (drawn(&ITEMS, &pot.picture)) (pot.item) }
                p { @if pot.tally == 0 { (page.say("hearty_tally_none")) } @else { (page.say_with("hearty_tally", &[("count", &pot.tally.to_string())])) } }
                div.actions {
                    (tap("out", &id, "main", "cup", "pots_hand_out"))
                    (tap("given", &id, "", "euro", "pots_given"))
                    @if pot.tally > 0 { (tap("undo", &id, "quiet", "undo", "pots_given_undo")) }
                    @if row.listed {
                        a.button.quiet href=(paths::fill(paths::POT_SHEET_PAGE, &id)) { (icon("list")) (page.say("pots_sheet")) }
                    }
                }
            }
        }
        div.actions {
            @if row.paused { (tap("open", "", "main", "tick", "hearty_go_on")) } @else { (tap("pause", "", "", "clock", "pause")) }
        }
        details {
            summary { (page.say("hearty_end")) }
            p { (page.say("hearty_end_text")) }
            div.actions { (tap("end", "", "", "cross", "hearty_end_do")) }
        }
    };
    page.respond(StatusCode::OK, None, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_as_maps_write_it() {
        assert_eq!(position_of("50.8503, 4.3517"), Some((50_850_300, 4_351_700)));
        assert_eq!(position_of("-90,180"), Some((-90_000_000, 180_000_000)));
        for wrong in ["", "50.8503", "noord, oost", "50,8503, 4,3517", "999, 4"] {
            assert_eq!(position_of(wrong), None, "{wrong}");
        }
    }
}
