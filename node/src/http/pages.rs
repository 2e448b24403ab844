//! Pages for people: HTML that says everything without a script, and is brought to life by one.

mod alias;
mod checked;
mod frame;
pub mod funder;
pub mod hearty;
mod language;
pub mod organisations;
pub mod paper;
pub mod pioneers;
pub mod pots;
pub mod tasks;
mod trust;
pub mod verify;
mod when;

use super::App;
use super::assets::manifest;
use super::extract::PagePath;
use super::problem::no_such_path;
use crate::clock::wall_clock;
use crate::community::invitations::COUNTED_SECONDS;
use crate::service::{CENTS_MAX, INVITED_MAX, Offer, PIONEERS, PublicCounters, RequestView, Service};
pub use alias::alias;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use frame::{Page, icon};
use klaver_api::community::{DirectoryEntry, Position};
use klaver_api::paths;
use klaver_api::request::RequestState;
use klaver_ledger::amount::Total;
use klaver_ledger::link::Link;
pub use language::Visit;
use maud::{Markup, html};
use serde_json::json;

/// Where the town square lists the places, with where they are and what is next there. Scripts name it too.
pub const PLACES: &str = "/#places";

/// `/`: what this currency is, where it is taken, how anybody can check it.
pub async fn home(State(app): State<App>, visit: Visit) -> Response {
    let service = &app.service;
    let mut page = Page::new(service, visit);
    let listed = service.directory().entries;
    let offers = service.offers(&listed);
    let has_map = offer_map(&mut page, service, &listed, &offers);
    let own_pots = service.pot_accounts();
    let of = |kind: &str| -> Vec<(String, Option<String>)> {
        let some = listed.iter().filter(|entry| entry.kind == kind && !own_pots.contains(&entry.account));
        some.map(|entry| (entry.name.clone(), entry.address.clone())).collect()
    };
    let funds = of("fund");
    let shops = |is_hearty| offers.iter().filter(|offer| offer.is_hearty == is_hearty).collect::<Vec<_>>();
    let served = service.published();
    let body = html! {
        h1 { (page.community()) }
        p.lead { (page.say("home_lead")) }
        div.actions {
            a.button.main href="/wallet" { (icon("wallet")) (page.say("home_wallet")) }
        }
        (counters(&page, service))
        (pots::shops(&page, "home_merchants", Some("home_merchants_none"), "shop", &shops(false)))
        (pots::ready(&page, service))
        (pots::shops(&page, "home_hearty", None, "shop", &shops(true)))
        (tasks::meeting_places(&page, service, &once_each(of("budget"))))
        @if own_pots.is_empty() || !funds.is_empty() {
            (page.names("home_funds", "home_funds_none", "cup", &funds))
        }
        @if has_map { div #action {} }
        (tasks::joinable(&page, service))
        (pots::along(&page, service))
        (tasks::call(&page, false))
        (organisations::way(&page, service))
        (trust::numbers(&page, service))
        // Whoever comes to join in or to pay has no business behind these.
        section {
            h2 { (icon("till")) (page.say("home_staff")) }
            div.actions {
                a.button.quiet href="/till" { (icon("till")) (page.say("home_till")) }
                a.button.quiet href="/place" { (icon("people")) (page.say("home_place")) }
                a.button.quiet href=(paths::HEARTY_NEW_PAGE) { (icon("hand")) (page.say("hearty_way")) }
            }
        }
        section {
            h2 { (icon("seal")) (page.say("verify_title")) }
            p { (page.say("verify_text")) }
            div.actions { a.button href=(paths::VERIFY_PAGE) { (icon("seal")) (page.say("verify_link")) } }
            details {
                summary { (page.say("verify_how")) }
                p { (page.say("verify_log")) " " (page.say_with("verify_size", &[("size", &grouped(served.size))])) }
                (checked::state(&page, service))
                p { (page.say("verify_command")) }
                code { "klaver audit " (service.config().public_url) }
                p { (page.say("verify_key")) }
                code { (service.community_json().log.vkey) }
                p { a href="/log/checkpoint" { (page.say("verify_checkpoint")) } }
                @if let Some(made) = manifest() {
                    p { a href={ "/assets/" (made.notices) } { (page.say("verify_notices")) } }
                }
                (checked::hash(&page, service))
            }
        }
    };
    page.respond(StatusCode::OK, None, &body)
}

/// Returns each place once, whoever pays for what it gives.
fn once_each(accounts: Vec<(String, Option<String>)>) -> Vec<(String, Option<String>)> {
    let mut places: Vec<(String, Option<String>)> = Vec::new();
    for (name, address) in accounts {
        let place = tasks::place_of(&name);
        match places.iter_mut().find(|(known, _)| known == place) {
            Some((_, known)) => *known = known.take().or(address),
            None => places.push((place.to_owned(), address)),
        }
    }
    places
}

/// Returns a number as people here read it, in groups of three: `1 390`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join("\u{a0}")
}

