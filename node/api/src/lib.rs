//! The HTTP types of a Klaver node: what travels as JSON, under which path, and what a refusal looks like.
//!
//! Node, command line wallet and tests share this crate; the types of the web pages are made from the
//! OpenAPI document that it feeds (feature `schema`). Values of the ledger are not serde types, they have
//! one canonical byte form; their twins here end in `Json` and convert by hand.
//!
//! Conventions of every body:
//!
//! | what | how it is written |
//! |---|---|
//! | account | bech32m text, `klv1…` |
//! | entry, ledger, request, task, organisation, key, hash | lowercase hexadecimal |
//! | amount, balance | decimal string with as many decimals as the community's scale: `"12.50"`, `"-3.00"` |
//! | moment of recording | ISO 8601 UTC with milliseconds: `"2026-11-22T10:30:00.123Z"` |
//! | deadline | ISO 8601 UTC in whole seconds: `"2026-11-22T10:35:00Z"` |
//! | envelope, opening, salt | base64url without padding |
//! | index, line, size | a JSON number, at most 2^53 - 1 |
//! | absent | `null`, or the field left out |
#![forbid(unsafe_code)]

pub mod paths;
pub mod problem;
pub mod reason;
pub mod text;

pub mod account;
pub mod alias;
pub mod charter;
pub mod entry;

pub mod budget;
pub mod community;
pub mod coordination;
pub mod draft;
pub mod inbox;
pub mod join;
pub mod organisation;
pub mod pairing;
pub mod paper;
pub mod pioneer;
pub mod pot;
pub mod promise;
pub mod receipt;
pub mod request;
pub mod session;
pub mod statement;
pub mod submit;
pub mod succession;
pub mod task;
pub mod till;
pub mod wrong;

pub mod audit;

pub use account::{AccountJson, AccountStateJson, CannotGive, KeyJson, PendingJson};
pub use alias::{AskOwnCode, CodeOwner, OwnCode, PayByCode};
pub use budget::{
    AddContribution, Contribution, ContributionKind, CouncilBudget, CouncilBudgets, EditBudget,
};
pub use charter::{CharterJson, PolicyJson, RateJson};
pub use community::{AuditNoteJson, Community, DirectoryEntry, DirectoryPage, LogAddress, Profile, UnitJson};
pub use draft::{CalledAccount, Draft, DraftPage, DraftState, WaitsFor};
pub use entry::{BodyJson, EntryJson};
pub use inbox::{Changed, Inbox, Matter, Message};
pub use join::{CreateInvitation, Invitation, Join, JoinProof, Joined};
pub use organisation::{
    CouncilOrganisation, CouncilOrganisations, Gathering, MonthFigures, NameOrganisation, Organisation,
    OrganisationAccount, OrganisationPage, OrganisationWords, OwnMonth, OwnOrganisation, UnnamedOrganisation,
};
pub use pairing::{AnswerPairing, Pairing};
pub use paper::{
    AskOverview, ChoosePin, CreatePapers, Overview, PaidByCard, Paper, PaperAccount, PaperKind, PaperPage,
    PaperState, PayByCard, ReplacePaper, Replaced, SetPaperState,
};
pub use pioneer::{Growth, MonthOfGrowth, PlanRound, Pulse, Round, Rounds};
pub use pot::{
    Closing, Companion, Companions, CouncilHearty, CouncilPot, CouncilPots, CountPot, EditPot, Hearty,
    ListHearty, Pot, PotCount, PotPage, PotPayment, PotPays, ShopPot, ShopPots, Stock, StockLevel, StockPot,
    TownPot,
};
pub use problem::Problem;
pub use reason::Reason;
pub use receipt::{ConsistencyJson, ReceiptJson};
pub use request::{CreateRequest, PaymentRequest, RequestState};
pub use session::{Challenge, CreateSession, KeyAccount, KeyAccounts, Session, SessionRole};
pub use statement::{StatementLine, StatementPage};
pub use submit::{MemoJson, Submit, SubmitAnswer};
pub use task::{
    AnswerQuestion, Answers, BringTask, BroughtTask, CheckIn, ClientTask, EditCarrier, EditFace, EditTask,
    EditTaskSession, Face, Faces, OwnSession, PlaceTask, PlaceTaskSession, PlaceTasks, SessionGuest, Task,
    TaskCarrier, TaskPage, TaskReason, TaskSession, TaskStateJson, Thanks, WhyNotJson,
};
pub use till::{DayLine, Till, TillDay, TillSettings};
pub use wrong::{
    AnswerWrong, CouncilTrust, Followed, Heard, HeardLine, HeardPage, NamePersonOfTrust, NamedPerson,
    PersonOfTrust, PersonsOfTrust, TellAnother, TellWrong, Telling, Told, ToldPage, TrustPlace, WrongAge,
    WrongCount, WrongLine, WrongOutcome, WrongReason, WrongState, WrongYear,
};
