//! Suspended consumption for people: what stands ready, giving without pressure, and the sheet for a window. All of it
//! works without a script.

use super::alias::{Form, lead_on};
use super::frame::{Page, drawn, icon, where_it_is};
use super::language::Visit;
use super::tasks::{beside, see_other};
use super::{Missing, amount, unknown};
use crate::http::App;
use crate::http::extract::PagePath;
use crate::service::{GIFT_MAX, ITEMS, Offer, Refused, SERVICES, Service};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use klaver_api::{Pot, paths, text};
use klaver_ledger::link::{CodeId, Link};
use maud::{Markup, html};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The pots of the town square; nothing where there are none.
pub fn ready(page: &Page, service: &Service) -> Markup {
    let found = service.pots();
    html! {
        @if !found.pots.is_empty() {
            section {
                h2 { (icon("cup")) (page.say("pots_title")) }
                p { (page.say("pots_text")) }
                ul.lines { @for pot in &found.pots { li { (line(page, pot)) } } }
                @if found.town {
                    p { a href=(paths::TOWN_POT_PAGE) { (page.say("pots_town_give")) } }
                }
            }
        }
    }
}

fn line(page: &Page, pot: &Pot) -> Markup {
    html! {
        a href=(paths::fill(paths::POT_PAGE, &pot.id)) {
            (drawn(&ITEMS, &pot.picture))
            span.words {
                strong { (pot.item) }
                @if let Some(shop) = &pot.shop { span.small { (shop) } }
                span.small { (how_many(page, pot)) }
            }
        }
    }
}

/// Says how many stand ready: never none.
fn how_many(page: &Page, pot: &Pot) -> String {
    match pot.ready {
        _ if pot.paused => page.say("pots_paused"),
        None => page.say("pots_ask"),
        Some(1) => page.say("pots_ready_one"),
        Some(count) => page.say_with("pots_ready", &[("count", &count.to_string())]),
    }
}

/// *Ik ga mee*: who goes along the first time; nothing where nobody does. Nobody who asks is noted.
pub fn along(page: &Page, service: &Service) -> Markup {
    let found = service.companions();
    html! {
        @if !found.is_empty() {
            section.along {
                h2 { (icon("people")) (page.say("along_title")) }
                p { (page.say("along_text")) }
                ul.names { @for one in &found { li { strong { (one.name) } ": " (one.how) } } }
            }
        }
    }
}