/// Gives the page what a map shows, and lets it ask for the map's pictures; returns whether there is anything to show.
fn offer_map(page: &mut Page, service: &Service, listed: &[DirectoryEntry], offers: &[Offer]) -> bool {
    let Some(map) = &service.config().map else { return false };
    let point = |at: Position| [at.latitude_microdegrees, at.longitude_microdegrees];
    // Shops with what they offer; of the others their names.
    let others = listed.iter().filter(|entry| entry.kind != "merchant").filter_map(|entry| {
        let (name, address) = (&entry.name, &entry.address);
        Some(json!({ "name": name, "address": address, "kind": entry.kind, "at": point(entry.position?), "offers": [] }))
    });
    let shops = offers.iter().filter_map(|offer| {
        let kind = if offer.is_hearty { "hearty" } else { "merchant" };
        let found = pots::on_map(page, offer);
        let (name, address) = (&offer.name, &offer.address);
        Some(json!({ "name": name, "address": address, "kind": kind, "at": point(offer.position?), "offers": found }))
    });
    let places: Vec<_> = others.chain(shops).collect();
    // Settings were checked at the start; what cannot be named in the policy is not shown.
    let (false, Ok(origin)) = (places.is_empty(), map.origin()) else { return false };
    let Some(made) = manifest() else { return false };
    let host = origin.split_once("://").map_or(origin.as_str(), |(_, host)| host).to_owned();
    let words = json!({
        "show": page.say("map_show"),
        "from": page.say_with("map_from", &[("host", &host)]),
        "map": page.say("map_label"),
        "closer": page.say("map_closer"),
        "further": page.say("map_further"),
        "failed": page.say("map_failed"),
        "again": page.say("again"),
    });
    let style = format!("/assets/{}", made.map_style);
    page.data(json!({
        "tiles": map.tiles,
        "attribution": map.attribution,
        "style": style,
        "places": places,
        "words": words,
    }));
    page.pictures_from(origin);
    true
}

/// What anybody may know of how it goes: in tens, of one day, and nothing of fewer than ten people.
fn counters(page: &Page, service: &Service) -> Markup {
    let PublicCounters { people, given } = service.public_counters();
    let shown = |key: &str, number: u64| page.say_with(key, &[("number", &grouped(number))]);
    html! {
        @if let Some(people) = people {
            section {
                h2 { (icon("people")) (page.say("home_counters")) }
                p { (shown("home_counters_people", people)) }
                @if let Some(given) = given { p { (shown("home_counters_given", given)) } }
                p.small { (page.say("home_counters_how")) }
            }
        }
    }
}

/// `/p/ID`: whom, how much, until when, and how to pay.
pub async fn request(State(app): State<App>, PagePath(id): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let link = format!("{}/p/{id}", app.service.config().public_url);
    let view = match Link::parse(&link) {
        Ok(Link::Request { id, .. }) => app.service.request(&id).ok(),
        _ => None,
    };
    match view {
        Some(view) => request_page(&mut page, &app.service, &view),
        None => unknown(page, Missing::Code),
    }
}

