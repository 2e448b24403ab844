//! Growth in counts, and the hour of the pioneers: a group that begins, with a small budget and a round of needs and
//! offers.

use serde::{Deserialize, Serialize};

/// How many people had joined by the end of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MonthOfGrowth {
    /// The month, as `2026-11`.
    pub month: String,
    /// At least so many, in tens.
    pub people: u64,
}

/// How the community grew, in tens, looked at once a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Growth {
    /// The months, from the first with ten people on.
    pub months: Vec<MonthOfGrowth>,
}

/// An hour with pioneers that the council prepares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanRound {
    /// Who meets, or where.
    pub name: String,
    /// On which day, as `2026-11-28`.
    pub day: String,
    /// How many people come.
    pub people: u16,
    /// The account of the small budget that gives the first credits.
    pub budget: String,
}

/// How it goes some time after the hour, in tens; nothing of fewer than ten people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pulse {
    /// How many days after the hour: 30 or 90.
    pub days: u16,
    /// From which day on it can be read.
    pub due: String,
    /// Whether that day has come.
    pub ready: bool,
    /// At least so many received something from the place of the hour since then.
    pub people: Option<u64>,
    /// At least so many of them received or paid something in the last 30 days of it.
    pub active: Option<u64>,
    /// At least so many whole units they spent at shops.
    pub spent: Option<u64>,
    /// How many of the place's tasks were done.
    pub tasks: Option<u64>,
}

/// An hour with pioneers, as the council sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Round {
    /// Which, in hexadecimal.
    pub id: String,
    /// Who meets, or where.
    pub name: String,
    /// On which day.
    pub day: String,
    /// How many people come.
    pub people: u16,
    /// The account of its budget.
    pub budget: String,
    /// How many needs, offers and hindrances were said.
    pub said: u64,
    /// How many of them became tasks.
    pub tasks: u64,
    /// The address of the host's page.
    pub link: String,
    /// How it goes after 30 and after 90 days.
    pub pulses: Vec<Pulse>,
}

/// The hours with pioneers, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Rounds {
    /// The hours.
    pub rounds: Vec<Round>,
}
