//! Questions for auditors: what an honest auditor would ask the council about, with the entries it shows in.
//!
//! A question is never an accusation, and never a violation: the books hold, somebody should explain. Nothing is asked
//! about vouchers, pots of suspended consumptions, or people below an amount that the community sets. What is much is measured against what is
//! usual in the same community, by medians and shares, so that neighbours who help one another raise none.

mod history;
mod issuing;
mod life;
mod merchants;
mod offices;
mod people;
mod straw;
#[cfg(test)]
mod tests;
mod view;

pub use history::{Event, History, Posting};

use crate::account::numbered;
use crate::amount::Scale;
use crate::entry::Body;
use crate::id::AccountId;
use view::View;

/// How many times the usual is much.
const MUCH: u64 = 4;

/// The smallest amount that is asked about when the community sets none, in whole units: five sessions of two.
pub const LEAST_UNITS: u64 = 10;

numbered! {
    /// What is asked; numbers and words do not change.
    Code {
        LineAboveUsual = 1 "line_above_usual": "One person received far more for one entry than the budget usually gives.",
        DayAboveUsual = 2 "day_above_usual": "A budget gave far more on one day than it usually gives.",
        BelowSecondSignature = 3 "below_second_signature": "An organisation often stayed just below the amount for which a second one signs.",
        RaisedBeforeEnd = 4 "raised_before_end": "A budget was raised shortly before its end, and the new room was used.",
        LimitRaisedAndUsed = 5 "limit_raised_and_used": "A limit was raised, and the new room was used at once.",
        OwnKey = 6 "own_key": "Credits were given to an account with the key of who gave them.",
        IssuersEachOther = 7 "issuers_each_other": "Two who give credits gave them to each other.",
        ReceivesAboveOthers = 8 "receives_above_others": "One account received far more than others, over all entries together.",
        SmallCircle = 9 "small_circle": "Somebody gives credits to one or two people only.",
        OpenedThenCredited = 10 "opened_then_credited": "An account was opened, and at once received far more than others do.",
        EmptiedAfterKeyChange = 11 "emptied_after_key_change": "The keys of an account changed, and nearly everything left it.",
        PassedOn = 12 "passed_on": "Several accounts passed on to one account nearly all that they received.",
        RefundsAboveUsual = 13 "refunds_above_usual": "A merchant gave back far more than others do.",
        CreditedThenRedeemed = 14 "credited_then_redeemed": "A merchant received credits from a budget and asked euro for them.",
        OnePayer = 15 "one_payer": "A merchant was paid out for what nearly one payer paid.",
        PaidOwnShop = 16 "paid_own_shop": "Somebody paid a shop with the same key, and the shop was paid out.",
        SameBankReference = 17 "same_bank_reference": "One bank reference stands for two settlements.",
        CorrectionsByOne = 18 "corrections_by_one": "One key corrects far more often than others.",
        RegistrarOpens = 19 "registrar_opens": "The registrar opened far more accounts on one day than usual.",
        RegistrarFreezes = 20 "registrar_freezes": "The registrar put many accounts to rest.",
        PolicyChangedAndUsed = 21 "policy_changed_and_used": "A number of the policy was loosened, and used at once.",
        PolicyChangedBack = 22 "policy_changed_back": "The policy was changed, and changed back soon.",
        ClosedToPerson = 23 "closed_to_person": "The council closed an account, and its credits went to a person or shop.",
        CreditedTwice = 24 "credited_twice": "One task, or one group on one day, received credits twice.",
        OftenInADay = 25 "often_in_a_day": "One account received credits for helping many times in a day.",
        WelcomedAgain = 26 "welcomed_again": "Welcome credits went to somebody who had them already.",
        MigrationWithoutLedger = 27 "migration_without_ledger": "Balances were brought over although there is no earlier ledger.",
        RoundTrip = 28 "round_trip": "Somebody gave back to a budget most of what came from it, again and again.",
        OwnPot = 29 "own_pot": "A pot that budgets fill paid one person only, or whoever hands out of it.",
        StampedBeforeSeen = 30 "stamped_before_seen": "Records are stamped long before a time at which witnesses had not seen them yet.",
        OneKey = 31 "one_key": "One key spends for three accounts or more, which are credited again and again.",
        OnlySeconds = 32 "only_seconds": "An organisation that gives nothing itself signed for another again and again.",
        SpentOnOne = 33 "spent_on_one": "Somebody who takes in nothing paid one account all that one may go below zero.",
        EmptiedTogether = 34 "emptied_together": "Accounts that never paid anybody were emptied at one till within an hour.",
        RetiredToGive = 35 "retired_to_give": "A budget soon gave twice its cap, because credits were taken off it meanwhile.",
        NotWitnessed = 36 "not_witnessed": "Records of more than a day ago were seen by no quorum of witnesses.",
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// What is asked.
    pub code: Code,
    /// The entries it is about, ascending.
    pub entries: Vec<u64>,
    /// The account it is about, if it is about one.
    pub account: Option<AccountId>,
    /// The amount it is about, in minor units; 0 when it is about none.
    pub amount: u64,
}

/// What a community sets about questions. The policy has no field for it: auditors and council agree on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Nothing is asked about less than this, in minor units.
    pub least: u64,
}

