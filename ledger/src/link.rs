//! Every QR code and link: what a camera reads, and what a till, a card or a poster shows.
//!
//! A link begins with `https://`, so that any phone's camera opens it. Secrets stand in the fragment alone,
//! which browsers do not send; no account id stands anywhere. Scheme, host, the letter of the path and ids are
//! read in either case, because codes in capitals are smaller. Signed bytes travel as `KLVP:` and `KLVC:`.

mod address;

use crate::entry::cbor::CborError;
use crate::entry::{Body, SignedEntry};
use crate::id::{Digest, LedgerId, RequestId, TaskId};
use crate::keys::Signature;
use crate::limits::{ALIAS_BYTES_MAX, INTEGER_MAX, LINK_BYTES_MAX, QR_CHARS_MAX, SCALE_MAX};
use data_encoding::{BitOrder, Encoding, Specification};
use std::fmt;
use std::sync::LazyLock;

pub use address::NodeAddress;

const PAYMENT_PREFIX: &str = "KLVP:";
const CHECKPOINT_PREFIX: &str = "KLVC:";
const RECEIPT_PREFIX: &str = "c2sp.org/tlog-proof@";
const CHECKPOINT_BYTES: usize = 8 + 8 + 32 + 64;

/// What a code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// `/p/ID`: somebody asks to be paid.
    Request {
        /// The community's node.
        node: NodeAddress,
        /// The request.
        id: RequestId,
    },
    /// `/to/ALIAS?amount=`: pay somebody, by a name that they may replace.
    Alias {
        /// The community's node.
        node: NodeAddress,
        /// The name.
        alias: Alias,
        /// The amount they ask, if any.
        amount: Option<AskedAmount>,
    },
    /// `/c/ID` on the front of a card receives, `/c/ID#SECRET` inside pays.
    Card {
        /// The community's node.
        node: NodeAddress,
        /// The card.
        id: CodeId,
        /// What its key is made of.
        secret: Option<Secret>,
    },
    /// `/v/ID#SECRET`: a bearer voucher.
    Voucher {
        /// The community's node.
        node: NodeAddress,
        /// The voucher.
        id: CodeId,
        /// What its key is made of.
        secret: Secret,
    },
    /// `/t/ID#CODE`: be there at a session; recorded only after a tap.
    CheckIn {
        /// The community's node.
        node: NodeAddress,
        /// The session.
        session: TaskId,
        /// What only those who are there can read.
        code: Secret,
    },
    /// `/i/CODE`: join the community.
    Invitation {
        /// The community's node.
        node: NodeAddress,
        /// The invitation.
        code: CodeId,
    },
    /// `/l/ID#CODE`: a right that is lent for today.
    LentRight {
        /// The community's node.
        node: NodeAddress,
        /// The right.
        id: CodeId,
        /// What takes it.
        code: Secret,
    },
    /// `/d/ID`: an entry that waits for signatures.
    Draft {
        /// The community's node.
        node: NodeAddress,
        /// The draft.
        id: CodeId,
    },
    /// `KLVP:`: a signed payment, shown without network.
    Payment {
        /// The ledger it is meant for.
        ledger: LedgerPrefix,
        /// The payment.
        entry: Box<SignedEntry>,
    },
    /// `KLVC:`: a checkpoint of the public log, for people to compare.
    Checkpoint {
        /// The ledger it speaks of.
        ledger: LedgerPrefix,
        /// How many leaves the log had.
        size: u64,
        /// Its root.
        root: Digest,
        /// The log's signature over that checkpoint.
        signature: Signature,
    },
    /// The text of a receipt (`.tlog-proof`), not looked into yet.
    Receipt(String),
}

/// A random identifier that only the node can resolve: of a card, a voucher, an invitation, a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeId(pub [u8; 16]);

/// Sixteen secret bytes of a code. Shown only inside a printed link, never when debugging.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; 16]);

/// The first eight bytes of a ledger id: enough to tell communities apart on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerPrefix(pub [u8; 8]);

/// A replaceable name of somebody who is paid: lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias(String);

/// An amount as a link asks it: digits, and perhaps a point with up to four decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedAmount(String);

