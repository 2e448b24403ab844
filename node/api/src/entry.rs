//! Entries as JSON: for people and programs to read. What is signed are the canonical bytes, never this.

use crate::account::AccountStateJson;
use crate::charter::{CharterJson, RateJson};
use crate::community::UnitJson;
use crate::text::decimal;
use klaver_ledger::amount::Scale;
use klaver_ledger::entry::{Body, Entry, PayLine};
use serde::{Deserialize, Serialize};

/// The twin of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EntryJson {
    /// Random bytes that make two otherwise equal entries different, in hexadecimal.
    pub nonce: String,
    /// Last moment it may be recorded.
    pub expires_at: String,
    /// Commitment to a memo, in hexadecimal.
    pub memo: Option<String>,
    /// What happens; its `kind` names the fields.
    #[serde(flatten)]
    pub body: BodyJson,
}

/// The twin of an entry's body: `kind`, and the fields of that kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BodyJson {
    /// Founds the ledger.
    Found {
        /// The community's name.
        name: String,
        /// Its words for the unit.
        unit: UnitJson,
        /// How many decimals people see.
        scale: u8,
        /// Who governs, and the policy.
        charter: CharterJson,
        /// The ledger this one continues.
        predecessor: Option<PredecessorJson>,
    },
    /// Replaces the charter.
    Govern {
        /// Index of the charter it replaces.
        base: u64,
        /// The new one.
        charter: CharterJson,
    },
    /// Opens accounts.
    Open {
        /// The accounts.
        states: Vec<AccountStateJson>,
    },
    /// Changes an account, lays it to rest or reopens it.
    Change {
        /// Index of the entry that made the state it replaces.
        base: u64,
        /// The complete new state.
        state: AccountStateJson,
        /// `open` or `frozen` from then on.
        status: String,
    },
    /// Stops a pending entry.
    Veto {
        /// Index of the pending entry.
        index: u64,
    },
    /// Closes an account.
    Close {
        /// The account.
        account: String,
        /// Who gets the balance, or bears it.
        heir: String,
    },
    /// Issues credits from a budget.
    Earn {
        /// The issuing account.
        budget: String,
        /// `helped`, `took_part`, `welcome` or `migration`.
        reason: String,
        /// The task or session.
        task: Option<String>,
        /// Who receives how much.
        payees: Vec<ShareJson>,
    },
    /// Moves credits.
    Pay {
        /// The payer.
        from: String,
        /// The payees.
        payees: Vec<PayLineJson>,
        /// Whether it was shown without network.
        late: bool,
    },
    /// Gives back a payment.
    Refund {
        /// Index of the payment.
        index: u64,
        /// Number of the payee's line in it.
        line: u64,
        /// How much.
        amount: String,
    },
    /// A merchant asks to be paid out.
    Redeem {
        /// The merchant.
        merchant: String,
        /// How much.
        amount: String,
        /// The policy's rate in force.
        rate: Option<RateJson>,
    },
    /// Records that euro were paid.
    Settle {
        /// Indexes of the redeems.
        redeems: Vec<u64>,
        /// SHA-256 of the bank's reference.
        bank_reference: String,
    },
    /// Takes settled credits off a budget.
    Retire {
        /// The budget.
        budget: String,
        /// How much.
        amount: String,
    },
    /// Undoes lines of an earlier entry.
    Correct {
        /// Index of the entry.
        index: u64,
        /// Lines and how much of each.
        lines: Vec<CorrectLineJson>,
        /// `wrong_amount`, `wrong_person`, `twice`, `not_done` or `other`.
        reason: String,
        /// Who pays what a payee lacks.
        cover: Option<String>,
    },
    /// Anchors a document.
    Attest {
        /// `impact_report`, `audit_note`, `closing_statement`, `snapshot`, `restore_override`, `succession`.
        statement: String,
        /// The size of the log it speaks of.
        size: u64,
        /// The root at that size.
        root: String,
        /// SHA-256 of the document.
        document: String,
    },
}

/// The ledger that this one continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PredecessorJson {
    /// Its id.
    pub ledger: String,
    /// How many records it had.
    pub size: u64,
    /// The root of its log at that size.
    pub root: String,
    /// SHA-256 of its attested snapshot.
    pub snapshot: String,
}

/// What one account of a group receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ShareJson {
    /// The account.
    pub account: String,
    /// How much.
    pub amount: String,
}

/// One payee of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PayLineJson {
    /// The payee.
    pub to: String,
    /// How much.
    pub amount: String,
    /// The request it answers.
    pub request: Option<RequestRefJson>,
}

/// A payment request and the end of its validity, as a payment names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RequestRefJson {
    /// The request.
    pub id: String,
    /// Until when it counts as paid at most once.
    pub until: String,
}

/// How much of one line is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CorrectLineJson {
    /// The number of the line.
    pub line: u64,
    /// How much of it.
    pub amount: String,
}

impl EntryJson {
    /// Returns the twin of `entry`, amounts in the community's `scale`.
    ///
    /// A founding entry carries its own scale, which is used instead.
    pub fn of(entry: &Entry, scale: Scale) -> Self {
        Self {
            nonce: entry.nonce.to_hex(),
            expires_at: entry.expires_at.to_string(),
            memo: entry.memo.map(|memo| memo.to_hex()),
            body: BodyJson::of(&entry.body, scale),
        }
    }
}

