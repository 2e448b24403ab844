//! A snapshot: the canonical CBOR of everything [`apply`](super::rules::apply) reads.
//!
//! Two books that judge every future entry alike have the same snapshot: sets are sorted, what has expired is
//! left out, and what has waited long enough is in force. `docs/spec/klaver.cddl` has the same in CDDL.

use super::windows::Today;
use super::*;
use crate::amount::{Scale, signed};
use crate::charter::{Predecessor, UnitWords};
use crate::entry::Kind;
use crate::entry::cbor::{CborError, Reader, Writer};
use crate::entry::codec::{read_charter, read_state, write_charter, write_state};
use crate::id::{Digest, LedgerId, OrganisationId, RequestId};
use crate::limits::{LINES_MAX, NAME_BYTES_MAX, UNIT_WORD_BYTES_MAX};
use crate::time::{Day, Deadline};

/// The version of the snapshot format.
pub const SNAPSHOT_VERSION: u64 = 1;

type Result<T> = std::result::Result<T, CborError>;

impl Books {
    /// Returns the snapshot of founded books.
    ///
    /// # Panics
    /// Before founding, when there is nothing to keep.
    pub fn encode_snapshot(&self) -> Vec<u8> {
        let Books { standing, windows } = self;
        let now = standing.last_recorded_at;
        let community = standing.community().expect("a founded ledger has a community");
        let (charter, charter_base) = standing.charter_in_force(now).expect("a founded ledger has a charter");
        let w = &mut Writer::with_capacity(256 * standing.accounts.len() + 128 * windows.ids.len() + 4_096);
        w.array(15).uint(SNAPSHOT_VERSION).uint(standing.size).uint(now.millis());
        write_community(w, community);
        w.array(2).uint(charter_base);
        write_charter(w, charter);
        w.optional(standing.waiting_charter(now), |w, waiting| {
            w.array(4).uint(waiting.index).uint(waiting.effective_at.millis()).bool(waiting.by_rescue);
            write_charter(w, &waiting.charter);
        });
        let mut accounts: Vec<&Account> = standing.accounts.iter().collect();
        accounts.sort_unstable_by_key(|account| account.id());
        w.list(&accounts, |w, account| write_account(w, account, now));
        let sums = standing.circulation;
        w.list(&[sums.issued, sums.returned, sums.redeemed, sums.settled, sums.retired], |w, sum| {
            w.uint(u64::try_from(*sum).expect("sums over a community's life are never below zero"));
        });
        let rows: Vec<_> = windows.rows.iter().filter(|(_, row)| windows::is_kept(row, now)).collect();
        w.list(&rows, |w, (index, row)| write_row(w, **index, row));
        let claims: Vec<_> = standing.claims.iter().collect();
        w.list(&claims, |w, (index, claim)| {
            w.array(4)
                .uint(**index)
                .bytes(&claim.merchant.0)
                .uint(claim.recorded_at.millis())
                .uint(claim.left);
        });
        let mut ids: Vec<_> = windows.ids.iter().filter(|(_, (_, until))| !until.has_passed(now)).collect();
        ids.sort_unstable_by_key(|(id, _)| **id);
        w.list(&ids, |w, (id, (index, until))| {
            w.array(3).bytes(&id.0).uint(*index).uint(until.seconds());
        });
        let mut requests: Vec<_> =
            windows.requests.iter().filter(|(_, until)| !until.has_passed(now)).collect();
        requests.sort_unstable_by_key(|(key, _)| **key);
        w.list(&requests, |w, ((payee, request), until)| {
            w.array(3).bytes(&payee.0).bytes(&request.0).uint(until.seconds());
        });
        write_today(w, &windows.today);
        w.bool(standing.ended);
        w.optional(standing.audit_note, |w, note| {
            w.array(4)
                .uint(note.index)
                .uint(note.size)
                .uint(note.recorded_at.millis())
                .bytes(&note.document.0);
        });
        std::mem::replace(w, Writer::with_capacity(0)).finish()
    }

    /// Reads a snapshot, whoever made it.
    ///
    /// # Errors
    /// Names the first field that is not as the specification says, or that no ledger can have come to.
    pub fn decode_snapshot(bytes: &[u8]) -> Result<Books> {
        let books = Self::read_snapshot(&mut Reader::new(bytes))?;
        check_references(&books)?;
        // One form alone: what was doubled, unsorted or expired does not come back.
        if books.encode_snapshot() != bytes {
            return Err(CborError::NotCanonical { field: "snapshot" });
        }
        Ok(books)
    }

