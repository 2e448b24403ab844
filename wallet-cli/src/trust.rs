//! Whom this wallet believes when it says *witnessed*: the trust policy of a community, remembered.
//!
//! The first policy that the charter confirms is kept: the charter that the council signed, as the ledger proves it, never
//! what a node says of it. A later one is believed only when a person says so: whoever runs a node must not be able to
//! choose other witnesses in silence.

use crate::community::Community;
use crate::failure::{Exit, Outcome};
use crate::follow;
use crate::http::Http;
use crate::moment;
use crate::output::Output;
use crate::places::Places;
use klaver_api::paths;
use klaver_keystore::private_file;
use klaver_ledger::id::{Digest, LedgerId};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::policy::TrustPolicy;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Most bytes of a policy: 64 logs, witnesses and groups of a few hundred bytes each.
const POLICY_BYTES_MAX: u64 = 128 * 1024;

/// How long what was learned is believed without asking again.
const FRESH: Duration = Duration::from_secs(86_400);

/// What a node says about its witnesses, beside what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// The community has no witnesses, or the charter does not confirm those that the node names.
    Nothing,
    /// What is remembered, or what was just remembered for the first time.
    Known,
    /// Another policy than the one remembered, confirmed by the charter: it is not believed yet.
    Changed,
}

/// How many of the witnesses that count have seen a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// Their names in the policy.
    pub names: Vec<String>,
    /// How many witnesses the policy names.
    pub total: usize,
    /// Whether it takes no more of them.
    pub quorum: bool,
    /// Whether a line in the name of one of them is not theirs: then none counts.
    pub is_forged: bool,
}

/// Learns of the community's witnesses, if that is due; whatever goes wrong changes nothing.
///
/// # Errors
/// `Mismatch`, after the evidence was kept, when the charters that the node shows do not hold.
pub fn visit(places: &Places, http: &Http, community: &Community) -> Outcome<()> {
    let age = path(places, &community.ledger).metadata().and_then(|file| file.modified()).ok();
    let is_fresh =
        age.and_then(|at| SystemTime::now().duration_since(at).ok()).is_some_and(|age| age < FRESH);
    if is_fresh {
        return Ok(());
    }
    match learn(places, http, community, false) {
        Err(failure) if failure.exit == Exit::Mismatch => Err(failure),
        // What the wallet knows already goes on to count; the next visit asks again.
        _ => Ok(()),
    }
}

/// Asks the node for its trust policy, and remembers the first; `adopt` takes another in its place.
///
/// # Errors
/// When the node cannot be asked, the charters that it shows do not hold, or the file cannot be written.
pub fn learn(places: &Places, http: &Http, community: &Community, adopt: bool) -> Outcome<Learned> {
    let said: klaver_api::Community = http.get(paths::COMMUNITY, None)?;
    let text = match said.log.policy {
        Some(_) => http.get_bytes(&format!("{}/policy", community.log_path))?,
        None => Vec::new(),
    };
    let charter = follow::charters(places, community, http)?;
    let confirmed = charter.charter().witness_policy == Digest::of(&text);
    let text = String::from_utf8(text).unwrap_or_default();
    // Which key the log has is for the charter to say: its line in the policy may be of the key before.
    let is_policy = text.is_empty() || text.parse::<TrustPolicy>().is_ok();
    let offered = Some(text).filter(|_| confirmed && is_policy);
    let known = remembered(places, &community.ledger);
    // Empty stands for: asked, and there was none. Writing the same again says when that was.
    let (believed, learned) = match (known, offered) {
        (Some(known), Some(offered)) if known == offered => (known, Learned::Known),
        (Some(known), Some(offered)) if !adopt && witnesses_of(&known) != witnesses_of(&offered) => {
            return Ok(Learned::Changed);
        }
        (_, Some(offered)) => {
            let learned = if offered.is_empty() { Learned::Nothing } else { Learned::Known };
            (offered, learned)
        }
        (known, None) => (known.unwrap_or_default(), Learned::Nothing),
    };
    private_file::replace(&path(places, &community.ledger), believed.as_bytes())?;
    Ok(learned)
}

