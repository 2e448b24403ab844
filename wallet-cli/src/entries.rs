//! From what a person wants to a verified receipt: build, show, ask, sign, keep, send, verify.

use crate::app::App;
use crate::contact::Contact;
use crate::describe::Teller;
use crate::failure::{Exit, Failure, Outcome};
use crate::moment::{self, Clock, ClockState};
use crate::names::Names;
use crate::outbox::{self, Likeness, OutboxEntry, OutboxState};
use crate::output::Output;
use klaver_api::{Draft, EntryJson, MemoJson, SubmitAnswer, paths};
use klaver_keystore::{KeyInfo, private_file};
use klaver_ledger::entry::memo::Memo;
use klaver_ledger::entry::{Body, Entry, SignedEntry};
use klaver_ledger::id::{AccountId, LedgerId, Nonce};
use klaver_ledger::link::CodeId;
use klaver_ledger::receipt::{Proven, ProvenContent, Receipt};
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use std::path::PathBuf;

/// How long a payment is signed for: who stands at a till waits no longer.
pub const PAYMENT_VALIDITY: Seconds = Seconds(5 * 60);

/// How long an entry is signed for that may wait for other signatures.
pub const DRAFT_VALIDITY: Seconds = Seconds(7 * 86_400);

/// What a person wants to be recorded.
pub struct Plan {
    /// What happens.
    pub body: Body,
    /// A sentence that travels beside it.
    pub memo: Option<String>,
    /// How long it may be recorded.
    pub validity: Seconds,
    /// The last moment it may be recorded, if that comes earlier.
    pub until: Option<Deadline>,
    /// Names by which accounts are shown, besides those of the wallet.
    pub names: Vec<(AccountId, String)>,
    /// Whether it is meant once more, also when the same still waits.
    pub again: bool,
}

/// What became of an entry that was sent.
pub enum Sent {
    /// It is recorded, and the receipt holds.
    Recorded(Box<Recorded>),
    /// It waits for other signatures.
    Draft {
        /// The draft.
        draft: Box<Draft>,
        /// Whose signatures it waits for, in a sentence.
        waits_for: String,
    },
    /// Only shown.
    DryRun,
}

/// A recorded entry and its evidence.
pub struct Recorded {
    /// The receipt.
    pub receipt: Receipt,
    /// What it proves.
    pub proven: Proven,
    /// The file it was saved in.
    pub path: PathBuf,
}

impl Plan {
    /// Returns the plan of a payment or another entry that is answered at once.
    pub fn now(body: Body) -> Self {
        Self { body, memo: None, validity: PAYMENT_VALIDITY, until: None, names: Vec::new(), again: false }
    }

    /// Returns the plan of an entry that may wait for other signatures.
    pub fn patient(body: Body) -> Self {
        Self { validity: DRAFT_VALIDITY, ..Self::now(body) }
    }

    /// Returns this plan with a name for an account.
    pub fn naming(mut self, account: AccountId, name: impl Into<String>) -> Self {
        self.names.push((account, name.into()));
        self
    }

    fn build(&self, now: Timestamp) -> Outcome<(SignedEntry, Option<Memo>)> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let (nonce, salt) = (random[..16].try_into(), random[16..].try_into());
        let salt: [u8; 16] = salt.expect("the second half has 16 bytes");
        let memo = self.memo.as_deref().map(|text| Memo::new(salt, text)).transpose();
        let memo = memo?;
        let expires_at = Deadline::after(now, self.validity);
        let entry = Entry {
            nonce: Nonce(nonce.expect("the first half has 16 bytes")),
            expires_at: self.until.map_or(expires_at, |until| until.min(expires_at)),
            memo: memo.as_ref().map(Memo::commitment),
            body: self.body.clone(),
        };
        Ok((SignedEntry::unsigned(entry), memo))
    }
}

