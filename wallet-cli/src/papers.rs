//! Cards and vouchers in the wallet: reading their codes, finding them by the number on their stub, paying with them.

use crate::app::{App, challenge};
use crate::contact::Contact;
use crate::entries;
use crate::failure::{Exit, Failure, Outcome};
use crate::money::Unit;
use crate::{output, qr};
use klaver_api::text::{self, base64url};
use klaver_api::{
    AccountJson, CreateSession, PaidByCard, Paper, PaperKind, PaperPage, PayByCard, PaymentRequest, Session,
    Submit, SubmitAnswer, paths,
};
use klaver_keystore::KeyInfo;
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body, Entry, Pay, PayLine, RequestRef, SignedEntry};
use klaver_ledger::id::{AccountId, LedgerId, Nonce, RequestId};
use klaver_ledger::keys::{SigningKey, paper_key};
use klaver_ledger::link::{CodeId, Link, Secret};
use klaver_ledger::time::Deadline;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Read as _};
use std::path::Path;

/// Longest code or PIN that is read, in bytes.
const BYTES_MAX: u64 = 4_096;

/// The inside of a card, or a voucher: whoever has it spends it, so it is never an argument.
pub struct AtHand {
    /// What the node says of it.
    pub paper: Paper,
    /// Its account.
    pub account: AccountId,
    /// Its key.
    pub key: SigningKey,
}

impl AtHand {
    /// Reads the inside of a card or a voucher from a picture or text file, or from standard input for `-`.
    ///
    /// # Errors
    /// When there is no such code in it, or it is another community's.
    pub fn read(contact: &Contact, file: &Path) -> Outcome<Self> {
        let link = Link::parse(&read_code(file)?)?;
        link.check_community(&contact.community.node, &contact.community.ledger)?;
        let (id, secret) = match link {
            Link::Card { id, secret: Some(secret), .. } | Link::Voucher { id, secret, .. } => (id, secret),
            Link::Card { secret: None, .. } => return Err(Failure::new(Exit::Usage, "card_outside")),
            _ => return Err(Failure::new(Exit::Usage, "no_paper_code")),
        };
        let paper: Paper = contact.http.get(&paths::fill(paths::PAPER, id), None)?;
        let account = text::account("account", &paper.account)?;
        let ledger = text::from_hex("ledger", &paper.ledger, LedgerId::from_hex)?;
        let Secret(secret) = secret;
        Ok(Self { paper, account, key: paper_key(&ledger, &secret) })
    }

    /// Signs a fresh challenge: the paper is at hand.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn proof(&self, contact: &Contact) -> Outcome<CreateSession> {
        let (challenge, origin) = challenge(&contact.http)?;
        Ok(challenge.for_session(&contact.community.ledger, &origin, Some(self.account), &self.key)?)
    }

    /// Returns a voucher's account, as whoever holds it may see it.
    ///
    /// # Errors
    /// When it is a card, or the node cannot be reached.
    pub fn held(&self, contact: &Contact) -> Outcome<AccountJson> {
        let session: Session = contact.http.post(paths::SESSIONS, None, &self.proof(contact)?)?;
        contact.http.get(&paths::fill(paths::ACCOUNT, self.account), Some(&session.token))
    }

    /// Signs a payment from it.
    ///
    /// # Errors
    /// When the clocks are too far apart, or there is no randomness.
    pub fn sign(&self, app: &App<'_>, contact: &Contact, line: PayLine) -> Outcome<SignedEntry> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)?;
        let now = entries::node_time(app, contact.community.clock)?;
        let ends = Deadline::after(now, entries::PAYMENT_VALIDITY);
        let expires_at = line.request.as_ref().map_or(ends, |request| request.until.min(ends));
        let body = Body::Pay(Pay { from: self.account, payees: vec![line], late: false });
        let entry = Entry { nonce: Nonce(nonce), expires_at, memo: None, body };
        Ok(SignedEntry::sign(entry, &contact.community.ledger, &[&self.key]))
    }

    /// Pays a request of the account that `hat` acts for; with a card after its PIN, where one is needed.
    ///
    /// # Errors
    /// What the node says: nothing of what a card holds.
    pub fn pay(
        &self,
        app: &App<'_>,
        contact: &Contact,
        hat: &KeyInfo,
        request: &PaymentRequest,
        pin_file: Option<&Path>,
    ) -> Outcome<()> {
        let amount = text::amount("amount", &request.amount, contact.community.scale)?;
        if self.paper.kind == PaperKind::Voucher {
            self.check_holds(app, contact, amount)?;
        }
        let id = text::from_hex("id", &request.id, RequestId::from_hex)?;
        let until = text::deadline("until", &request.until)?;
        let to = text::account("account", &request.account)?;
        let line = PayLine { to, amount, request: Some(RequestRef { id, until }) };
        let envelope = base64url(&self.sign(app, contact, line)?.encode());
        match self.paper.kind {
            PaperKind::Card => {
                let path = paths::fill(paths::PAPER_PAYMENTS, &self.paper.id);
                let pay = |pin: Option<String>| {
                    let asked = PayByCard { envelope: envelope.clone(), pin };
                    app.with_session(contact, hat, |token| {
                        contact.http.post::<PaidByCard>(&path, Some(token), &asked)
                    })
                };
                let given = pin_file.map(read_pin).transpose()?;
                match pay(given) {
                    // Only now is it known that the holder must type it.
                    Err(failure) if failure.code == "pin_needed" && can_ask(app) => {
                        pay(Some(ask_pin(app, "ask.pin")?)).map(drop)
                    }
                    other => other.map(drop),
                }
            }
            PaperKind::Voucher => {
                let submit = Submit { envelope, memo: None };
                contact.http.post::<SubmitAnswer>(paths::ENTRIES, None, &submit).map(drop)
            }
        }
    }

    fn check_holds(&self, app: &App<'_>, contact: &Contact, amount: Amount) -> Outcome<()> {
        let unit = contact.community.unit(app.output.language);
        let left = left_of(&self.held(contact)?, &unit);
        if u64::try_from(left).is_ok_and(|left| amount.minor() <= left) {
            return Ok(());
        }
        let code = if left <= 0 { "voucher_empty" } else { "voucher_holds_less" };
        Err(Failure::new(Exit::Rules, code).with("left", unit.show_balance(left)))
    }
}

