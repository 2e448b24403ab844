//! What people do, one function each: it decides by the dice and the tally, and has it recorded.

use super::{FIRST_MEMBERS, MUTUAL_LIMIT, Player};
use crate::demo::Interrupted;
use crate::demo::cast::{self, grant};
use klaver_ledger::account::{AccountState, AccountStatus, Rights};
use klaver_ledger::amount::{Amount, Rate};
use klaver_ledger::entry::*;
use klaver_ledger::id::{AccountId, Digest, RequestId, TaskId};
use klaver_ledger::keys::{SigningKey, paper_key};
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::log::tree::Tree;
use klaver_ledger::record::Commitment;
use klaver_ledger::store::Store;
use klaver_ledger::time::{Deadline, Seconds};

type Done = Result<(), Interrupted>;

const DAY: Seconds = Seconds(DAY_SECONDS);
/// A coffee, in minor units.
const COFFEE: u64 = 250;
const CAFE: usize = 1;

/// A session that was credited.
pub(super) struct Session {
    /// Its index.
    pub index: u64,
    /// The budget.
    pub budget: AccountId,
    /// Who got how much, in the order of the lines.
    pub payees: Vec<(AccountId, Amount)>,
}

impl Session {
    /// Returns the number of the line of `account`.
    pub fn line_of(&self, account: &AccountId) -> Option<(u64, Amount)> {
        let at = self.payees.iter().position(|(payee, _)| payee == account)?;
        Some((at as u64 + 1, self.payees[at].1))
    }
}

pub(super) fn minor(amount: u64) -> Amount {
    Amount::new(amount).expect("the demonstration's amounts are small and not zero")
}

