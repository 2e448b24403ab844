//! Pages for people who follow a link: plain HTML, no script, in Dutch, French or English.

use super::App;
use super::extract::PagePath;
use crate::clock::wall_clock;
use crate::service::{RequestView, Service};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use klaver_api::request::RequestState;
use klaver_ledger::link::Link;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

const STYLE: &str = include_str!("pages/page.css");

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Dutch,
    French,
    English,
}

type Words = HashMap<String, String>;

static WORDS: LazyLock<[Words; 3]> = LazyLock::new(|| {
    [include_str!("pages/nl.json"), include_str!("pages/fr.json"), include_str!("pages/en.json")]
        .map(|json| serde_json::from_str(json).expect("the words are flat JSON"))
});

/// The pages' one style is allowed by its hash; nothing else is.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = data_encoding::BASE64.encode(&Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("the policy is ASCII")
});

/// `/p/ID`: whom, how much, until when, and how to pay.
pub async fn request(State(app): State<App>, PagePath(id): PagePath, headers: HeaderMap) -> Response {
    let page = Page::new(&app.service, language_of(&headers));
    let link = format!("{}/p/{id}", app.service.config().public_url);
    let view = match Link::parse(&link) {
        Ok(Link::Request { id, .. }) => app.service.request(&id).ok(),
        _ => None,
    };
    match view {
        Some(view) => request_page(page, &app.service, &view),
        None => page.unknown(),
    }
}

/// `/i/CODE`: what joining is, and how.
pub async fn invitation(State(app): State<App>, PagePath(code): PagePath, headers: HeaderMap) -> Response {
    let mut page = Page::new(&app.service, language_of(&headers));
    let invitation = app.service.code_from(&code).and_then(|code| app.service.invitation(&code));
    page.heading("invitation_title", &[]);
    match invitation {
        Ok(invitation) => {
            page.text("invitation_text", &[]);
            page.text("invitation_how", &[]);
            page.command(&format!("klaver join {}", invitation.link));
            page.note("invitation_secret");
            page.respond(StatusCode::OK)
        }
        Err(_) => {
            page.note("invitation_unknown");
            page.text("invitation_next", &[]);
            page.respond(StatusCode::NOT_FOUND)
        }
    }
}

/// `/d/ID`: that something waits for a signature. What it is, only keys that may sign see, in their wallet.
pub async fn draft(State(app): State<App>, PagePath(id): PagePath, headers: HeaderMap) -> Response {
    let mut page = Page::new(&app.service, language_of(&headers));
    let link = format!("{}/d/{id}", app.service.config().public_url);
    match Link::parse(&link).and_then(|link| link.print()) {
        Ok(link) => {
            page.heading("draft_title", &[]);
            page.text("draft_text", &[]);
            page.text("draft_how", &[]);
            page.command(&format!("klaver cosign {link}"));
            page.respond(StatusCode::OK)
        }
        Err(_) => page.unknown(),
    }
}

fn request_page(mut page: Page, service: &Service, view: &RequestView) -> Response {
    let community = service.founded().name.clone();
    let unlisted = page.words("request_unlisted", &[("community", &community)]);
    let name = view.name.clone().unwrap_or(unlisted);
    page.heading("request_title", &[("name", &name)]);
    page.amount(service, view.row.amount);
    match view.state {
        RequestState::Open => {
            let minutes =
                (view.row.until * 1_000).saturating_sub(wall_clock().millis()).div_ceil(60_000).max(1);
            let key = if minutes == 1 { "request_open_one" } else { "request_open_many" };
            page.text(key, &[("minutes", &minutes.to_string())]);
            page.text("request_how", &[]);
            let link =
                Link::Request { node: service.address().clone(), id: view.id }.print().unwrap_or_default();
            page.command(&format!("klaver pay {link}"));
            page.note("request_check");
        }
        RequestState::Paid => page.note("request_paid"),
        RequestState::Expired => {
            page.note("request_expired");
            page.text("request_expired_next", &[]);
        }
    }
    page.respond(StatusCode::OK)
}

struct Page {
    language: Language,
    community: String,
    demo: bool,
    title: String,
    body: String,
}

impl Page {
    fn new(service: &Service, language: Language) -> Self {
        let community = service.founded().name.clone();
        Self {
            language,
            title: community.clone(),
            community,
            demo: service.config().demo,
            body: String::new(),
        }
    }

