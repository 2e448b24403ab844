//! What every page has: head, name of the community, languages, foot, and what its script is told.

use super::super::assets::{Manifest, manifest};
use super::language::Visit;
use crate::clock::wall_clock;
use crate::service::{PAYOUT_OVERDUE, PICTURES, Service};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use klaver_locales::Language;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// Nothing but the node's own scripts, styles, pictures and answers; nothing inline, no markup from a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types klaver";

/// The pages that read codes with the camera: their third reader is compiled on the phone, and nothing else is.
const WITH_READER: [&str; 4] = ["wallet", "till", "place", "promise"];

/// A page that is being made.
pub struct Page {
    visit: Visit,
    community: String,
    units: [(&'static str, String); 3],
    demo: bool,
    title: String,
    facts: Value,
    data: Value,
    /// The colour, stylesheet and logo of the community, below `/assets/`.
    style: Option<String>,
    logo: Option<String>,
    /// Where pictures come from besides the node: of a page that shows a map.
    pictures: Option<String>,
}

impl Page {
    /// Begins a page of `service` for a visitor; its title is the community's name.
    pub fn new(service: &Service, visit: Visit) -> Self {
        let founded = service.founded();
        let community = founded.name.clone();
        let units = [
            ("community", community.clone()),
            ("one", founded.unit.one.clone()),
            ("many", founded.unit.many.clone()),
        ];
        Self {
            visit,
            title: community.clone(),
            community,
            units,
            demo: service.config().demo,
            facts: facts(service),
            data: Value::Null,
            style: service.brand().and_then(|brand| brand.style.as_ref()).map(|style| style.name.clone()),
            logo: service.brand().and_then(|brand| brand.logo.as_ref()).map(|logo| logo.name.clone()),
            pictures: None,
        }
    }

    /// Returns the sentence `web.key`.
    pub fn say(&self, key: &str) -> String {
        self.say_with(key, &[])
    }

    /// Returns the sentence `web.key` with values in it; the community's own words are always known.
    pub fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let own = self.units.iter().map(|(name, word)| (*name, word.as_str()));
        let values: Vec<(&str, &str)> = own.chain(values.iter().copied()).collect();
        self.language().say(&format!("web.{key}"), &values)
    }

    /// Returns why nothing is recorded.
    fn halted(&self) -> String {
        let reason = &self.facts["readOnly"];
        let values = reason["values"].as_object().into_iter().flatten();
        let values: Vec<(&str, String)> =
            values.map(|(name, value)| (name.as_str(), shown(value.as_str().unwrap_or_default()))).collect();
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let code = reason["code"].as_str().unwrap_or_default();
        self.language().say(&format!("halt.{code}"), &values)
    }

    /// Returns the language.
    pub fn language(&self) -> Language {
        self.visit.language
    }

    /// Returns the community's name.
    pub fn community(&self) -> &str {
        &self.community
    }

    /// Sets the title.
    pub fn title(&mut self, title: String) {
        self.title = title;
    }

    /// Returns the title, as the page's heading.
    pub fn heading(&self) -> &str {
        &self.title
    }

    /// Returns how many decimals an amount may have.
    pub fn decimals(&self) -> u64 {
        self.facts["scale"].as_u64().unwrap_or_default()
    }

    /// Returns the node's address.
    pub fn origin(&self) -> &str {
        self.facts["origin"].as_str().unwrap_or_default()
    }

    /// Returns words of somebody else, marked as theirs.
    pub fn quoted(&self, words: Option<&str>) -> Markup {
        html! {
            @if let Some(words) = words {
                p.small { (self.say("own_words")) }
                blockquote { (words) }
            }
        }
    }

    /// Gives the page's script something to begin with.
    pub fn data(&mut self, data: Value) {
        self.data = data;
    }

    /// Takes the community's logo off the page: what hangs in a window is nobody's banner.
    pub fn without_logo(&mut self) {
        self.logo = None;
    }

    /// Lets the page load pictures from this origin too.
    pub fn pictures_from(&mut self, origin: String) {
        self.pictures = Some(origin);
    }

    /// Returns a section with a list of names and where they are, or a sentence when there are none.
    pub fn names(
        &self,
        title: &str,
        none: &str,
        picture: &str,
        names: &[(String, Option<String>)],
    ) -> Markup {
        html! {
            section {
                h2 { (icon(picture)) (self.say(title)) }
                @if names.is_empty() {
                    p { (self.say(none)) }
                } @else {
                    ul.names { @for (name, address) in names { li { (name) (where_it_is(address.as_deref())) } } }
                }
            }
        }
    }

    /// Returns the whole page, brought to life by the script of that name.
    pub fn respond(&self, status: StatusCode, script: Option<&str>, body: &Markup) -> Response {
        let html = self.document(manifest(), script, body).into_string();
        let reads = script.is_some_and(|name| WITH_READER.contains(&name));
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, self.policy(reads)),
            (header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language().code())),
            (header::VARY, HeaderValue::from_static("accept-language, cookie")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (status, headers, html).into_response()
    }