/// A list of shops with their small free services in pictures; a sentence when there are none and `none` has one.
pub fn shops(page: &Page, title: &str, none: Option<&str>, picture: &str, shops: &[&Offer]) -> Markup {
    html! {
        @if !shops.is_empty() || none.is_some() {
            section id=[(title == "home_merchants").then_some("shops")] {
                h2 { (icon(picture)) (page.say(title)) }
                @if let (true, Some(none)) = (shops.is_empty(), none) { p { (page.say(none)) } }
                @if !shops.is_empty() {
                    ul.names {
                        @for shop in shops {
                            li {
                                @if shop.paused { (page.say_with("home_paused", &[("name", &shop.name)])) }
                                @else { (shop.name) }
                                (where_it_is(shop.address.as_deref()))
                                (services(page, &shop.services))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Small free services, each as its picture and its word.
pub fn services(page: &Page, some: &[String]) -> Markup {
    html! {
        @if !some.is_empty() {
            ul.services {
                @for name in some { li { (drawn(&SERVICES, name)) (page.say(&format!("service_{name}"))) } }
            }
        }
    }
}

/// What the map says of a shop: what stands ready there, and its services, each with its picture.
pub fn on_map(page: &Page, offer: &Offer) -> Vec<Value> {
    let pots = offer.pots.iter().map(|pot| {
        let words = format!("{}: {}", pot.item, how_many(page, pot));
        json!({ "words": words, "shape": ITEMS.get(&pot.picture) })
    });
    let services = offer
        .services
        .iter()
        .map(|name| json!({ "words": page.say(&format!("service_{name}")), "shape": SERVICES.get(name) }));
    pots.chain(services).collect()
}

type Asked = Result<Query<HashMap<String, String>>, QueryRejection>;

/// `/pots/ID`: what stands ready, and giving one; with a number it leads on to the pay page.
pub async fn pot(State(app): State<App>, PagePath(id): PagePath, asked: Asked, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let Some((id, pot)) = pot_of(&app.service, &id) else { return unknown(page, Missing::Page) };
    page.title(pot.item.clone());
    let number = asked.ok().and_then(|Query(mut query)| query.remove("number"));
    let Some(typed) = number else { return pot_page(&page, &app.service, &pot, None) };
    let Ok(number) = typed.trim().parse::<u64>() else {
        return pot_page(&page, &app.service, &pot, Some(&typed));
    };
    let made = app.service.request_for_pot(&id, number);
    match made
        .and_then(|view| Ok(Link::Request { node: app.service.address().clone(), id: view.id }.print()?))
    {
        Ok(request) => see_other(&request),
        Err(Refused::Field(_)) => pot_page(&page, &app.service, &pot, Some(&typed)),
        Err(Refused::NotNow { .. } | Refused::TillPaused) => pot_page(&page, &app.service, &pot, None),
        Err(_) => {
            let body =
                html! { h1 { (page.heading()) } p.note { (icon("clock")) (page.say("why_read_only")) } };
            page.respond(StatusCode::SERVICE_UNAVAILABLE, None, &body)
        }
    }
}

fn pot_of(service: &Service, id: &str) -> Option<([u8; 16], Pot)> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(id.as_bytes()).ok();
    let id = bytes.and_then(|bytes| bytes.try_into().ok()).or_else(|| Some(CodeId::parse(id).ok()?.0))?;
    Some((id, service.public_pot(&id).ok()?))
}

fn pot_page(page: &Page, service: &Service, pot: &Pot, fault: Option<&str>) -> Response {
    let price = pot.price.as_deref().and_then(|price| text::amount("price", price, service.scale()).ok());
    let body = html! {
        h1 { (drawn(&ITEMS, &pot.picture)) " " (page.heading()) }
        @if let Some(shop) = &pot.shop { p.lead { (shop) } }
        p.note.good { (icon("cup")) (how_many(page, pot)) }
        p { (page.say("pots_need")) }
        section {
            h2 { (icon("cup")) (page.say("pots_give_title")) }
            p { (page.say("pots_give_text")) }
            @match (pot.takes_credits && !pot.paused, price) {
                (true, Some(price)) => {
                    form method="get" action=(paths::fill(paths::POT_PAGE, &pot.id)) {
                        div.field {
                            label for="number" {
                                (page.say("pots_how_many")) " "
                                span.small { (page.say_with("pots_price", &[("amount", &amount(page, service, price.minor()))])) }
                            }
                            input #number name="number" type="text" inputmode="numeric" autocomplete="off" maxlength="2"
                                required value=(fault.unwrap_or("1")) aria-describedby="number-fault"
                                aria-invalid=[fault.is_some().then_some("true")];
                            p #number-fault .fault role="alert" {
                                @if fault.is_some() { (page.say_with("pots_number_wrong", &[("most", &GIFT_MAX.to_string())])) }
                            }
                        }
                        div.actions { button.button type="submit" { (icon("pay")) (page.say("pots_give")) } }
                    }
                }
                (false, _) if pot.paused => { p { (page.say("pots_paused_give")) } }
                _ => { p { (page.say("pots_give_euro")) } }
            }
        }
        (along(page, service))
        p.small { (page.say("pots_counted")) }
        div.actions {
            a.button.quiet href=(paths::fill(paths::POT_SHEET_PAGE, &pot.id)) { (icon("list")) (page.say("pots_sheet")) }
            a.button.quiet href="/" { (icon("clover")) (page.say("to_square")) }
        }
    };
    page.respond(if fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }, None, &body)
}

/// `/pots/town`: giving to the pot of the town.
pub async fn town(State(app): State<App>, asked: Asked, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    if !app.service.pots().town {
        return unknown(page, Missing::Page);
    }
    page.title(page.say("pots_town"));
    let amount = asked.ok().and_then(|Query(mut query)| query.remove("amount"));
    let words = Some(page.say("pots_town_text"));
    let form =
        Form { action: paths::TOWN_POT_PAGE.to_owned(), name: page.say("pots_town"), words, script: None };
    lead_on(&app, page, form, amount, |asked| app.service.request_for_town(asked))
}

/// `/pots/ID/sheet`: a sheet for the window, in two languages, without any logo. Its script draws the code for givers.
pub async fn sheet(State(app): State<App>, PagePath(id): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit.clone());
    let Some((_, pot)) = pot_of(&app.service, &id) else { return unknown(page, Missing::Page) };
    page.without_logo();
    page.title(pot.item.clone());
    let columns = [page.language(), beside(page.language())].map(|language| {
        let other = Page::new(&app.service, Visit { language, ..visit.clone() });
        html! {
            section lang=(language.code()) {
                h2 { (other.say("pots_sheet_title")) }
                p { (other.say("pots_sheet_ask")) }
                p { (other.say("pots_sheet_point")) }
                p.small { (other.say("pots_sheet_give")) }
            }
        }
    });
    let body = html! {
        h1.unseen { (page.heading()) }
        article.poster {
            p.poster-picture { (drawn(&ITEMS, &pot.picture)) }
            p.lead { strong { (pot.item) } }
            div.columns { @for column in &columns { (column) } }
            (along(&page, &app.service))
            div #action {}
        }
    };
    let link = format!("{}{}", app.service.config().public_url, paths::fill(paths::POT_PAGE, &pot.id));
    page.data(json!({ "sheet": link }));
    page.respond(StatusCode::OK, Some("session"), &body)
}
