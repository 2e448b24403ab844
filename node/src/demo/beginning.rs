//! Who pays for the budgets of the demonstration, what a shop added, and an hour with pioneers, as it was left.

use super::directory::wait;
use super::scribe::Beginning;
use crate::community::budgets::contribution_id;
use crate::community::pioneers::{Said, SaidRow};
use crate::community::{BudgetRow, Community, ContributionRow, RoundRow};
use klaver_api::ContributionKind;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::time::Deadline;

/// The id of the hour, and what its links hold: a demonstration hides nothing.
const HOUR: [u8; 16] = *b"klaver-demo/hour";
const GUESTS: [u8; 16] = *b"klaver-demo/says";
const THANKS: [u8; 16] = *b"klaver-demo/thks";

/// Keeps it. An interrupted history is played once more: the same ids, the same rows.
pub(super) fn keep(community: &Community, beginning: &Beginning) -> Result<(), String> {
    for (account, funder) in &beginning.budgets {
        let mut code = *b"klaver-demo/fund";
        code[15] = u8::try_from(funder.len()).unwrap_or(0);
        let row = BudgetRow {
            funder: funder.clone(),
            reference: (funder == "gemeente").then(|| "GR 2026/14".to_owned()),
            promised_cents: 300_000,
            received_cents: 150_000,
            code,
            figures: None,
        };
        wait(community.set_budget(*account, row)).map_err(|error| error.to_string())?;
    }
    let (entry, amount) = beginning.raised;
    let given = ContributionRow {
        budget: beginning.budget.0,
        who: "Bloemen Madelief".to_owned(),
        cents: amount,
        kind: ContributionKind::Sponsoring,
        amount,
        entry: Some(entry.0),
        raised: true,
        code: THANKS,
        at: beginning.at.seconds(),
    };
    wait(community.add_contribution(contribution_id(&entry), given))
        .and_then(|_| wait(community.set_round(HOUR, Some(hour(beginning)))))
        .map_err(|error| error.to_string())
}

fn hour(beginning: &Beginning) -> RoundRow {
    let starts_at = beginning.at.seconds() / DAY_SECONDS * DAY_SECONDS;
    let day = Deadline::from_seconds(starts_at).map(|at| at.to_string()).unwrap_or_default();
    let line = |said, words: &str, count| SaidRow { said, words: words.to_owned(), count, task: None };
    RoundRow {
        name: "Buurthuis De Brug".to_owned(),
        day: day.get(..10).unwrap_or_default().to_owned(),
        starts_at,
        people: 25,
        budget: beginning.budget.0,
        invitation: HOUR,
        host: HOUR,
        guests: GUESTS,
        lines: vec![
            line(Said::Stop, "Geen opvang voor de kinderen", 3),
            line(Said::Need, "Een hand in de moestuin", 4),
            line(Said::Need, "Iemand die mijn fiets herstelt", 2),
            line(Said::Offer, "Soep koken", 5),
        ],
        pulses: [None, None],
    }
}
