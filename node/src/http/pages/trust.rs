//! Whom to call when something is wrong, as the town square says it.

use super::frame::{Page, icon};
use crate::service::Service;
use klaver_api::PersonOfTrust;
use maud::{Markup, html};

/// The persons of trust with their numbers; nothing while there are none.
pub fn numbers(page: &Page, service: &Service) -> Markup {
    let found = service.persons_of_trust().persons;
    html! {
        @if !found.is_empty() {
            section.trust {
                h2 { (icon("hand")) (page.say("home_trust")) }
                p { (page.say("home_trust_text")) }
                div.actions {
                    @for one in &found {
                        a.button href={ "tel:" (dialled(&one.phone)) } { (icon("phone")) (called(page, one)) }
                    }
                }
            }
        }
    }
}

/// Says whom one calls: with the place that they listen for, where they do so for one.
fn called(page: &Page, one: &PersonOfTrust) -> String {
    let name = one.place.as_ref().map_or_else(|| one.name.clone(), |place| format!("{} · {place}", one.name));
    page.say_with("wrong_call", &[("name", &name), ("phone", &one.phone)])
}

/// Returns a number as a telephone takes it.
fn dialled(phone: &str) -> String {
    phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}
