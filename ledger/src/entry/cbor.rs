//! The strict profile of CBOR: unsigned integers, byte strings, text, arrays, true, false, null.
//!
//! Deterministic encoding of RFC 8949, section 4.2.1, without maps, floats, negatives, tags and indefinite
//! lengths. minicbor reads and writes the items; because it accepts longer forms of integers and lengths,
//! whoever decodes a whole message encodes it again and compares ([`CborError::NotCanonical`]).

use crate::limits::{INTEGER_MAX, LINES_MAX};
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// Why bytes are not what a field of the protocol expects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// Another type of item, or the bytes ended.
    #[error("{field}: expected {expected}, found {found}: send the entry as its signer encoded it")]
    Unexpected {
        /// The field.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What stood there.
        found: String,
    },
    /// The value lies outside what the field may hold.
    #[error("{field}: {value} is not allowed, {limit}: correct the field and sign again")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        limit: String,
    },
    /// Items of a set are not strictly ascending.
    #[error(
        "{field}: items must be strictly ascending by their encoding, without repetition: sort them and sign again"
    )]
    Unsorted {
        /// The field.
        field: &'static str,
    },
    /// The bytes are not the one deterministic encoding of what they say.
    #[error(
        "{field}: not the deterministic encoding of RFC 8949, section 4.2.1: encode again and sign again"
    )]
    NotCanonical {
        /// The field.
        field: &'static str,
    },
    /// A version of the format that this program does not know.
    #[error("{field} {value} is unknown to this program: update it")]
    Unknown {
        /// The field.
        field: &'static str,
        /// The number found.
        value: u64,
    },
}

impl CborError {
    /// Returns the field the error speaks of.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Unexpected { field, .. }
            | Self::OutOfRange { field, .. }
            | Self::Unsorted { field }
            | Self::NotCanonical { field }
            | Self::Unknown { field, .. } => field,
        }
    }

    pub(crate) fn out_of_range(field: &'static str, value: impl ToString, limit: impl ToString) -> Self {
        Self::OutOfRange { field, value: value.to_string(), limit: limit.to_string() }
    }
}

/// Writes items. Writing to memory cannot fail.
pub struct Writer(Encoder<Vec<u8>>);

impl Writer {
    /// Returns a writer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Encoder::new(Vec::with_capacity(capacity)))
    }

    /// Returns a writer that goes on where `bytes` end; [`finish`](Self::finish) gives them back.
    pub fn after(bytes: Vec<u8>) -> Self {
        Self(Encoder::new(bytes))
    }

    /// Starts an array of `length` items.
    pub fn array(&mut self, length: usize) -> &mut Self {
        written(self.0.array(length as u64).is_ok());
        self
    }

    /// Writes an unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        written(self.0.u64(value).is_ok());
        self
    }

    /// Writes a byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        written(self.0.bytes(value).is_ok());
        self
    }

    /// Writes a text.
    pub fn text(&mut self, value: &str) -> &mut Self {
        written(self.0.str(value).is_ok());
        self
    }

    /// Writes true or false.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        written(self.0.bool(value).is_ok());
        self
    }

    /// Writes null.
    pub fn null(&mut self) -> &mut Self {
        written(self.0.null().is_ok());
        self
    }

    /// Writes `value` as `write` does, or null.
    pub fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => {
                self.null();
            }
        }
        self
    }

    /// Writes an array of every item as `write` does.
    pub fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.array(items.len());
        for item in items {
            write(self, item);
        }
        self
    }

    /// Writes items that are already encoded, as they are.
    pub fn encoded(&mut self, items: &[u8]) -> &mut Self {
        self.0.writer_mut().extend_from_slice(items);
        self
    }

    /// Returns what was written.
    pub fn finish(self) -> Vec<u8> {
        self.0.into_writer()
    }
}

fn written(ok: bool) {
    assert!(ok, "writing to memory cannot fail");
}

/// Reads items, naming the field in every error.
pub struct Reader<'b>(Decoder<'b>, Source);

/// Who wrote the bytes that are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Anybody,
    /// This program, and a hash has shown that they are unchanged.
    Ourselves,
}

