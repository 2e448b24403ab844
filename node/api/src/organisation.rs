//! Organisations: those that give credits with staff and keys of their own, and those that take part without the
//! currency. What each of them did is counted; nobody learns of fewer than ten people.

use crate::account::KeyJson;
use serde::{Deserialize, Serialize};

/// What was done together in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MonthFigures {
    /// The month, as `2026-10` (UTC).
    pub month: String,
    /// How many people took part; to the public all of it in tens.
    pub people: u64,
    /// How often people came together.
    pub moments: u64,
    /// How many hours that lasted.
    pub hours: u64,
}

/// What anybody may know of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Organisation {
    /// The organisation, in hexadecimal.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it does, in its own words.
    pub about: Option<String>,
    /// Where it is, as people write it.
    pub address: Option<String>,
    /// The address of its own calendar.
    pub agenda: Option<String>,
    /// Whether it has accounts here.
    pub with_currency: bool,
    /// Its places and pots that are listed.
    pub places: Vec<String>,
    /// What it did in the last whole month; nothing for fewer than ten people.
    pub figures: Option<MonthFigures>,
    /// When it meets, the first time first: of an organisation without the currency.
    pub gatherings: Vec<Gathering>,
}

/// The organisations of a community, and what they did together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrganisationPage {
    /// The organisations, by name.
    pub organisations: Vec<Organisation>,
    /// What all of them did in the last whole month; nothing for fewer than ten people.
    pub together: Option<MonthFigures>,
}

/// When people come together at an organisation without the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Gathering {
    /// The gathering, in hexadecimal.
    pub id: String,
    /// What they do.
    pub what: String,
    /// When it begins.
    pub starts_at: String,
    /// How long it lasts, in minutes.
    pub minutes: u16,
    /// Where, as people write it.
    pub address: Option<String>,
}

/// What an organisation says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrganisationWords {
    /// What it does, at most 280 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Where it is, as people write it, at most 80 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The address of its own calendar: `https://…`, at most 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agenda: Option<String>,
}

/// Names an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NameOrganisation {
    /// Its name, at most 80 bytes.
    pub name: String,
    /// The organisation of accounts here, in hexadecimal; left out for one without the currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// What it says of itself.
    #[serde(default)]
    pub words: OrganisationWords,
}

/// An organisation as the council sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CouncilOrganisation {
    /// The organisation, in hexadecimal.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub words: OrganisationWords,
    /// Whether it has accounts here.
    pub with_currency: bool,
    /// Its own page, of one without the currency: whoever knows the address may write there.
    pub own_page: Option<String>,
    /// What it did in the last whole month; nothing for fewer than five people.
    pub figures: Option<MonthFigures>,
}

/// Accounts of an organisation that has no name yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnnamedOrganisation {
    /// The organisation, in hexadecimal.
    pub organisation: String,
    /// What one of its places is called.
    pub place: Option<String>,
}

/// All organisations as the council sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CouncilOrganisations {
    /// Those that have a name.
    pub organisations: Vec<CouncilOrganisation>,
    /// Those that have accounts and no name yet.
    pub unnamed: Vec<UnnamedOrganisation>,
    /// What all of them did in the last whole month, as anybody is told: in tens, nothing for fewer than ten people.
    pub together: Option<MonthFigures>,
}

/// An account of an organisation, as its own staff sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrganisationAccount {
    /// The account.
    pub account: String,
    /// Its kind: `budget` or `fund`.
    pub kind: String,
    /// Its name.
    pub name: Option<String>,
    /// What it can still give.
    pub available: String,
    /// How many of its keys must sign.
    pub threshold: u64,
    /// Its keys.
    pub keys: Vec<KeyJson>,
}

/// What an organisation did in a month, as its own staff sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OwnMonth {
    /// The figures, of however few people: their own entries.
    pub figures: MonthFigures,
    /// What it gave.
    pub given: String,
}

/// An organisation as its own staff sees it: nothing of any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OwnOrganisation {
    /// The organisation, in hexadecimal.
    pub id: String,
    /// Its name, once the council gave it one.
    pub name: Option<String>,
    /// What it says of itself.
    pub words: OrganisationWords,
    /// What it may give in a day before another organisation signs too; nothing where no other ever does.
    pub day_amount: Option<String>,
    /// Its accounts.
    pub accounts: Vec<OrganisationAccount>,
    /// This month and the two before it, the newest first.
    pub months: Vec<OwnMonth>,
}
