//! Records for auditors: a CBOR sequence (RFC 8742) of `[salt, record]`, both byte strings, by index.

use klaver_ledger::entry::cbor::{CborError, Reader, Writer};

/// A record with the salt that opens all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// The record's salt.
    pub salt: [u8; 32],
    /// The canonical bytes of the record `[index, recorded_at, envelope]`.
    pub record: Vec<u8>,
}

impl AuditRecord {
    /// Returns the item of the sequence.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(self.record.len() + 40);
        w.array(2).bytes(&self.salt).bytes(&self.record);
        w.finish()
    }

    /// Reads the first item of `bytes`; returns it and the number of bytes it took.
    ///
    /// # Errors
    /// When the bytes do not start with a whole item: a reader of a stream waits for more and tries again.
    pub fn decode_first(bytes: &[u8]) -> Result<(Self, usize), CborError> {
        let mut r = Reader::new(bytes);
        r.array("audit_record", 2)?;
        let salt = r.fixed("salt")?;
        let record = r.bytes("record")?.to_vec();
        Ok((Self { salt, record }, r.position()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_read_item_by_item() {
        let records = [
            AuditRecord { salt: [1; 32], record: vec![7; 300] },
            AuditRecord { salt: [2; 32], record: vec![] },
        ];
        let bytes: Vec<u8> = records.iter().flat_map(AuditRecord::encode).collect();
        let (first, used) = AuditRecord::decode_first(&bytes).unwrap();
        let (second, rest) = AuditRecord::decode_first(&bytes[used..]).unwrap();
        assert_eq!(([first, second], used + rest), (records, bytes.len()));
        assert!(AuditRecord::decode_first(&bytes[..used - 1]).is_err());
    }
}
