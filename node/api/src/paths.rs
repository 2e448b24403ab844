//! The path of every route, relative to the node's public address.
//!
//! Names in braces are parameters; the functions below fill them in.

/// The community: name, unit, rules, address and key of the log. `GET`, public.
pub const COMMUNITY: &str = "/v1/community";
/// Places and merchants that chose to be listed. `GET`, public.
pub const DIRECTORY: &str = "/v1/directory";
/// Records a signed entry. `POST`, public: the signatures are the authority.
pub const ENTRIES: &str = "/v1/entries";
/// The receipt of an entry by its id. `GET`; anybody who knows the id gets the index, a session more.
pub const ENTRY: &str = "/v1/entries/{id}";
/// The receipt of one line or of a whole record. `GET`, session.
pub const RECEIPT: &str = "/v1/receipts/{index}";
/// Consistency of two sizes of the log. `GET ?from=&to=`, public.
pub const CONSISTENCY: &str = "/v1/proofs/consistency";
/// Entries that wait for signatures. `POST` public; `GET` session.
pub const DRAFTS: &str = "/v1/drafts";
/// One draft. `GET`, session of a key that may sign it.
pub const DRAFT: &str = "/v1/drafts/{id}";
/// Something to sign, that proves who holds a key. `POST`, public.
pub const CHALLENGES: &str = "/v1/sessions/challenges";
/// A session for a signed challenge. `POST` public; `DELETE` ends the one that asks.
pub const SESSIONS: &str = "/v1/sessions";
/// The accounts that a key belongs to, for a signed challenge without account. `POST`, public.
pub const KEY_ACCOUNTS: &str = "/v1/sessions/accounts";
/// Accounts that the session may see. `GET`, session.
pub const ACCOUNTS: &str = "/v1/accounts";
/// One account. `GET`, session.
pub const ACCOUNT: &str = "/v1/accounts/{id}";
/// Its lines, newest first. `GET ?cursor=&limit=`, session.
pub const STATEMENT: &str = "/v1/accounts/{id}/statement";
/// Its name in the directory. `PUT`, session.
pub const PROFILE: &str = "/v1/accounts/{id}/profile";
/// How it takes credits at its tills. `GET`, session, a cashier's too; `PUT`, session of the account.
pub const TILL: &str = "/v1/accounts/{id}/till";
/// What its tills took today. `GET`, session, a cashier's too.
pub const TILL_DAY: &str = "/v1/accounts/{id}/day";
/// Its lines as they are recorded, as server-sent events. `GET`, session.
pub const ACCOUNT_EVENTS: &str = "/v1/accounts/{id}/events";
/// Its own code, which leads to its pay page. `POST`, session.
pub const OWN_CODE: &str = "/v1/accounts/{id}/code";
/// What its person must be told. `GET`, session.
pub const INBOX: &str = "/v1/accounts/{id}/inbox";
/// Who stands behind somebody's own code. `GET`, public.
pub const CODE: &str = "/v1/codes/{id}";
/// Makes a payment request by somebody's own code. `POST`, public.
pub const CODE_REQUESTS: &str = "/v1/codes/{id}/requests";
/// Meetings of an old device with a new one. `POST` starts one, `GET` shows the newest; session.
pub const PAIRINGS: &str = "/v1/pairings";
/// The answer of a new device. `POST`, public: the code is the authority.
pub const PAIRING_ANSWERS: &str = "/v1/pairings/answers";
/// Cards and vouchers. `POST` opens some, `GET ?cursor=` lists those of the place; session of a place or of the council.
pub const PAPERS: &str = "/v1/papers";
/// A card or voucher by the id in its code. `GET`, public; with a session of its place its number too.
pub const PAPER: &str = "/v1/papers/{id}";
/// Puts it to rest, says that it was lost, wakes it. `POST`, session of its place or of the council.
pub const PAPER_STATE: &str = "/v1/papers/{id}/state";
/// Pays by card. `POST`, session of the payee.
pub const PAPER_PAYMENTS: &str = "/v1/papers/{id}/payments";
/// Chooses a card's PIN. `POST`; the first one with a session of its place.
pub const PAPER_PIN: &str = "/v1/papers/{id}/pin";
/// What a card holds. `POST`, with its PIN, or with a session of a place.
pub const PAPER_OVERVIEW: &str = "/v1/papers/{id}/overview";
/// Puts new paper in its place. `POST`, session of its place.
pub const PAPER_REPLACEMENT: &str = "/v1/papers/{id}/replacement";
/// Creates a payment request. `POST`, session.
pub const REQUESTS: &str = "/v1/requests";
/// A payment request by its unguessable id. `GET`, public.
pub const REQUEST: &str = "/v1/requests/{id}";
/// Its changes as server-sent events. `GET`, public.
pub const REQUEST_EVENTS: &str = "/v1/requests/{id}/events";
/// Says no to a payment request. `POST`, session of whom it was sent to.
pub const REQUEST_DECLINE: &str = "/v1/requests/{id}/decline";
/// `POST`: takes back what one asked.
pub const REQUEST_WITHDRAW: &str = "/v1/requests/{id}/withdraw";
/// Creates an invitation. `POST`, session of the council; of a member or place for a few people and days.
pub const INVITATIONS: &str = "/v1/invitations";
/// Opens a member account by the community's policy. `POST`, public.
pub const JOIN: &str = "/v1/join";
/// Tasks that anybody can join; bringing one. `GET` and `POST`, public.
pub const TASKS: &str = "/v1/tasks";
/// One task that a place does. `GET`, public.
pub const TASK: &str = "/v1/tasks/{id}";
/// A task as its client sees it. `GET`, public: the code is the authority.
pub const CLIENT_TASK: &str = "/v1/clients/{id}";
/// What a client says of their task. `POST`, public: the code is the authority.
pub const CLIENT_THANKS: &str = "/v1/clients/{id}/thanks";
/// A session, and having a place in it. `GET`, `POST`, `DELETE`, session of an account.
pub const TASK_SESSION: &str = "/v1/task-sessions/{id}";
/// Being there. `POST`, session of an account: the code shows that it is so.
pub const CHECK_IN: &str = "/v1/task-sessions/{id}/check-in";
/// The answer to what whoever was there is asked. `POST`, session of an account that checked in.
pub const SESSION_ANSWER: &str = "/v1/task-sessions/{id}/answer";
/// Answers that the place counted by hand. `PUT`, session of the place.
pub const PLACE_SESSION_ANSWERS: &str = "/v1/place/sessions/{id}/answers";
/// The tasks of a place. `GET` and `POST`, session of a place.
pub const PLACE_TASKS: &str = "/v1/place/tasks";
/// One of them. `PUT` and `DELETE`, session of a place.
pub const PLACE_TASK: &str = "/v1/place/tasks/{id}";
/// What its client said of it. `DELETE`, session of a place.
pub const PLACE_TASK_THANKS: &str = "/v1/place/tasks/{id}/thanks";
/// Who carries it along: asked by its place, answered by the one that is asked. `PUT`, session of either.
pub const PLACE_TASK_CARRIERS: &str = "/v1/place/tasks/{id}/carriers";
/// A new session of a task. `POST`, session of a place.
pub const PLACE_TASK_SESSIONS: &str = "/v1/place/tasks/{id}/sessions";
/// A session as its place sees it. `GET` and `PUT`, session of a place.
pub const PLACE_TASK_SESSION: &str = "/v1/place/sessions/{id}";
/// The familiar faces of a place. `GET`, session of a place.
pub const FACES: &str = "/v1/place/faces";
/// One of them. `PUT` and `DELETE`, session of a place.
pub const FACE: &str = "/v1/place/faces/{id}";
/// Suspended consumption, and shops without account. `GET`, public.
pub const POTS: &str = "/v1/pots";
/// The pots of a shop; making one. `GET`, session of the shop or its cashier; `POST`, of the shop or the council.
pub const SHOP_POTS: &str = "/v1/shop/pots";
/// One of them. `PUT`, session of the shop or of the council.
pub const SHOP_POT: &str = "/v1/shop/pots/{id}";
/// Counting what was given in euro or handed out. `POST`, session of the shop or its cashier.
pub const SHOP_POT_COUNT: &str = "/v1/shop/pots/{id}/count";
/// What the shop signs to be paid for what it handed out. `POST`, session of the shop.
pub const SHOP_CLOSING: &str = "/v1/shop/closing";
/// What stands ready in town, by level. `GET`, session of a place or of the council.
pub const STOCK: &str = "/v1/place/stock";
/// Who of a place goes along the first time. `PUT`, session of a place.
pub const COMPANIONS: &str = "/v1/place/companions";
/// Pots that wait for an account, and shops that wait to be listed. `GET`, session of the council.
pub const COUNCIL_POTS: &str = "/v1/coordination/pots";
/// Lists a shop without account. `PUT`, session of the council.
pub const COUNCIL_HEARTY: &str = "/v1/coordination/hearty/{id}";
/// Who listens when something is wrong, as cards and the town square name them. `GET`, public.
pub const PERSONS_OF_TRUST: &str = "/v1/persons-of-trust";
/// What the session's account told, and whom it can tell: `GET ?index=`; telling: `POST`. Session of an account or cashier.
pub const WRONG: &str = "/v1/wrong";
/// One of these: taken back by `DELETE`, told to somebody else by `PUT` when the first listens no longer. Session as above.
pub const WRONG_ONE: &str = "/v1/wrong/{id}";
/// What people told the session's person of trust. `GET`, session of their account.
pub const HEARD: &str = "/v1/heard";
/// One of these: its state, an answer and what came of it. `PUT`, session of the person who was told.
pub const HEARD_ONE: &str = "/v1/heard/{id}";
/// Persons of trust, and counts of what was told. `GET`, and `POST` names one; session of the council.
pub const COUNCIL_TRUST: &str = "/v1/coordination/persons-of-trust";
/// One of them. `PUT` and `DELETE`, session of the council.
pub const COUNCIL_TRUST_ONE: &str = "/v1/coordination/persons-of-trust/{id}";
/// What may be promised without network, and which pot bears what stays unpaid. `GET`, public.
pub const PROMISES: &str = "/v1/promises";
/// Asking that pot to bear a promise that was never paid. `POST`, session of the account that was promised, or its cashier.
pub const UNPAID_PROMISES: &str = "/v1/promises/unpaid";
/// Names that pot. `PUT`, session of the council.
pub const COUNCIL_PROMISES: &str = "/v1/coordination/promises";
/// The organisations that take part, and what they did together. `GET`, public.
pub const ORGANISATIONS: &str = "/v1/organisations";
/// The organisation that the session speaks for. `GET`, and `PUT` says what it does; session of one of its accounts.
pub const OWN_ORGANISATION: &str = "/v1/place/organisation";
/// All organisations as the council sees them. `GET`, and `POST` names one; session of the council.
pub const COUNCIL_ORGANISATIONS: &str = "/v1/coordination/organisations";
/// One of them. `PUT` and `DELETE`, session of the council.
pub const COUNCIL_ORGANISATION: &str = "/v1/coordination/organisations/{id}";
/// Sums, budgets, payouts and rules at a glance. `GET`, session of the council.
pub const COORDINATION: &str = "/v1/coordination";
/// Budgets with their funders and contributions. `GET`, session of the council.
pub const COUNCIL_BUDGETS: &str = "/v1/coordination/budgets";
/// What stands beside one of them. `PUT`, session of the council.
pub const COUNCIL_BUDGET: &str = "/v1/coordination/budgets/{id}";
/// What somebody adds to it. `POST`, session of the council.
pub const COUNCIL_CONTRIBUTIONS: &str = "/v1/coordination/budgets/{id}/contributions";
/// One contribution that raised nothing yet. `DELETE`, session of the council.
pub const COUNCIL_CONTRIBUTION: &str = "/v1/coordination/contributions/{id}";
/// How the community grew, in tens. `GET`, session of the council.
pub const COUNCIL_GROWTH: &str = "/v1/coordination/growth";
/// Hours with pioneers. `GET`, and `POST` plans one; session of the council.
pub const COUNCIL_ROUNDS: &str = "/v1/coordination/rounds";
/// One of them. `DELETE` forgets it; session of the council.
pub const COUNCIL_ROUND: &str = "/v1/coordination/rounds/{id}";
/// Every record with its salt, as a CBOR sequence. `GET ?from=`, session of an auditor.
pub const AUDIT_RECORDS: &str = "/v1/audit/records";
/// The attested snapshot of the ledger that this one continues; empty when it continues none. `GET`, session of an auditor.
pub const AUDIT_PREDECESSOR: &str = "/v1/audit/predecessor";
/// The charters of this ledger, from the founding entry on, proven by the log. `GET`, public.
pub const LINEAGE: &str = "/v1/lineage";
/// How the ledger before this one ended, or with `?ledger=` an older one that led to it. `GET`, public.
pub const SUCCESSION: &str = "/v1/succession";
/// Where the ledger that continues this one is. `GET`, public.
pub const SUCCESSOR: &str = "/v1/successor";
/// The salted hashes of what every account had then. `GET`, public; `?ledger=` as above.
pub const SHARES: &str = "/v1/succession/shares";
/// What the session's account had then. `GET`, session; `?ledger=` as above.
pub const SHARE: &str = "/v1/succession/share";
/// The description of this interface (OpenAPI 3.1). `GET`, public.
pub const OPENAPI: &str = "/v1/openapi.json";

