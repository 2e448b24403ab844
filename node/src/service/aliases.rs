//! Own codes: giving an account one, replacing it, and paying by one.

use super::papers::PaperRefused;
use super::requests::words_of;
use super::{Refused, RequestView, Service, Sight};
use crate::clock::wall_clock;
use crate::community::AliasRow;
use crate::community::requests::RequestRow;
use crate::community::sessions::Visitor;
use klaver_api::alias::{AskOwnCode, CodeOwner, OwnCode, PayByCode};
use klaver_api::text;
use klaver_ledger::id::{AccountId, RequestId};
use klaver_ledger::link::{Alias, Link};
use klaver_ledger::time::{Deadline, Seconds};

/// How long a request that was made by a code may be paid, in seconds: ten minutes.
const BY_CODE_SECONDS: u64 = 600;

/// What a code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeView {
    /// It leads to somebody.
    InForce {
        /// Whose name is listed.
        name: Option<String>,
        /// What the owner says.
        words: Option<String>,
        /// Whether the owner takes nothing for a while.
        paused: bool,
    },
    /// Its owner has another one now.
    Replaced,
    /// It is nobody's.
    Unknown,
}

impl Service {
    /// Returns the code of an account: the one it has, its first one, or a new one.
    ///
    /// # Errors
    /// `Unknown` for an account that is not the visitor's own, and when it cannot be kept.
    pub async fn own_code(
        &self,
        visitor: &Visitor,
        id: &AccountId,
        asked: &AskOwnCode,
    ) -> Result<OwnCode, Refused> {
        self.seen(visitor, id, Sight::Lines)?;
        let before = self.community.alias_of(id);
        let words = match asked.words.as_deref() {
            Some("") => None,
            Some(words) => Some(words_of(words)?),
            None => before.as_ref().and_then(|(_, row)| row.words.clone()),
        };
        let alias = match &before {
            Some((alias, row)) if !asked.replace && row.words == words => return self.print(alias, words),
            Some((alias, _)) if !asked.replace => alias.clone(),
            _ => new_alias()?,
        };
        self.must_record()?;
        let row = AliasRow { account: id.0, words: words.clone(), replaced: None };
        self.community.set_alias(alias.clone(), row, wall_clock().seconds()).await?;
        self.print(&alias, words)
    }

    fn print(&self, alias: &str, words: Option<String>) -> Result<OwnCode, Refused> {
        let link = Link::Alias { node: self.address.clone(), alias: Alias::parse(alias)?, amount: None };
        Ok(OwnCode { alias: alias.to_owned(), link: link.print()?, words })
    }

    /// Returns what a code is, for whoever opens it.
    pub fn code_view(&self, alias: &str) -> CodeView {
        match self.community.alias(alias) {
            None => CodeView::Unknown,
            Some(row) if row.replaced.is_some() => CodeView::Replaced,
            Some(row) => CodeView::InForce {
                name: self.community.listed_name(&AccountId(row.account)),
                words: row.words,
                paused: self.takes_nothing(&AccountId(row.account)),
            },
        }
    }

    /// Returns who stands behind a code, as they told whoever opens it.
    ///
    /// # Errors
    /// When the code is unknown or replaced.
    pub fn code_owner(&self, alias: &str) -> Result<CodeOwner, Refused> {
        let account = self.account_of_code(alias)?;
        let words = self.community.alias(alias).and_then(|row| row.words);
        Ok(CodeOwner { name: self.community.listed_name(&account), words })
    }

    /// Makes a request by somebody's own code, for whoever wants to pay.
    ///
    /// # Errors
    /// When the code is unknown or replaced, or the amount is none.
    pub fn request_by_code(&self, alias: &str, asked: &PayByCode) -> Result<RequestView, Refused> {
        let account = self.account_of_code(alias)?;
        let words = self.community.alias(alias).and_then(|row| row.words);
        self.request_for_payer(account, words, asked)
    }

    /// Makes a request to a card by the code on its outside, for whoever wants to pay.
    ///
    /// # Errors
    /// When the code is unknown or replaced, or the amount is none.
    pub fn request_by_card(&self, id: &[u8; 16], asked: &PayByCode) -> Result<RequestView, Refused> {
        let row = self.paper_row(id)?;
        if row.replaced {
            return Err(PaperRefused::Replaced.into());
        }
        self.request_for_payer(AccountId(row.account), None, asked)
    }

    /// Makes a request to `account`, for whoever wants to pay.
    pub(super) fn request_for_payer(
        &self,
        account: AccountId,
        words: Option<String>,
        asked: &PayByCode,
    ) -> Result<RequestView, Refused> {
        let amount = text::amount("amount", &asked.amount, self.scale())?;
        self.must_record()?;
        // How much a shop still takes this month is its own business.
        let paused =
            |refused| if matches!(refused, Refused::TillFull { .. }) { Refused::TillPaused } else { refused };
        self.must_take(&account, amount.minor()).map_err(paused)?;
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let until = Deadline::after(wall_clock(), Seconds(BY_CODE_SECONDS)).seconds();
        let row = RequestRow { words, ..RequestRow::new(account, amount.minor(), until) };
        self.community.add_request_by_code(RequestId(id), row);
        self.request(&RequestId(id))
    }

    /// Returns whose code it is.
    ///
    /// # Errors
    /// `Unknown`, and whether it was replaced.
    pub(super) fn account_of_code(&self, alias: &str) -> Result<AccountId, Refused> {
        let row = self.community.alias(&alias.to_ascii_lowercase());
        let unknown = |code, advice| Refused::Unknown { what: "own code", code, advice };
        match row {
            Some(row) if row.replaced.is_none() => Ok(AccountId(row.account)),
            Some(_) => Err(unknown("replaced_code", "its owner has a new one: ask for that")),
            None => Err(unknown("unknown_code", "check how it is written, or ask for it again")),
        }
    }
}

/// Returns a code that nobody can guess and everybody can type: three groups of four.
fn new_alias() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    let letters = data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
    Ok(format!("{}-{}-{}", &letters[..4], &letters[4..8], &letters[8..12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_that_links_can_hold() {
        let alias = new_alias().unwrap();
        assert_eq!(Alias::parse(&alias).unwrap().as_str(), alias);
        assert_ne!(alias, new_alias().unwrap());
    }
}
