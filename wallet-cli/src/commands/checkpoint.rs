//! `klaver checkpoint`: the newest seal of the log that this wallet has seen, to be held against somebody else's.

use crate::app::App;
use crate::contact::{self, Contact};
use crate::failure::{Exit, Failure, Outcome};
use crate::heads::Heads;
use crate::trust::{self, Learned};
use crate::{community::Community, moment, qr};
use clap::Args;
use klaver_ledger::id::Digest;
use klaver_ledger::keys::Signature;
use klaver_ledger::link::{LedgerPrefix, Link};
use klaver_ledger::log::checkpoint::{Checkpoint as Head, SignedCheckpoint};
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::key::VerifierKey;
use klaver_ledger::log::note::Note;
use klaver_ledger::log::proof_file::ProofFile;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Most bytes of a file that is compared: the picture of a code.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Show the newest seal as a QR code, or compare somebody else's.
#[derive(Args, Debug)]
pub struct Checkpoint {
    /// Somebody else's: the text of the code, or a file with it, its picture, a checkpoint or a receipt
    pub theirs: Option<String>,
    /// Believe the list of witnesses that the node names now
    #[arg(long)]
    pub new_policy: bool,
    /// List the evidence of alarms, and what to do
    #[arg(long, conflicts_with_all = ["theirs", "new_policy"])]
    pub alarms: bool,
    /// After an alarm: go on with the ledger shown now, of at least this size
    #[arg(long, value_name = "SIZE", conflicts_with_all = ["theirs", "new_policy", "alarms"])]
    pub believe: Option<u64>,
}

impl Checkpoint {
    /// Runs the command.
    ///
    /// # Errors
    /// `Mismatch` when the log has told two histories; the evidence is kept.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let hat = app.hat()?;
        let known = app.community_of(&hat)?;
        if self.alarms {
            return alarms(app, &known);
        }
        if let Some(size) = self.believe {
            return believe(app, known, size);
        }
        let contact = match app.reach(known.clone()) {
            Ok(contact) => Some(contact),
            // Without network there is still what was seen last.
            Err(failure) if failure.exit == Exit::Network => {
                app.output.warn("checkpoint.offline", &[]);
                None
            }
            Err(failure) => return Err(failure),
        };
        if let Some(contact) = &contact {
            let learned = trust::learn(&app.places, &contact.http, &contact.community, self.new_policy)?;
            if learned == Learned::Changed {
                app.output.warn("witnessed.changed", &[]);
            }
        }
        match &self.theirs {
            None => show(app, &contact.map_or(known, |contact| contact.community)),
            Some(theirs) => compare(app, contact, known, theirs),
        }
    }
}

fn show(app: &App<'_>, community: &Community) -> Outcome {
    let seen =
        community.checkpoint.as_ref().ok_or_else(|| Failure::new(Exit::Failed, "nothing_published"))?;
    let head = seen.checkpoint();
    let code = code_of(community, seen)?;
    let (size, root) = (head.size.to_string(), head.root.to_base64());
    app.output.say("checkpoint.newest", &[("size", &size), ("root", &root)]);
    app.output.say("log_key", &[("key", &community.log_key.to_string())]);
    let witnessed = trust::witnessed(&app.places, community, seen);
    trust::say(app.output, witnessed.as_ref());
    app.output.line(&qr::draw(&code)?);
    app.output.line(&code);
    app.output.json(&serde_json::json!({
        "size": head.size, "root": root, "code": code, "witnessed": trust::to_json(witnessed.as_ref()),
    }));
    Ok(Exit::Ok)
}

/// Lists what was kept of every alarm, and what to do about it. Needs no network.
fn alarms(app: &App<'_>, community: &Community) -> Outcome {
    let mut files: Vec<PathBuf> = std::fs::read_dir(app.places.evidence())
        .into_iter()
        .flatten()
        .flatten()
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    for path in &files {
        app.output.line(&crate::output::harmless(&path.display().to_string()));
    }
    match &community.believed {
        Some(believed) => {
            let at = moment::show_text(&believed.at, app.output.language);
            app.output.say("alarms.believed", &[("size", &believed.size.to_string()), ("at", &at)]);
        }
        None if files.is_empty() => app.output.say("alarms.none", &[]),
        None => {}
    }
    if !files.is_empty() {
        app.output.say("alarms.do", &[]);
    }
    let paths: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    app.output.json(&serde_json::json!({ "alarms": paths, "believed": community.believed }));
    Ok(Exit::Ok)
}

/// Goes on with the ledger that the node shows now, because a person was told that it counts.
fn believe(app: &App<'_>, known: Community, size: u64) -> Outcome {
    let (contact, aside) = Contact::believing(&app.places, known, size, |seen, strange| {
        let head = seen.checkpoint();
        let (size, root, count) = (head.size.to_string(), head.root.to_base64(), strange.to_string());
        app.output.warn("checkpoint.newest", &[("size", &size), ("root", &root)]);
        app.output.warn("believe.strange", &[("count", &count)]);
        app.confirm(&app.output.words("ask.believe", &[]))
    })?;
    for path in &aside {
        let path = crate::output::harmless(&path.display().to_string());
        app.output.note("believe.aside", &[("path", &path)]);
    }
    let believed = contact.community.believed;
    let size = believed.as_ref().map_or(0, |believed| believed.size).to_string();
    app.output.line(&app.output.good(&app.output.words("done.believe", &[("size", &size)])));
    let aside: Vec<String> = aside.iter().map(|path| path.display().to_string()).collect();
    app.output.json(&serde_json::json!({ "believed": believed, "set_aside": aside }));
    Ok(Exit::Ok)
}

