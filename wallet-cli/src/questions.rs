//! The questions of the last audit and what was explained about them: the auditor's own file, one for each ledger.
//!
//! What somebody explained stays with the auditor: it may name people, and no note or node ever holds it.

use crate::failure::{Exit, Failure, Outcome};
use crate::places::Places;
use klaver_keystore::private_file;
use klaver_ledger::audit::Audited;
use klaver_ledger::audit::questions::{Code, Explanation, Question};
use klaver_ledger::id::{AccountId, LedgerId};
use serde::{Deserialize, Serialize};

/// Most characters of an explanation.
pub const TEXT_MAX: usize = 1_000;

/// Most bytes of the file.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Questions and explanations of one ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Questions {
    /// Version of the file.
    klaver_questions: u8,
    /// What the last audit asked, in the order in which it was shown; also what is explained.
    asked: Vec<Asked>,
    explained: Vec<Explained>,
}

/// A question as the file holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    code: String,
    account: Option<String>,
    entries: Vec<u64>,
    amount_minor: u64,
}

/// What was explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    code: String,
    account: Option<String>,
    entries: Vec<u64>,
    /// What somebody said.
    pub text: String,
    /// When it was written down.
    pub at: String,
}

impl Questions {
    /// Reads what is kept of `ledger`; nothing when there was no audit yet.
    ///
    /// # Errors
    /// When the file is damaged or cannot be read: an explanation must not get lost unseen.
    pub fn load(places: &Places, ledger: &LedgerId) -> Outcome<Self> {
        let path = places.questions(ledger);
        let bytes = match private_file::read(&path, FILE_BYTES_MAX) {
            Err(error) if error.is_missing() => return Ok(Self::default()),
            read => read?,
        };
        let read = serde_json::from_slice(&bytes).ok().filter(Self::is_sound);
        read.ok_or_else(|| Failure::new(Exit::Failed, "questions_damaged").with("path", path.display()))
    }

    fn is_sound(&self) -> bool {
        self.klaver_questions == 1
            && self.asked.iter().all(|asked| asked.question().is_some())
            && self.explained.iter().all(|explained| explained.explanation().is_some())
    }

    /// Keeps it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, places: &Places, ledger: &LedgerId) -> Outcome<()> {
        private_file::create_directory(&places.audits())?;
        let kept = Self { klaver_questions: 1, ..self.clone() };
        let mut bytes = serde_json::to_vec(&kept).expect("questions can always be written");
        if bytes.len() as u64 > FILE_BYTES_MAX {
            // What was explained is kept; what is asked, the next audit asks again.
            bytes = serde_json::to_vec(&Self { asked: Vec::new(), ..kept }).expect("as above");
        }
        Ok(private_file::replace(&places.questions(ledger), &bytes)?)
    }

    /// Takes what an audit asked in the place of what the one before did.
    pub fn ask(&mut self, audited: &Audited) {
        let asked = audited.questions.iter().chain(&audited.explained);
        self.asked = asked.map(Asked::of).collect();
    }

    /// Returns what the last audit asked.
    pub fn asked(&self) -> impl Iterator<Item = Question> + '_ {
        self.asked.iter().filter_map(Asked::question)
    }

    /// Returns the question with a number, from 1, in the last audit, or with a mark; and its place there, from 0.
    pub fn find(&self, which: &str) -> Option<(usize, Question)> {
        let numbered = which.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let mut asked = self.asked().enumerate();
        match numbered {
            Some(at) => asked.nth(at),
            None => asked.find(|(_, question)| question.mark() == which),
        }
    }

    /// Returns all that was explained.
    pub fn explanations(&self) -> Vec<Explanation> {
        self.explained.iter().filter_map(Explained::explanation).collect()
    }

    /// Returns what was explained of a question, and whether it covers all of it.
    pub fn explained(&self, question: &Question) -> Option<(&Explained, bool)> {
        let said = || self.explained.iter().filter_map(|said| Some((said, said.explanation()?)));
        let whole = said().find(|(_, explanation)| explanation.covers(question));
        let part = || said().find(|(_, explanation)| explanation.concerns(question));
        whole.map(|(said, _)| (said, true)).or_else(|| part().map(|(said, _)| (said, false)))
    }

    /// Keeps what somebody explained of a question, in the place of what was explained of it before.
    pub fn explain(&mut self, question: &Question, text: &str, at: &str) {
        // Another question may share entries with this one: what was said of it stays.
        let same = Explanation::of(question);
        self.explained.retain(|said| said.explanation().as_ref() != Some(&same));
        let Asked { code, account, entries, .. } = Asked::of(question);
        self.explained.push(Explained { code, account, entries, text: text.to_owned(), at: at.to_owned() });
    }

    /// Forgets what was explained of a question.
    pub fn withdraw(&mut self, question: &Question) {
        self.explained.retain(|said| !said.explanation().is_some_and(|said| said.covers(question)));
    }
}

impl Asked {
    fn of(question: &Question) -> Self {
        Self {
            code: question.code.word().to_owned(),
            account: question.account.map(|account| account.to_string()),
            entries: question.entries.clone(),
            amount_minor: question.amount,
        }
    }

    fn question(&self) -> Option<Question> {
        let (code, account) = read(&self.code, self.account.as_deref())?;
        Some(Question { code, account, entries: self.entries.clone(), amount: self.amount_minor })
    }
}

impl Explained {
    fn explanation(&self) -> Option<Explanation> {
        let (code, account) = read(&self.code, self.account.as_deref())?;
        // What was sorted when it was written is looked up as such.
        let entries = self.entries.is_sorted().then(|| self.entries.clone())?;
        Some(Explanation { code, account, entries })
    }
}

fn read(code: &str, account: Option<&str>) -> Option<(Code, Option<AccountId>)> {
    let account = account.map(AccountId::parse).transpose().ok()?;
    Some((Code::from_word(code)?, account))
}