    /// Reads a snapshot that this program wrote and whose hash was compared: keys are not decompressed again, which
    /// would take most of the time.
    ///
    /// # Errors
    /// As [`decode_snapshot`](Self::decode_snapshot).
    pub(crate) fn decode_own_snapshot(bytes: &[u8]) -> Result<Books> {
        Self::read_snapshot(&mut Reader::of_own(bytes))
    }

    fn read_snapshot(r: &mut Reader<'_>) -> Result<Books> {
        r.array("snapshot", 15)?;
        let version = r.uint("version")?;
        if version != SNAPSHOT_VERSION {
            return Err(CborError::Unknown { field: "snapshot version", value: version });
        }
        let mut books = Books::new();
        books.standing.size = r.uint("size")?;
        books.standing.last_recorded_at = read_time(r, "last_recorded_at")?;
        books.standing.community = Some(Arc::new(read_community(r)?));
        r.array("charter", 2)?;
        let base = r.uint("base")?;
        books.standing.charter = Some(CharterInForce { base, charter: Arc::new(read_charter(r)?) });
        books.standing.waiting_charter = r.optional(|r| {
            r.array("waiting charter", 4)?;
            let (index, effective_at) = (r.uint("index")?, read_time(r, "effective_at")?);
            let by_rescue = r.bool("by_rescue")?;
            Ok(WaitingCharter { index, effective_at, by_rescue, charter: Arc::new(read_charter(r)?) })
        })?;
        for account in r.set("accounts", 1..=u32::MAX as usize, read_account)? {
            if books.standing.account(&account.id()).is_some() {
                return Err(CborError::Unsorted { field: "accounts" });
            }
            books.standing.insert(account);
        }
        r.array("circulation", 5)?;
        books.standing.circulation = Circulation {
            issued: signed(r.uint("issued")?),
            returned: signed(r.uint("returned")?),
            redeemed: signed(r.uint("redeemed")?),
            settled: signed(r.uint("settled")?),
            retired: signed(r.uint("retired")?),
        };
        books.windows = read_windows(r, &mut books.standing.claims)?;
        books.standing.ended = r.bool("ended")?;
        books.standing.audit_note = r.optional(|r| {
            r.array("audit note", 4)?;
            let (index, size) = (r.uint("index")?, r.uint("size")?);
            let (recorded_at, document) = (read_time(r, "recorded_at")?, Digest(r.fixed("document")?));
            Ok(AnchoredNote { index, size, recorded_at, document })
        })?;
        r.end("snapshot")?;
        Ok(books)
    }
}

impl Standing {
    /// Puts an account of a snapshot into every index.
    pub(super) fn insert(&mut self, account: Account) {
        let in_force = account.closed_to.is_none().then(|| account.in_force.state.clone());
        let waiting = account.waiting.clone();
        let number = self.add(account);
        if let Some(state) = &in_force {
            self.list_keys(state, number);
        }
        if let Some(waiting) = &waiting {
            self.waiting.insert(waiting.index, number);
            if let WaitingFor::Change { state, .. } = &waiting.what {
                self.list_keys(state, number);
            }
        }
    }
}

/// Checks what later entries take for granted: whoever is named is there, heirs lead to an open account, and the books
/// balance.
fn check_references(books: &Books) -> Result<()> {
    let Books { standing, windows } = books;
    let missing = |field, id: &AccountId| CborError::out_of_range(field, id, "an account of this snapshot");
    let must_exist = |field, id: &AccountId| standing.account(id).map(drop).ok_or_else(|| missing(field, id));
    if let Some(community) = &standing.community {
        must_exist("settlement", &community.settlement)?;
    }
    let (mut debits, mut credits) = (0_u128, 0_u128);
    for account in &standing.accounts {
        (debits, credits) = (debits + u128::from(account.debits), credits + u128::from(account.credits));
        let (mut heir, mut steps) = (account, 0);
        while let Some(next) = heir.closed_to {
            heir = standing.account(&next).ok_or_else(|| missing("closed_to", &next))?;
            steps += 1;
            if standing.accounts.len() < steps {
                let expected = "an heir that is not closed to the account itself, in however many steps";
                return Err(CborError::out_of_range("closed_to", next, expected));
            }
        }
    }
    if debits != credits {
        return Err(CborError::out_of_range(
            "debits",
            debits,
            format_args!("{credits}, the sum of all credits"),
        ));
    }
    check_sums(standing)?;
    for row in windows.rows.values() {
        must_exist("origin", &row.origin)?;
        row.lines.iter().try_for_each(|line| must_exist("lines", &line.account))?;
    }
    standing.claims.values().try_for_each(|claim| must_exist("merchant", &claim.merchant))
}

