//! Why the node does not do what was asked. `http/problem.rs` gives each its status and words.

use crate::community::keep::KeepError;
use crate::community::requests::Mismatch;
use crate::community::sessions::ChallengeError;
use crate::service::arrivals::Crowded;
use crate::service::papers::PaperRefused;
use crate::writer::Unrecorded;
use klaver_api::Reason;
use klaver_api::text::FieldError;
use klaver_ledger::engine::{NoReceipt, ReadError};
use klaver_ledger::entry::cbor::CborError;
use klaver_ledger::entry::signed::EnvelopeError;
use klaver_ledger::keys::PublicKey;
use klaver_ledger::link::LinkError;
use klaver_ledger::log::tree::TreeError;
use klaver_ledger::refusal::Refusal;
use klaver_ledger::store::ReadFault;

/// Why the node does not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// The rules do not allow the entry.
    #[error("{}", .0.sentence)]
    Declined(Box<Refusal>),
    /// The envelope is malformed or badly signed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A field of the body does not hold what belongs there.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The rules were not asked.
    #[error(transparent)]
    Unrecorded(#[from] Unrecorded),
    /// The payment is not what the request asks for.
    #[error("{0}: scan the code again and pay what it says")]
    RequestMismatch(#[from] Mismatch),
    /// There is no such thing, or not for this visitor.
    #[error("there is no such {what}: {advice}")]
    Unknown {
        /// What was asked for.
        what: &'static str,
        /// The stable code.
        code: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The visitor showed no valid session.
    #[error("this needs a session: sign a challenge with your key first")]
    SessionNeeded,
    /// The visitor may not do this.
    #[error("this is not for your session: {advice}")]
    Forbidden {
        /// Who may, or what to do instead.
        advice: &'static str,
    },
    /// The payee takes nothing for a while.
    #[error("the payee has paused: pay in money, or come back later")]
    TillPaused,
    /// The payee takes no more credits this month.
    #[error("the payee takes at most {left} more this month: ask for less, or for money")]
    TillFull {
        /// How much it still takes.
        left: String,
    },
    /// The payee does not take so much; how much it takes is its owner's business.
    #[error("the payee does not take so much now: ask for less, or for money")]
    TillTooMuch,
    /// The challenge does not count.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// What was signed is not this challenge, for this ledger, this address and that account.
    #[error("this signature does not open a session: {advice}")]
    SessionSignature {
        /// What to do.
        advice: &'static str,
    },
    /// The challenge was signed by a key that is not of that account or office, or not any more.
    #[error("this key opens no session here: {advice}")]
    SessionKey {
        /// What to do.
        advice: &'static str,
    },
    /// A key that joins did not sign the challenge.
    #[error(
        "key {key} did not sign that it joins: sign the challenge for this ledger and this address with every key"
    )]
    JoinSignature {
        /// The key.
        key: PublicKey,
    },
    /// A card or voucher.
    #[error(transparent)]
    Paper(#[from] PaperRefused),
    /// It cannot be done with this session of a task or this pot, or not now.
    #[error("{}: {advice}", sentence_of(.code))]
    NotNow {
        /// The stable code.
        code: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// There are too many newcomers now.
    #[error(transparent)]
    Crowded(#[from] Crowded),
    /// Too much of something.
    #[error("there are too many {what}, at most {limit}: {advice}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
        /// What to do.
        advice: &'static str,
    },
    /// The ledger cannot be read.
    #[error("the ledger cannot answer this now: {0}")]
    Read(ReadError),
    /// The ledger is damaged, and what was asked for may stand in the part that cannot be read.
    #[error("{why}")]
    BeyondDamage {
        /// What is damaged, what is safe, and what to do.
        why: Reason,
    },
    /// Community data cannot be written.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The node's address is too long for links.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The operating system has no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(#[from] getrandom::Error),
}

fn sentence_of(code: &str) -> &'static str {
    match code {
        "session_full" => "every place of this session is taken",
        "session_over" => "this session is over, or does not take place",
        "pot_not_open" => "this pot takes no credits yet",
        "pot_waits" => "some were handed out at the old price and not paid yet",
        "person_listens" => "the person of trust who was told still listens",
        "person_gives" => "this person gives credits there",
        "promise_no_pot" => "no pot bears promises here that were not paid",
        "promise_paid" => "this promise was paid",
        "promise_not_over" => "this promise may still be paid",
        "promise_not_sent" => "this promise was not sent while it could be paid",
        "promise_long_over" => "this promise ended more than ninety days ago",
        "question_closed" => "nothing is asked at this session, or no longer",
        "round_past" => "this day is over",
        "round_near" => "this place has another hour with pioneers in that week",
        "round_closed" => "nobody says anything for this hour now",
        "check_in_code" => "this is not the code of the session",
        _ => "nobody checks in at this session now",
    }
}

impl From<CborError> for Refused {
    fn from(error: CborError) -> Self {
        Self::Envelope(error.into())
    }
}

impl From<ReadFault> for Refused {
    fn from(fault: ReadFault) -> Self {
        Self::Read(fault.into())
    }
}

impl From<TreeError> for Refused {
    fn from(error: TreeError) -> Self {
        ReadError::from(error).into()
    }
}

impl From<NoReceipt> for Refused {
    fn from(why: NoReceipt) -> Self {
        match why {
            NoReceipt::Declined(refusal) => Self::Declined(refusal),
            NoReceipt::Unanswered(error) => error.into(),
        }
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NoRecord { .. } => Self::Unknown {
                what: "record",
                code: "unknown_record",
                advice: "check the index in the overview",
            },
            ReadError::NoLine { .. } => Self::Unknown {
                what: "line",
                code: "unknown_line",
                advice: "ask for a record that has a line of the account",
            },
            error => Self::Read(error),
        }
    }
}
