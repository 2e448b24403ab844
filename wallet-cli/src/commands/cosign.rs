//! `klaver cosign`: sign an entry that waits for signatures.

use super::timing;
use crate::app::App;
use crate::contact::Contact;
use crate::describe::Teller;
use crate::entries::{self, Sent, report, short_id};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::harmless;
use crate::{moment, outbox};
use clap::Args;
use klaver_api::draft::draft_id;
use klaver_api::{CharterJson, Draft, DraftPage, DraftState, paths, text};
use klaver_ledger::account::AccountStatus;
use klaver_ledger::entry::{Body, SignedEntry};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::link::{CodeId, Link};

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
    /// When the draft is unknown or has ended, this key may not sign it, or the person says no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let hat = app.hat()?;
        let mut contact = app.contact(&hat)?;
        let Some(draft) = &self.draft else {
            let page: DraftPage =
                app.with_session(&contact, &hat, |token| contact.http.get(paths::DRAFTS, Some(token)))?;
            return list(app, &contact, &page);
        };
        let id = read_id(&contact, draft)?;
        let hex = data_encoding::HEXLOWER.encode(&id.0);
        let path = paths::fill(paths::DRAFT, &hex);
        let said: Draft = app.with_session(&contact, &hat, |token| contact.http.get(&path, Some(token)))?;
        let entry = read_entry(&contact, &said, id)?;
        if let Some(ended) = ended(app, &said) {
            let teller = entries::names_of(app, &[]);
            let unit = contact.community.unit(app.output.language);
            let teller = Teller { unit: &unit, output: app.output, names: &teller, charter: None };
            teller.entry(entry.entry()).iter().for_each(|line| app.output.note("line", &[("line", line)]));
            return Err(ended);
        }
        let outlook = timing::outlook(app, &contact, &hat, &said, &entry);
        for line in about(app, &contact, &said, &entry).into_iter().chain(outlook) {
            app.output.note("line", &[("line", &line)]);
        }
        if entries::show(app, &contact, &entry, &[], &hat)? == entries::Shown::Only {
            return Ok(Exit::Ok);
        }
        let ledger = contact.community.ledger;
        let signed = entries::sign(app, &ledger, entry, &hat)?;
        let kept = outbox::keep(&app.places, ledger, &signed, said.memo, moment::now())?;
        let before = match &signed.entry().body {
            Body::Govern(_) => {
                Some(contact.http.get::<klaver_api::Community>(paths::COMMUNITY, None)?.charter)
            }
            _ => None,
        };
        let sent = entries::submit(app, &mut contact, kept)?;
        match &signed.entry().body {
            Body::Change(change) if change.status == AccountStatus::Open => {
                let account = change.state.account;
                return Ok(timing::report_timed(app, &contact, &hat, account, &sent, "done.change"));
            }
            Body::Close(close) => {
                return Ok(timing::report_timed(app, &contact, &hat, close.account, &sent, "done.close"));
            }
            _ => {}
        }
        let done = match (&before, &sent) {
            (Some(before), Sent::Recorded(recorded)) => timing::counts_from(app, before, &signed, recorded),
            _ => app.output.words("done.cosign", &[]),
        };
        Ok(report(app, &sent, &done))
    }
}

/// Reads which draft is meant: its link, or the 26 letters and digits at the link's end.
fn read_id(contact: &Contact, typed: &str) -> Outcome<CodeId> {
    match Link::parse(typed) {
        Ok(link @ Link::Draft { id, .. }) => {
            link.check_community(&contact.community.node, &contact.community.ledger)?;
            Ok(id)
        }
        Ok(_) => Err(Failure::new(Exit::Usage, "not_a_draft")),
        Err(_) => CodeId::parse(typed)
            .map_err(|_| Failure::new(Exit::Usage, "not_a_draft_id").with("value", harmless(typed))),
    }
}

/// Reads the entry of a draft, which must be the one that its id names.
fn read_entry(contact: &Contact, said: &Draft, id: CodeId) -> Outcome<SignedEntry> {
    let envelope = text::from_base64url("envelope", &said.envelope)?;
    let differs = |error: String| Failure::text(Exit::Mismatch, "draft_differs", error);
    let entry = SignedEntry::decode_draft(&envelope).map_err(|error| differs(error.to_string()))?;
    if draft_id(&entry.id(&contact.community.ledger)) == id.0 {
        Ok(entry)
    } else {
        Err(differs(harmless(&said.id)))
    }
}

