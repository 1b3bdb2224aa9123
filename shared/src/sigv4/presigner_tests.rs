//! Tests of signing: the published example, what a signature depends on, what is refused.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::checksum::ChecksumAlgorithm;
use crate::sigv4::{GetObject, PartPresigner, PutObject};

const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const ENDPOINT: &str = "https://examplebucket.s3.amazonaws.com";
/// 2013-05-24T00:00:00Z, the moment of the published example.
const SIGNED_AT: u64 = 1_369_353_600;

fn presigner_of(
    secret: &str,
    token: Option<&str>,
    region: &str,
    epoch_seconds: u64,
    expires_in_seconds: u32,
) -> Presigner {
    let time = SigningTime::from_epoch_seconds(epoch_seconds).unwrap();
    let signing_key = SigningKey::derive(secret, &time, region, "s3").unwrap();
    let credentials =
        SigningCredentials { access_key_id: ACCESS_KEY_ID, session_token: token, signing_key: &signing_key };
    Presigner::new(credentials, ENDPOINT, &time, expires_in_seconds).unwrap()
}

fn presigner() -> Presigner {
    presigner_of(SECRET, None, "us-east-1", SIGNED_AT, 86_400)
}

fn parts(key: &str, upload_id: &str, algorithm: Option<ChecksumAlgorithm>) -> PartPresigner {
    presigner().part_presigner(key, upload_id, algorithm).unwrap()
}

fn signature_of(url: &str) -> &str {
    let (_, rest) = url.split_once("&X-Amz-Signature=").unwrap();
    rest.split('&').next().unwrap()
}