    /// Returns what the page may run and show: our own, and where it reads codes also our compiled reader.
    fn policy(&self, reads_codes: bool) -> HeaderValue {
        let mut policy = POLICY.to_owned();
        if reads_codes {
            policy = policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'");
        }
        if let Some(origin) = &self.pictures {
            // What draws the map writes one probe as markup, which the page's own policy lets through alone.
            policy = policy
                .replace("img-src 'self'", &format!("img-src 'self' {origin}"))
                .replace("trusted-types klaver", "trusted-types klaver default");
        }
        HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(POLICY))
    }

    /// Returns what the page's script is told: facts of the community, and what the page was given.
    pub fn told(&self) -> Markup {
        // Said when the file with all other sentences does not come.
        let words: Map<String, Value> =
            ["trouble", "again"].into_iter().map(|key| (key.to_owned(), self.say(key).into())).collect();
        let mut facts = self.facts.clone();
        facts["words"] = Value::Object(words);
        // What is not so need not be said: a first load has little room.
        if let Some(facts) = facts.as_object_mut() {
            facts.retain(|name, value| name == "rate" || !(value.is_null() || *value == Value::Bool(false)));
        }
        html! {
            script #facts type="application/json" { (PreEscaped(harmless(&facts))) }
            @if !self.data.is_null() {
                script #data type="application/json" { (PreEscaped(harmless(&self.data))) }
            }
        }
    }

    fn document(&self, made: Option<&Manifest>, script: Option<&str>, body: &Markup) -> Markup {
        let asset = |file: &str| format!("/assets/{file}");
        let code = self.language().code();
        let title = if self.title == self.community {
            self.title.clone()
        } else {
            format!("{} · {}", self.title, self.community)
        };
        let name = script.unwrap_or("page");
        let script = made.and_then(|made| made.scripts.get(name));
        let words = made.and_then(|made| made.words.get(code)).map(|file| asset(file));
        // Sentences that this page needs beside those that all pages have.
        let own = made.and_then(|made| match name {
            "till" | "place" | "coordination" | "session" | "lent" | "paper" | "invite" => {
                made.more.get(code)
            }
            "wrong" => made.wrong.get(code),
            "verify" => made.check.get(code),
            "promise" => made.promise.get(code),
            _ => None,
        });
        let more = own.map(|file| asset(file));
        let proof = made.and_then(|made| made.proof.get(code)).map(|file| asset(file));
        let errors = made.and_then(|made| made.errors.get(code)).map(|file| asset(file));
        let screens = made.and_then(|made| made.screens.get(code)).map(|file| asset(file));
        html! {
            (DOCTYPE)
            html lang=(code) data-words=[words.as_deref()] data-more=[more.as_deref()] data-own=[screens.as_deref()]
                data-proof=[proof.as_deref()] data-errors=[errors.as_deref()] {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    meta name="color-scheme" content="light dark";
                    title { (title) }
                    @if let Some(made) = made {
                        link rel="stylesheet" href=(asset(&made.style));
                        @if let Some(style) = &self.style { link rel="stylesheet" href=(asset(style)); }
                        @match &self.logo {
                            Some(logo) => { link rel="icon" href=(asset(logo)); }
                            None => { link rel="icon" type="image/svg+xml" href=(asset(&made.icon)); }
                        }
                        link rel="manifest" href="/manifest.webmanifest";
                        @if let Some(script) = script {
                            script type="module" src=(asset(&script.file)) {}
                            @for import in &script.imports { link rel="modulepreload" href=(asset(import)); }
                            @for words in words.iter().chain(&more) { link rel="modulepreload" href=(words); }
                            script nomodule defer src=(asset(&made.old)) {}
                        }
                    }
                }
                body {
                    a.skip href="#main" { (self.say("skip")) }
                    header {
                        a.brand href="/" {
                            @match &self.logo {
                                Some(logo) => { img.logo src=(asset(logo)) alt=""; }
                                None => { (icon("clover")) }
                            }
                            span { (self.community) }
                        }
                        nav.languages aria-label=(self.say("language")) {
                            @for language in Language::ALL {
                                a href={ (self.visit.path) "?lang=" (language.code()) } hreflang=(language.code())
                                    lang=(language.code()) aria-current=[(language == self.language()).then_some("true")] {
                                    span aria-hidden="true" { (language.code()) }
                                    span.unseen { (own_name(language)) }
                                }
                            }
                        }
                    }
                    main #main tabindex="-1" {
                        @if !self.facts["readOnly"].is_null() {
                            p.note { (icon("clock")) (self.say("why_read_only")) " " (self.halted()) }
                        }
                        (body)
                    }
                    footer {
                        @if self.demo { p { (icon("hand")) (self.say("demo")) } }
                        p #old hidden { (self.say("old_browser")) }
                    }
                    (self.told())
                }
            }
        }
    }
}