/// Returns why there is nothing to sign any more, if there is not.
fn ended(app: &App<'_>, said: &Draft) -> Option<Failure> {
    let (code, index) = match said.state {
        DraftState::Waiting => return None,
        DraftState::Recorded => ("draft_recorded", said.index.unwrap_or_default()),
        DraftState::Expired => ("draft_expired", 0),
        DraftState::Overtaken => ("draft_overtaken", 0),
    };
    let until = moment::show_text(&said.expires_at, app.output.language);
    Some(Failure::new(Exit::Rules, code).with("index", index).with("until", until))
}

/// Returns who has signed a draft, what it waits for, and its memo, one sentence a line.
fn about(app: &App<'_>, contact: &Contact, said: &Draft, entry: &SignedEntry) -> Vec<String> {
    let (unit, names) = (contact.community.unit(app.output.language), entries::names_of(app, &[]));
    let teller = Teller { unit: &unit, output: app.output, names: &names, charter: None };
    let mut lines = Vec::new();
    if entry.signatures().is_empty() {
        lines.push(app.output.words("cosign.by_nobody", &[]));
    }
    // A signature that does not hold is not shown as one.
    let message = entry.signing_input(&contact.community.ledger);
    for (key, signature) in entry.signatures() {
        let known = PublicKey::from_bytes(key);
        let holds = known.as_ref().is_ok_and(|known| known.has_signed(&message, signature));
        let key = names.key_text(&data_encoding::HEXLOWER.encode(key));
        lines.push(app.output.words(if holds { "cosign.by" } else { "cosign.not_by" }, &[("key", &key)]));
    }
    if let Some(waits_for) = &said.waits_for {
        let waits_for = teller.waits_for(entry.entry(), waits_for);
        lines.push(app.output.words("cosign.waits_for", &[("waits_for", &waits_for)]));
    }
    // A memo that is not the one the entry commits to is not shown as if it were.
    let memo = said.memo.as_ref().and_then(|memo| memo.to_memo().ok());
    if let Some(memo) = memo.filter(|memo| Some(memo.commitment()) == entry.entry().memo) {
        lines.push(app.output.words("cosign.memo", &[("memo", memo.text())]));
    }
    lines
}

/// Lists what waits: what each entry does, who has signed, who is missing, until when.
fn list(app: &App<'_>, contact: &Contact, page: &DraftPage) -> Outcome {
    if page.drafts.is_empty() {
        app.output.say("cosign.none", &[]);
    }
    let charter = charter_beside(contact, page)?;
    let (unit, names) = (contact.community.unit(app.output.language), entries::names_of(app, &[]));
    let teller = Teller { unit: &unit, output: app.output, names: &names, charter: charter.as_ref() };
    for draft in &page.drafts {
        app.output.line(&app.output.strong(&short_id(&draft.id)));
        let id = data_encoding::HEXLOWER.decode(draft.id.as_bytes()).ok();
        let Some(id) = id.and_then(|id| <[u8; 16]>::try_from(id).ok()) else { continue };
        let entry = read_entry(contact, draft, CodeId(id))?;
        for line in teller.entry(entry.entry()).into_iter().chain(about(app, contact, draft, &entry)) {
            app.output.line(&format!("  {line}"));
        }
        if let Some(ended) = ended(app, draft) {
            app.output.line(&format!("  {}", ended.sentences(app.output.language).0));
        }
    }
    if let Some(first) = page.drafts.first() {
        app.output.note("cosign.next", &[("id", &short_id(&first.id))]);
    }
    // The id as links and people write it.
    let written = |draft: &Draft| Draft { id: short_id(&draft.id), ..draft.clone() };
    let written = DraftPage { drafts: page.drafts.iter().map(written).collect() };
    app.output.json(&serde_json::json!(written));
    Ok(Exit::Ok)
}

/// Returns the charter in force when a draft would replace it, so that only what changes is shown.
fn charter_beside(contact: &Contact, page: &DraftPage) -> Outcome<Option<CharterJson>> {
    let governs = |draft: &Draft| {
        let envelope = text::from_base64url("envelope", &draft.envelope).ok();
        let entry = envelope.and_then(|envelope| SignedEntry::decode_draft(&envelope).ok());
        entry.is_some_and(|entry| matches!(entry.entry().body, Body::Govern(_)))
    };
    if !page.drafts.iter().any(governs) {
        return Ok(None);
    }
    Ok(Some(contact.http.get::<klaver_api::Community>(paths::COMMUNITY, None)?.charter))
}