/// "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", Amazon S3 API Reference, Example.
#[test]
fn the_published_s3_example_is_signed_as_published() {
    let request = PresignRequest { method: Method::Get, key: "test.txt", query: &[], headers: &[] };
    assert_eq!(
        presigner().presign(&request).unwrap(),
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}

#[test]
fn the_fast_path_for_parts_signs_what_the_general_way_signs() {
    for token in [None, Some("token/with+odd=characters")] {
        let presigner = presigner_of(SECRET, token, "eu-west-1", SIGNED_AT, 60);
        for checksum in [None, Some((ChecksumAlgorithm::Crc64nvme, "AAAAAAAAAAA="))] {
            let algorithm = checksum.map(|(algorithm, _)| algorithm);
            let value = checksum.map(|(_, value)| value);
            let fast = presigner.part_presigner("a b/c", "up/load id", algorithm).unwrap();
            let mut headers = vec![("content-length", "5242880")];
            headers.extend(checksum.map(|(algorithm, value)| (algorithm.header(), value)));
            let general = PresignRequest {
                method: Method::Put,
                key: "a b/c",
                query: &[("x-id", "UploadPart"), ("partNumber", "17"), ("uploadId", "up/load id")],
                headers: &headers,
            };
            assert_eq!(fast.presign(17, 5_242_880, value), presigner.presign(&general));
        }
    }
}

#[test]
fn a_url_is_allocated_once_at_its_exact_size() {
    let presigner = presigner_of(SECRET, Some("to/ken"), "us-east-1", SIGNED_AT, 60);
    let part = presigner.part_presigner("k é", "u", None).unwrap().presign(10_000, 1, None).unwrap();
    let get = GetObject {
        key: "k é",
        response_content_disposition: Some("attachment"),
        response_content_type: None,
    };
    for url in [part, presigner.get_object(&get).unwrap()] {
        assert_eq!(url.capacity(), url.len());
    }
}

#[test]
fn query_parameters_on_both_sides_of_the_signatures_own_are_signed_in_byte_order() {
    let sign = |query: &[(&str, &str)]| {
        let request = PresignRequest { method: Method::Get, key: "k", query, headers: &[] };
        signature_of(&presigner().presign(&request).unwrap()).to_owned()
    };
    let pairs = [("a", "1"), ("A", "2"), ("a", "0"), ("Z", "3")];
    let reversed = [("Z", "3"), ("a", "0"), ("A", "2"), ("a", "1")];
    assert_eq!(sign(&pairs), sign(&reversed));
}

#[test]
fn every_input_of_a_part_changes_its_signature() {
    let sha256 = Some(ChecksumAlgorithm::Sha256);
    let urls = [
        parts("k", "u", None).presign(1, 5, None),
        parts("k", "u", None).presign(2, 5, None),
        parts("k", "u", None).presign(1, 6, None),
        parts("l", "u", None).presign(1, 5, None),
        parts("k", "v", None).presign(1, 5, None),
        parts("k", "u", sha256).presign(1, 5, Some("AA==")),
        parts("k", "u", sha256).presign(1, 5, Some("AB==")),
        parts("k", "u", Some(ChecksumAlgorithm::Crc32c)).presign(1, 5, Some("AA==")),
        presigner_of("other", None, "us-east-1", SIGNED_AT, 86_400)
            .part_presigner("k", "u", None)
            .unwrap()
            .presign(1, 5, None),
        presigner_of(SECRET, Some("t"), "us-east-1", SIGNED_AT, 86_400)
            .part_presigner("k", "u", None)
            .unwrap()
            .presign(1, 5, None),
        presigner_of(SECRET, None, "us-west-1", SIGNED_AT, 86_400)
            .part_presigner("k", "u", None)
            .unwrap()
            .presign(1, 5, None),
        presigner_of(SECRET, None, "us-east-1", SIGNED_AT + 1, 86_400)
            .part_presigner("k", "u", None)
            .unwrap()
            .presign(1, 5, None),
        presigner_of(SECRET, None, "us-east-1", SIGNED_AT, 86_401)
            .part_presigner("k", "u", None)
            .unwrap()
            .presign(1, 5, None),
    ];
    let signatures: HashSet<String> =
        urls.iter().map(|url| signature_of(url.as_ref().unwrap()).to_owned()).collect();
    assert_eq!(signatures.len(), urls.len());
}

#[test]
fn every_header_of_a_put_changes_its_signature() {
    let plain = PutObject {
        key: "k",
        content_length_bytes: 1,
        content_type: "image/png",
        only_if_absent: false,
        checksum: None,
        metadata: &[],
    };
    let puts = [
        plain,
        PutObject { content_length_bytes: 2, ..plain },
        PutObject { content_type: "image/jpeg", ..plain },
        PutObject { only_if_absent: true, ..plain },
        PutObject { checksum: Some((ChecksumAlgorithm::Crc32, "AAAAAA==")), ..plain },
        PutObject { metadata: &[("a", "1")], ..plain },
        PutObject { metadata: &[("a", "2")], ..plain },
        PutObject { metadata: &[("b", "1")], ..plain },
    ];
    let signatures: HashSet<String> =
        puts.iter().map(|put| signature_of(&presigner().put_object(put).unwrap()).to_owned()).collect();
    assert_eq!(signatures.len(), puts.len());
}

#[test]
fn a_part_outside_s3s_numbers_or_at_odds_with_its_uploads_checksum_is_refused() {
    let plain = parts("k", "u", None);
    let checked = parts("k", "u", Some(ChecksumAlgorithm::Crc32));
    for number in [0, 10_001, u16::MAX] {
        assert_eq!(plain.presign(number, 1, None), Err(PresignError::PartNumberOutOfRange));
    }
    assert_eq!(plain.presign(1, 1, Some("AAAAAA==")), Err(PresignError::ChecksumMismatch));
    assert_eq!(checked.presign(1, 1, None), Err(PresignError::ChecksumMismatch));
    assert_eq!(checked.presign(1, 1, Some("A\nhost:evil")), Err(PresignError::InvalidHeaderValue));
}

#[test]
fn requests_that_cannot_be_signed_are_refused_by_name() {
    let fine = PresignRequest { method: Method::Head, key: "k", query: &[], headers: &[] };
    for (request, refusal) in [
        (PresignRequest { key: "", ..fine }, PresignError::EmptyKey),
        (PresignRequest { query: &[("", "1")], ..fine }, PresignError::InvalidQueryName),
        (PresignRequest { query: &[("X-Amz-Expires", "1")], ..fine }, PresignError::InvalidQueryName),
        (PresignRequest { headers: &[("host", "h")], ..fine }, PresignError::InvalidHeaderName),
        (PresignRequest { headers: &[("Range", "h")], ..fine }, PresignError::InvalidHeaderName),
        (PresignRequest { headers: &[("a", "1"), ("a", "2")], ..fine }, PresignError::InvalidHeaderName),
        (PresignRequest { headers: &[("a", "1\r\nb: 2")], ..fine }, PresignError::InvalidHeaderValue),
    ] {
        assert_eq!(presigner().presign(&request), Err(refusal));
    }
    assert!(presigner().presign(&fine).is_ok());
}

#[test]
fn a_presigner_refuses_a_key_of_another_day_and_a_life_s3_would_refuse() {
    let today = SigningTime::from_epoch_seconds(SIGNED_AT).unwrap();
    let tomorrow = SigningTime::from_epoch_seconds(SIGNED_AT + 86_400).unwrap();
    let signing_key = SigningKey::derive(SECRET, &today, "us-east-1", "s3").unwrap();
    let fine = SigningCredentials { access_key_id: "A", session_token: None, signing_key: &signing_key };
    let nobody = SigningCredentials { access_key_id: "", ..fine };
    let refusal = |credentials, time, life| Presigner::new(credentials, ENDPOINT, time, life).err();
    assert_eq!(refusal(fine, &tomorrow, 60), Some(PresignError::SigningKeyOfAnotherDay));
    assert_eq!(refusal(nobody, &today, 60), Some(PresignError::EmptyCredential));
    for life in [0, 604_801] {
        assert_eq!(refusal(fine, &today, life), Some(PresignError::ExpiryOutOfRange));
    }
    assert_eq!(refusal(fine, &today, 604_800), None);
}

#[test]
fn debug_output_shows_no_token_and_no_signature_state() {
    let time = SigningTime::from_epoch_seconds(SIGNED_AT).unwrap();
    let signing_key = SigningKey::derive(SECRET, &time, "us-east-1", "s3").unwrap();
    let credentials = SigningCredentials {
        access_key_id: "AKID",
        session_token: Some("private"),
        signing_key: &signing_key,
    };
    let presigner = Presigner::new(credentials, ENDPOINT, &time, 60).unwrap();
    let part_presigner = presigner.part_presigner("k", "private", None).unwrap();
    let shown = format!("{credentials:?} {presigner:?} {part_presigner:?}");
    assert!(shown.contains("redacted") && !shown.contains("private") && !shown.contains("wJalr"), "{shown}");
}

proptest! {
    #[test]
    fn different_keys_have_different_urls_and_signatures(a in "[ -~é]{1,12}", b in "[ -~é]{1,12}") {
        prop_assume!(a != b);
        let (url_a, url_b) = (parts(&a, "u", None).presign(1, 5, None), parts(&b, "u", None).presign(1, 5, None));
        let (url_a, url_b) = (url_a.unwrap(), url_b.unwrap());
        prop_assert_ne!(url_a.split('?').next(), url_b.split('?').next());
        prop_assert_ne!(signature_of(&url_a), signature_of(&url_b));
    }
}