impl Thresholds {
    /// Returns what holds unless a community sets another: ten whole units.
    pub fn usual(scale: Scale) -> Self {
        Self { least: LEAST_UNITS * 10_u64.pow(u32::from(scale.decimals())) }
    }
}

/// Returns the amount below which nothing is asked of this history, in minor units.
pub(super) fn asked_from(history: &History, thresholds: Option<Thresholds>) -> Option<u64> {
    let Some(Body::Found(found)) = history.events().first()?.body() else { return None };
    Some(thresholds.unwrap_or_else(|| Thresholds::usual(found.scale)).least.max(1))
}

impl Question {
    /// Returns the text by which this question is known from one audit to the next: its code, its first entry, and the
    /// account it is about, for one entry may credit several.
    pub fn mark(&self) -> String {
        let first = self.entries.first().map(|entry| format!(":{entry}")).unwrap_or_default();
        let account = self.account.map(|account| format!(":{account}")).unwrap_or_default();
        format!("{}{first}{account}", self.code)
    }

    pub(super) fn about(code: Code, mut entries: Vec<u64>, account: Option<AccountId>, amount: u64) -> Self {
        entries.sort_unstable();
        entries.dedup();
        Self { code, entries, account, amount }
    }
}

/// What somebody explained about a question.
///
/// It holds for the entries that were asked about then: when others join them, the question is open again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What was asked.
    pub code: Code,
    /// The account it was asked about, if it was about one.
    pub account: Option<AccountId>,
    /// The entries it was asked about, ascending.
    pub entries: Vec<u64>,
}

impl Explanation {
    /// Returns what an explanation of `question` holds for.
    pub fn of(question: &Question) -> Self {
        Self { code: question.code, account: question.account, entries: question.entries.clone() }
    }

    /// Returns whether it explains all that `question` asks.
    pub fn covers(&self, question: &Question) -> bool {
        self.is_of(question) && question.entries.iter().all(|entry| self.has(*entry))
    }

    /// Returns whether it explains some of what `question` asks, or all of it.
    pub fn concerns(&self, question: &Question) -> bool {
        self.is_of(question) && question.entries.iter().any(|entry| self.has(*entry))
    }

    fn is_of(&self, question: &Question) -> bool {
        (self.code, self.account) == (question.code, question.account)
    }

    fn has(&self, entry: u64) -> bool {
        self.entries.binary_search(&entry).is_ok()
    }
}

/// Returns the questions that a history raises, each once, in the order of their codes and entries.
///
/// `None` asks nothing about less than [`Thresholds::usual`].
pub fn ask(history: &History, thresholds: Option<Thresholds>) -> Vec<Question> {
    let Some(view) = View::of(history, thresholds) else { return Vec::new() };
    let half = |ask: &[fn(&View<'_>, &mut Vec<Question>)]| {
        let mut questions = Vec::new();
        ask.iter().for_each(|ask| ask(&view, &mut questions));
        questions
    };
    let mut questions = std::thread::scope(|scope| {
        let others = scope.spawn(|| half(&[issuing::ask, offices::ask, straw::ask]));
        let people = half(&[people::ask, merchants::ask]);
        let others = others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        [people, others].concat()
    });
    questions.sort_unstable();
    questions.dedup();
    questions
}

/// Returns the median, the lower of the two in the middle; 0 of none.
fn median(values: impl IntoIterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}