/// Returns what an account has left, in minor units.
pub fn left_of(account: &AccountJson, unit: &Unit) -> i64 {
    account.available.as_deref().and_then(|left| unit.parse_balance(left)).unwrap_or(0)
}

/// Returns the paper that a stub's number or the file of a code names; the outside of a card is enough.
///
/// # Errors
/// When there is none.
pub fn find(app: &App<'_>, contact: &Contact, hat: &KeyInfo, named: &str) -> Outcome<Paper> {
    let Ok(number) = named.parse::<u64>() else {
        let link = Link::parse(&read_code(Path::new(named))?)?;
        link.check_community(&contact.community.node, &contact.community.ledger)?;
        let id = match link {
            Link::Card { id, .. } | Link::Voucher { id, .. } => id,
            _ => return Err(Failure::new(Exit::Usage, "no_paper_code")),
        };
        let path = paths::fill(paths::PAPER, id);
        return app.with_session(contact, hat, |token| contact.http.get(&path, Some(token)));
    };
    let path = format!("{}?cursor={number}", paths::PAPERS);
    let page: PaperPage = app.with_session(contact, hat, |token| contact.http.get(&path, Some(token)))?;
    let found = page.papers.into_iter().find(|paper| paper.number == Some(number));
    found.ok_or_else(|| Failure::new(Exit::Usage, "no_such_stub").with("number", number))
}

/// Returns the id of a paper as links write it.
///
/// # Errors
/// When the node wrote another thing.
pub fn code_of(paper: &Paper) -> Outcome<CodeId> {
    Ok(text::from_hex("id", &paper.id, |text| {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(CodeId)
    })?)
}

/// Reads a code from a picture or a text file, or from standard input.
fn read_code(file: &Path) -> Outcome<String> {
    if file.as_os_str() != "-" {
        let opened =
            File::open(file).map_err(|error| Failure::io(Exit::Usage, "cannot_read", file, &error))?;
        let is_picture = file.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("png"));
        return if is_picture { qr::read_png(BufReader::new(opened)) } else { first_line(file, opened) };
    }
    first_line(file, io::stdin().lock())
}

/// Returns the PIN in the first line of a file.
///
/// # Errors
/// When it cannot be read.
pub fn read_pin(file: &Path) -> Outcome<String> {
    let opened = File::open(file).map_err(|error| Failure::io(Exit::Usage, "cannot_read", file, &error))?;
    first_line(file, opened)
}

fn first_line(file: &Path, from: impl io::Read) -> Outcome<String> {
    let mut text = String::new();
    let read = from.take(BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| Failure::io(Exit::Usage, "cannot_read", file, &error))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn can_ask(app: &App<'_>) -> bool {
    !app.global.no_input && io::stdin().is_terminal()
}

/// Returns the PIN in `file`, or the one that its holder types.
///
/// # Errors
/// When neither is there.
pub fn pin(app: &App<'_>, file: Option<&Path>, question: &str) -> Outcome<String> {
    match file {
        Some(file) => read_pin(file),
        None if can_ask(app) => ask_pin(app, question),
        None => Err(Failure::new(Exit::Usage, "needs_pin")),
    }
}

fn ask_pin(app: &App<'_>, question: &str) -> Outcome<String> {
    let question = format!("{} ", app.output.words(question, &[]));
    let typed = rpassword::prompt_password(question);
    typed.map_err(|error| Failure::text(Exit::Usage, "needs_pin", error)).map(|pin| output::harmless(&pin))
}
