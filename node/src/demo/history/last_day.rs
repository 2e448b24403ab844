//! The last day, of which the story is told: one of each.

use super::acts::minor;
use super::{CITIZEN, Player};
use crate::demo::Interrupted;
use crate::demo::scribe::Solved;
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body, Correct, CorrectReason, EarnReason};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use klaver_ledger::store::Store;
use klaver_ledger::time::Seconds;

/// The member who was credited twice as much as the others by mistake.
const BY_MISTAKE: usize = 3;
const BAKER: usize = 0;
/// The person of trust: Marleen.
const LISTENER: usize = 4;

impl<S: Store> Player<'_, S> {
    /// A session, a purchase, a refund, a payment that spends what was received by mistake, its correction, and a
    /// merchant who asks to be paid out.
    pub(super) fn last_day(&mut self) -> Result<(), Interrupted> {
        let place = &self.cast.places[0];
        let mut group = self.dice.group(7, self.joined);
        group.extend([CITIZEN, BY_MISTAKE]);
        group.sort_unstable();
        group.dedup();
        let usual = |member: usize| minor(if member == BY_MISTAKE { 400 } else { 200 });
        let payees =
            group.iter().map(|member| (self.cast.members[*member].account, usual(*member))).collect();
        let budget = place.budgets[0].account;
        let trekker = &place.trekker.key;
        let session = self.issue(budget, EarnReason::Helped, payees, "5000 brieven gevouwen", &[trekker])?;

        self.later(1_500);
        let index = self.buy(CITIZEN, BAKER, 240)?;
        self.later(240);
        self.give_back(BAKER, CITIZEN, index, 120, "Croissants waren op")?;
        let (teller, listener) = (&self.cast.members[CITIZEN], &self.cast.members[LISTENER]);
        self.scribe.solve(&Solved {
            listener: (listener.account, listener.name),
            teller: (teller.account, *PublicKey::of(&teller.key).as_bytes()),
            payment: index,
            refund: self.scribe.next_index() - 1,
            at: self.scribe.now,
        })?;

        self.later(900);
        let mistaken = self.cast.members[BY_MISTAKE].account;
        self.correct_line(&session, mistaken, minor(200))?;

        self.later(2_400);
        let baker = self.cast.merchants[BAKER].shop.account;
        let has = u64::try_from(self.scribe.has(&baker)).unwrap_or(0);
        // The purchase above left the baker more than one whole credit.
        self.redeem(BAKER, (has / 200 * 100).max(100))
    }

    /// The trekker takes part of one line back; what was spent already stays with the place.
    fn correct_line(
        &mut self,
        session: &super::acts::Session,
        account: AccountId,
        amount: Amount,
    ) -> Result<(), Interrupted> {
        let Some((line, _)) = session.line_of(&account) else { return Ok(()) };
        let taken = self.left_of(&account, amount);
        let lines = vec![(line, amount)];
        let reason = CorrectReason::WrongAmount;
        let body = Correct { index: session.index, lines, reason, cover: Some(session.budget) };
        self.scribe.record(Body::Correct(body), &[&self.cast.places[0].trekker.key])?;
        if let Ok(taken) = Amount::new(taken) {
            self.scribe.tally(account, session.budget, taken);
        }
        Ok(())
    }

    fn later(&mut self, seconds: u64) {
        self.scribe.now = self.scribe.now.after(Seconds(seconds + self.dice.below(60)));
    }
}