fn compare(app: &App<'_>, contact: Option<Contact>, known: Community, theirs: &str) -> Outcome {
    let known = contact.as_ref().map_or(known, |contact| contact.community.clone());
    let theirs = read(&known, theirs)?;
    if known.past.is_forged(&theirs) {
        return Err(contact::forged(&app.places, &theirs));
    }
    let size = theirs.checkpoint().size;
    let Some(mut contact) = contact else {
        // Two roots of one size need no network to contradict each other.
        if let Some(ours) = Heads::of(&app.places, &known).against(&theirs) {
            return Err(contact::alarm(&app.places, ours, &theirs));
        }
        let ours = known.checkpoint.filter(|ours| ours.checkpoint().head() == theirs.checkpoint().head());
        ours.ok_or_else(|| Failure::new(Exit::Network, "checkpoint_offline"))?;
        return said(app, "checkpoint.same", size, size);
    };
    let ours = contact.community.checkpoint.as_ref().map_or(0, |ours| ours.checkpoint().size);
    contact.compare(&theirs)?;
    let sentence = match size.cmp(&ours) {
        std::cmp::Ordering::Equal => "checkpoint.same",
        std::cmp::Ordering::Less => "checkpoint.continues",
        std::cmp::Ordering::Greater => "checkpoint.ahead",
    };
    said(app, sentence, size, ours)
}

fn said(app: &App<'_>, sentence: &str, theirs: u64, ours: u64) -> Outcome {
    let (their_size, our_size) = (theirs.to_string(), ours.to_string());
    let said = app.output.words(sentence, &[("theirs", &their_size), ("ours", &our_size)]);
    app.output.line(&if ours < theirs { said } else { app.output.good(&said) });
    app.output.json(&serde_json::json!({ "holds": theirs <= ours, "theirs": theirs, "ours": ours }));
    Ok(Exit::Ok)
}

/// Reads a seal of the community's log, whatever it comes in, and verifies the log's signature.
fn read(community: &Community, theirs: &str) -> Outcome<SignedCheckpoint> {
    let not_signed =
        |error: &dyn std::fmt::Display| Failure::text(Exit::Failed, "checkpoint_not_signed", error);
    let bytes = if theirs.to_uppercase().starts_with("KLVC:") {
        theirs.as_bytes().to_vec()
    } else {
        read_file(Path::new(theirs))?
    };
    let bytes =
        if bytes.starts_with(b"\x89PNG") { qr::read_png(Cursor::new(bytes))?.into_bytes() } else { bytes };
    let text = String::from_utf8_lossy(&bytes);
    if text.trim().to_uppercase().starts_with("KLVC:") {
        let link = Link::parse(text.trim())?;
        link.check_community(&community.node, &community.ledger)?;
        let Link::Checkpoint { size, root: Digest(root), signature: Signature(signature), .. } = link else {
            return Err(Failure::new(Exit::Usage, "not_a_link"));
        };
        let signed_by = |key: &VerifierKey| {
            let head = Head { origin: key.name().clone(), size, root: Hash(root) };
            head.with_signature(key, &signature)
        };
        // Only one of the keys can have made the signature; without any, the newest says what is wrong.
        let former = || community.past.former_keys().find_map(|(key, _)| signed_by(&key).ok());
        return signed_by(&community.log_key).or_else(|error| former().ok_or_else(|| not_signed(&error)));
    }
    let note = match ProofFile::parse(&bytes) {
        Ok(receipt) => receipt.checkpoint,
        Err(_) => Note::parse(&bytes).map_err(|error| not_signed(&error))?,
    };
    community.identity_ever().open(&note).map_err(|error| not_signed(&error))
}

fn read_file(path: &Path) -> Outcome<Vec<u8>> {
    use std::io::Read as _;
    let failed = |error| {
        Failure::text(Exit::Failed, "cannot_read", error)
            .with("path", crate::output::harmless(&path.display().to_string()))
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn code_of(community: &Community, seen: &SignedCheckpoint) -> Outcome<String> {
    let head = seen.checkpoint();
    let own = seen.note().signatures().iter().find(|line| line.is_by(&community.log_key));
    let signature = own.and_then(|line| line.signature().try_into().ok());
    let signature =
        signature.ok_or_else(|| Failure::new(Exit::Mismatch, "checkpoint_wrong").with("path", "-"))?;
    let link = Link::Checkpoint {
        ledger: LedgerPrefix::of(&community.ledger),
        size: head.size,
        root: Digest(head.root.0),
        signature: Signature(signature),
    };
    Ok(link.print()?)
}
