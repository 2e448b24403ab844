//! Honest towns, and frauds planted in them: what happens is data, a list of steps over named accounts.
//!
//! A fraud is JSON: `name`, `expect` (codes of which at least one must be asked about a planted entry; empty for any),
//! and `steps`, each an entry at a `day` and time (`at`, "10:15" UTC) of the town's 92 days, signed `by` names:
//!
//! | step | fields |
//! |---|---|
//! | `open` | list of `account`, `kind`, and where they matter `keys`, `limit`, `organisation`, `heir`, `until_day` |
//! | `change` | `account`, and what changes: `keys`, `limit`, `heir`, `until_day`, `status` |
//! | `earn` | `budget`, `to` {account: amount}, `reason` (helped), `task` (a word; a new one for each step) |
//! | `pay` | `from`, `to` {account: amount} |
//! | `refund`, `correct` | `of` (the `id` of an earlier step), `line` (1), `amount`; correct: `reason`, `cover` |
//! | `redeem` | `merchant`, `amount` |
//! | `settle` | `of` [ids of redeems], `reference` |
//! | `retire` | `budget`, `amount` |
//! | `govern` | numbers of the policy that change: `euro_rate` [n, d], `day_amount` (or null), `member_limit` |
//! | `close` | `account`, `heir` |
//! | `veto` | `of` |
//!
//! `repeat` {`times`, `every_days`} plays a step again, with `every_minutes` instead for the same day; its id then
//! is `id`, `id.1`, `id.2`, ... Amounts are decimals ("12.50"). Names of the demonstration town mean its people and
//! accounts ("Joris", "Samira", "Bakkerij De Korenaar", "De Zaadkamer · gemeente"); `council` means two of its three,
//! `registrar`, `auditor` and `guardian` the offices; every other name is a new account, or a new key.

use klaver_ledger::account::{AccountKind, AccountState, AccountStatus, KeyGrant, Rights};
use klaver_ledger::amount::{Amount, Rate, Scale, Total};
use klaver_ledger::audit::questions::{Question, Thresholds};
use klaver_ledger::audit::{Expectations, Verdict, audit};
use klaver_ledger::books::{Books, rules};
use klaver_ledger::entry::*;
use klaver_ledger::id::{AccountId, Digest, Nonce, OrganisationId, TaskId};
use klaver_ledger::keys::{PublicKey, SigningKey, paper_key};
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::record::{Record, Salt};
use klaver_ledger::store::memory::MemoryStore;
use klaver_ledger::time::{Day, Deadline, Seconds, Timestamp};
use klaver_node::demo::cast::grant;
use klaver_node::demo::dice;
use klaver_node::demo::scribe::NoDesk;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// The day before which every town's history ends.
const UNTIL: Day = Day(20_779);
/// How long planted entries are signed for.
const VALIDITY: Seconds = Seconds(300);

/// A fraud, as a file tells it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fraud {
    /// What it is, in a few words.
    pub name: String,
    /// Codes of which one must be asked; empty for any.
    #[serde(default)]
    pub expect: Vec<String>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One planted entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    #[serde(default)]
    id: Option<String>,
    day: u64,
    #[serde(default = "ten_o_clock")]
    at: String,
    by: Vec<String>,
    #[serde(default)]
    repeat: Option<Repeat>,
    #[serde(flatten)]
    act: Act,
}

fn ten_o_clock() -> String {
    "10:00".to_owned()
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    times: u64,
    #[serde(default)]
    every_days: u64,
    #[serde(default)]
    every_minutes: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Open(Vec<Opened>),
    Change {
        account: String,
        keys: Option<Vec<String>>,
        limit: Option<String>,
        heir: Option<String>,
        until_day: Option<u64>,
        status: Option<String>,
    },
    Earn {
        budget: String,
        to: BTreeMap<String, String>,
        reason: Option<String>,
        task: Option<String>,
    },
    Pay {
        from: String,
        to: BTreeMap<String, String>,
    },
    Refund {
        of: String,
        line: Option<u64>,
        amount: String,
    },
    Correct {
        of: String,
        line: Option<u64>,
        amount: String,
        reason: Option<String>,
        cover: Option<String>,
    },
    Redeem {
        merchant: String,
        amount: String,
    },
    Settle {
        of: Vec<String>,
        reference: String,
    },
    Retire {
        budget: String,
        amount: String,
    },
    Govern {
        euro_rate: Option<(u64, u64)>,
        #[serde(default, deserialize_with = "given")]
        day_amount: Option<Option<String>>,
        member_limit: Option<String>,
    },
    Close {
        account: String,
        heir: String,
    },
    Veto {
        of: String,
    },
}