/// What a wallet must know of the community to sign and to verify, without another question.
fn facts(service: &Service) -> Value {
    let known = service.community_json();
    let rate = known.charter.policy.euro_rate.map(|rate| [rate.numerator, rate.denominator]);
    json!({
        "name": known.name,
        "one": known.unit.one,
        "many": known.unit.many,
        "scale": known.scale,
        "ledger": known.ledger,
        "origin": known.origin,
        "logOrigin": known.charter.origin,
        "logKeys": known.charter.log_keys,
        "joining": known.charter.policy.joining,
        "otherSeconds": known.charter.policy.other_validity,
        "refundSeconds": known.charter.policy.refund_window,
        "payoutSeconds": PAYOUT_OVERDUE.0,
        "rate": rate,
        "logo": service.brand().and_then(|brand| brand.logo.as_ref()).map(|logo| format!("/assets/{}", logo.name)),
        "timeZone": service.config().time_zone,
        "demo": known.demo,
        "successor": known.successor.filter(|url| *url != known.origin),
        "readOnly": known.read_only,
        "now": wall_clock().millis(),
    })
}

/// Returns a moment to the minute; any other value as it is.
fn shown(value: &str) -> String {
    match klaver_api::text::timestamp("moment", value) {
        Ok(_) => format!("{} UTC", value[..16].replace('T', " ")),
        Err(_) => value.to_owned(),
    }
}

/// Returns JSON that cannot end the element it stands in.
pub fn harmless(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Says below a name where it is, where somebody said so.
pub fn where_it_is(address: Option<&str>) -> Markup {
    html! { @if let Some(address) = address { span.small.below { (address) } } }
}

fn own_name(language: Language) -> &'static str {
    match language {
        Language::Dutch => "Nederlands",
        Language::French => "Français",
        Language::English => "English",
    }
}

/// Returns a picture beside words: it adds nothing for who hears the page.
///
/// # Panics
/// For a picture that is not drawn.
pub fn icon(name: &str) -> Markup {
    static SHAPES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        // Scripts draw from the same file.
        serde_json::from_str(include_str!("../../../web/src/icons.json")).expect("the pictures are flat JSON")
    });
    let shape = SHAPES.get(name).expect("every picture that a page names is drawn: a test shows every page");
    html! {
        svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(shape) {} }
    }
}

/// Returns the picture of a task beside its words.
pub fn picture(name: &str) -> Markup {
    drawn(&PICTURES, name)
}

/// Returns one of `shapes` beside its words.
pub fn drawn(shapes: &BTreeMap<String, String>, name: &str) -> Markup {
    let shape = shapes.get(name).map(String::as_str).unwrap_or_default();
    html! {
        svg.icon.task viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(shape) {} }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_for_a_script_cannot_end_their_element() {
        assert!(!harmless(&json!({ "name": "</script><script>" })).contains('<'));
    }
}