/// Returns what the remembered policy of a community says about a checkpoint that its log signed; `None` when no witness
/// is remembered.
pub fn witnessed(places: &Places, community: &Community, seen: &SignedCheckpoint) -> Option<Witnessed> {
    remembered_policy(places, &community.ledger).map(|policy| judged(&policy, seen))
}

/// Returns the policy that is remembered of a community, if it names who counts.
pub fn remembered_policy(places: &Places, ledger: &LedgerId) -> Option<TrustPolicy> {
    remembered(places, ledger)?.parse().ok().filter(|policy: &TrustPolicy| !policy.witnesses().is_empty())
}

/// Returns SHA-256 of the policy that is remembered of a community, as the charter names it; `None` when none names who
/// counts.
pub fn policy_digest(places: &Places, ledger: &LedgerId) -> Option<Digest> {
    remembered_policy(places, ledger)?;
    remembered(places, ledger).map(|text| Digest::of(text.as_bytes()))
}

/// Returns what a policy says about a checkpoint that its log signed.
pub fn judged(policy: &TrustPolicy, seen: &SignedCheckpoint) -> Witnessed {
    // A line of a witness that does not verify makes the whole note worthless to a policy: nobody has seen it.
    let verdict = policy.judge_signed(seen, moment::now().seconds());
    let names = verdict.iter().flat_map(|verdict| &verdict.seen).map(|seen| seen.witness.clone());
    let names: Vec<String> = names.collect();
    Witnessed {
        // A policy may need nobody: that is no word of anybody.
        quorum: !names.is_empty() && verdict.as_ref().is_ok_and(|verdict| verdict.quorum_reached),
        names,
        total: policy.witnesses().len(),
        is_forged: verdict.is_err(),
    }
}

/// Returns when a quorum of the remembered policy's witnesses had seen a checkpoint of `community`, in seconds since 1970
/// UTC; `None` without a quorum.
pub fn witnessed_at(places: &Places, community: &Community, seen: &SignedCheckpoint) -> Option<u64> {
    let policy = remembered_policy(places, &community.ledger)?;
    policy.judge_signed(seen, moment::now().seconds()).ok()?.witnessed_at()
}

/// Returns whether this wallet knows of witnesses that count.
pub fn has_witnesses(places: &Places, ledger: &LedgerId) -> bool {
    remembered_policy(places, ledger).is_some()
}

/// Says in a line whether a quorum has seen a checkpoint, for people.
pub fn say(output: &Output, witnessed: Option<&Witnessed>) {
    let Some(Witnessed { names, total, quorum, .. }) = witnessed else {
        return output.say("witnessed.none", &[]);
    };
    let (count, total, names) = (names.len().to_string(), total.to_string(), names.join(", "));
    let names = crate::output::harmless(&names);
    if *quorum {
        let said = output.words("witnessed.yes", &[("count", &count), ("total", &total), ("names", &names)]);
        output.line(&output.good(&said));
    } else {
        output.say("witnessed.not_yet", &[("count", &count), ("total", &total)]);
    }
}

/// Returns the same for programs: `null` for a community without witnesses, as far as this wallet knows.
pub fn to_json(witnessed: Option<&Witnessed>) -> Value {
    witnessed.map_or(Value::Null, |seen| json!({ "quorum": seen.quorum, "by": seen.names, "of": seen.total }))
}

/// Returns the lines of a policy that say which witnesses count: another key of the log, which the charter confirms, is no
/// other witness.
fn witnesses_of(policy: &str) -> Vec<&str> {
    policy.lines().filter(|line| line.split_whitespace().next() != Some("log")).collect()
}

/// Returns the text of the policy that is remembered, if there is one.
fn remembered(places: &Places, ledger: &LedgerId) -> Option<String> {
    let bytes = private_file::read(&path(places, ledger), POLICY_BYTES_MAX).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

fn path(places: &Places, ledger: &LedgerId) -> PathBuf {
    places.community(ledger).with_extension("policy")
}
