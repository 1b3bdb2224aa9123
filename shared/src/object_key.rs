//! Every S3 key, spelled here and nowhere else.
//!
//! Originals and variants live in buckets of their own, so that writing a variant can never trigger the function
//! that makes variants. No byte of a key comes from a client: the owner's part is a hash, the id is ours, and the
//! variant's name comes from a table in the code.

use std::fmt;

use crate::ids::{OwnerId, UploadId};

const OWNER_PREFIX_LENGTH: usize = 32;

/// The key of one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    bucket: BucketRole,
    text: String,
    upload_id: UploadId,
}

/// Which of the two buckets an object lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BucketRole {
    /// What clients uploaded; never served inline.
    Originals,
    /// What we made from it.
    Variants,
}

impl ObjectKey {
    /// `u/<owner hash>/<id>`: the uploaded bytes.
    ///
    /// A key cannot be made of a text, whoever wrote it, nor without an owner:
    ///
    /// ```compile_fail
    /// # use shared::{ids::UploadId, object_key::ObjectKey};
    /// fn key_of(owner: &str, id: &UploadId) -> ObjectKey {
    ///     ObjectKey::original(owner, id)
    /// }
    /// ```
    pub fn original(owner: &OwnerId, id: &UploadId) -> Self {
        let text = format!("u/{}/{id}", owner.key_prefix());
        Self { bucket: BucketRole::Originals, text, upload_id: id.clone() }
    }

    /// `v/<owner hash>/<id>/<name>`: one image made from them. The same name always gives the same key, so a
    /// repeat overwrites instead of adding.
    pub fn variant(owner: &OwnerId, id: &UploadId, name: &str) -> Self {
        let text = format!("v/{}/{id}/{name}", owner.key_prefix());
        Self { bucket: BucketRole::Variants, text, upload_id: id.clone() }
    }

    /// Reads the key of an original from an S3 event or a listing, already percent-decoded.
    /// `None` for every key that [`ObjectKey::original`] cannot have made.
    pub fn parse_original(text: &str) -> Option<Self> {
        let mut segments = text.split('/');
        let (kind, owner, id) = (segments.next()?, segments.next()?, segments.next()?);
        let hex_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let well_formed = kind == "u"
            && segments.next().is_none()
            && owner.len() == OWNER_PREFIX_LENGTH
            && owner.bytes().all(hex_digit);
        match well_formed {
            true => UploadId::parse(id).ok().map(|id| Self {
                bucket: BucketRole::Originals,
                text: text.to_owned(),
                upload_id: id,
            }),
            false => None,
        }
    }

    /// The bucket it lives in.
    pub fn bucket(&self) -> BucketRole {
        self.bucket
    }

    /// The key as S3 knows it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The upload it belongs to.
    pub fn upload_id(&self) -> &UploadId {
        &self.upload_id
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Decodes the `object.key` of an S3 event: form encoding, `+` for a space and `%XX` for bytes, exactly once.
/// `None` when the result is not UTF-8 or an escape is cut short.
pub fn decode_event_key(encoded: &str) -> Option<String> {
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;
    use proptest::prelude::*;

    fn id() -> UploadId {
        UploadId::generate(Timestamp::from_seconds(1_795_000_000), [7; 10])
    }

    proptest! {
        #[test]
        fn the_key_of_any_owner_parses_back_to_its_upload(owner in "\\PC{1,60}") {
            if let Ok(owner) = OwnerId::parse(&owner) {
                let key = ObjectKey::original(&owner, &id());
                let parsed = ObjectKey::parse_original(key.as_str()).unwrap();
                prop_assert_eq!(parsed, key);
            }
        }

        #[test]
        fn decoding_never_panics_and_undoes_form_encoding(text in "\\PC{0,40}") {
            let encoded: String = text.bytes().map(|b| match b {
                b' ' => "+".to_owned(),
                other => format!("%{other:02X}"),
            }).collect();
            prop_assert_eq!(decode_event_key(&encoded), Some(text.clone()));
            let _ = decode_event_key(&text);
        }
    }

    #[test]
    fn foreign_keys_do_not_parse() {
        let owner = OwnerId::parse("alice").unwrap();
        let good = ObjectKey::original(&owner, &id());
        for key in [
            "",
            "u",
            "u//",
            "x/y/z",
            &format!("{good}/"),
            &format!("/{good}"),
            &format!("{good}/640x480.webp"),
            &good.as_str().replace("u/", "v/"),
            &good.as_str().to_lowercase(),
            "u/../01ARYZ6S410000000000000000",
        ] {
            assert_eq!(ObjectKey::parse_original(key), None, "{key}");
        }
    }

    #[test]
    fn an_event_key_is_decoded_once() {
        assert_eq!(decode_event_key("a+b%2Bc%252F").as_deref(), Some("a b+c%2F"));
        assert_eq!(decode_event_key("cut%2"), None);
        assert_eq!(decode_event_key("%FF"), None);
    }
}
