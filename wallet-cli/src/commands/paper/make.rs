//! Making cards and vouchers: the secrets are made here, printed, and kept nowhere.

use crate::app::App;
use crate::contact::Contact;
use crate::entries::{Plan, report_with, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use crate::papers::code_of;
use crate::sheets::{self, Face, Piece, Texts};
use clap::Args;
use klaver_api::paper::BATCH_MAX;
use klaver_api::{AccountJson, CreatePapers, Paper, PaperKind, PaperPage, paths, text};
use klaver_keystore::{KeyInfo, Purpose, private_file};
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body, Earn, EarnReason, Pay, PayLine};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::{PublicKey, paper_key};
use klaver_ledger::link::{Link, Secret};
use klaver_ledger::time::Deadline;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Cards to make.
#[derive(Args, Debug)]
pub struct NewCards {
    /// How many
    #[arg(long, default_value_t = 5)]
    pub count: usize,
    /// PDF file for the sheets: whoever reads it can pay with what it shows
    #[arg(long, value_name = "FILE")]
    pub sheet: PathBuf,
    /// As the council: the organisation that hands them out, 32 hexadecimal digits
    #[arg(long, value_name = "ID")]
    pub organisation: Option<String>,
    /// Telephone number on the card, for who lost one
    #[arg(long, value_name = "TEXT")]
    pub phone: Option<String>,
}

/// Vouchers to make.
#[derive(Args, Debug)]
pub struct NewVouchers {
    /// How many
    #[arg(long, default_value_t = 5)]
    pub count: usize,
    /// How much each holds
    #[arg(long, value_name = "AMOUNT")]
    pub each: String,
    /// PDF file for the sheets: whoever reads it can spend what it shows
    #[arg(long, value_name = "FILE")]
    pub sheet: PathBuf,
    /// The last day on which they can be spent; without it they do not end
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// Where what is left then goes [default: the pot that pays]
    #[arg(long, value_name = "KLV1")]
    pub heir: Option<String>,
    /// What stands large on each, such as: Een koffie voor jou
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
}

/// New paper with its secret, before it is printed.
struct Made {
    secret: [u8; 16],
    number: u64,
    account: AccountId,
    paper: Paper,
}

/// A pot or budget that pays vouchers.
struct Payer {
    account: AccountId,
    is_budget: bool,
    available: i64,
}

impl NewCards {
    /// Runs the command.
    ///
    /// # Errors
    /// When the file is there, or the node says no.
    pub fn run(self, app: &App<'_>) -> Outcome {
        let (hat, contact) = super::keeper(app)?;
        check_sheet(&self.sheet, self.count)?;
        app.confirm(&app.output.words("ask.new_cards", &[("count", &self.count.to_string())]))?;
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let organisation = self.organisation.filter(|_| hat.purpose == Purpose::Council);
        let asked = asked(PaperKind::Card, organisation.clone(), None, None);
        let made = make(app, &contact, &hat, asked, self.count)?;
        let pieces: Vec<Piece> = made
            .iter()
            .map(|made| piece(&contact, &made.paper, made.secret, String::new(), None))
            .collect::<Outcome<_>>()?;
        let trust = super::trust_line(app, &contact, &hat, organisation.as_deref());
        let texts =
            Texts { community: contact.community.name.clone(), title: None, phone: self.phone, trust };
        write_sheet(app, &self.sheet, &pieces, &texts)?;
        app.output.json(&made_json(&made).into());
        Ok(Exit::Ok)
    }
}