/// Tells a value of null from none.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    account: String,
    kind: String,
    keys: Option<Vec<String>>,
    limit: Option<String>,
    organisation: Option<String>,
    heir: Option<String>,
    until_day: Option<u64>,
}

/// What an audit of a town with something planted asks.
pub struct Planted {
    /// The questions.
    pub questions: Vec<Question>,
    /// The indexes of the planted entries.
    pub planted: Vec<u64>,
    /// How many honest entries the rules no longer allowed.
    pub left_out: usize,
}

/// One honest town.
pub struct Town {
    town: klaver_node::demo::Town,
    records: Vec<(Salt, Vec<u8>)>,
    keys: HashMap<PublicKey, SigningKey>,
}

/// Reads the frauds of a file.
///
/// # Panics
/// When it cannot be read, naming the line.
pub fn read(path: &Path) -> Vec<Fraud> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Town {
    /// Plays three months of the demonstration town of `seed`.
    ///
    /// # Panics
    /// When the town's own history does not play.
    pub fn of(seed: u64) -> Self {
        let town = klaver_node::demo::Town::plan(seed, UNTIL).expect("there is room for a history");
        let ledger = town.found(MemoryStore::new()).expect("an empty store");
        let ledger = town.play(ledger, &mut NoDesk).expect("the history plays");
        let stored = ledger.reader();
        let records = stored.records(0).map(|stored| stored.expect("memory can be read"));
        let records = records.map(|stored| (stored.salt, stored.record)).collect();
        let cast = &town.cast;
        let mut all: Vec<SigningKey> = [&cast.registrar, &cast.guardian].map(Clone::clone).to_vec();
        all.extend(cast.council.iter().chain(&cast.rescue).chain(&cast.auditors).cloned());
        for place in &cast.places {
            all.extend([place.trekker.key.clone(), place.stand_in.key.clone()]);
        }
        for member in &cast.members {
            all.extend([member.key.clone(), dice::key(seed, &format!("new phone/{}", member.name))]);
        }
        for merchant in &cast.merchants {
            all.extend([merchant.shop.key.clone(), merchant.till.clone()]);
        }
        all.extend([cast.coffee_fund.key.clone(), paper_key(&town.ledger, &cast.voucher.secret)]);
        let keys = all.into_iter().map(|key| (PublicKey::of(&key), key)).collect();
        Self { town, records, keys }
    }

    /// Returns what an audit asks about the honest town.
    ///
    /// # Panics
    /// When the audit does not hold.
    pub fn questions(&self) -> Vec<Question> {
        ask(self.records.iter().cloned(), None)
    }

    /// Plays the town again with the fraud's steps in between, each at its moment, and audits the whole.
    ///
    /// What people sign of their own accord is signed again where the place of an earlier entry changed.
    ///
    /// # Panics
    /// When a step is not allowed by the rules, or names something that is not there.
    pub fn plant(&self, fraud: &Fraud) -> Planted {
        Planter::new(self).play(fraud)
    }

    fn start(&self) -> Timestamp {
        self.town.start
    }
}

fn ask(records: impl Iterator<Item = (Salt, Vec<u8>)>, thresholds: Option<Thresholds>) -> Vec<Question> {
    let expectations = Expectations { thresholds, ..Expectations::default() };
    match audit(records.map(Ok::<_, String>), &expectations, |_| ()) {
        Verdict::Holds(audited) => audited.questions,
        other => panic!("the planted town breaks no rule: {other}"),
    }
}

/// A town that is played again.
struct Planter<'t> {
    town: &'t Town,
    books: Books,
    records: Vec<(Salt, Vec<u8>)>,
    now: Timestamp,
    /// New index of each honest entry; `None` when it was left out.
    places: Vec<Option<u64>>,
    ids: HashMap<String, u64>,
    planted: Vec<u64>,
    left_out: usize,
    nonces: u64,
}