fn request_page(page: &mut Page, service: &Service, view: &RequestView) -> Response {
    let name = view.name.clone().unwrap_or_else(|| page.say("request_unlisted"));
    page.title(page.say_with("request_title", &[("name", &name)]));
    let link = Link::Request { node: service.address().clone(), id: view.id }.print().unwrap_or_default();
    let body = html! {
        h1 { (page.heading()) }
        p.amount { (amount(page, service, view.row.amount)) }
        (page.quoted(view.row.words.as_deref()))
        @match view.state {
            RequestState::Open if view.paused => {
                (paused(page, &name))
                // Whoever has sent their payment already sees what became of it.
                (onward(page))
            }
            RequestState::Open => {
                div #before {
                    p #validity { (validity(page, view)) }
                    p { (page.say(if view.name.is_some() { "request_check" } else { "request_check_person" })) }
                }
                div #action {}
                noscript { (without_script(page, "request_how", &format!("klaver pay {link}"))) }
            }
            RequestState::Paid => {
                p.note.good { (icon("tick")) (page.say("request_paid")) }
                // Whoever paid it here sees their own receipt.
                (onward(page))
            }
            RequestState::Declined => {
                p.note { (icon("hand")) (page.say("request_declined")) }
                p { (page.say("request_declined_next")) }
                (onward(page))
            }
            RequestState::Withdrawn => {
                p.note { (icon("hand")) (page.say("request_withdrawn")) }
                p { (page.say("request_withdrawn_next")) }
                (onward(page))
            }
            RequestState::Expired => {
                p.note { (icon("clock")) (page.say("request_expired")) }
                p { (page.say("request_expired_next")) }
                (onward(page))
            }
        }
    };
    if let Ok(request) = service.request_json(view) {
        page.data(json!(request));
    }
    page.respond(StatusCode::OK, Some("pay"), &body)
}

/// The way to the wallet, in the place where a script shows what it knows instead.
fn onward(page: &Page) -> Markup {
    html! { div #action { div.actions { a.button.main href="/wallet" { (icon("wallet")) (page.say("to_wallet")) } } } }
}

/// Says kindly that a payee takes nothing for a while.
fn paused(page: &Page, name: &str) -> Markup {
    html! {
        p.note { (icon("clock")) (page.say_with("paused", &[("name", name)])) }
        p { (page.say("paused_next")) }
    }
}

fn validity(page: &Page, view: &RequestView) -> String {
    let left = (view.row.until * 1_000).saturating_sub(wall_clock().millis());
    let (number, many) = match left.div_ceil(60_000).max(1) {
        minutes @ 0..=119 => (minutes, "request_open_many"),
        minutes @ 120..=2_879 => (minutes / 60, "request_open_hours"),
        minutes => (minutes / 1_440, "request_open_days"),
    };
    let key = if number == 1 { "request_open_one" } else { many };
    page.say_with(key, &[("minutes", &number.to_string())])
}

/// `/i/CODE`: what joining is, and how.
pub async fn invitation(State(app): State<App>, PagePath(code): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    page.title(page.say("invitation_title"));
    let invitation = app.service.code_from(&code).and_then(|code| app.service.invitation(&code));
    match invitation {
        Ok(invitation) => {
            let body = html! {
                h1 { (page.heading()) }
                p.lead { (page.say("invitation_text")) }
                div #action {}
                p.note { (icon("hand")) (page.say("invitation_secret")) }
                noscript {
                    (without_script(&page, "invitation_how", &format!("klaver join {}", invitation.link)))
                }
            };
            page.data(json!({ "code": invitation.code }));
            page.respond(StatusCode::OK, Some("join"), &body)
        }
        Err(_) => {
            page.title(page.say("invitation_over"));
            // Whoever has joined sees that instead.
            let body = html! {
                h1 { (page.heading()) }
                p { (page.say("why_unknown_invitation")) " " (page.say("why_unknown_invitation_next")) }
                div #action {
                    div.actions {
                        a.button.main href="/" { (icon("clover")) (page.say("to_square")) }
                        a.button.quiet href="/wallet#restore" { (icon("wallet")) (page.say("restore")) }
                    }
                }
            };
            page.respond(StatusCode::NOT_FOUND, Some("join"), &body)
        }
    }
}