impl NewVouchers {
    /// Runs the command.
    ///
    /// # Errors
    /// When the pot holds too little, the file is there, or the node says no.
    pub fn run(self, app: &App<'_>) -> Outcome {
        let (hat, _) = app.account_hat()?;
        let mut contact = app.contact(&hat)?;
        check_sheet(&self.sheet, self.count)?;
        let unit = contact.community.unit(app.output.language);
        let each = unit.parse(&self.each)?;
        let payer = payer(app, &contact, &hat)?;
        let until = self.end()?;
        let heir = self.home(app, &payer, until)?;
        self.check_enough(app, &contact, &payer, each)?;
        let (count, amount) = (self.count.to_string(), unit.show(each));
        app.confirm(&app.output.words("ask.new_vouchers", &[("count", &count), ("amount", &amount)]))?;
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let asked = asked(PaperKind::Voucher, None, until, heir);
        let made = make(app, &contact, &hat, asked, self.count)?;
        let shown = until.map(|until| moment::show_deadline(until, app.output.language));
        let pieces: Vec<Piece> = made
            .iter()
            .map(|made| piece(&contact, &made.paper, made.secret, amount.clone(), shown.clone()))
            .collect::<Outcome<_>>()?;
        let texts =
            Texts { community: contact.community.name.clone(), title: self.title, phone: None, trust: None };
        // First on paper, then paid: what nobody can spend costs nothing.
        write_sheet(app, &self.sheet, &pieces, &texts)?;
        let plan = Plan::patient(payment(&payer, &made, each));
        let sent = send(app, &mut contact, &hat, plan).inspect_err(|failure| {
            if failure.exit == Exit::Rules {
                // They hold nothing and never will.
                let _ = private_file::remove(&self.sheet);
            }
        })?;
        let done = app.output.words("done.vouchers", &[("count", &count), ("amount", &amount)]);
        Ok(report_with(app, &sent, &done, made_json(&made)))
    }

    fn end(&self) -> Outcome<Option<Deadline>> {
        let wrong = |text: &String| Failure::new(Exit::Usage, "not_a_date").with("value", text);
        let read = |text: &String| moment::parse_until(text).ok_or_else(|| wrong(text));
        self.until.as_ref().map(read).transpose()
    }

    /// Returns where what is left goes: back to the pot that pays, unless another one is named.
    fn home(&self, app: &App<'_>, payer: &Payer, until: Option<Deadline>) -> Outcome<Option<AccountId>> {
        match (&self.heir, until) {
            (Some(heir), _) => Ok(Some(crate::commands::account_of(app, heir)?)),
            (None, Some(_)) if payer.is_budget => Err(Failure::new(Exit::Usage, "voucher_heir_needed")),
            (None, Some(_)) => Ok(Some(payer.account)),
            (None, None) => Ok(None),
        }
    }

    fn check_enough(&self, app: &App<'_>, contact: &Contact, payer: &Payer, each: Amount) -> Outcome<()> {
        let total = each.minor().saturating_mul(self.count as u64);
        if u64::try_from(payer.available).is_ok_and(|available| total <= available) {
            return Ok(());
        }
        let unit = contact.community.unit(app.output.language);
        let needs = unit.show_balance(i64::try_from(total).unwrap_or(i64::MAX));
        let holds = unit.show_balance(payer.available);
        Err(Failure::new(Exit::Rules, "pot_too_small").with("needs", needs).with("holds", holds))
    }
}

fn payer(app: &App<'_>, contact: &Contact, hat: &KeyInfo) -> Outcome<Payer> {
    let (_, account) = app.account_hat()?;
    let path = paths::fill(paths::ACCOUNT, account);
    let own: AccountJson = app.with_session(contact, hat, |token| contact.http.get(&path, Some(token)))?;
    let unit = contact.community.unit(app.output.language);
    let available = own.available.as_deref().and_then(|text| unit.parse_balance(text)).unwrap_or(0);
    Ok(Payer { account, is_budget: own.state.kind == "budget", available })
}

fn asked(
    kind: PaperKind,
    organisation: Option<String>,
    until: Option<Deadline>,
    heir: Option<AccountId>,
) -> CreatePapers {
    let (until, heir) = (until.map(|until| until.to_string()), heir.map(|heir| heir.to_string()));
    CreatePapers { kind, keys: Vec::new(), organisation, until, heir }
}

