//! Signed notes: a text, an empty line, and lines with signatures over the text (C2SP `signed-note`).

use std::fmt;

use data_encoding::BASE64;

use super::key::{KeyId, KeyKind, KeyName, Statement, VerifierKey};
use super::text::{excerpt, parse_base64};

/// The largest note that is read or made, in bytes: room for 16 post-quantum signatures, not for a flood.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The most signature lines a note may have; the specification asks for at least 16.
pub const NOTE_SIGNATURES_MAX: usize = 64;

/// An em dash and a space begin each signature line.
const LINE_START: &str = "\u{2014} ";

/// Why a note cannot be read, made or trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The note is too large.
    #[error("the note has {found} bytes, the limit is {NOTE_BYTES_MAX}")]
    TooLarge {
        /// Its bytes.
        found: usize,
    },
    /// The note has too many signature lines.
    #[error("the note has more than {NOTE_SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// The note is not UTF-8.
    #[error("the note is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// The first wrong byte.
        at: usize,
    },
    /// The note has a control character other than newline.
    #[error("the note has control character {character:?}: only newline is allowed")]
    ControlCharacter {
        /// The character.
        character: char,
    },
    /// The text does not end in a newline.
    #[error("the text of a note must end in a newline")]
    UnfinishedText,
    /// There is no empty line followed by signatures.
    #[error(
        "the note has no signatures: expected an empty line after the text and lines of signatures, each ending in a newline"
    )]
    NoSignatures,
    /// A line after the last empty line is not a signature line.
    #[error("signature line {line} is malformed: `{content}`; expected `\u{2014} name base64`")]
    Line {
        /// Its number after the empty line, from 1.
        line: usize,
        /// The line, shortened.
        content: String,
    },
    /// A signature line bears the name and id of a known key, but does not verify.
    #[error("the signature of {name} ({id}) does not verify: the note was changed or forged")]
    BadSignature {
        /// Name of the key.
        name: KeyName,
        /// Id of the key.
        id: KeyId,
    },
    /// None of the keys asked about has signed.
    #[error("the note bears no signature of a known key")]
    NoKnownKey,
    /// A key was used for something that it does not sign.
    #[error("the key of {name} is of kind {found:?}, this needs {needed:?}")]
    WrongKind {
        /// Name of the key.
        name: KeyName,
        /// The kind needed.
        needed: KeyKind,
        /// The kind that the key has.
        found: KeyKind,
    },
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: KeyName,
    id: KeyId,
    signature: Vec<u8>,
}

impl NoteSignature {
    /// Makes the line in which `key` gives `signature`, as its kind encodes it.
    pub(super) fn new(key: &VerifierKey, signature: &[u8]) -> NoteSignature {
        NoteSignature { name: key.name().clone(), id: key.id(), signature: signature.to_vec() }
    }

    /// Reads one line, without its newline.
    ///
    /// # Errors
    /// [`NoteError::Line`], also for base64 that is not standard, padded and free of trailing bits.
    pub fn parse(line: &str) -> Result<NoteSignature, NoteError> {
        NoteSignature::read(line).ok_or_else(|| NoteError::Line { line: 1, content: excerpt(line) })
    }

    fn read(line: &str) -> Option<NoteSignature> {
        let (name, encoded) = line.strip_prefix(LINE_START)?.split_once(' ')?;
        let name = KeyName::new(name).ok()?;
        let bytes = parse_base64(encoded)?;
        match bytes.split_first_chunk::<4>() {
            Some((id, signature)) if !signature.is_empty() => {
                Some(NoteSignature { name, id: KeyId(*id), signature: signature.to_vec() })
            }
            _ => None,
        }
    }

    /// Returns the name of the key that signed.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Returns the id of the key that signed.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Returns the bytes after the key id, whose meaning depends on the kind of key.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether this line claims to be by `key`.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == *key.name() && self.id == key.id()
    }

    /// Says what this line of `key` states about `text`; `None` for a line of another key.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] if it claims to be by `key` and does not verify.
    pub fn verify(&self, key: &VerifierKey, text: &str) -> Result<Option<Statement>, NoteError> {
        if !self.is_by(key) {
            return Ok(None);
        }
        match key.verify(text, &self.signature) {
            Some(statement) => Ok(Some(statement)),
            None => Err(NoteError::BadSignature { name: self.name.clone(), id: self.id }),
        }
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.0.as_slice(), &self.signature].concat();
        write!(f, "{LINE_START}{} {}", self.name, BASE64.encode(&bytes))
    }
}