/// `/d/ID`: that something waits for a signature. What it is, only keys that may sign see, in their wallet.
pub async fn draft(State(app): State<App>, PagePath(id): PagePath, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let link = format!("{}/d/{id}", app.service.config().public_url);
    let Ok(link @ Link::Draft { id, .. }) = Link::parse(&link) else { return unknown(page, Missing::Draft) };
    let Ok(link) = link.print() else { return unknown(page, Missing::Draft) };
    if !app.service.has_draft(&id.0) {
        return unknown(page, Missing::Draft);
    }
    page.title(page.say("draft_title"));
    let body = html! {
        h1 { (page.heading()) }
        p { (page.say("draft_text")) }
        div.actions.scripted {
            a.button.main href={ "/wallet#draft/" (id) } { (icon("wallet")) (page.say("draft_open")) }
        }
        (needs_script(&page))
        details {
            summary { (page.say("connect_program")) }
            (without_script(&page, "draft_how", &format!("klaver cosign {link}")))
        }
    };
    page.respond(StatusCode::OK, None, &body)
}

/// `/wallet`: the wallet on this phone.
pub async fn wallet(State(app): State<App>, visit: Visit) -> Response {
    shell(Page::new(&app.service, visit), "wallet")
}

/// `/till`: the till of a merchant.
pub async fn till(State(app): State<App>, visit: Visit) -> Response {
    shell(Page::new(&app.service, visit), "till")
}

/// `/place`: the screen of a doe-plek: who is there, and one thank-you for all.
pub async fn place(State(app): State<App>, visit: Visit) -> Response {
    shell(Page::new(&app.service, visit), "place")
}

/// `/wrong`: telling that something is wrong, and what a person of trust is told.
pub async fn wrong(State(app): State<App>, visit: Visit) -> Response {
    shell(Page::new(&app.service, visit), "wrong")
}

/// `/promise`: paying without network. A phone keeps this page, with the shops that it may promise to.
pub async fn promise(State(app): State<App>, visit: Visit) -> Response {
    let service = &app.service;
    let mut page = Page::new(service, visit);
    let shops = service.directory().entries.into_iter().filter(|entry| entry.kind == "merchant");
    let shops: Vec<_> = shops.map(|entry| json!({ "account": entry.account, "name": entry.name })).collect();
    page.data(json!({ "terms": service.promise_terms(), "shops": shops }));
    shell(page, "promise")
}

/// `/invite`: inviting somebody, as a member or a place.
pub async fn invite(State(app): State<App>, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    let [member, budget] = INVITED_MAX;
    page.data(json!({ "most": { "member": member, "budget": budget }, "lasts": COUNTED_SECONDS }));
    shell(page, "invite")
}

/// `/coordination`: what the council sees.
pub async fn coordination(State(app): State<App>, visit: Visit) -> Response {
    let mut page = Page::new(&app.service, visit);
    page.data(json!({ "pioneers": [PIONEERS.start(), PIONEERS.end()], "cents": CENTS_MAX }));
    shell(page, "coordination")
}

/// A page that lives in its script.
fn shell(mut page: Page, name: &'static str) -> Response {
    page.title(page.say(name));
    let body = if manifest().is_some() {
        html! {
            h1.unseen { (page.heading()) }
            div #action {
                p role="status" { (page.say("loading")) }
                // A script that never comes can say nothing.
                p.late { (page.say("loading_long")) }
                p.late { a.button href="" { (icon("again")) (page.say("again")) } }
            }
            (needs_script(&page))
        }
    } else {
        html! {
            h1 { (page.heading()) }
            p.note { "This node was built without its pages. Run " code { "make web" } ", then build it again." }
        }
    };
    page.respond(StatusCode::OK, Some(name), &body)
}

/// What a phone needs to know to keep the wallet among its programs.
pub async fn web_manifest(State(app): State<App>, visit: Visit) -> Response {
    let page = Page::new(&app.service, visit);
    let brand = app.service.brand();
    let (icon, media) = match brand.and_then(|brand| brand.logo.as_ref()) {
        Some(logo) => (logo.name.clone(), logo.media),
        None => (manifest().map(|manifest| manifest.icon.clone()).unwrap_or_default(), "image/svg+xml"),
    };
    let colour = brand.and_then(|brand| brand.colour.as_deref()).unwrap_or("#1b6e3c");
    let manifest = json!({
        "name": page.community(),
        "short_name": page.community(),
        "start_url": "/wallet",
        "scope": "/",
        "display": "standalone",
        "lang": page.language().code(),
        "background_color": "#ffffff",
        "theme_color": colour,
        "icons": [{ "src": format!("/assets/{icon}"), "sizes": "any", "type": media, "purpose": "any" }],
        "shortcuts": [{ "name": page.say("till"), "url": "/till" }],
    });
    let media = HeaderValue::from_static("application/manifest+json");
    ([(header::CONTENT_TYPE, media)], Json(manifest)).into_response()
}