fn payment(payer: &Payer, made: &[Made], each: Amount) -> Body {
    let mut accounts: Vec<AccountId> = made.iter().map(|made| made.account).collect();
    accounts.sort_unstable();
    if payer.is_budget {
        let payees = accounts.into_iter().map(|account| (account, each)).collect();
        return Body::Earn(Earn { budget: payer.account, reason: EarnReason::TookPart, task: None, payees });
    }
    let line = |to| PayLine { to, amount: each, request: None };
    Body::Pay(Pay { from: payer.account, payees: accounts.into_iter().map(line).collect(), late: false })
}

/// Makes secrets, and lets the node open accounts for their keys.
fn make(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    mut asked: CreatePapers,
    count: usize,
) -> Outcome<Vec<Made>> {
    let ledger = contact.community.ledger;
    let mut secrets = vec![[0; 16]; count];
    for secret in &mut secrets {
        getrandom::fill(secret)?;
    }
    let key = |secret: &[u8; 16]| PublicKey::of(&paper_key(&ledger, secret)).to_string();
    asked.keys = secrets.iter().map(key).collect();
    let page: PaperPage =
        app.with_session(contact, hat, |token| contact.http.post(paths::PAPERS, Some(token), &asked))?;
    let keys = page.papers.iter().map(|paper| {
        let keys = paper.in_force.as_ref().map(|in_force| in_force.state.keys.as_slice());
        keys.and_then(|keys| keys.first()).map(|grant| &grant.key)
    });
    if page.papers.len() != count || !keys.eq(asked.keys.iter().map(Some)) {
        // What is printed must lead to the account of its own key.
        return Err(Failure::new(Exit::Mismatch, "strange_answer").with("node", contact.http.node()));
    }
    let one = |(secret, paper): ([u8; 16], Paper)| {
        let account = text::account("account", &paper.account)?;
        Ok(Made { secret, number: paper.number.unwrap_or_default(), account, paper })
    };
    secrets.into_iter().zip(page.papers).map(one).collect()
}

/// Returns what is printed for new paper.
pub(super) fn piece(
    contact: &Contact,
    paper: &Paper,
    secret: [u8; 16],
    amount: String,
    until: Option<String>,
) -> Outcome<Piece> {
    let (node, id) = (contact.community.node.clone(), code_of(paper)?);
    let secret = Secret(secret);
    let face = match paper.kind {
        PaperKind::Card => Face::Card {
            outside: Link::Card { node: node.clone(), id, secret: None }.print()?,
            inside: Link::Card { node, id, secret: Some(secret) }.print()?,
        },
        PaperKind::Voucher => {
            Face::Voucher { link: Link::Voucher { node, id, secret }.print()?, amount, until }
        }
    };
    Ok(Piece { number: paper.number.unwrap_or_default(), face })
}

pub(super) fn check_sheet(sheet: &Path, count: usize) -> Outcome<()> {
    if !(1..=BATCH_MAX).contains(&count) {
        return Err(Failure::new(Exit::Usage, "batch_size").with("value", count).with("most", BATCH_MAX));
    }
    if sheet.exists() {
        return Err(Failure::new(Exit::Usage, "sheet_exists").with("path", sheet.display()));
    }
    Ok(())
}

/// Writes the sheets to a file that only its owner reads.
pub(super) fn write_sheet(app: &App<'_>, sheet: &Path, pieces: &[Piece], texts: &Texts) -> Outcome<()> {
    private_file::replace(sheet, &sheets::pdf(pieces, texts, app.output)?)?;
    let path = sheet.display().to_string();
    app.output.say("done.sheet", &[("path", &path), ("count", &pieces.len().to_string())]);
    app.output.note("note.sheet_secret", &[]);
    Ok(())
}

fn made_json(made: &[Made]) -> Map<String, Value> {
    let one = |made: &Made| json!({ "number": made.number, "account": made.account.to_string() });
    let papers: Vec<Value> = made.iter().map(one).collect();
    Map::from_iter([("papers".to_owned(), papers.into())])
}