/// Checks INV-4: later entries take from these sums, and from the claims, and expect them to suffice.
fn check_sums(standing: &Standing) -> Result<()> {
    let Circulation { issued, returned, redeemed, settled, retired } = standing.circulation;
    if !standing.trial_balance().holds() {
        let found = format_args!("{issued}, {returned}, {redeemed}, {settled}, {retired}").to_string();
        return Err(CborError::out_of_range("circulation", found, "what the accounts add up to"));
    }
    let claimed: i128 = standing.claims.values().map(|claim| i128::from(claim.left)).sum();
    let waiting = i128::from(redeemed - settled);
    if claimed == waiting { Ok(()) } else { Err(CborError::out_of_range("claims", claimed, waiting)) }
}

fn write_community(w: &mut Writer, community: &Community) {
    w.array(5).bytes(&community.ledger.0).text(&community.name);
    w.array(2).text(&community.unit.one).text(&community.unit.many).uint(community.scale.decimals().into());
    w.optional(community.predecessor, |w, old| {
        w.array(4).bytes(&old.ledger.0).uint(old.size).bytes(&old.root.0).bytes(&old.snapshot.0);
    });
}

fn read_community(r: &mut Reader<'_>) -> Result<Community> {
    r.array("community", 5)?;
    let ledger = LedgerId(r.fixed("ledger")?);
    let name = r.text("name", NAME_BYTES_MAX)?;
    r.array("unit", 2)?;
    let unit =
        UnitWords { one: r.text("unit", UNIT_WORD_BYTES_MAX)?, many: r.text("unit", UNIT_WORD_BYTES_MAX)? };
    let decimals = r.uint("scale")?;
    let scale = Scale::new(decimals).map_err(|error| CborError::out_of_range("scale", decimals, error))?;
    let predecessor = r.optional(|r| {
        r.array("predecessor", 4)?;
        Ok(Predecessor {
            ledger: LedgerId(r.fixed("predecessor")?),
            size: r.uint("predecessor")?,
            root: Digest(r.fixed("predecessor")?),
            snapshot: Digest(r.fixed("predecessor")?),
        })
    })?;
    Ok(Community { settlement: AccountId::settlement_of(&ledger), ledger, name, unit, scale, predecessor })
}

fn write_account(w: &mut Writer, account: &Account, now: Timestamp) {
    let in_force = account.standing(now);
    w.array(12);
    write_state(w, &in_force.state);
    w.uint(in_force.status.number()).uint(in_force.base);
    w.optional(account.waiting(now), |w, waiting| {
        w.array(5).uint(waiting.index).uint(waiting.effective_at.millis()).bool(waiting.has_veto);
        match &waiting.what {
            WaitingFor::Change { state, opens } => {
                w.array(2);
                write_state(w, state);
                w.bool(*opens);
            }
            WaitingFor::Close { heir } => {
                w.bytes(&heir.0);
            }
        }
        w.bytes(&waiting.digest.0);
    });
    w.optional(account.vetoed, |w, digest| {
        w.bytes(&digest.0);
    });
    w.bool(account.frozen_veto_used).optional(account.closed_to, |w, heir| {
        w.bytes(&heir.0);
    });
    w.uint(account.debits).uint(account.credits).uint(account.lines);
    w.optional(account.last_line, |w, index| {
        w.uint(index);
    });
    w.optional(account.last_own_entry, |w, time| {
        w.uint(time.millis());
    });
}

fn read_account(r: &mut Reader<'_>) -> Result<Account> {
    r.array("account", 12)?;
    let state = read_state(r)?;
    let number = r.uint("status")?;
    let status =
        AccountStatus::from_number(number).ok_or(CborError::Unknown { field: "status", value: number })?;
    let mut account = Account::opened(state, r.uint("base")?);
    account.in_force.status = status;
    account.waiting = r.optional(|r| {
        r.array("waiting", 5)?;
        let (index, effective_at) = (r.uint("index")?, read_time(r, "effective_at")?);
        let has_veto = r.bool("has_veto")?;
        let what = if r.next_is_array() {
            r.array("waiting", 2)?;
            WaitingFor::Change { state: Arc::new(read_state(r)?), opens: r.bool("opens")? }
        } else {
            WaitingFor::Close { heir: AccountId(r.fixed("heir")?) }
        };
        Ok(Waiting { index, effective_at, has_veto, what, digest: Digest(r.fixed("digest")?) })
    })?;
    account.vetoed = r.optional(|r| r.fixed("vetoed").map(Digest))?;
    account.frozen_veto_used = r.bool("frozen_veto_used")?;
    account.closed_to = r.optional(|r| r.fixed("closed_to").map(AccountId))?;
    (account.debits, account.credits, account.lines) =
        (r.uint("debits")?, r.uint("credits")?, r.uint("lines")?);
    account.last_line = r.optional(|r| r.uint("last_line"))?;
    account.last_own_entry = r.optional(|r| read_time(r, "last_own_entry"))?;
    Ok(account)
}