impl BodyJson {
    /// Returns the twin of `body`, amounts in the community's `scale`.
    pub fn of(body: &Body, scale: Scale) -> Self {
        match body {
            Body::Found(found) => Self::Found {
                name: found.name.clone(),
                unit: UnitJson::of(&found.unit),
                scale: found.scale.decimals(),
                charter: CharterJson::of(&found.charter, found.scale),
                predecessor: found.predecessor.map(|predecessor| PredecessorJson {
                    ledger: predecessor.ledger.to_hex(),
                    size: predecessor.size,
                    root: predecessor.root.to_hex(),
                    snapshot: predecessor.snapshot.to_hex(),
                }),
            },
            Body::Govern(govern) => {
                Self::Govern { base: govern.base, charter: CharterJson::of(&govern.charter, scale) }
            }
            Body::Open(open) => Self::Open {
                states: open.states.iter().map(|state| AccountStateJson::of(state, scale)).collect(),
            },
            Body::Change(change) => Self::Change {
                base: change.base,
                state: AccountStateJson::of(&change.state, scale),
                status: change.status.word().to_owned(),
            },
            Body::Veto(veto) => Self::Veto { index: veto.index },
            Body::Close(close) => {
                Self::Close { account: close.account.to_string(), heir: close.heir.to_string() }
            }
            Body::Earn(earn) => Self::Earn {
                budget: earn.budget.to_string(),
                reason: earn.reason.word().to_owned(),
                task: earn.task.map(|task| task.to_hex()),
                payees: earn
                    .payees
                    .iter()
                    .map(|(account, amount)| ShareJson {
                        account: account.to_string(),
                        amount: decimal(*amount, scale),
                    })
                    .collect(),
            },
            Body::Pay(pay) => Self::Pay {
                from: pay.from.to_string(),
                payees: pay.payees.iter().map(|line| PayLineJson::of(line, scale)).collect(),
                late: pay.late,
            },
            Body::Refund(refund) => {
                Self::Refund { index: refund.index, line: refund.line, amount: decimal(refund.amount, scale) }
            }
            Body::Redeem(redeem) => Self::Redeem {
                merchant: redeem.merchant.to_string(),
                amount: decimal(redeem.amount, scale),
                rate: redeem.rate.map(RateJson::of),
            },
            Body::Settle(settle) => Self::Settle {
                redeems: settle.redeems.clone(),
                bank_reference: settle.bank_reference.to_hex(),
            },
            Body::Retire(retire) => {
                Self::Retire { budget: retire.budget.to_string(), amount: decimal(retire.amount, scale) }
            }
            Body::Correct(correct) => Self::Correct {
                index: correct.index,
                lines: correct
                    .lines
                    .iter()
                    .map(|(line, amount)| CorrectLineJson { line: *line, amount: decimal(*amount, scale) })
                    .collect(),
                reason: correct.reason.word().to_owned(),
                cover: correct.cover.map(|cover| cover.to_string()),
            },
            Body::Attest(attest) => Self::Attest {
                statement: attest.statement.word().to_owned(),
                size: attest.size,
                root: attest.root.to_hex(),
                document: attest.document.to_hex(),
            },
        }
    }
}

impl PayLineJson {
    fn of(line: &PayLine, scale: Scale) -> Self {
        Self {
            to: line.to.to_string(),
            amount: decimal(line.amount, scale),
            request: line
                .request
                .map(|request| RequestRefJson { id: request.id.to_hex(), until: request.until.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::amount::Amount;
    use klaver_ledger::entry::{Pay, RequestRef};
    use klaver_ledger::id::{AccountId, Nonce, RequestId};
    use klaver_ledger::time::Deadline;

    #[test]
    fn a_payment_reads_like_one() {
        let until = Deadline::from_seconds(1_800_000_000).unwrap();
        let entry = Entry {
            nonce: Nonce([1; 16]),
            expires_at: until,
            memo: None,
            body: Body::Pay(Pay {
                from: AccountId([2; 16]),
                payees: vec![PayLine {
                    to: AccountId([3; 16]),
                    amount: Amount::new(250).unwrap(),
                    request: Some(RequestRef { id: RequestId([4; 16]), until }),
                }],
                late: false,
            }),
        };
        let json = EntryJson::of(&entry, Scale::new(2).unwrap());
        insta::assert_json_snapshot!(json, @r#"
        {
          "nonce": "01010101010101010101010101010101",
          "expires_at": "2027-01-15T08:00:00Z",
          "memo": null,
          "kind": "pay",
          "from": "klv1qgpqyqszqgpqyqszqgpqyqszqgg8r0j8",
          "payees": [
            {
              "to": "klv1qvpsxqcrqvpsxqcrqvpsxqcrqvuvv0tj",
              "amount": "2.50",
              "request": {
                "id": "04040404040404040404040404040404",
                "until": "2027-01-15T08:00:00Z"
              }
            }
          ],
          "late": false
        }
        "#);
        let read: EntryJson = serde_json::from_value(serde_json::to_value(&json).unwrap()).unwrap();
        assert_eq!(read, json);
    }
}