impl<S: Store> Player<'_, S> {
    // ---- accounts --------------------------------------------------------------------------------------

    pub(super) fn open_accounts(&mut self) -> Done {
        let cast = self.cast;
        let year = Deadline::after(self.scribe.now, Seconds(365 * DAY.0));
        self.budgets_end = year;
        let keepers = [&cast.baker().shop.key, &cast.merchants[CAFE].shop.key];
        let payees = vec![cast.baker().shop.account, cast.merchants[CAFE].shop.account];
        let states = cast
            .places
            .iter()
            .flat_map(|place| place.states(year))
            .chain(cast.merchants.iter().map(cast::Merchant::state))
            .chain([cast::fund_state(&cast.coffee_fund, &keepers, payees)])
            .collect();
        self.open(states, &cast.two_of_council())?;
        for budget in cast.places.iter().flat_map(|place| &place.budgets) {
            self.scribe.set_name(budget.account, &budget.name, true)?;
        }
        for merchant in &cast.merchants {
            self.scribe.set_name(merchant.shop.account, merchant.shop.name, true)?;
        }
        self.scribe.set_name(cast.coffee_fund.account, cast.coffee_fund.name, true)?;
        self.scribe.offer_coffee(cast.merchants[CAFE].shop.account, cast.coffee_fund.account, COFFEE)
    }

    /// What is left behind by accounts without an heir goes to the pot of coffees.
    pub(super) fn name_heir_fund(&mut self) -> Done {
        let mut charter = super::policy::charter(self.cast);
        charter.policy.heir_fund = Some(self.cast.coffee_fund.account);
        self.scribe.record(Body::Govern(Govern { base: 0, charter }), &self.cast.two_of_council()).map(drop)
    }

    pub(super) fn welcome_first(&mut self) -> Done {
        let mutual = self.cast.members[8..FIRST_MEMBERS].iter();
        let states = mutual.map(|member| member.member_state(MUTUAL_LIMIT)).collect();
        self.open(states, &self.cast.two_of_council())?;
        let states = self.cast.members[..8].iter().map(|member| member.member_state(0)).collect();
        self.open(states, &[&self.cast.registrar])?;
        self.greet(FIRST_MEMBERS)
    }

    pub(super) fn welcome(&mut self, count: usize) -> Done {
        let up_to = (self.joined + count).min(self.cast.members.len());
        if up_to == self.joined {
            return Ok(());
        }
        let new = self.cast.members[self.joined..up_to].iter();
        self.open(new.map(|member| member.member_state(0)).collect(), &[&self.cast.registrar])?;
        self.greet(up_to)
    }

    /// Everybody who is new gets two credits to try things with.
    fn greet(&mut self, up_to: usize) -> Done {
        let new = &self.cast.members[self.joined..up_to];
        for member in new {
            self.scribe.set_name(member.account, member.name, false)?;
        }
        let payees = new.iter().map(|member| (member.account, minor(200))).collect();
        self.joined = up_to;
        let place = &self.cast.places[1];
        let budget = place.budgets[0].account;
        self.issue(budget, EarnReason::Welcome, payees, "Welkom!", &[&place.trekker.key]).map(drop)
    }

    fn open(&mut self, states: Vec<AccountState>, keys: &[&SigningKey]) -> Done {
        let accounts: Vec<AccountId> = states.iter().map(|state| state.account).collect();
        let index = self.scribe.record(Body::Open(Open { states }), keys)?;
        self.bases.extend(accounts.into_iter().map(|account| (account, index)));
        Ok(())
    }

    pub(super) fn set_status(
        &mut self,
        state: AccountState,
        status: AccountStatus,
        keys: &[&SigningKey],
    ) -> Done {
        let base = self.bases[&state.account];
        self.scribe.record(Body::Change(Change { base, state, status }), keys).map(drop)
    }

    /// Somebody cannot find the phone, and puts the own account to rest from another device.
    pub(super) fn own_freeze(&mut self) -> Done {
        self.resting.insert(2);
        let key = self.key_of(2);
        self.set_status(self.cast.members[2].member_state(0), AccountStatus::Frozen, &[&key])
    }

    pub(super) fn unfreeze(&mut self) -> Done {
        self.resting.remove(&2);
        let state = self.cast.members[2].member_state(0);
        self.set_status(state, AccountStatus::Open, &self.cast.two_of_council())
    }

    /// A phone is lost for good: the account rests at once, and the council names a new key.
    pub(super) fn lose_phone(&mut self) -> Done {
        let member = &self.cast.members[5];
        self.resting.insert(5);
        self.set_status(member.member_state(0), AccountStatus::Frozen, &[&self.cast.registrar])?;
        self.replaced.insert(5);
        let state = self.state_with_new_phone(5);
        let change = Change { base: self.bases[&member.account], state, status: AccountStatus::Frozen };
        self.waiting = self.scribe.record(Body::Change(change), &self.cast.two_of_council())?;
        Ok(())
    }

    /// Nobody objected for two days: the new key is in force, and the account wakes.
    pub(super) fn replace_phone(&mut self) -> Done {
        let state = self.state_with_new_phone(5);
        self.bases.insert(state.account, self.waiting);
        self.resting.remove(&5);
        self.set_status(state, AccountStatus::Open, &self.cast.two_of_council())
    }

    /// The council is told of a lost phone that is not lost.
    pub(super) fn wrong_recovery(&mut self) -> Done {
        let state = AccountState {
            keys: vec![grant(&crate::demo::dice::key(self.cast.seed, "a stranger"), Rights::ALL)],
            ..self.cast.members[18].member_state(0)
        };
        let change = Change { base: self.bases[&state.account], state, status: AccountStatus::Open };
        self.waiting = self.scribe.record(Body::Change(change), &self.cast.two_of_council())?;
        Ok(())
    }

    pub(super) fn veto(&mut self) -> Done {
        let body = Body::Veto(Veto { index: self.waiting });
        self.scribe.record(body, &[&self.cast.members[18].key]).map(drop)
    }

    fn state_with_new_phone(&self, member: usize) -> AccountState {
        let state = self.cast.members[member].member_state(0);
        AccountState { keys: vec![grant(&self.key_of(member), Rights::ALL)], ..state }
    }

    // ---- receiving -------------------------------------------------------------------------------------

    /// A regular session: its usual credits for everybody who was there.
    pub(super) fn regular_session(&mut self, place: usize) -> Done {
        let place = &self.cast.places[place];
        let size = usize::try_from(self.dice.between(6, 12)).expect("a dozen at most");
        let sings = self.dice.chance(20);
        let (reason, each) = if sings { (EarnReason::TookPart, 100) } else { (EarnReason::Helped, 200) };
        let members = self.dice.group(size, self.joined);
        let budget = &place.budgets[usize::from(self.dice.chance(35))];
        let who = if self.dice.chance(20) { &place.stand_in } else { &place.trekker };
        let payees = members.iter().map(|member| (self.cast.members[*member].account, minor(each))).collect();
        let memos =
            ["Enveloppen gevuld", "Tuin gewied", "Soep gemaakt", "Fietsen opgeknapt", "Boeken gesorteerd"];
        let memo = if sings { "Samen gezongen" } else { memos[self.dice.pick(memos.len())] };
        let session = self.issue(budget.account, reason, payees, memo, &[&who.key])?;
        self.session = Some(session);
        Ok(())
    }

    /// Both places together: more than one organisation issues a day, so a second one signs too.
    pub(super) fn party(&mut self) -> Done {
        let [one, other] = [&self.cast.places[0], &self.cast.places[1]];
        let members = self.dice.group(20, self.joined);
        let payees = members.iter().map(|member| (self.cast.members[*member].account, minor(300))).collect();
        let keys = [&one.trekker.key, &other.trekker.key];
        self.issue(one.budgets[0].account, EarnReason::Helped, payees, "Straatfeest", &keys).map(drop)
    }

    /// Credits a group.
    pub(super) fn issue(
        &mut self,
        budget: AccountId,
        reason: EarnReason,
        mut payees: Vec<(AccountId, Amount)>,
        memo: &str,
        keys: &[&SigningKey],
    ) -> Result<Session, Interrupted> {
        // The order of the lines in the entry.
        payees.sort_unstable();
        let task = (reason == EarnReason::Helped).then(|| TaskId(self.dice.sixteen()));
        let body = Body::Earn(Earn { budget, reason, task, payees: payees.clone() });
        let index = self.scribe.record_with_memo(body, memo, keys)?;
        for (payee, amount) in &payees {
            self.scribe.tally(budget, *payee, *amount);
        }
        Ok(Session { index, budget, payees })
    }

    /// The council puts right what was seen days later: somebody was not there.
    pub(super) fn council_correction(&mut self) -> Done {
        let Some(session) = self.session.take() else { return Ok(()) };
        let has_enough = |(payee, amount): &&(AccountId, Amount)| {
            self.scribe.has(payee) >= i64::try_from(amount.minor()).unwrap_or(i64::MAX)
        };
        let Some((account, amount)) = session.payees.iter().find(has_enough).copied() else { return Ok(()) };
        let Some((line, _)) = session.line_of(&account) else { return Ok(()) };
        let lines = vec![(line, amount)];
        let body = Correct { index: session.index, lines, reason: CorrectReason::WrongPerson, cover: None };
        self.scribe.record(Body::Correct(body), &self.cast.two_of_council())?;
        self.scribe.tally(account, session.budget, amount);
        Ok(())
    }

    // ---- paying ----------------------------------------------------------------------------------------

    /// Somebody buys something: the till asks, the phone pays.
    pub(super) fn purchase(&mut self) -> Done {
        let merchant = self.dice.pick(self.cast.merchants.len());
        let prices = self.cast.merchants[merchant].prices;
        let price = prices[self.dice.pick(prices.len())];
        let Some(member) = self.somebody_with(price) else { return Ok(()) };
        let index = self.buy(member, merchant, price)?;
        if self.dice.chance(4) {
            self.give_back(merchant, member, index, price, "Teruggebracht")?;
        }
        Ok(())
    }

    pub(super) fn buy(&mut self, member: usize, merchant: usize, price: u64) -> Result<u64, Interrupted> {
        let until = Deadline::after(self.scribe.now, Seconds(600));
        let request = Some(RequestRef { id: RequestId(self.dice.sixteen()), until });
        let key = self.key_of(member);
        let (from, to) = (self.cast.members[member].account, self.cast.merchants[merchant].shop.account);
        self.pay_line(from, PayLine { to, amount: minor(price), request }, None, &[&key])
    }

    pub(super) fn give_back(
        &mut self,
        merchant: usize,
        member: usize,
        index: u64,
        amount: u64,
        memo: &str,
    ) -> Done {
        let body = Body::Refund(Refund { index, line: 1, amount: minor(amount) });
        self.scribe.record_with_memo(body, memo, &[&self.cast.merchants[merchant].till])?;
        let (shop, payer) = (self.cast.merchants[merchant].shop.account, self.cast.members[member].account);
        self.scribe.tally(shop, payer, minor(amount));
        Ok(())
    }

    fn pay(
        &mut self,
        from: AccountId,
        to: AccountId,
        amount: u64,
        memo: Option<&str>,
        key: &SigningKey,
    ) -> Done {
        let line = PayLine { to, amount: minor(amount), request: None };
        self.pay_line(from, line, memo, &[key]).map(drop)
    }

    fn pay_line(
        &mut self,
        from: AccountId,
        line: PayLine,
        memo: Option<&str>,
        keys: &[&SigningKey],
    ) -> Result<u64, Interrupted> {
        let (to, amount) = (line.to, line.amount);
        let body = Body::Pay(Pay { from, payees: vec![line], late: false });
        let index = match memo {
            Some(memo) => self.scribe.record_with_memo(body, memo, keys)?,
            None => self.scribe.record(body, keys)?,
        };
        self.scribe.tally(from, to, amount);
        Ok(index)
    }

    /// One member does something for another.
    pub(super) fn favour(&mut self) -> Done {
        let amount = 100 * self.dice.between(1, 6);
        let Some(from) = self.somebody_with(amount) else { return Ok(()) };
        let to = self.dice.pick(self.joined);
        if to == from {
            return Ok(());
        }
        let memos = ["Gras gemaaid", "Naar de dokter gebracht", "Taart gebakken", "Fiets hersteld"];
        let memo = memos[self.dice.pick(memos.len())];
        let key = self.key_of(from);
        let (from, to) = (self.cast.members[from].account, self.cast.members[to].account);
        self.pay(from, to, amount, Some(memo), &key)
    }

    /// Somebody gives a coffee to whoever comes.
    pub(super) fn gift(&mut self) -> Done {
        let Some(member) = self.somebody_with(COFFEE) else { return Ok(()) };
        let key = self.key_of(member);
        let (from, to) = (self.cast.members[member].account, self.cast.coffee_fund.account);
        self.pay(from, to, COFFEE, Some("Een koffie voor jou"), &key)
    }

    /// The café hands one out.
    pub(super) fn hand_out(&mut self) -> Done {
        let fund = self.cast.coffee_fund.account;
        if self.scribe.has(&fund) < COFFEE as i64 {
            return Ok(());
        }
        let cafe = &self.cast.merchants[CAFE].shop;
        self.pay(fund, cafe.account, COFFEE, None, &cafe.key)
    }

    /// A merchant lets a place do a task, and pays it: the credits return to the budget.
    pub(super) fn task(&mut self) -> Done {
        let merchant = &self.cast.merchants[self.dice.pick(self.cast.merchants.len())].shop;
        let budget = &self.cast.places[self.dice.pick(2)].budgets[0];
        let price = 100 * self.dice.between(8, 15);
        if self.scribe.has(&merchant.account) < price as i64
            || -self.scribe.has(&budget.account) < price as i64
        {
            return Ok(());
        }
        self.pay(merchant.account, budget.account, price, Some("500 folders gevouwen"), &merchant.key)
    }

    /// A voucher is printed, and a place puts credits on it.
    pub(super) fn make_voucher(&mut self) -> Done {
        let (voucher, heir) = (&self.cast.voucher, self.cast.coffee_fund.account);
        let key = paper_key(self.scribe.ledger_id(), &voucher.secret);
        let until = Deadline::after(self.scribe.now, Seconds(180 * DAY.0));
        let state = cast::voucher_state(voucher, &key, heir, until);
        self.open(vec![state], &[&self.cast.registrar])?;
        let place = &self.cast.places[0];
        let payees = vec![(voucher.account, minor(1_000))];
        let keys = [&place.trekker.key];
        self.issue(place.budgets[1].account, EarnReason::Welcome, payees, "Bon", &keys).map(drop)
    }

    pub(super) fn spend_voucher(&mut self) -> Done {
        let key = paper_key(self.scribe.ledger_id(), &self.cast.voucher.secret);
        let grocer = self.cast.merchants[2].shop.account;
        self.pay(self.cast.voucher.account, grocer, 365, None, &key)
    }

    // ---- being paid out --------------------------------------------------------------------------------

    /// Every merchant with ten credits or more asks half of them in euro; the rest is to be spent again.
    pub(super) fn pay_out(&mut self) -> Done {
        for merchant in 0..self.cast.merchants.len() {
            let has =
                u64::try_from(self.scribe.has(&self.cast.merchants[merchant].shop.account)).unwrap_or(0);
            if has >= 1_000 {
                self.redeem(merchant, has / 200 * 100)?;
            }
        }
        Ok(())
    }

    pub(super) fn redeem(&mut self, merchant: usize, amount: u64) -> Done {
        let shop = &self.cast.merchants[merchant].shop;
        let rate = Some(Rate::new(1, 1).expect("the founding rate"));
        let body = Body::Redeem(Redeem { merchant: shop.account, amount: minor(amount), rate });
        let index = self.scribe.record(body, &[&shop.key])?;
        let settlement = AccountId::settlement_of(self.scribe.ledger_id());
        self.scribe.tally(shop.account, settlement, minor(amount));
        self.claims.push((index, amount));
        Ok(())
    }

    /// The bank file was sent: the claims are paid, the credits leave the books, an auditor signs a note.
    pub(super) fn settle(&mut self) -> Done {
        let claims = std::mem::take(&mut self.claims);
        if claims.is_empty() {
            return Ok(());
        }
        let month = self.scribe.now.day().to_string();
        let redeems = claims.iter().map(|(index, _)| *index).collect();
        let bank_reference = Digest::of(format!("bank file of {month}").as_bytes());
        let council = self.cast.two_of_council();
        self.scribe.record(Body::Settle(Settle { redeems, bank_reference }), &council)?;

        let settlement = AccountId::settlement_of(self.scribe.ledger_id());
        let mut left: u64 = claims.iter().map(|(_, amount)| amount).sum();
        for budget in self.cast.places.iter().flat_map(|place| &place.budgets) {
            let outstanding = u64::try_from(-self.scribe.has(&budget.account)).unwrap_or(0);
            let amount = left.min(outstanding);
            if amount > 0 {
                let body = Body::Retire(Retire { budget: budget.account, amount: minor(amount) });
                self.scribe.record(body, &council)?;
                self.scribe.tally(settlement, budget.account, minor(amount));
                left -= amount;
            }
        }
        self.attest(&month)
    }

    fn attest(&mut self, month: &str) -> Done {
        let size = self.scribe.next_index();
        let root = self.root_of_first(size)?;
        let document = Digest::of(format!("audit note of {month}").as_bytes());
        let body = Attest { statement: Statement::AuditNote, size, root, document };
        self.scribe.record(Body::Attest(body), &[&self.cast.auditors[0]]).map(drop)
    }

    /// Returns the root of the first `size` records, also when there are more.
    fn root_of_first(&self, size: u64) -> Result<Digest, Interrupted> {
        let reader = self.scribe.ledger().reader();
        let mut tree = Tree::new();
        for index in 0..size {
            let unreadable =
                |error: &dyn std::fmt::Display| Interrupted::Diverged { index, why: error.to_string() };
            let stored = reader.record(index).map_err(|error| unreadable(&error))?;
            let lines = reader.lines(index).map_err(|error| unreadable(&error))?;
            tree.append_hash(Commitment::of(&stored.salt, &stored.record, &lines).leaf_hash());
        }
        Ok(Digest(tree.head().root.0))
    }

    /// Returns what a payee still has of an amount, as far as it is above zero.
    pub(super) fn left_of(&self, account: &AccountId, amount: Amount) -> u64 {
        amount.minor().min(u64::try_from(self.scribe.has(account)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_numbered_from_one_in_the_order_of_the_entry() {
        let payees = vec![(AccountId([1; 16]), minor(5)), (AccountId([2; 16]), minor(6))];
        let session = Session { index: 3, budget: AccountId([9; 16]), payees };
        assert_eq!(session.line_of(&AccountId([2; 16])), Some((2, minor(6))));
        assert_eq!(session.line_of(&AccountId([3; 16])), None);
    }
}