fn write_row(w: &mut Writer, index: u64, row: &Row) {
    w.array(5).uint(index).uint(row.kind.number()).bytes(&row.origin.0).uint(row.recorded_at.millis());
    w.list(&row.lines, |w, line| {
        w.array(2).bytes(&line.account.0).uint(line.left);
    });
}

fn write_today(w: &mut Writer, today: &Today) {
    let issued: Vec<_> = today.issued.iter().collect();
    w.array(4).uint(today.day.0).uint(today.registrar_opens).uint(today.registrar_freezes);
    w.list(&issued, |w, (organisation, amount)| {
        w.array(2).bytes(&organisation.0).uint(**amount);
    });
}

/// Reads what only the rules read, and among it the open claims, which the standing holds.
fn read_windows(r: &mut Reader<'_>, open: &mut BTreeMap<u64, Claim>) -> Result<Windows> {
    const MANY: std::ops::RangeInclusive<usize> = 0..=u32::MAX as usize;
    let mut windows = Windows::default();
    let rows = r.list("rows", MANY, |r| {
        r.array("rows", 5)?;
        let index = r.uint("index")?;
        let number = r.uint("kind")?;
        let kind = Kind::from_number(number)
            .filter(|kind| matches!(kind, Kind::Earn | Kind::Pay))
            .ok_or(CborError::Unknown { field: "rows", value: number })?;
        let (origin, recorded_at) = (AccountId(r.fixed("origin")?), read_time(r, "recorded_at")?);
        let lines = r.list("lines", 1..=LINES_MAX, |r| {
            r.array("lines", 2)?;
            Ok(RowLine { account: AccountId(r.fixed("account")?), left: r.uint("left")? })
        })?;
        Ok((index, Row { kind, origin, recorded_at, lines: lines.into() }))
    })?;
    windows.rows = rows.into_iter().collect();
    let claims = r.list("claims", MANY, |r| {
        r.array("claims", 4)?;
        let (index, merchant) = (r.uint("index")?, AccountId(r.fixed("merchant")?));
        Ok((index, Claim { merchant, recorded_at: read_time(r, "recorded_at")?, left: r.uint("left")? }))
    })?;
    *open = claims.into_iter().collect();
    let ids = r.set("ids", MANY, |r| {
        r.array("ids", 3)?;
        Ok((EntryId(r.fixed("id")?), (r.uint("index")?, read_deadline(r)?)))
    })?;
    windows.ids = ids.into_iter().collect();
    let requests = r.set("requests", MANY, |r| {
        r.array("requests", 3)?;
        Ok(((AccountId(r.fixed("payee")?), RequestId(r.fixed("request")?)), read_deadline(r)?))
    })?;
    windows.requests = requests.into_iter().collect();
    r.array("today", 4)?;
    let day = Day(r.uint("day")?);
    let (registrar_opens, registrar_freezes) = (r.uint("opens")?, r.uint("freezes")?);
    let issued = r.set("issued", MANY, |r| {
        r.array("issued", 2)?;
        Ok((OrganisationId(r.fixed("organisation")?), r.uint("amount")?))
    })?;
    windows.today = Today { day, registrar_opens, registrar_freezes, issued: issued.into_iter().collect() };
    Ok(windows)
}

fn read_time(r: &mut Reader<'_>, field: &'static str) -> Result<Timestamp> {
    let millis = r.uint(field)?;
    Timestamp::from_millis(millis).ok_or_else(|| CborError::out_of_range(field, millis, "at most 2^53 - 1"))
}

fn read_deadline(r: &mut Reader<'_>) -> Result<Deadline> {
    let seconds = r.uint("until")?;
    Deadline::from_seconds(seconds)
        .ok_or_else(|| CborError::out_of_range("until", seconds, "at most the year 9999"))
}
