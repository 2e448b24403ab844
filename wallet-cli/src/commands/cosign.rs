//! `klaver cosign`: sign an entry that waits for signatures.

use crate::app::App;
use crate::entries::{self, report};
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use clap::Args;
use klaver_api::draft::draft_id;
use klaver_api::{Draft, DraftPage, paths, text};
use klaver_ledger::entry::SignedEntry;
use klaver_ledger::link::Link;
use std::collections::HashMap;

/// Sign an entry that waits for signatures.
#[derive(Args, Debug)]
pub struct Cosign {
    /// The draft's link or id; without it, what waits for you is listed
    pub draft: Option<String>,
}

impl Cosign {
    /// Runs the command.
    ///
    /// # Errors
    /// When the draft is unknown, this key may not sign it, or the person says no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let hat = app.hat()?;
        let mut contact = app.contact(&hat)?;
        let Some(draft) = &self.draft else {
            let page: DraftPage =
                app.with_session(&contact, &hat, |token| contact.http.get(paths::DRAFTS, Some(token)))?;
            return Ok(list(app, &page));
        };
        let id = match Link::parse(draft) {
            Ok(link @ Link::Draft { id, .. }) => {
                link.check_community(&contact.community.node, &contact.community.ledger)?;
                data_encoding::HEXLOWER.encode(&id.0)
            }
            Ok(_) => return Err(Failure::new(Exit::Usage, "not_a_draft")),
            Err(_) => draft.clone(),
        };
        let path = paths::fill(paths::DRAFT, &id);
        let said: Draft = app.with_session(&contact, &hat, |token| contact.http.get(&path, Some(token)))?;
        let envelope = text::from_base64url("envelope", &said.envelope)?;
        let differs = |error: String| Failure::text(Exit::Mismatch, "draft_differs", error);
        let entry = SignedEntry::decode_draft(&envelope).map_err(|error| differs(error.to_string()))?;
        let ledger = contact.community.ledger;
        if data_encoding::HEXLOWER.encode(&draft_id(&entry.id(&ledger))) != id {
            return Err(differs(said.id));
        }
        if entry.signatures().is_empty() {
            app.output.note("cosign.by_nobody", &[]);
        }
        // A signature that does not hold is not shown as one.
        let message = entry.signing_input(&ledger);
        for (key, signature) in entry.signatures() {
            let holds = klaver_ledger::keys::PublicKey::from_bytes(key)
                .is_ok_and(|known| known.has_signed(&message, signature));
            let key = data_encoding::HEXLOWER.encode(key);
            app.output.note(if holds { "cosign.by" } else { "cosign.not_by" }, &[("key", &key)]);
        }
        // A memo that is not the one the entry commits to is not shown as if it were.
        let memo = said.memo.as_ref().and_then(|memo| memo.to_memo().ok());
        if let Some(memo) = memo.filter(|memo| Some(memo.commitment()) == entry.entry().memo) {
            app.output.note("cosign.memo", &[("memo", memo.text())]);
        }
        if entries::show(app, &contact, &entry, &HashMap::new(), &hat)? == entries::Shown::Only {
            return Ok(Exit::Ok);
        }
        let signed = entries::sign(app, &ledger, entry, &hat)?;
        let kept = entries::keep(app, ledger, &signed, said.memo)?;
        let sent = entries::submit(app, &mut contact, kept)?;
        Ok(report(app, &sent, &app.output.words("done.cosign", &[])))
    }
}

fn list(app: &App<'_>, page: &DraftPage) -> Exit {
    if page.drafts.is_empty() {
        app.output.say("cosign.none", &[]);
    }
    for draft in &page.drafts {
        let until = moment::show_text(&draft.expires_at, app.output.language);
        let (id, count) = (crate::output::harmless(&draft.id), draft.signed_by.len().to_string());
        app.output.say("cosign.one", &[("id", &id), ("count", &count), ("until", &until)]);
    }
    app.output.json(&serde_json::json!({ "drafts": page.drafts }));
    Exit::Ok
}
