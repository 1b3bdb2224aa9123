//! How long a real presigned URL is: the fakes' URLs are shorter, and API Gateway meters answers by their size.

use shared::checksum::ChecksumAlgorithm;
use shared::sigv4::{Presigner, SigningCredentials, SigningKey, SigningTime};

/// The token of a Lambda role is about this long.
const SESSION_TOKEN_BYTES: usize = 1_000;
/// S3's own upload ids are this long.
const UPLOAD_ID_BYTES: usize = 128;
/// `u/`, 32 digits of the owner's hash, `/`, and the 26 characters of an id.
const KEY_BYTES: usize = 61;

/// The length of an `UploadPart` URL as presign signs it.
pub(crate) fn real_url_bytes() -> anyhow::Result<usize> {
    let time = SigningTime::from_epoch_seconds(1_709_251_199)?;
    let signing_key = SigningKey::derive("secret", &time, "us-east-1", "s3")?;
    // A token is base64: about one character in thirty becomes three in a URL.
    let token = "IQoJb3JpZ2luX2VjEJr/aCXVzLWVhc+0".repeat(SESSION_TOKEN_BYTES.div_ceil(32));
    let credentials = SigningCredentials {
        access_key_id: "ASIAEXAMPLEEXAMPLE12",
        session_token: token.get(..SESSION_TOKEN_BYTES),
        signing_key: &signing_key,
    };
    let endpoint = "https://longshore-originals-000000000000-us-east-1.s3.us-east-1.amazonaws.com";
    let presigner = Presigner::new(credentials, endpoint, &time, 900)?;
    let (key, upload_id) = ("k".repeat(KEY_BYTES), "i".repeat(UPLOAD_ID_BYTES));
    let parts = presigner.part_presigner(&key, &upload_id, Some(ChecksumAlgorithm::Crc64nvme))?;
    Ok(parts.presign(1_000, 8_388_608, Some("AAAAAAAAAAA="))?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_url_is_longer_than_its_token_and_shorter_than_what_browsers_take() {
        let length = real_url_bytes().unwrap();
        assert!((SESSION_TOKEN_BYTES + UPLOAD_ID_BYTES..2_048).contains(&length), "{length}");
    }
}