    fn words(&self, key: &str, values: &[(&str, &str)]) -> String {
        let found = WORDS[self.language as usize].get(key);
        let text = found.expect("every language has every key: a test compares them").clone();
        let text = text.replace("{community}", &self.community);
        values.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn heading(&mut self, key: &str, values: &[(&str, &str)]) {
        self.title = self.words(key, values);
        let _ = write!(self.body, "<h1>{}</h1>", escape(&self.title));
    }

    fn text(&mut self, key: &str, values: &[(&str, &str)]) {
        let text = self.words(key, values);
        let _ = write!(self.body, "<p>{}</p>", escape(&text));
    }

    fn note(&mut self, key: &str) {
        let text = self.words(key, &[]);
        let _ = write!(self.body, "<p class=\"note\">{}</p>", escape(&text));
    }

    fn command(&mut self, command: &str) {
        let _ = write!(self.body, "<code>{}</code>", escape(command));
    }

    fn amount(&mut self, service: &Service, minor: u64) {
        let scale = service.scale();
        let decimal = klaver_ledger::amount::Total::new(minor).unwrap_or_default().to_decimal(scale);
        let whole = decimal.trim_end_matches('0').trim_end_matches('.');
        let is_one = whole == "1";
        // A round number is shown round: "5 klavers".
        let shown = if decimal.contains('.') && !whole.contains('.') { whole.to_owned() } else { decimal };
        let shown = if self.language == Language::English { shown } else { shown.replace('.', ",") };
        let unit = &service.founded().unit;
        let unit = if is_one { &unit.one } else { &unit.many };
        let _ = write!(self.body, "<p class=\"amount\">{shown} {}</p>", escape(unit));
    }

    fn unknown(mut self) -> Response {
        self.heading("unknown_title", &[]);
        self.note("unknown_text");
        self.text("unknown_next", &[]);
        self.respond(StatusCode::NOT_FOUND)
    }

    fn respond(mut self, status: StatusCode) -> Response {
        if self.demo {
            self.note("demo");
        }
        let html = format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>{}</title>\
             <style>{STYLE}</style></head><body><main>{}</main><footer>{}</footer></body></html>\n",
            self.language.tag(),
            escape(&self.title),
            self.body,
            escape(&self.community),
        );
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
            (header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language.tag())),
            (header::VARY, HeaderValue::from_static("accept-language")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (status, headers, html).into_response()
    }
}

impl Language {
    const fn tag(self) -> &'static str {
        match self {
            Self::Dutch => "nl",
            Self::French => "fr",
            Self::English => "en",
        }
    }
}

/// Returns the language that the visitor likes best, Dutch if they say nothing.
fn language_of(headers: &HeaderMap) -> Language {
    let accepted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (Language::Dutch, 0.0_f32);
    for part in accepted.split(',') {
        let (tag, weight) = part.split_once(';').unwrap_or((part, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0);
        let language = match tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "nl" => Language::Dutch,
            "fr" => Language::French,
            "en" => Language::English,
            _ => continue,
        };
        if weight > best.1 {
            best = (language, weight);
        }
    }
    best.0
}

/// Makes text harmless inside elements and quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
    }

    #[test]
    fn every_language_has_every_key_with_its_placeholders() {
        let [dutch, french, english] = &*WORDS;
        for other in [french, english] {
            assert_eq!(dutch.keys().collect::<BTreeSet<_>>(), other.keys().collect::<BTreeSet<_>>());
            for (key, text) in dutch {
                assert_eq!(placeholders(text), placeholders(&other[key]), "{key}");
            }
        }
    }

    #[test]
    fn the_visitor_chooses_the_language() {
        let language = |accepted: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            language_of(&headers)
        };
        assert_eq!(language("fr-BE,fr;q=0.9,nl;q=0.8"), Language::French);
        assert_eq!(language("en;q=0.5, nl-BE;q=0.9"), Language::Dutch);
        assert_eq!(language("de, en;q=0.1"), Language::English);
        assert_eq!(language("de"), Language::Dutch);
        assert_eq!(language_of(&HeaderMap::new()), Language::Dutch);
    }

    #[test]
    fn what_somebody_typed_stays_text() {
        assert_eq!(escape("<b>\"Jan\" & 'co'"), "&lt;b&gt;&quot;Jan&quot; &amp; &#39;co&#39;");
    }
}