/// Why a text is no code of ours, or not one of this community.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Neither a link nor signed bytes.
    #[error("\"{found}\" is no code of a community: scan the code of a till, a card or a poster")]
    NotALink {
        /// The beginning of what was scanned.
        found: String,
    },
    /// Plain http to another machine.
    #[error("the link to {host} is not encrypted: ask for a link that begins with https://")]
    NotSecure {
        /// The host.
        host: String,
    },
    /// A link whose path means nothing here.
    #[error("the path \"{found}\" is unknown: update this program, or scan the code again")]
    UnknownPath {
        /// The path.
        found: String,
    },
    /// One part is not as it should be.
    #[error(
        "the {part} of this code is \"{found}\", expected {expected}: scan the code again or ask for a new one"
    )]
    Part {
        /// Which part.
        part: &'static str,
        /// What stood there, at most its beginning; never a secret.
        found: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// More than a code may hold.
    #[error("this code has {bytes} bytes, at most {limit} fit: use a shorter host name or alias")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The signed payment inside is not well formed.
    #[error("the payment in this code cannot be read: {0}")]
    Payment(#[from] CborError),
    /// A code of another community.
    #[error(
        "this code belongs to another community ({theirs}), not to this one ({ours}): use the wallet you have there"
    )]
    OtherCommunity {
        /// The host, or the beginning of the ledger id, that the code names.
        theirs: String,
        /// What this community's codes name.
        ours: String,
    },
}

impl LinkError {
    /// Returns the stable code of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotALink { .. } => "not_a_link",
            Self::NotSecure { .. } => "link_not_secure",
            Self::UnknownPath { .. } => "link_unknown",
            Self::Part { .. } | Self::TooLong { .. } | Self::Payment(_) => "link_malformed",
            Self::OtherCommunity { .. } => "other_community",
        }
    }
}

impl Link {
    /// Reads what a camera saw or a person pasted.
    ///
    /// # Errors
    /// Names the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim_ascii();
        if text.len() > QR_CHARS_MAX {
            return Err(LinkError::TooLong { bytes: text.len(), limit: QR_CHARS_MAX });
        }
        if let Some(payload) = text.strip_prefix(PAYMENT_PREFIX) {
            return parse_payment(payload);
        }
        if let Some(payload) = text.strip_prefix(CHECKPOINT_PREFIX) {
            return parse_checkpoint(payload);
        }
        if text.starts_with(RECEIPT_PREFIX) {
            return Ok(Self::Receipt(text.to_owned()));
        }
        if text.len() > LINK_BYTES_MAX {
            return Err(LinkError::TooLong { bytes: text.len(), limit: LINK_BYTES_MAX });
        }
        parse_address_link(text)
    }

    /// Returns the text to show as a code or to send.
    ///
    /// # Errors
    /// `TooLong` when the node's name or the alias leaves no room within 90 bytes.
    pub fn print(&self) -> Result<String, LinkError> {
        let text = self.to_string();
        let limit = if self.node().is_some() { LINK_BYTES_MAX } else { QR_CHARS_MAX };
        if text.len() <= limit { Ok(text) } else { Err(LinkError::TooLong { bytes: text.len(), limit }) }
    }

    /// Returns the node that the link leads to; signed bytes lead to none.
    pub fn node(&self) -> Option<&NodeAddress> {
        match self {
            Self::Request { node, .. }
            | Self::Alias { node, .. }
            | Self::Card { node, .. }
            | Self::Voucher { node, .. }
            | Self::CheckIn { node, .. }
            | Self::Invitation { node, .. }
            | Self::LentRight { node, .. }
            | Self::Draft { node, .. } => Some(node),
            Self::Payment { .. } | Self::Checkpoint { .. } | Self::Receipt(_) => None,
        }
    }

    /// Checks that the code is of the community at `home` with the ledger `ledger`.
    ///
    /// A receipt is not looked into: verifying it tells.
    ///
    /// # Errors
    /// `OtherCommunity`, naming both; whoever has a network may ask the other node for its name.
    pub fn check_community(&self, home: &NodeAddress, ledger: &LedgerId) -> Result<(), LinkError> {
        let ours = LedgerPrefix::of(ledger);
        match self {
            Self::Payment { ledger, .. } | Self::Checkpoint { ledger, .. } if *ledger != ours => {
                Err(LinkError::OtherCommunity { theirs: ledger.to_string(), ours: ours.to_string() })
            }
            link => match link.node() {
                Some(node) if node != home => {
                    Err(LinkError::OtherCommunity { theirs: node.to_string(), ours: home.to_string() })
                }
                _ => Ok(()),
            },
        }
    }
}

