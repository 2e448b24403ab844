//! Trust policies: which logs to believe, which witnesses, and how many of them it takes (C2SP `tlog-policy`).

use std::fmt;
use std::str::FromStr;

use super::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use super::cosignature::COSIGNATURE_LEAD_SECONDS_MAX;
use super::key::{KeyError, KeyKind, Statement, VerifierKey};
use super::note::Note;
use super::text::{excerpt, parse_decimal};

/// The most logs, witnesses and groups that a policy may each have; the specification asks for at least 32.
pub const POLICY_ITEMS_MAX: usize = 64;

/// What is wrong with a line of a policy, or with the whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A line cannot be used.
    #[error("line {line} of the trust policy: {fault}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// The quorum is missing.
    #[error("the trust policy has no `quorum` line: end it with `quorum NAME`, or `quorum none`")]
    NoQuorum,
}

/// What is wrong with one line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// The line has a control character.
    #[error("control characters other than tab are not allowed")]
    ControlCharacter,
    /// The line is none of the four forms.
    #[error(
        "`{text}` is none of `log VKEY [URL]`, `witness NAME VKEY [URL]`, `group NAME N|all|any NAME...`, `quorum NAME`"
    )]
    Form {
        /// The line, shortened.
        text: String,
    },
    /// A key cannot be read.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// A log's key must be of kind `Note`, a witness's of kind `Cosignature`.
    #[error("the key of {name} is of kind {found:?}, this line needs {needed:?}")]
    Kind {
        /// Name in the key.
        name: String,
        /// The kind needed.
        needed: KeyKind,
        /// The kind it has.
        found: KeyKind,
    },
    /// The same public key stands in two lines of the same sort.
    #[error("the public key of {name} is listed already, perhaps under another name")]
    DuplicateKey {
        /// Name in the second key.
        name: String,
    },
    /// A name is defined twice, or is `none`.
    #[error("the name `{name}` is taken")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A name is used before it is defined, or never defined.
    #[error("`{name}` is not a witness or group of an earlier line")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// A name stands in more than one group, or twice in one.
    #[error("`{name}` is a member of a group already: each name counts once")]
    CountedTwice {
        /// The name.
        name: String,
    },
    /// A group's number is not between 1 and the number of its members.
    #[error("the group asks for `{threshold}` of {members} members: use `all`, `any`, or 1 to {members}")]
    Threshold {
        /// The number asked for.
        threshold: String,
        /// How many members there are.
        members: usize,
    },
    /// A second quorum line.
    #[error("a policy has exactly one quorum line")]
    SecondQuorum,
    /// More lines of one sort than are accepted.
    #[error("more than {POLICY_ITEMS_MAX} lines of this sort")]
    TooMany,
}

/// A log that the policy believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key; the name is the log's origin.
    pub key: VerifierKey,
    /// Where it can be reached.
    pub url: Option<String>,
}

/// A witness that the policy counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name inside the policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Where it can be reached.
    pub url: Option<String>,
}

/// Witnesses or other groups of which a number is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<Member>,
}

/// One that counts: its place among the witnesses, or among the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// Which logs and witnesses to believe, and the quorum of witnesses that makes a checkpoint *witnessed*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    /// `None` for `quorum none`.
    quorum: Option<Member>,
}

/// A witness's statement that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The witness's name in the policy.
    pub witness: String,
    /// When it saw the checkpoint, in seconds since 1970 UTC.
    pub at: u64,
}

/// What a policy says about a checkpoint that a believed log signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVerdict {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The witnesses that saw it.
    pub seen: Vec<Seen>,
    /// Statements that do not count, because they are dated more than five minutes ahead of the clock.
    pub seen_in_future: Vec<Seen>,
    /// Whether those that count are enough.
    pub quorum_reached: bool,
}

impl PolicyVerdict {
    /// Returns when a quorum had seen the checkpoint: the median of the times that count, the lower of the two in the
    /// middle, in seconds since 1970 UTC. `None` without a quorum.
    pub fn witnessed_at(&self) -> Option<u64> {
        let mut times: Vec<u64> = self.seen.iter().map(|seen| seen.at).collect();
        times.sort_unstable();
        times.get(times.len().checked_sub(1)? / 2).copied().filter(|_| self.quorum_reached)
    }
}