impl<'b> Reader<'b> {
    /// Returns a reader of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(Decoder::new(bytes), Source::Anybody)
    }

    /// Returns a reader of bytes that this program wrote itself and whose hash was compared: what is costly to check
    /// was checked before they were written.
    pub(crate) fn of_own(bytes: &'b [u8]) -> Self {
        Self(Decoder::new(bytes), Source::Ourselves)
    }

    /// Returns whether the bytes are our own.
    pub(crate) fn is_own(&self) -> bool {
        self.1 == Source::Ourselves
    }

    /// Reads the head of an array of exactly `length` items.
    pub fn array(&mut self, field: &'static str, length: usize) -> Result<(), CborError> {
        match self.array_head(field)? {
            found if found == length as u64 => Ok(()),
            found => Err(CborError::out_of_range(
                field,
                format!("{found} items"),
                format!("exactly {length} belong there"),
            )),
        }
    }

    fn array_head(&mut self, field: &'static str) -> Result<u64, CborError> {
        let start = self.0.position();
        let (expected, found) = match self.0.array() {
            Ok(Some(length)) => return Ok(length),
            Ok(None) => ("an array that begins with its length", "an array of open length"),
            Err(_) => {
                self.0.set_position(start);
                if !matches!(self.0.datatype(), Ok(Type::Array)) {
                    return Err(self.unexpected(field, "an array"));
                }
                ("a whole array", "one that is cut off in its length")
            }
        };
        Err(CborError::Unexpected { field, expected, found: found.to_owned() })
    }

    /// Reads an unsigned integer of at most 2^53 - 1.
    pub fn uint(&mut self, field: &'static str) -> Result<u64, CborError> {
        if !matches!(self.0.datatype(), Ok(Type::U8 | Type::U16 | Type::U32 | Type::U64)) {
            return Err(self.unexpected(field, "an unsigned integer"));
        }
        let value = self.0.u64().map_err(|_| self.unexpected(field, "an unsigned integer"))?;
        if value <= INTEGER_MAX {
            Ok(value)
        } else {
            Err(CborError::out_of_range(field, value, format!("at most {INTEGER_MAX}")))
        }
    }

    /// Reads a byte string.
    pub fn bytes(&mut self, field: &'static str) -> Result<&'b [u8], CborError> {
        self.0.bytes().map_err(|_| self.unexpected(field, "a byte string"))
    }

    /// Reads a byte string of exactly `N` bytes.
    pub fn fixed<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], CborError> {
        let bytes = self.bytes(field)?;
        bytes.try_into().map_err(|_| {
            CborError::out_of_range(
                field,
                format!("{} bytes", bytes.len()),
                format!("exactly {N} belong there"),
            )
        })
    }

    /// Reads a text of 1 to `limit` bytes without control or bidirectional characters.
    pub fn text(&mut self, field: &'static str, limit: usize) -> Result<String, CborError> {
        let text = self.0.str().map_err(|_| self.unexpected(field, "a text"))?;
        if text.is_empty() || text.len() > limit {
            return Err(CborError::out_of_range(
                field,
                format!("{} bytes", text.len()),
                format!("1 to {limit} bytes of UTF-8"),
            ));
        }
        if let Some(bad) = text.chars().find(|c| is_invisible(*c)) {
            let limit = "control and bidirectional characters are not";
            return Err(CborError::out_of_range(field, format!("U+{:04X}", u32::from(bad)), limit));
        }
        Ok(text.to_owned())
    }

    /// Reads true or false.
    pub fn bool(&mut self, field: &'static str) -> Result<bool, CborError> {
        self.0.bool().map_err(|_| self.unexpected(field, "true or false"))
    }

    /// Reads null as `None`, anything else as `read` does.
    pub fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, CborError>,
    ) -> Result<Option<T>, CborError> {
        if matches!(self.0.datatype(), Ok(Type::Null)) {
            // The type was just seen; reading it moves on by one byte.
            let _ = self.0.null();
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// Reads an array of `allowed` items.
    pub fn list<T>(
        &mut self,
        field: &'static str,
        allowed: std::ops::RangeInclusive<usize>,
        mut read: impl FnMut(&mut Self) -> Result<T, CborError>,
    ) -> Result<Vec<T>, CborError> {
        let length = self.length_in(field, &allowed)?;
        (0..length).map(|_| read(self)).collect()
    }

    /// Reads an array of `allowed` items that are strictly ascending by the bytes of their encoding.
    pub fn set<T>(
        &mut self,
        field: &'static str,
        allowed: std::ops::RangeInclusive<usize>,
        mut read: impl FnMut(&mut Self) -> Result<T, CborError>,
    ) -> Result<Vec<T>, CborError> {
        let length = self.length_in(field, &allowed)?;
        // A length is only a claim: memory grows with what is really there.
        let mut items = Vec::with_capacity(length.min(LINES_MAX));
        let mut previous: &[u8] = &[];
        for _ in 0..length {
            let start = self.0.position();
            items.push(read(self)?);
            let encoded = &self.0.input()[start..self.0.position()];
            if previous >= encoded {
                return Err(CborError::Unsorted { field });
            }
            previous = encoded;
        }
        Ok(items)
    }

    fn length_in(
        &mut self,
        field: &'static str,
        allowed: &std::ops::RangeInclusive<usize>,
    ) -> Result<usize, CborError> {
        let length = self.array_head(field)?;
        // The bound is checked before any memory is reserved for the items.
        usize::try_from(length).ok().filter(|length| allowed.contains(length)).ok_or_else(|| {
            let limit = format!("{} to {} belong there", allowed.start(), allowed.end());
            CborError::out_of_range(field, format!("{length} items"), limit)
        })
    }

    /// Passes over one item of any type and returns its bytes.
    pub fn item(&mut self, field: &'static str) -> Result<&'b [u8], CborError> {
        let start = self.0.position();
        self.0.skip().map_err(|_| self.unexpected(field, "a complete item"))?;
        Ok(&self.0.input()[start..self.0.position()])
    }

    /// Returns whether an array comes next.
    pub fn next_is_array(&self) -> bool {
        matches!(self.0.datatype(), Ok(Type::Array))
    }

    /// Returns the position in the input, in bytes.
    pub fn position(&self) -> usize {
        self.0.position()
    }

    /// Checks that nothing follows.
    pub fn end(&self, field: &'static str) -> Result<(), CborError> {
        match self.0.input().len() - self.0.position() {
            0 => Ok(()),
            left => Err(CborError::out_of_range(
                field,
                format!("{left} bytes after the end"),
                "nothing may follow",
            )),
        }
    }

    fn unexpected(&self, field: &'static str, expected: &'static str) -> CborError {
        let found = match self.0.datatype() {
            Ok(found) => found.to_string(),
            Err(_) => "the end of the bytes".to_owned(),
        };
        CborError::Unexpected { field, expected, found }
    }
}

/// Returns whether a character could change how the text around it is read or shown.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