/// A path that is not there: a page for a person, a problem for a program.
pub async fn elsewhere(State(app): State<App>, headers: HeaderMap, visit: Visit) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepted.contains("text/html") && !visit.path.starts_with("/v1/") {
        return unknown(Page::new(&app.service, visit), Missing::Page);
    }
    no_such_path().into_response()
}

/// What somebody came for and is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// What a code stands for.
    Code,
    /// A card or voucher: whoever holds one holds value.
    Paper,
    /// Something to sign.
    Draft,
    /// A task, or a session.
    Task,
    /// A page.
    Page,
}

/// Says that something is not there, and where to go from here.
fn unknown(mut page: Page, missing: Missing) -> Response {
    let name = match missing {
        Missing::Code => "code",
        Missing::Paper => "paper",
        Missing::Draft => "draft",
        Missing::Task => "task",
        Missing::Page => "page",
    };
    page.title(page.say(&format!("unknown_{name}")));
    let way = |main: bool, to: &str, picture: &str, key: &str| {
        html! { a class=(if main { "button main" } else { "button" }) href=(to) { (icon(picture)) (page.say(key)) } }
    };
    let body = html! {
        h1 { (page.heading()) }
        p { (page.say(&format!("unknown_{name}_next"))) }
        div.actions {
            @match missing {
                Missing::Code | Missing::Paper => (way(true, "/wallet#scan", "scan", "unknown_scan")),
                Missing::Task => (way(true, klaver_api::paths::TASKS_PAGE, "list", "tasks_see")),
                Missing::Draft => (way(true, "/wallet", "wallet", "to_wallet")),
                Missing::Page => {}
            }
            (way(missing == Missing::Page, "/", "clover", "to_square"))
        }
    };
    page.respond(StatusCode::NOT_FOUND, None, &body)
}

/// Says that nothing goes on here without a script, and where people help.
fn needs_script(page: &Page) -> Markup {
    html! {
        noscript {
            p.note { (icon("hand")) (page.say("needs_script")) }
            p { (page.say("needs_script_next")) }
            div.actions { a.button href=(PLACES) { (icon("people")) (page.say("where_place")) } }
        }
    }
}

/// How to go on without a script: on a computer, by the wallet of the command line.
fn without_script(page: &Page, key: &str, command: &str) -> Markup {
    html! {
        p { (page.say(key)) }
        code { (command) }
    }
}

fn amount(page: &Page, service: &Service, minor: u64) -> String {
    let decimal = Total::new(minor).unwrap_or_default().to_decimal(service.scale());
    let whole = decimal.trim_end_matches('0').trim_end_matches('.');
    let is_one = whole == "1";
    // A round number is shown round: "5 klavers".
    let shown = if decimal.contains('.') && !whole.contains('.') { whole } else { &decimal };
    let shown = shown.replace('.', &page.language().decimal_mark().to_string());
    let unit = &service.founded().unit;
    format!("{shown} {}", if is_one { &unit.one } else { &unit.many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_groups_of_three() {
        for (number, shown) in
            [(7, "7"), (999, "999"), (1_390, "1\u{a0}390"), (1_000_000, "1\u{a0}000\u{a0}000")]
        {
            assert_eq!(grouped(number), shown);
        }
    }

    #[test]
    fn a_place_stands_there_once_whoever_pays_for_what_it_gives() {
        let account = |name: &str, address: Option<&str>| (name.to_owned(), address.map(str::to_owned));
        let known = [
            account("De Zaadkamer · gemeente", None),
            account("De Ploeg", Some("Kaai 1")),
            account("De Zaadkamer · Fonds Ter Linde", Some("Molenstraat 12")),
        ];
        let shown = [account("De Zaadkamer", Some("Molenstraat 12")), account("De Ploeg", Some("Kaai 1"))];
        assert_eq!(once_each(known.to_vec()), shown);
    }
}