impl<'t> Planter<'t> {
    fn new(town: &'t Town) -> Self {
        Self {
            town,
            books: Books::new(),
            records: Vec::new(),
            now: town.start(),
            places: Vec::new(),
            ids: HashMap::new(),
            planted: Vec::new(),
            left_out: 0,
            nonces: 0,
        }
    }

    fn play(mut self, fraud: &Fraud) -> Planted {
        let mut steps = self.moments(fraud);
        steps.sort_by_key(|(at, order, ..)| (*at, *order));
        let mut steps = steps.into_iter().peekable();
        for (_, bytes) in &self.town.records {
            let record = Record::decode(bytes).expect("the town's own record");
            while let Some((at, _, id, step)) = steps.next_if(|(at, ..)| *at <= record.recorded_at) {
                self.step(fraud, at, id, &step);
            }
            self.honest(record);
        }
        for (at, _, id, step) in steps {
            self.step(fraud, at, id, &step);
        }
        let questions = ask(self.records.into_iter(), None);
        Planted { questions, planted: self.planted, left_out: self.left_out }
    }

    /// Returns every step, and every repetition, with its moment and the id others know it by.
    fn moments(&self, fraud: &Fraud) -> Vec<(Timestamp, usize, Option<String>, Step)> {
        let mut all = Vec::new();
        for step in &fraud.steps {
            let (hour, minute) =
                step.at.split_once(':').unwrap_or_else(|| panic!("\"{}\" is no time", step.at));
            let number =
                |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("\"{text}\" is no number"));
            let first = step.day * DAY_SECONDS + number(hour) * 3_600 + number(minute) * 60;
            let repeat = step.repeat.unwrap_or(Repeat { times: 1, every_days: 0, every_minutes: 0 });
            for time in 0..repeat.times {
                let later = time * (repeat.every_days * DAY_SECONDS + repeat.every_minutes * 60);
                let at = self.town.start().after(Seconds(first + later));
                let id =
                    step.id.as_ref().map(|id| if time == 0 { id.clone() } else { format!("{id}.{time}") });
                all.push((at, all.len(), id, step.clone()));
            }
        }
        all
    }

    fn honest(&mut self, record: Record) {
        let Record { recorded_at, signed, .. } = record;
        let mut entry = signed.entry().clone();
        let at = recorded_at.max(self.now);
        let recorded = self.moved(&mut entry.body).and_then(|()| {
            let again = if entry == *signed.entry() {
                signed
            } else {
                let key_of =
                    |key: &[u8; 32]| PublicKey::from_bytes(key).ok().and_then(|key| self.town.keys.get(&key));
                let keys: Option<Vec<&SigningKey>> =
                    signed.signatures().iter().map(|(key, _)| key_of(key)).collect();
                SignedEntry::sign(entry, &self.town.town.ledger, &keys.expect("a key of the cast"))
            };
            self.record(again, at).ok()
        });
        self.left_out += usize::from(recorded.is_none());
        self.places.push(recorded);
    }

    /// Names the entries that a body refers to by their new places; `None` when one was left out.
    fn moved(&self, body: &mut Body) -> Option<()> {
        let place = |index: &mut u64| -> Option<()> {
            *index = (*self.places.get(*index as usize)?)?;
            Some(())
        };
        match body {
            Body::Govern(govern) => place(&mut govern.base),
            Body::Change(change) => place(&mut change.base),
            Body::Veto(veto) => place(&mut veto.index),
            Body::Refund(refund) => place(&mut refund.index),
            Body::Correct(correct) => place(&mut correct.index),
            Body::Settle(settle) => settle.redeems.iter_mut().try_for_each(place),
            _ => Some(()),
        }
    }

    fn record(&mut self, signed: SignedEntry, at: Timestamp) -> Result<u64, String> {
        let founding = self.records.is_empty();
        let ledger = if founding { klaver_ledger::id::LedgerId::FOUNDING } else { self.town.town.ledger };
        let verified = signed.clone().verify_any_key(&ledger).map_err(|error| error.to_string())?;
        let effects = rules::apply(&self.books, &verified, at).map_err(|error| error.to_string())?;
        self.books.post(&verified, at, &effects);
        let index = self.records.len() as u64;
        let mut salt = [0; 32];
        salt[..8].copy_from_slice(&index.to_be_bytes());
        self.records.push((Salt(salt), Record { index, recorded_at: at, signed }.encode()));
        self.now = at;
        Ok(index)
    }

    fn step(&mut self, fraud: &Fraud, at: Timestamp, id: Option<String>, step: &Step) {
        let at = at.max(self.now);
        self.nonces += 1;
        let mut nonce = [0xf0; 16];
        nonce[8..].copy_from_slice(&self.nonces.to_be_bytes());
        let mut entry = Entry {
            nonce: Nonce(nonce),
            expires_at: Deadline::after(at, VALIDITY),
            memo: None,
            body: self.body(&step.act, at),
        };
        codec::sort_sets(&mut entry);
        let mut keys: Vec<SigningKey> = step.by.iter().flat_map(|name| self.keys(name)).collect();
        keys.dedup_by_key(|key| key.to_bytes());
        let signed = SignedEntry::sign(entry, &self.town.town.ledger, &keys.iter().collect::<Vec<_>>());
        let index = self
            .record(signed, at)
            .unwrap_or_else(|why| panic!("{}: day {} {}: {why}", fraud.name, step.day, step.at));
        self.planted.push(index);
        if let Some(id) = id {
            self.ids.insert(id, index);
        }
    }

    fn body(&self, act: &Act, at: Timestamp) -> Body {
        let id = |id: &String| *self.ids.get(id).unwrap_or_else(|| panic!("no earlier step has the id {id}"));
        match act {
            Act::Open(opened) => {
                Body::Open(Open { states: opened.iter().map(|opened| self.opened(opened)).collect() })
            }
            Act::Change { account, keys, limit, heir, until_day, status } => {
                let account = self.account(account);
                let known = self.books.standing().account(&account).expect("an account that is open");
                let standing = known.standing(at);
                let mut state: AccountState = (*standing.state).clone();
                if let Some(keys) = keys {
                    state.keys = self.grants(state.kind, keys);
                }
                if let Some(limit) = limit {
                    state.limit = total(limit);
                }
                if let Some(heir) = heir {
                    state.heir = Some(self.account(heir));
                }
                if let Some(day) = until_day {
                    state.until = Some(self.deadline(*day));
                }
                let word = |word: &String| AccountStatus::from_word(word).expect("open or frozen");
                let status = status.as_ref().map_or(standing.status, word);
                Body::Change(Change { base: standing.base, state, status })
            }
            Act::Earn { budget, to, reason, task } => {
                let payees = to.iter().map(|(to, sum)| (self.account(to), amount(sum))).collect();
                let reason = reason.as_deref().unwrap_or("helped");
                let reason = EarnReason::from_word(reason).expect("a reason of an earn");
                let task = task.clone().unwrap_or_else(|| format!("task {}", self.nonces));
                let task = Some(TaskId(dice::Dice::new(0, &format!("task/{task}")).sixteen()));
                Body::Earn(Earn { budget: self.account(budget), reason, task, payees })
            }
            Act::Pay { from, to } => {
                let line = |(to, sum): (&String, &String)| PayLine {
                    to: self.account(to),
                    amount: amount(sum),
                    request: None,
                };
                Body::Pay(Pay {
                    from: self.account(from),
                    payees: to.iter().map(line).collect(),
                    late: false,
                })
            }
            Act::Refund { of, line, amount: sum } => {
                Body::Refund(Refund { index: id(of), line: line.unwrap_or(1), amount: amount(sum) })
            }
            Act::Correct { of, line, amount: sum, reason, cover } => {
                let reason = reason.as_deref().unwrap_or("wrong_amount");
                Body::Correct(Correct {
                    index: id(of),
                    lines: vec![(line.unwrap_or(1), amount(sum))],
                    reason: CorrectReason::from_word(reason).expect("a reason of a correction"),
                    cover: cover.as_ref().map(|cover| self.account(cover)),
                })
            }
            Act::Redeem { merchant, amount: sum } => {
                let rate = self.books.standing().charter(at).and_then(|charter| charter.policy.euro_rate);
                Body::Redeem(Redeem { merchant: self.account(merchant), amount: amount(sum), rate })
            }
            Act::Settle { of, reference } => Body::Settle(Settle {
                redeems: of.iter().map(id).collect(),
                bank_reference: Digest::of(reference.as_bytes()),
            }),
            Act::Retire { budget, amount: sum } => {
                Body::Retire(Retire { budget: self.account(budget), amount: amount(sum) })
            }
            Act::Govern { euro_rate, day_amount, member_limit } => {
                let (charter, base) = self.books.standing().charter_in_force(at).expect("founded");
                let mut charter = (**charter).clone();
                if let Some((n, d)) = euro_rate {
                    charter.policy.euro_rate = Some(Rate::new(*n, *d).expect("a rate"));
                }
                if let Some(day_amount) = day_amount {
                    charter.policy.organisation_day_amount = day_amount.as_deref().map(total);
                }
                if let Some(limit) = member_limit {
                    charter.policy.member_limit = total(limit);
                }
                Body::Govern(Govern { base, charter })
            }
            Act::Close { account, heir } => {
                Body::Close(Close { account: self.account(account), heir: self.account(heir) })
            }
            Act::Veto { of } => Body::Veto(Veto { index: id(of) }),
        }
    }

    fn opened(&self, opened: &Opened) -> AccountState {
        let kind = AccountKind::from_word(&opened.kind).expect("a kind of account");
        let own = vec![opened.account.clone()];
        let organisation = opened.organisation.as_ref().map(|name| self.organisation(name));
        let keys = self.grants(kind, opened.keys.as_ref().unwrap_or(&own));
        AccountState {
            limit: opened.limit.as_deref().map_or(Total::ZERO, total),
            organisation,
            heir: opened.heir.as_ref().map(|heir| self.account(heir)),
            until: opened.until_day.map(|day| self.deadline(day)),
            ..AccountState::plain(self.account(&opened.account), kind, keys)
        }
    }

    fn grants(&self, kind: AccountKind, names: &[String]) -> Vec<KeyGrant> {
        let rights = match kind {
            AccountKind::Budget => Rights::SPEND.and(Rights::REFUND),
            AccountKind::Fund | AccountKind::Card | AccountKind::Voucher => Rights::SPEND,
            _ => Rights::ALL,
        };
        names.iter().flat_map(|name| self.keys(name)).map(|key| grant(&key, rights)).collect()
    }

    fn deadline(&self, day: u64) -> Deadline {
        Deadline::after(self.town.start(), Seconds(day * DAY_SECONDS))
    }

    fn organisation(&self, name: &str) -> OrganisationId {
        let place = self.town.town.cast.places.iter().find(|place| place.name == name);
        place.map_or_else(|| dice::organisation(self.town.town.cast.seed, name), |place| place.organisation)
    }

    fn account(&self, name: &str) -> AccountId {
        let cast = &self.town.town.cast;
        let accounts = cast.members.iter().map(|member| member.account);
        let accounts = accounts.chain(cast.merchants.iter().map(|merchant| merchant.shop.account));
        let budgets = cast.places.iter().flat_map(|place| &place.budgets).map(|budget| budget.account);
        let mut all = accounts.chain(budgets).chain([cast.coffee_fund.account]);
        all.find(|account| cast.name_of(account) == Some(name))
            .unwrap_or_else(|| dice::account(cast.seed, &format!("planted/{name}")))
    }

    /// Returns the keys that a name stands for: several for the council alone.
    fn keys(&self, name: &str) -> Vec<SigningKey> {
        let cast = &self.town.town.cast;
        match name {
            "council" => return cast.two_of_council().map(Clone::clone).to_vec(),
            "registrar" => return vec![cast.registrar.clone()],
            "guardian" => return vec![cast.guardian.clone()],
            "auditor" => return vec![cast.auditors[0].clone()],
            _ => {}
        }
        let people = cast.places.iter().flat_map(|place| [&place.trekker, &place.stand_in]);
        let people = people.map(|person| (person.name, &person.key));
        let shops = cast.merchants.iter().map(|merchant| &merchant.shop);
        let holders = cast.members.iter().chain(shops).chain([&cast.coffee_fund]);
        let mut all = people.chain(holders.map(|holder| (holder.name, &holder.key)));
        let found = all.find(|(known, _)| *known == name).map(|(_, key)| key.clone());
        vec![found.unwrap_or_else(|| dice::key(cast.seed, &format!("planted/{name}")))]
    }
}

fn scale() -> Scale {
    Scale::new(2).expect("the town has two decimals")
}

fn amount(text: &str) -> Amount {
    Amount::parse(text, scale()).unwrap_or_else(|error| panic!("{error}"))
}

fn total(text: &str) -> Total {
    Total::parse(text, scale()).unwrap_or_else(|error| panic!("{error}"))
}