fn parse_address_link(text: &str) -> Result<Link, LinkError> {
    let (node, rest) = NodeAddress::split(text)?;
    let (rest, fragment) = match rest.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (rest, None),
    };
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let unknown = || LinkError::UnknownPath { found: shown(path) };
    let (letter, name) = path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or_else(unknown)?;
    let letter = letter.to_ascii_lowercase();
    if letter != "to" {
        absent("query", query)?;
    }
    if matches!(letter.as_str(), "p" | "to" | "i" | "d") {
        // What stands there may be a secret that somebody pasted: it is not repeated.
        absent("fragment", fragment.map(|_| "…"))?;
    }
    let id = || sixteen("id", name, true);
    let secret = || sixteen("secret", fragment.unwrap_or(""), false).map(Secret);
    Ok(match letter.as_str() {
        "p" => Link::Request { id: RequestId(id()?), node },
        "to" => Link::Alias { alias: Alias::parse(name)?, amount: query.map(parse_query).transpose()?, node },
        "c" => Link::Card { id: CodeId(id()?), secret: fragment.map(|_| secret()).transpose()?, node },
        "v" => Link::Voucher { id: CodeId(id()?), secret: secret()?, node },
        "t" => Link::CheckIn { session: TaskId(id()?), code: secret()?, node },
        "i" => Link::Invitation { code: CodeId(id()?), node },
        "l" => Link::LentRight { id: CodeId(id()?), code: secret()?, node },
        "d" => Link::Draft { id: CodeId(id()?), node },
        _ => return Err(unknown()),
    })
}

fn parse_query(query: &str) -> Result<AskedAmount, LinkError> {
    let amount = query.strip_prefix("amount=").ok_or_else(|| LinkError::Part {
        part: "query",
        found: shown(query),
        expected: "amount= and a number, or nothing",
    })?;
    AskedAmount::parse(amount)
}

fn absent(part: &'static str, found: Option<&str>) -> Result<(), LinkError> {
    match found {
        Some(found) => Err(LinkError::Part { part, found: shown(found), expected: "nothing" }),
        None => Ok(()),
    }
}

/// Reads 16 bytes of base32; a secret is not repeated in the error.
fn sixteen(part: &'static str, text: &str, may_show: bool) -> Result<[u8; 16], LinkError> {
    let decoded = BASE32.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    decoded.ok_or_else(|| LinkError::Part {
        part,
        found: if may_show { shown(text) } else { format!("{} characters", text.chars().count()) },
        expected: "26 letters and digits of base32",
    })
}