impl TrustPolicy {
    /// Returns the logs to believe.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// Returns the witnesses that count.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Returns the policy for a log whose keys are known from elsewhere, in place of those that it lists.
    pub fn believing(self, keys: Vec<VerifierKey>) -> Self {
        Self { logs: keys.into_iter().map(|key| PolicyLog { key, url: None }).collect(), ..self }
    }

    /// Judges a signed checkpoint at the time `now`, in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`CheckpointError`] if it is malformed, of no listed log, or if any line of a listed log or witness does not
    /// verify. A missing quorum is not an error but part of the verdict.
    pub fn judge(&self, note: &Note, now: u64) -> Result<PolicyVerdict, CheckpointError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let log_keys: Vec<VerifierKey> = self
            .logs
            .iter()
            .filter(|log| *log.key.name() == checkpoint.origin)
            .map(|log| log.key.clone())
            .collect();
        note.verify(&log_keys)?;
        self.judge_lines(checkpoint, note, now)
    }

    /// Judges a checkpoint whose log signature holds already, perhaps by a key that the log had before this policy.
    ///
    /// # Errors
    /// [`CheckpointError`] if a line of a listed witness does not verify.
    pub fn judge_signed(&self, seen: &SignedCheckpoint, now: u64) -> Result<PolicyVerdict, CheckpointError> {
        self.judge_lines(seen.checkpoint().clone(), seen.note(), now)
    }

    fn judge_lines(
        &self,
        checkpoint: Checkpoint,
        note: &Note,
        now: u64,
    ) -> Result<PolicyVerdict, CheckpointError> {
        let mut counted = vec![false; self.witnesses.len()];
        let (mut seen, mut seen_in_future) = (Vec::new(), Vec::new());
        for (witness, counts) in self.witnesses.iter().zip(&mut counted) {
            for line in note.signatures() {
                let Some(Statement::Seen { at }) = line.verify(&witness.key, note.text())? else { continue };
                let statement = Seen { witness: witness.name.clone(), at };
                if at > now.saturating_add(COSIGNATURE_LEAD_SECONDS_MAX) {
                    seen_in_future.push(statement);
                } else if !*counts {
                    *counts = true;
                    seen.push(statement);
                }
            }
        }
        let quorum_reached = self.quorum.is_none_or(|member| self.has_witnessed(member, &counted));
        Ok(PolicyVerdict { checkpoint, seen, seen_in_future, quorum_reached })
    }

    /// Returns whether the witnesses at these places of the policy are enough.
    pub fn suffices(&self, places: impl IntoIterator<Item = usize>) -> bool {
        let mut counted = vec![false; self.witnesses.len()];
        for place in places {
            if let Some(counts) = counted.get_mut(place) {
                *counts = true;
            }
        }
        self.quorum.is_none_or(|member| self.has_witnessed(member, &counted))
    }

    fn has_witnessed(&self, member: Member, counted: &[bool]) -> bool {
        match member {
            Member::Witness(at) => counted[at],
            // A group has only members of earlier lines, so this ends.
            Member::Group(at) => {
                let group = &self.groups[at];
                let members = group.members.iter().filter(|member| self.has_witnessed(**member, counted));
                members.count() >= group.threshold
            }
        }
    }

    fn name_of(&self, member: Member) -> &str {
        match member {
            Member::Witness(at) => &self.witnesses[at].name,
            Member::Group(at) => &self.groups[at].name,
        }
    }

    fn find(&self, name: &str) -> Option<Member> {
        let witness = self.witnesses.iter().position(|witness| witness.name == name).map(Member::Witness);
        witness.or_else(|| self.groups.iter().position(|group| group.name == name).map(Member::Group))
    }
}

impl FromStr for TrustPolicy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<TrustPolicy, PolicyError> {
        let mut policy =
            TrustPolicy { logs: Vec::new(), witnesses: Vec::new(), groups: Vec::new(), quorum: None };
        let mut has_quorum = false;
        for (line, content) in (1..).zip(text.split('\n')) {
            policy.read_line(content, &mut has_quorum).map_err(|fault| PolicyError::Line { line, fault })?;
        }
        if has_quorum { Ok(policy) } else { Err(PolicyError::NoQuorum) }
    }
}

