//! In which language a visitor reads: what they chose, else what their browser asks for, else Dutch.

use crate::http::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use klaver_locales::Language;

const COOKIE: &str = "klaver_language";
/// A year, in seconds.
const COOKIE_SECONDS: u64 = 31_536_000;

/// Who looks at a page: in which language, and at which path.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The language.
    pub language: Language,
    /// The path, without query.
    pub path: String,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Response> {
        // A path that begins with two slashes would be another host, wherever a page links to itself.
        let path = format!("/{}", parts.uri.path().trim_start_matches('/'));
        match parts.uri.query().and_then(chosen) {
            Some(language) => Err(choose(language, &path)),
            None => Ok(Self { language: language_of(&parts.headers), path }),
        }
    }
}

/// Returns the language that a query asks for: `lang=fr`.
fn chosen(query: &str) -> Option<Language> {
    let code = query.split('&').find_map(|part| part.strip_prefix("lang="))?;
    Language::ALL.into_iter().find(|language| language.code() == code)
}

/// Remembers the choice, and shows the page again under its plain address; browsers keep the fragment.
fn choose(language: Language, path: &str) -> Response {
    let cookie =
        format!("{COOKIE}={}; Path=/; Max-Age={COOKIE_SECONDS}; SameSite=Lax; HttpOnly", language.code());
    match (HeaderValue::from_str(&cookie), HeaderValue::from_str(path)) {
        (Ok(cookie), Ok(path)) => {
            (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, path)]).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Returns the language that the visitor chose or likes best, Dutch if they say nothing.
fn language_of(headers: &HeaderMap) -> Language {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let cookies = text(header::COOKIE).split(';').map(str::trim);
    let kept = cookies.filter_map(|cookie| cookie.strip_prefix(COOKIE)?.strip_prefix('='));
    if let Some(language) = kept.filter_map(|code| chosen(&format!("lang={code}"))).next() {
        return language;
    }
    let mut best = (Language::Dutch, 0.0_f32);
    for part in text(header::ACCEPT_LANGUAGE).split(',') {
        let (tag, weight) = part.split_once(';').unwrap_or((part, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0);
        let code = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        if let Some(language) = chosen(&format!("lang={code}"))
            && weight > best.1
        {
            best = (language, weight);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_browser_says_the_language() {
        let language = |accepted| language_of(&asked(header::ACCEPT_LANGUAGE, accepted));
        assert_eq!(language("fr-BE,fr;q=0.9,nl;q=0.8"), Language::French);
        assert_eq!(language("en;q=0.5, nl-BE;q=0.9"), Language::Dutch);
        assert_eq!(language("de, en;q=0.1"), Language::English);
        assert_eq!(language("de"), Language::Dutch);
        assert_eq!(language_of(&HeaderMap::new()), Language::Dutch);
    }

    #[test]
    fn what_the_visitor_chose_counts_more() {
        let mut headers = asked(header::COOKIE, "a=b; klaver_language=fr");
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("en"));
        assert_eq!(language_of(&headers), Language::French);
        assert_eq!(language_of(&asked(header::COOKIE, "klaver_language=xx")), Language::Dutch);
    }

    #[test]
    fn a_choice_leads_back_to_the_same_page() {
        let answer = choose(Language::French, "/p/x");
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()[header::LOCATION], "/p/x");
        assert!(answer.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("klaver_language=fr;"));
        assert_eq!(chosen("amount=2&lang=en"), Some(Language::English));
        assert_eq!(chosen("lang=xx"), None);
    }
}