/// What this community is, for people. `GET`, public.
pub const HOME_PAGE: &str = "/";
/// The wallet on a phone. `GET`, public.
pub const WALLET_PAGE: &str = "/wallet";
/// The till of a merchant. `GET`, public.
pub const TILL_PAGE: &str = "/till";
/// The screen of a doe-plek. `GET`, public.
pub const PLACE_PAGE: &str = "/place";
/// Telling that something is wrong, and what a person of trust is told. `GET`, public.
pub const WRONG_PAGE: &str = "/wrong";
/// Paying without network: promised by a phone, kept by a till. `GET`, public.
pub const PROMISE_PAGE: &str = "/promise";
/// What the council sees. `GET`, public.
pub const COORDINATION_PAGE: &str = "/coordination";
/// Where anybody checks a receipt, on their own device. `GET`, public.
pub const VERIFY_PAGE: &str = "/verify";
/// The same as one file that needs no network. `GET`, public.
pub const VERIFY_FILE: &str = "/verify.html";
/// The page of a payment request, for people. `GET`, public.
pub const REQUEST_PAGE: &str = "/p/{id}";
/// The pay page of an own code, for people. `GET`, and `POST` with an amount; public.
pub const ALIAS_PAGE: &str = "/to/{alias}";
/// The page of an invitation, for people. `GET`, public.
pub const INVITATION_PAGE: &str = "/i/{code}";
/// The page of a card: it receives. `GET`, and `GET ?amount=`; public. Its inside, behind the `#`, stays on the device.
pub const CARD_PAGE: &str = "/c/{id}";
/// The page of a voucher. `GET`, public.
pub const VOUCHER_PAGE: &str = "/v/{id}";
/// The page of a draft, for people. `GET`, public.
pub const DRAFT_PAGE: &str = "/d/{id}";