/// A text with at least one signature line, well formed but not yet verified.
///
/// What [`Note::parse`] accepts prints the same bytes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Signs `text` with `key`, whose secret half `sign` applies to the bytes it is given.
    ///
    /// # Errors
    /// [`NoteError::WrongKind`] unless the key signs notes; [`NoteError`] for a text that cannot be in a note.
    pub fn sign(
        text: String,
        key: &VerifierKey,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Result<Note, NoteError> {
        if key.kind() != KeyKind::Note {
            return Err(NoteError::WrongKind {
                name: key.name().clone(),
                needed: KeyKind::Note,
                found: key.kind(),
            });
        }
        let signature = sign(text.as_bytes());
        Note::new(text, NoteSignature::new(key, &signature))
    }

    /// Puts a text and its first signature line together, without verifying it.
    ///
    /// # Errors
    /// [`NoteError::UnfinishedText`], [`NoteError::ControlCharacter`] or [`NoteError::TooLarge`].
    pub fn new(text: String, signature: NoteSignature) -> Result<Note, NoteError> {
        check_characters(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::UnfinishedText);
        }
        let note = Note { text, signatures: vec![signature] };
        note.check_size()?;
        Ok(note)
    }

    /// Adds a signature line, without verifying it; an earlier line of the same key is replaced.
    ///
    /// # Errors
    /// [`NoteError::TooManySignatures`] or [`NoteError::TooLarge`]; the note is then unchanged.
    pub fn add_signature(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        let mut signed = self.clone();
        signed.signatures.retain(|line| line.name != signature.name || line.id != signature.id);
        signed.signatures.push(signature);
        if signed.signatures.len() > NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        signed.check_size()?;
        *self = signed;
        Ok(())
    }

    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError`] for anything but text, the last empty line, and well-formed signature lines.
    pub fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge { found: bytes.len() });
        }
        let note = str::from_utf8(bytes).map_err(|error| NoteError::NotUtf8 { at: error.valid_up_to() })?;
        check_characters(note)?;
        let empty_line = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, lines) = (&note[..=empty_line], &note[empty_line + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;

        let mut signatures = Vec::new();
        for (number, line) in (1..).zip(lines.split('\n')) {
            if number > NOTE_SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures);
            }
            let malformed = || NoteError::Line { line: number, content: excerpt(line) };
            signatures.push(NoteSignature::read(line).ok_or_else(malformed)?);
        }
        Ok(Note { text: text.to_owned(), signatures })
    }

    /// Returns the note with those of its lines that `keeps` keeps, of each key the last; `None` when it keeps none.
    pub fn with_lines(&self, keeps: impl Fn(&NoteSignature) -> bool) -> Option<Note> {
        let mut signatures: Vec<NoteSignature> = Vec::new();
        for line in self.signatures.iter().filter(|line| keeps(line)) {
            signatures.retain(|kept| kept.name != line.name || kept.id != line.id);
            signatures.push(line.clone());
        }
        (!signatures.is_empty()).then(|| Note { text: self.text.clone(), signatures })
    }

    /// Returns the text, which ends in a newline. Trust it only after [`Note::verify`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the signature lines in their order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Says which of `keys` have signed, each once and in the order of the lines.
    ///
    /// Lines of other keys are ignored.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] if any line of a known key does not verify; [`NoteError::NoKnownKey`] if no known
    /// key has signed.
    pub fn verify<'k>(
        &self,
        keys: &'k [VerifierKey],
    ) -> Result<Vec<(&'k VerifierKey, Statement)>, NoteError> {
        let mut verified: Vec<(&VerifierKey, Statement)> = Vec::new();
        for line in &self.signatures {
            for key in keys {
                if let Some(statement) = line.verify(key, &self.text)?
                    && verified.iter().all(|(seen, _)| *seen != key)
                {
                    verified.push((key, statement));
                }
            }
        }
        if verified.is_empty() { Err(NoteError::NoKnownKey) } else { Ok(verified) }
    }

    fn check_size(&self) -> Result<(), NoteError> {
        match self.to_string().len() {
            found if found > NOTE_BYTES_MAX => Err(NoteError::TooLarge { found }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    match text.chars().find(|&c| c < ' ' && c != '\n') {
        Some(character) => Err(NoteError::ControlCharacter { character }),
        None => Ok(()),
    }
}