/// Shows what `plan` does, asks, signs with `hat` and the keys named by `--also`, and sends it.
///
/// When the same still waits, that one is sent again instead, and nothing new is signed.
///
/// # Errors
/// When the person says no; as [`submit`].
pub fn send(app: &App<'_>, contact: &mut Contact, hat: &KeyInfo, plan: Plan) -> Outcome<Sent> {
    if let Some(sent) = send_what_waits(app, contact, &plan)? {
        return Ok(sent);
    }
    let (unsigned, memo) = plan.build(node_time(app, contact.community.clock)?)?;
    if show(app, contact, &unsigned, &plan.names, hat)? == Shown::Only {
        return Ok(Sent::DryRun);
    }
    let signed = sign(app, &contact.community.ledger, unsigned, hat)?;
    let memo = memo.as_ref().map(MemoJson::of);
    let kept = outbox::keep(&app.places, contact.community.ledger, &signed, memo, moment::now())?;
    submit(app, contact, kept)
}

/// Sends what may be the same as `plan` and waits in the outbox, after asking; `None` when there is nothing of the kind,
/// or its time was over.
fn send_what_waits(app: &App<'_>, contact: &mut Contact, plan: &Plan) -> Outcome<Option<Sent>> {
    if plan.again || app.global.dry_run {
        return Ok(None);
    }
    let Some((kept, likeness)) = outbox::alike(&app.places, &contact.community.ledger, &plan.body)? else {
        return Ok(None);
    };
    let (unit, names) = (contact.community.unit(app.output.language), names_of(app, &plan.names));
    let teller = Teller { unit: &unit, output: app.output, names: &names, charter: None };
    app.output.warn("send.waits", &[("at", &moment::show(kept.signed_at, app.output.language))]);
    for line in teller.entry(kept.signed()?.entry()) {
        app.output.warn("line", &[("line", &line)]);
    }
    if likeness == Likeness::OtherRequest {
        app.output.warn("send.waits.other", &[]);
    }
    let asked = app.confirm(&app.output.words("ask.resend", &[]));
    asked.map_err(|refused| Failure::new(refused.exit, "payment_waits"))?;
    match submit(app, contact, kept) {
        // It may be what is wanted now, or not: only a person knows, and a second run goes on.
        Ok(Sent::Recorded(recorded)) if likeness == Likeness::OtherRequest => {
            Err(Failure::new(Exit::Failed, "payment_settled").with("index", recorded.receipt.index))
        }
        Ok(sent) => Ok(Some(sent)),
        // Its time is over and it was never recorded: what was asked for now goes on.
        Err(failure) if failure.code == "expired" => {
            app.output.note("send.waited_too_long", &[]);
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Returns the moment it is at the node; says so when this machine's clock is another.
///
/// # Errors
/// When the clocks are too far apart to sign anything.
pub fn node_time(app: &App<'_>, clock: Clock) -> Outcome<Timestamp> {
    let language = app.output.language;
    let theirs = clock.now();
    let (here, there) = (moment::show(moment::now(), language), moment::show(theirs, language));
    match clock.state() {
        ClockState::Right => {}
        ClockState::Off => app.output.warn("note.clock", &[("here", &here), ("there", &there)]),
        ClockState::Wrong => {
            return Err(Failure::new(Exit::Failed, "clock_wrong").with("here", here).with("there", there));
        }
    }
    Ok(theirs)
}

/// Signs with `hat` and the keys named by `--also`.
///
/// # Errors
/// When one of them is not in the wallet.
pub fn sign(app: &App<'_>, ledger: &LedgerId, unsigned: SignedEntry, hat: &KeyInfo) -> Outcome<SignedEntry> {
    let mut signed = unsigned.signed_by(ledger, app.signing_key(hat)?);
    for name in &app.global.also {
        let missing = || Failure::new(Exit::Key, "no_such_key").with("name", name);
        signed = signed.signed_by(ledger, app.keystore()?.signing_key(name).ok_or_else(missing)?);
    }
    Ok(signed)
}

/// Whether an entry is to be signed after it was shown.
#[derive(PartialEq, Eq)]
pub enum Shown {
    /// It was only to be shown.
    Only,
    /// The person said yes.
    Agreed,
}

/// Shows what an entry does and asks; with `--dry-run` only shows it.
///
/// # Errors
/// When the person says no or cannot be asked.
pub fn show(
    app: &App<'_>,
    contact: &Contact,
    entry: &SignedEntry,
    names: &[(AccountId, String)],
    hat: &KeyInfo,
) -> Outcome<Shown> {
    let unit = contact.community.unit(app.output.language);
    let names = names_of(app, names);
    let charter = match &entry.entry().body {
        // What changes is seen beside the charter in force.
        Body::Govern(_) => Some(contact.http.get::<klaver_api::Community>(paths::COMMUNITY, None)?.charter),
        _ => None,
    };
    let teller = Teller { unit: &unit, output: app.output, names: &names, charter: charter.as_ref() };
    let lines = teller.entry(entry.entry());
    if app.global.dry_run {
        lines.iter().for_each(|line| app.output.line(line));
        let id = entry.id(&contact.community.ledger).to_hex();
        let json = EntryJson::of(entry.entry(), contact.community.scale);
        app.output.json(&serde_json::json!({ "dry_run": true, "entry": id, "says": json }));
        return Ok(Shown::Only);
    }
    // Who must answer a question sees what it is about, also when it should be quiet.
    let tell = if app.global.yes { Output::note } else { Output::warn };
    for line in &lines {
        tell(app.output, "line", &[("line", line)]);
    }
    if contact.community.demo {
        app.output.note("note.demo", &[]);
    }
    app.confirm(&app.output.words("ask.sign", &[("name", &hat.name)]))?;
    Ok(Shown::Agreed)
}

/// Sends an entry from the outbox and verifies the receipt. Doing it again is safe.
///
/// # Errors
/// The node's refusal; `Network` when it is unknown what became of it; `Mismatch` when the receipt does not hold.
pub fn submit(app: &App<'_>, contact: &mut Contact, kept: OutboxEntry) -> Outcome<Sent> {
    kept.set_out(&app.places)?;
    let answer = match contact.http.post::<SubmitAnswer>(paths::ENTRIES, None, &kept.submit) {
        Ok(answer) => answer,
        Err(failure) => {
            let state = kept.state_after(&failure);
            say_what_is_known(app, &kept, state)?;
            kept.settle(&app.places, state)?;
            let unit = contact.community.unit(app.output.language);
            return Err(failure.for_people(&unit, &names_of(app, &[])));
        }
    };
    match answer {
        SubmitAnswer::Recorded { receipt } | SubmitAnswer::Known { receipt } => {
            let (receipt, proven) = contact.verify(&receipt)?;
            let is_ours = match &proven.content {
                ProvenContent::Entry(entry) => entry.id() == kept.id,
                ProvenContent::Line(_) => false,
            };
            if !is_ours {
                return Err(contact.other_entry(&receipt));
            }
            private_file::create_directory(&app.places.receipts())?;
            let path = app.places.receipts().join(format!("{}.tlog-proof", kept.id));
            private_file::replace(&path, receipt.to_string().as_bytes())?;
            kept.settle(&app.places, OutboxState::Paid)?;
            Ok(Sent::Recorded(Box::new(Recorded { receipt, proven, path })))
        }
        SubmitAnswer::Draft { draft } => {
            let signed = kept.signed()?;
            kept.settle(&app.places, OutboxState::Draft)?;
            let (unit, names) = (contact.community.unit(app.output.language), names_of(app, &[]));
            let teller = Teller { unit: &unit, output: app.output, names: &names, charter: None };
            let waits_for = match &draft.waits_for {
                Some(waits_for) => teller.waits_for(signed.entry(), waits_for),
                None => app.output.words("waits.others", &[]),
            };
            Ok(Sent::Draft { draft, waits_for })
        }
    }
}

/// Says what is known about an entry after a failure.
///
/// # Errors
/// When the entry cannot be read.
pub fn say_what_is_known(app: &App<'_>, kept: &OutboxEntry, state: OutboxState) -> Outcome<()> {
    match state {
        OutboxState::Unknown => app.output.warn("note.unknown", &[]),
        // Others have the bytes of a promise: that nothing is recorded, nobody can say.
        OutboxState::Waiting if kept.is_promise() => {
            let until = moment::show_deadline(kept.signed()?.entry().expires_at, app.output.language);
            app.output.warn("note.promised", &[("until", &until)]);
        }
        OutboxState::Waiting => app.output.warn("note.not_recorded", &[]),
        OutboxState::Draft | OutboxState::Paid | OutboxState::Refused => {}
    }
    Ok(())
}

/// Says what became of an entry, `done` being the sentence for a recorded one.
pub fn report(app: &App<'_>, sent: &Sent, done: &str) -> Exit {
    report_with(app, sent, done, serde_json::Map::new())
}

/// Says the same; `json` is added to what a program reads.
pub fn report_with(
    app: &App<'_>,
    sent: &Sent,
    done: &str,
    json: serde_json::Map<String, serde_json::Value>,
) -> Exit {
    if let Some(json) = tell(app, sent, done, json) {
        app.output.json(&json.into());
    }
    Exit::Ok
}

/// Says what became of something sent, and returns it with `json` for programs; nothing when it was only shown.
pub fn tell(
    app: &App<'_>,
    sent: &Sent,
    done: &str,
    mut json: serde_json::Map<String, serde_json::Value>,
) -> Option<serde_json::Map<String, serde_json::Value>> {
    let mut add = |name: &str, value: serde_json::Value| json.insert(name.to_owned(), value);
    match sent {
        Sent::Recorded(recorded) => {
            app.output.line(&app.output.good(done));
            let (index, path) = (recorded.receipt.index, recorded.path.display().to_string());
            app.output.note("note.receipt", &[("index", &index.to_string()), ("path", &path)]);
            add("outcome", "recorded".into());
            add("index", index.into());
            add("recorded_at", recorded.proven.recorded_at.to_string().into());
            add("entry", entry_id(&recorded.proven).into());
            add("receipt", path.into());
        }
        Sent::Draft { draft, waits_for } => {
            app.output.say("done.draft", &[("waits_for", waits_for)]);
            let until = moment::show_text(&draft.expires_at, app.output.language);
            app.output.say("done.draft.link", &[("link", &crate::output::harmless(&draft.link))]);
            app.output.say("done.draft.until", &[("until", &until)]);
            add("outcome", "draft".into());
            add("draft", short_id(&draft.id).into());
            add("link", draft.link.clone().into());
            add("waits_for", serde_json::json!(draft.waits_for));
            add("expires_at", draft.expires_at.clone().into());
        }
        Sent::DryRun => return None,
    }
    Some(json)
}

/// Returns the names that the wallet itself has, and these.
pub fn names_of(app: &App<'_>, others: &[(AccountId, String)]) -> Names {
    let mut names = Names::of(&app.keys().unwrap_or_default());
    for (account, name) in others {
        names.name(*account, name);
    }
    names
}

/// Returns an id of the interface as links and people write it: 26 letters and digits.
pub fn short_id(hex: &str) -> String {
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok();
    let id = bytes.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    id.map_or_else(|| crate::output::harmless(hex), |id| CodeId(id).to_string())
}

fn entry_id(proven: &Proven) -> Option<String> {
    match &proven.content {
        ProvenContent::Entry(entry) => Some(entry.id().to_hex()),
        ProvenContent::Line(_) => None,
    }
}