/// Tasks that anybody can join, for people. `GET`, public.
pub const TASKS_PAGE: &str = "/tasks";
/// Bringing a task, for people. `GET` and `POST`, public.
pub const BRING_PAGE: &str = "/tasks/new";
/// One task, for people. `GET`, public.
pub const TASK_PAGE: &str = "/tasks/{id}";
/// The sessions that anybody can join, for calendars. `GET`, public.
pub const CALENDAR: &str = "/tasks.ics";
/// The page of a task's client. `GET`, and `POST` with thanks; public: the code is the authority.
pub const CLIENT_PAGE: &str = "/client/{code}";
/// A session to check in at, for people. `GET`, public.
pub const CHECK_IN_PAGE: &str = "/t/{id}";
/// A session's poster in two languages, to print. `GET`, public.
pub const POSTER_PAGE: &str = "/poster/{id}";
/// A pot of a shop, where people give. `GET`, and `GET ?number=`; public.
pub const POT_PAGE: &str = "/pots/{id}";
/// The sheet of a pot for the window, to print. `GET`, public.
pub const POT_SHEET_PAGE: &str = "/pots/{id}/sheet";
/// The pot of the town, where people give. `GET`, and `GET ?amount=`; public.
pub const TOWN_POT_PAGE: &str = "/pots/town";
/// Joining with one's heart alone, for shops. `GET` and `POST`, public.
pub const HEARTY_NEW_PAGE: &str = "/hearty/new";
/// The own page of a shop without account. `GET` and `POST`, public: the code is the authority.
pub const HEARTY_PAGE: &str = "/hearty/{code}";
/// What a funder's budgets paid for. `GET`, public: the code is the authority.
pub const FUNDER_PAGE: &str = "/funder/{code}";
/// The thank-you for a contribution, to print. `GET`, public: the code is the authority.
pub const THANKS_PAGE: &str = "/thanks/{code}";
/// The hour with pioneers, for its host. `GET` and `POST`, public: the code is the authority.
pub const ROUND_PAGE: &str = "/round/{code}";
/// What the host says in that hour, to print. `GET`, public: the code is the authority.
pub const SCRIPT_PAGE: &str = "/round/{code}/script";
/// The sheet with two codes: saying what one needs, and making a wallet. `GET`, public: the code is the authority.
pub const ROUND_SHEET_PAGE: &str = "/round/{code}/sheet";
/// Saying what one needs and can do. `GET` and `POST`, public: the code is the authority.
pub const SAY_PAGE: &str = "/say/{code}";
/// Inviting somebody. `GET`, public.
pub const INVITE_PAGE: &str = "/invite";
/// The organisations that take part, for people. `GET`, public.
pub const ORGANISATIONS_PAGE: &str = "/organisations";
/// One of them, for people. `GET`, public.
pub const ORGANISATION_PAGE: &str = "/organisations/{id}";
/// What it does, for calendars. `GET`, public.
pub const ORGANISATION_CALENDAR: &str = "/organisations/{id}/calendar.ics";
/// The own page of an organisation without the currency. `GET` and `POST`, public: the code is the authority.
pub const MEMBER_PAGE: &str = "/member/{code}";
/// A right that is lent for today, for people. `GET`, public.
pub const LENT_PAGE: &str = "/l/{id}";