fn unpack(payload: &str) -> Result<(LedgerPrefix, Vec<u8>), LinkError> {
    let wrong = |expected| LinkError::Part { part: "payload", found: shown(payload), expected };
    let bytes = base45::decode(payload).map_err(|_| wrong("base45"))?;
    // The decoder takes some texts that no encoder writes; a code has one form.
    if base45::encode(&bytes) != payload {
        return Err(wrong("base45 in its one form"));
    }
    let Some((prefix, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(wrong("eight bytes of a ledger id first"));
    };
    Ok((LedgerPrefix(*prefix), rest.to_vec()))
}

fn parse_payment(payload: &str) -> Result<Link, LinkError> {
    let (ledger, envelope) = unpack(payload)?;
    let entry = SignedEntry::decode(&envelope)?;
    let kind = entry.entry().body.kind();
    if !matches!(entry.entry().body, Body::Pay(_)) {
        let found = kind.word().to_owned();
        return Err(LinkError::Part { part: "payment", found, expected: "an entry of kind pay" });
    }
    Ok(Link::Payment { ledger, entry: Box::new(entry) })
}

fn parse_checkpoint(payload: &str) -> Result<Link, LinkError> {
    let (ledger, rest) = unpack(payload)?;
    let wrong = |found: String, expected| LinkError::Part { part: "checkpoint", found, expected };
    let bytes: [u8; CHECKPOINT_BYTES - 8] = rest
        .try_into()
        .map_err(|rest: Vec<u8>| wrong(format!("{} bytes", rest.len() + 8), "exactly 112 bytes"))?;
    let (size, rest) = bytes.split_first_chunk::<8>().expect("104 bytes have eight");
    let (root, signature) = rest.split_first_chunk::<32>().expect("96 bytes have 32");
    let signature = signature.try_into().expect("64 bytes are left");
    let size = u64::from_be_bytes(*size);
    if size > INTEGER_MAX {
        return Err(wrong(size.to_string(), "a size of at most 9007199254740991"));
    }
    Ok(Link::Checkpoint { ledger, size, root: Digest(*root), signature: Signature(signature) })
}

impl LedgerPrefix {
    /// Returns the first eight bytes of `ledger`.
    pub fn of(ledger: &LedgerId) -> Self {
        Self(*ledger.0.first_chunk().expect("a ledger id has 32 bytes"))
    }
}

impl Alias {
    /// Reads an alias, in either case.
    ///
    /// # Errors
    /// When it is empty, too long, or has other characters than letters, digits and inner hyphens.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let alias = text.to_ascii_lowercase();
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let edges = alias.starts_with('-') || alias.ends_with('-');
        if (1..=ALIAS_BYTES_MAX).contains(&alias.len()) && alias.bytes().all(allowed) && !edges {
            return Ok(Self(alias));
        }
        let expected = "1 to 32 letters, digits and hyphens";
        Err(LinkError::Part { part: "alias", found: shown(text), expected })
    }

    /// Returns the alias, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AskedAmount {
    /// Reads an amount with a point or comma.
    ///
    /// # Errors
    /// When it is no plain decimal of at most four decimals.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let plain = text.replacen(',', ".", 1);
        let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if digits(whole) && digits(decimals) && whole.len() <= 16 && decimals.len() <= usize::from(SCALE_MAX)
        {
            return Ok(Self(plain));
        }
        let expected = "digits, with at most four decimals after a point";
        Err(LinkError::Part { part: "amount", found: shown(text), expected })
    }

    /// Returns the text, as `Amount::parse` reads it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { node, id } => write!(f, "{node}/p/{}", base32(&id.0)),
            Self::Alias { node, alias, amount } => {
                write!(f, "{node}/to/{}", alias.0)?;
                amount.as_ref().map_or(Ok(()), |amount| write!(f, "?amount={}", amount.0))
            }
            Self::Card { node, id, secret } => {
                write!(f, "{node}/c/{id}")?;
                secret.map_or(Ok(()), |secret| write!(f, "#{}", base32(&secret.0)))
            }
            Self::Voucher { node, id, secret } => write!(f, "{node}/v/{id}#{}", base32(&secret.0)),
            Self::CheckIn { node, session, code } => {
                write!(f, "{node}/t/{}#{}", base32(&session.0), base32(&code.0))
            }
            Self::Invitation { node, code } => write!(f, "{node}/i/{code}"),
            Self::LentRight { node, id, code } => write!(f, "{node}/l/{id}#{}", base32(&code.0)),
            Self::Draft { node, id } => write!(f, "{node}/d/{id}"),
            Self::Payment { ledger, entry } => {
                let bytes = [ledger.0.as_slice(), &entry.encode()].concat();
                write!(f, "{PAYMENT_PREFIX}{}", base45::encode(&bytes))
            }
            Self::Checkpoint { ledger, size, root, signature } => {
                let size = size.to_be_bytes();
                let bytes = [ledger.0.as_slice(), &size, &root.0, &signature.0].concat();
                write!(f, "{CHECKPOINT_PREFIX}{}", base45::encode(&bytes))
            }
            Self::Receipt(text) => f.write_str(text),
        }
    }
}

impl CodeId {
    /// Reads the base32 text of an id, in either case.
    ///
    /// # Errors
    /// When it is not 26 characters of base32.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        sixteen("id", text, true).map(Self)
    }
}

impl fmt::Display for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32(&self.0))
    }
}

impl fmt::Display for LedgerPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Base32 of RFC 4648 in lower case, without padding, read in either case; unused bits are zero.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.translate.from.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    specification.translate.to.push_str("abcdefghijklmnopqrstuvwxyz");
    specification.bit_order = BitOrder::MostSignificantFirst;
    specification.check_trailing_bits = true;
    specification.encoding().expect("the table of base32 is well formed")
});

/// Returns the base32 text of 16 bytes, as codes write ids: 26 characters in lower case.
pub fn base32(bytes: &[u8; 16]) -> String {
    BASE32.encode(bytes)
}

/// Returns the beginning of `text`, for an error.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