impl TrustPolicy {
    fn read_line(&mut self, line: &str, has_quorum: &mut bool) -> Result<(), LineFault> {
        if line.chars().any(|c| c.is_ascii_control() && c != '\t') {
            return Err(LineFault::ControlCharacter);
        }
        // Only these two are white space here; others belong to a name.
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.add_log(key, None),
            ["log", key, url] => self.add_log(key, Some(url)),
            ["witness", name, key] => self.add_witness(name, key, None),
            ["witness", name, key, url] => self.add_witness(name, key, Some(url)),
            ["group", name, threshold, ref members @ ..] if !members.is_empty() => {
                self.add_group(name, threshold, members)
            }
            ["quorum", name] => {
                if std::mem::replace(has_quorum, true) {
                    return Err(LineFault::SecondQuorum);
                }
                self.quorum = if name == "none" { None } else { Some(self.existing(name)?) };
                Ok(())
            }
            _ => Err(LineFault::Form { text: excerpt(line) }),
        }
    }

    fn add_log(&mut self, key: &str, url: Option<&str>) -> Result<(), LineFault> {
        let key = read_key(key, KeyKind::Note, self.logs.iter().map(|log| &log.key))?;
        self.logs.push(PolicyLog { key, url: url.map(str::to_owned) });
        Ok(())
    }

    fn add_witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), LineFault> {
        let name = self.new_name(name)?;
        let listed = self.witnesses.iter().map(|witness| &witness.key);
        let key = read_key(key, KeyKind::Cosignature, listed)?;
        self.witnesses.push(PolicyWitness { name, key, url: url.map(str::to_owned) });
        Ok(())
    }

    fn add_group(&mut self, name: &str, threshold: &str, names: &[&str]) -> Result<(), LineFault> {
        let name = self.new_name(name)?;
        if self.groups.len() == POLICY_ITEMS_MAX {
            return Err(LineFault::TooMany);
        }
        let mut members = Vec::new();
        for member_name in names {
            let member = self.existing(member_name)?;
            let elsewhere = self.groups.iter().any(|group| group.members.contains(&member));
            if elsewhere || members.contains(&member) {
                return Err(LineFault::CountedTwice { name: excerpt(member_name) });
            }
            members.push(member);
        }
        let number = match threshold {
            "any" => Some(1),
            "all" => Some(members.len()),
            number => parse_decimal(number).and_then(|number| usize::try_from(number).ok()),
        };
        let threshold = number
            .filter(|number| (1..=members.len()).contains(number))
            .ok_or_else(|| LineFault::Threshold { threshold: excerpt(threshold), members: members.len() })?;
        self.groups.push(Group { name, threshold, members });
        Ok(())
    }

    fn new_name(&self, name: &str) -> Result<String, LineFault> {
        if name == "none" || self.find(name).is_some() {
            return Err(LineFault::NameTaken { name: excerpt(name) });
        }
        Ok(name.to_owned())
    }

    fn existing(&self, name: &str) -> Result<Member, LineFault> {
        self.find(name).ok_or_else(|| LineFault::UnknownName { name: excerpt(name) })
    }
}

fn read_key<'k>(
    text: &str,
    needed: KeyKind,
    listed: impl ExactSizeIterator<Item = &'k VerifierKey>,
) -> Result<VerifierKey, LineFault> {
    let key: VerifierKey = text.parse()?;
    let name = key.name().to_string();
    if key.kind() != needed {
        return Err(LineFault::Kind { name, needed, found: key.kind() });
    }
    if listed.len() == POLICY_ITEMS_MAX {
        return Err(LineFault::TooMany);
    }
    // One key is one voice, whatever name it goes by.
    if listed.into_iter().any(|other| other.public_key() == key.public_key()) {
        return Err(LineFault::DuplicateKey { name });
    }
    Ok(key)
}

impl fmt::Display for TrustPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |url: &Option<String>| url.as_ref().map_or(String::new(), |url| format!(" {url}"));
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, end(&log.url))?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}{}", witness.name, witness.key, end(&witness.url))?;
        }
        for group in &self.groups {
            write!(f, "group {} {}", group.name, group.threshold)?;
            group.members.iter().try_for_each(|member| write!(f, " {}", self.name_of(*member)))?;
            writeln!(f)?;
        }
        writeln!(f, "quorum {}", self.quorum.map_or("none", |member| self.name_of(member)))
    }
}