/// Where the public log starts (C2SP tlog-tiles).
pub const LOG: &str = "/log";
/// The newest published checkpoint. `GET`, public.
pub const LOG_CHECKPOINT: &str = "/log/checkpoint";

/// Where the log before this one starts, when this ledger continues another.
pub const LOG_BEFORE: &str = "/log/before";
/// The last checkpoint of that log. `GET`, public.
pub const LOG_BEFORE_CHECKPOINT: &str = "/log/before/checkpoint";
/// Where the logs of ledgers before that one are, each below its ledger's id.
pub const LOG_ENDED: &str = "/log/ended";
/// The trust policy of the log (C2SP tlog-policy). `GET`, public.
pub const LOG_POLICY: &str = "/log/policy";
/// Takes cosignatures of witnesses that fetch the log themselves. `POST`, public: the signatures are the authority.
pub const WITNESS_COSIGNATURES: &str = "/witness/cosignatures";

/// Whether the process runs. `GET`, public.
pub const HEALTHZ: &str = "/healthz";
/// Whether entries can be recorded, and why not. `GET`, public.
pub const READYZ: &str = "/readyz";

/// The media type of a refusal (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";
/// The media type of an envelope sent as it is.
pub const CBOR: &str = "application/cbor";
/// The media type of records for auditors (RFC 8742).
pub const CBOR_SEQUENCE: &str = "application/cbor-seq";

/// Returns `path` with its one parameter filled in.
///
/// ```
/// use klaver_api::paths;
/// assert_eq!(paths::fill(paths::REQUEST_EVENTS, "00ff"), "/v1/requests/00ff/events");
/// ```
pub fn fill(path: &str, value: impl std::fmt::Display) -> String {
    match (path.find('{'), path.find('}')) {
        (Some(start), Some(end)) => format!("{}{value}{}", &path[..start], &path[end + 1..]),
        _ => path.to_owned(),
    }
}
