//! The story of the town, told from its ledger: the newest of each kind that a newcomer should see.

use super::Town;
use super::cast::Cast;
use klaver_ledger::amount::{Scale, Total};
use klaver_ledger::audit::{Expectations, Verdict, audit};
use klaver_ledger::engine::Reader;
use klaver_ledger::entry::{Body, EarnReason};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use klaver_ledger::record::Record;
use klaver_ledger::store::StoreReader;
use klaver_locales::Language;

/// The newest session, payment, refund, correction and claim of a ledger.
#[derive(Default)]
pub struct Story {
    session: Option<Record>,
    payment: Option<Record>,
    refund: Option<Record>,
    correction: Option<Record>,
    claim: Option<Record>,
}

/// Who tells, to whom.
pub struct Teller<'t, R> {
    /// The ledger.
    pub reader: &'t Reader<R>,
    /// Who lives there.
    pub town: &'t Town,
    /// The language of whoever listens.
    pub language: Language,
}

impl Story {
    /// Reads the ledger for what there is to tell.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn read<R: StoreReader>(reader: &Reader<R>) -> Result<Self, String> {
        let mut story = Self::default();
        for stored in reader.records(0) {
            let stored = stored.map_err(|error| error.to_string())?;
            let record = Record::decode(&stored.record).map_err(|error| error.to_string())?;
            let place = match &record.signed.entry().body {
                Body::Earn(earn) if earn.reason == EarnReason::Helped && earn.payees.len() > 2 => {
                    &mut story.session
                }
                Body::Pay(pay) if pay.payees.iter().any(|line| line.request.is_some()) => &mut story.payment,
                Body::Refund(_) => &mut story.refund,
                Body::Correct(_) => &mut story.correction,
                Body::Redeem(_) => &mut story.claim,
                _ => continue,
            };
            *place = Some(record);
        }
        Ok(story)
    }

    /// Returns the index of the newest claim: what a coordinator can settle.
    pub fn claim(&self) -> Option<u64> {
        self.claim.as_ref().map(|record| record.index)
    }

    /// Returns the index of the newest payment by request: what a merchant can give back.
    pub fn payment(&self) -> Option<u64> {
        self.payment.as_ref().map(|record| record.index)
    }
}

