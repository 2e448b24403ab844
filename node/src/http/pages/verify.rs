//! `/verify`: anybody checks a receipt on their own device; the page itself can be kept as one file.
//!
//! The file has everything in it: script, style, sentences, and whom the node says to trust. Its policy lets it ask
//! nobody anything.

use super::super::App;
use super::super::assets::{self, manifest};
use super::frame::{Page, harmless, icon};
use super::language::Visit;
use super::{Missing, unknown, without_script};
use crate::clock::wall_clock;
use crate::service::Service;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use klaver_api::paths;
use klaver_ledger::id::Digest;
use klaver_ledger::log::hash::Hash;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};

/// Shows the page.
pub async fn page(State(app): State<App>, visit: Visit) -> Response {
    let page = begun(&app.service, visit);
    let body = html! {
        (introduction(&page, &app.service))
        section {
            h2 { (icon("down")) (page.say("check_save")) }
            p { (page.say("check_save_text")) }
            div.actions {
                a.button href=(paths::VERIFY_FILE) download { (icon("down")) (page.say("check_save")) }
            }
        }
    };
    page.respond(StatusCode::OK, Some("verify"), &body)
}

/// Gives the page as one file.
pub async fn file(State(app): State<App>, visit: Visit) -> Response {
    let page = begun(&app.service, visit);
    let Some(parts) = Parts::find(page.language().code()) else { return unknown(page, Missing::Page) };
    let address = &app.service.config().public_url;
    let html = parts.document(&page, &introduction(&page, &app.service), address).into_string();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"klaver-verify.html\""),
        ),
        (header::VARY, HeaderValue::from_static("accept-language, cookie")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, html).into_response()
}

/// Begins the page: whom the node says to trust stands beside it.
fn begun(service: &Service, visit: Visit) -> Page {
    let mut page = Page::new(service, visit);
    page.title(page.say("check_title"));
    page.data(json!({
        "policy": service.witnesses().map(|witnesses| witnesses.text()).unwrap_or_default(),
        "charter": service.community_json().charter.witness_policy,
        "at": wall_clock().millis(),
    }));
    page
}

fn introduction(page: &Page, service: &Service) -> Markup {
    let known = service.community_json();
    let command = format!(
        "klaver receipt verify klaver-42.tlog-proof --log-key {} --ledger {}",
        known.log.vkey, known.ledger
    );
    html! {
        h1 { (page.heading()) }
        p.lead { (page.say("check_lead")) }
        p.small { (page.say("check_private")) }
        div #action { noscript { (without_script(page, "check_without", &command)) } }
    }
}

/// What stands inside the file.
struct Parts {
    script: &'static str,
    style: &'static str,
    words: Value,
}

impl Parts {
    /// Finds the parts in this language; `None` where `make web` has not run.
    fn find(language: &str) -> Option<Self> {
        let made = manifest()?;
        let words = assets::text(made.alone.get(language)?)?;
        Some(Self {
            script: assets::text("alone.js")?,
            style: assets::text(&made.style)?,
            words: serde_json::from_str(words).ok()?,
        })
    }

    fn document(&self, page: &Page, body: &Markup, address: &str) -> Markup {
        let title = format!("{} · {}", page.heading(), page.community());
        html! {
            (DOCTYPE)
            html lang=(page.language().code()) {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(self.policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) }
                    style { (PreEscaped(self.style)) }
                }
                body {
                    header { p.brand { (icon("clover")) span { (page.community()) } } }
                    main #main tabindex="-1" { (body) }
                    footer { p { (icon("down")) (page.say_with("check_copy", &[("address", address)])) } }
                    (page.told())
                    script #words type="application/json" { (PreEscaped(harmless(&self.words))) }
                    script { (PreEscaped(self.script)) }
                }
            }
        }
    }

    /// Only this very script and style, and nobody to ask.
    fn policy(&self) -> String {
        let hash = |text: &str| Hash(Digest::of(text.as_bytes()).0).to_base64();
        format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            hash(self.script),
            hash(self.style)
        )
    }
}