impl<R: StoreReader> Teller<'_, R> {
    /// Tells the story, one sentence or two for each event; what has not happened yet is left out.
    ///
    /// # Errors
    /// When a record cannot be read, or the audit finds something.
    pub fn tell(&self, story: &Story) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        lines.extend(story.session.as_ref().and_then(|record| self.session(record)));
        lines.extend(story.payment.as_ref().and_then(|record| self.payment(record)));
        for (key, record) in
            [("demo.story.refund", &story.refund), ("demo.story.correction", &story.correction)]
        {
            if let Some(record) = record {
                lines.extend(self.reversal(key, record)?);
            }
        }
        lines.extend(story.claim.as_ref().and_then(|record| self.claim(record)));
        lines.push(self.audit()?);
        Ok(lines)
    }

    fn session(&self, record: &Record) -> Option<String> {
        let Body::Earn(earn) = &record.signed.entry().body else { return None };
        let place = self.cast().place_of(&earn.budget)?;
        let signed =
            |key: &PublicKey| record.signed.signatures().iter().any(|(signer, _)| signer == key.as_bytes());
        let person = [&place.trekker, &place.stand_in]
            .into_iter()
            .find(|person| signed(&PublicKey::of(&person.key)))?;
        let sum: Option<Total> = earn.payees.iter().map(|(_, amount)| *amount).sum();
        let (count, amount) = (earn.payees.len().to_string(), self.amount(sum?.minor()));
        let values =
            [("count", &*count), ("place", place.name), ("trekker", person.name), ("amount", &amount)];
        Some(self.event("demo.story.session", record, &values))
    }

    fn payment(&self, record: &Record) -> Option<String> {
        let Body::Pay(pay) = &record.signed.entry().body else { return None };
        let line = pay.payees.first()?;
        let (payer, merchant, amount) =
            (self.name(&pay.from), self.name(&line.to), self.amount(line.amount.minor()));
        let values = [("payer", &*payer), ("merchant", &*merchant), ("amount", &*amount)];
        Some(self.event("demo.story.payment", record, &values))
    }

    /// A refund or a correction: what was asked back stands in the entry, what came back in its lines.
    fn reversal(&self, key: &str, record: &Record) -> Result<Option<String>, String> {
        let asked = match &record.signed.entry().body {
            Body::Refund(refund) => refund.amount.minor(),
            Body::Correct(correct) => correct.lines.iter().map(|(_, amount)| amount.minor()).sum(),
            _ => return Ok(None),
        };
        let lines = self.reader.lines(record.index).map_err(|error| error.to_string())?;
        let Some(from) = lines.iter().find(|line| line.line.debit > 0) else { return Ok(None) };
        let Some(to) = lines.iter().find(|line| line.line.credit > 0) else { return Ok(None) };
        let taken: u64 = lines.iter().map(|line| line.line.credit).sum();
        let (from, to) = (self.name(&from.line.account), self.name(&to.line.account));
        let (amount, taken) = (self.amount(asked), self.amount(taken));
        let values = [("from", &*from), ("to", &*to), ("amount", &*amount), ("taken", &*taken)];
        Ok(Some(self.event(key, record, &values)))
    }

    fn claim(&self, record: &Record) -> Option<String> {
        let Body::Redeem(redeem) = &record.signed.entry().body else { return None };
        let euro = redeem.rate.and_then(|rate| rate.euro_cents(redeem.amount))?;
        let (merchant, amount, euro) = (
            self.name(&redeem.merchant),
            self.amount(redeem.amount.minor()),
            self.number(euro.cast_signed()),
        );
        let values = [("merchant", &*merchant), ("amount", &*amount), ("euro", &*euro)];
        Some(self.event("demo.story.claim", record, &values))
    }

    /// Replays everything by the auditor's own path, and tells the sums.
    fn audit(&self) -> Result<String, String> {
        let records = self.reader.records(0).map(|stored| stored.map(|stored| (stored.salt, stored.record)));
        let head = self.reader.head();
        let expectations =
            Expectations { ledger: Some(self.town.ledger), heads: vec![head], ..Expectations::default() };
        let audited = match audit(records, &expectations, |_| ()) {
            Verdict::Holds(audited) => audited,
            other => return Err(other.to_string()),
        };
        let sums = audited.trial_balance.circulation;
        let show = |minor: i64| self.amount(minor.unsigned_abs());
        let (size, issued, returned) = (head.size.to_string(), show(sums.issued), show(sums.returned));
        let (redeemed, circulation) = (show(sums.redeemed), show(sums.in_circulation()));
        let values = [
            ("size", &*size),
            ("issued", &issued),
            ("returned", &returned),
            ("redeemed", &redeemed),
            ("circulation", &circulation),
        ];
        Ok(self.language.say("demo.story.audit", &values))
    }

    fn event(&self, key: &str, record: &Record, values: &[(&str, &str)]) -> String {
        let (day, index) = (record.recorded_at.day().to_string(), record.index.to_string());
        let values: Vec<(&str, &str)> =
            [("day", &*day), ("index", &*index)].into_iter().chain(values.iter().copied()).collect();
        self.language.say(key, &values)
    }

    fn cast(&self) -> &Cast {
        &self.town.cast
    }

    /// Returns the name of an account; somebody who joined later has none here.
    fn name(&self, account: &AccountId) -> String {
        self.cast().name_of(account).map_or_else(|| account.to_string(), str::to_owned)
    }

    /// Returns "1 klaver", "2 klavers", "2,50 klavers".
    pub fn amount(&self, minor: u64) -> String {
        let word = if minor == 100 { "klaver" } else { "klavers" };
        format!("{} {word}", self.number(minor.cast_signed()))
    }

    /// Returns a number with its decimals unless they are zero, as the language writes it.
    fn number(&self, minor: i64) -> String {
        let scale = Scale::new(2).expect("two decimals are allowed");
        let decimal = klaver_ledger::amount::balance_to_decimal(minor, scale);
        let short = decimal.strip_suffix(".00").unwrap_or(&decimal);
        short.replace('.', &self.language.decimal_mark().to_string())
    }
}
