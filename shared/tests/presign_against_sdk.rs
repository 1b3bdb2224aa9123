//! Proves that our presigned URLs are, byte for byte, those of the AWS SDK's own presigner.
#![allow(clippy::unwrap_used, reason = "helpers of a test; a failed unwrap is a failed test")]

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_s3::operation::upload_part::builders::UploadPartFluentBuilder;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use proptest::prelude::*;
use shared::checksum::ChecksumAlgorithm;
use shared::sigv4::{
    GetObject, Method, PresignRequest, Presigner, PutObject, SigningCredentials, SigningKey, SigningTime,
};

const ACCESS_KEY_ID: &str = "ASIAEXAMPLEEXAMPLE12";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEJr//////////wEaCWV1LXdlc3QtMSJHMEUCIQDf+/q=abc==";
const REGION: &str = "eu-west-1";
const BUCKET: &str = "longshore-test";
const UPLOAD_ID: &str = "2~Xf9/8.Ab+c_D-e=VXBsb2FkIElE";

/// Keys with every kind of character and slash that an encoder could get wrong.
const KEYS: [&str; 9] = [
    "u/01HZX3/source",
    "with space/and+plus",
    "umlaut-ü/日本語/🦀",
    "all!\"#$%&'()*,:;<=>?@[\\]^`{|}~",
    "already%20encoded%2F",
    "dots/../and/./double//slash",
    "/leading-slash",
    "trailing-slash/",
    "?query=like&x#fragment",
];

/// One way to reach the bucket, with one set of credentials: the SDK's client and our presigner for the same moment.
struct Pair {
    client: Client,
    presigning: PresigningConfig,
    presigner: Presigner,
}

impl Pair {
    fn new(
        path_style_endpoint: Option<&str>,
        token: Option<&str>,
        epoch_seconds: u64,
        life_seconds: u32,
    ) -> Self {
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET, token.map(str::to_owned), None, "test");
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials)
            .force_path_style(path_style_endpoint.is_some());
        config.set_endpoint_url(path_style_endpoint.map(str::to_owned));
        let presigning = PresigningConfig::builder()
            .start_time(UNIX_EPOCH + Duration::from_secs(epoch_seconds))
            .expires_in(Duration::from_secs(life_seconds.into()))
            .build()
            .unwrap();

        let time = SigningTime::from_epoch_seconds(epoch_seconds).unwrap();
        let signing_key = SigningKey::derive(SECRET, &time, REGION, "s3").unwrap();
        let credentials = SigningCredentials {
            access_key_id: ACCESS_KEY_ID,
            session_token: token,
            signing_key: &signing_key,
        };
        let endpoint = match path_style_endpoint {
            Some(endpoint) => format!("{endpoint}/{BUCKET}"),
            None => format!("https://{BUCKET}.s3.{REGION}.amazonaws.com"),
        };
        let presigner = Presigner::new(credentials, &endpoint, &time, life_seconds).unwrap();
        Self { client: Client::from_conf(config.build()), presigning, presigner }
    }

    /// Virtual-host and path style, a default and an unusual port, with and without a session token.
    fn all() -> Vec<Self> {
        let endpoints = [
            None,
            Some("http://127.0.0.1:4566"),
            Some("https://minio.example:443"),
            Some("http://minio.example:80"),
        ];
        let mut pairs = Vec::new();
        for endpoint in endpoints {
            for token in [None, Some(TOKEN)] {
                pairs.push(Self::new(endpoint, token, 1_709_251_199, 3600));
            }
        }
        pairs
    }

    fn upload_part(&self, key: &str, part_number: u16, size_bytes: u64) -> UploadPartFluentBuilder {
        self.client
            .upload_part()
            .bucket(BUCKET)
            .key(key)
            .upload_id(UPLOAD_ID)
            .part_number(part_number.into())
            .content_length(size_bytes.try_into().unwrap())
    }
}

/// The headers the SDK wants sent, in order of name.
fn sorted_headers(request: &PresignedRequest) -> Vec<(String, String)> {
    let mut headers: Vec<_> =
        request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    headers.sort();
    headers
}

#[tokio::test]
async fn every_part_of_every_upload_is_signed_as_the_sdk_signs_it() {
    for pair in Pair::all() {
        for key in KEYS {
            let ours = pair.presigner.part_presigner(key, UPLOAD_ID, None).unwrap();
            for (number, size_bytes) in [(1, 5_242_880), (2, 1), (10_000, 5_368_709_120), (9_999, 0)] {
                let sdk = pair.upload_part(key, number, size_bytes).presigned(pair.presigning.clone());
                assert_eq!(ours.presign(number, size_bytes, None).unwrap(), sdk.await.unwrap().uri());
            }
        }
    }
}

#[tokio::test]
async fn every_checksum_algorithm_is_a_signed_header_as_in_the_sdk() {
    for pair in Pair::all() {
        for algorithm in [
            ChecksumAlgorithm::Crc64nvme,
            ChecksumAlgorithm::Crc32,
            ChecksumAlgorithm::Crc32c,
            ChecksumAlgorithm::Sha256,
        ] {
            let value = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
            let part = pair.upload_part("k", 7, 9);
            let part = match algorithm {
                ChecksumAlgorithm::Crc64nvme => part.checksum_crc64_nvme(value),
                ChecksumAlgorithm::Crc32 => part.checksum_crc32(value),
                ChecksumAlgorithm::Crc32c => part.checksum_crc32_c(value),
                ChecksumAlgorithm::Sha256 => part.checksum_sha256(value),
            };
            let sdk = part.presigned(pair.presigning.clone()).await.unwrap();
            let ours = pair.presigner.part_presigner("k", UPLOAD_ID, Some(algorithm)).unwrap();
            assert_eq!(ours.presign(7, 9, Some(value)).unwrap(), sdk.uri());
            let must_send = [
                ("content-length".to_owned(), "9".to_owned()),
                (algorithm.header().to_owned(), value.to_owned()),
            ];
            assert_eq!(sorted_headers(&sdk), must_send);
        }
    }
}

#[tokio::test]
async fn a_put_with_all_its_headers_is_signed_as_the_sdk_signs_it() {
    let metadata = [("owner", "someone"), ("zeta", "  spare   spaces "), ("a-b_c.1", "x=y;z,\"q\"")];
    for pair in Pair::all() {
        for key in KEYS {
            let put = PutObject {
                key,
                content_length_bytes: 1_048_576,
                content_type: "text/html; charset=utf-8",
                only_if_absent: true,
                checksum: Some((ChecksumAlgorithm::Crc64nvme, "AAAAAAAAAAA=")),
                metadata: &metadata,
            };
            let mut sdk = pair
                .client
                .put_object()
                .bucket(BUCKET)
                .key(key)
                .content_length(1_048_576)
                .content_type(put.content_type)
                .if_none_match("*")
                .checksum_crc64_nvme("AAAAAAAAAAA=");
            for (name, value) in metadata {
                sdk = sdk.metadata(name, value);
            }
            let sdk = sdk.presigned(pair.presigning.clone()).await.unwrap();
            assert_eq!(pair.presigner.put_object(&put).unwrap(), sdk.uri());
            let mut headers = put.headers();
            headers.sort();
            assert_eq!(headers, sorted_headers(&sdk));
        }
    }
}

#[tokio::test]
async fn a_plain_put_is_signed_as_the_sdk_signs_it() {
    let pair = Pair::new(None, Some(TOKEN), 1, 604_800);
    let put = PutObject {
        key: "k",
        content_length_bytes: 0,
        content_type: "image/webp",
        only_if_absent: false,
        checksum: None,
        metadata: &[],
    };
    let sdk = pair.client.put_object().bucket(BUCKET).key("k").content_length(0).content_type("image/webp");
    let sdk = sdk.presigned(pair.presigning.clone()).await.unwrap();
    assert_eq!(pair.presigner.put_object(&put).unwrap(), sdk.uri());
}

#[tokio::test]
async fn a_download_under_any_file_name_is_signed_as_the_sdk_signs_it() {
    let dispositions = [
        None,
        Some("inline"),
        Some("attachment; filename=\"a b.mp4\"; filename*=UTF-8''a%20b%20%C3%BC.mp4"),
        Some("attachment; filename=\"Übersicht + 日本.pdf\""),
    ];
    for pair in Pair::all() {
        for key in KEYS {
            for disposition in dispositions {
                for content_type in [None, Some("video/mp4; codecs=\"avc1\"")] {
                    let sdk = pair
                        .client
                        .get_object()
                        .bucket(BUCKET)
                        .key(key)
                        .set_response_content_disposition(disposition.map(str::to_owned))
                        .set_response_content_type(content_type.map(str::to_owned))
                        .presigned(pair.presigning.clone());
                    let get = GetObject {
                        key,
                        response_content_disposition: disposition,
                        response_content_type: content_type,
                    };
                    let sdk = sdk.await.unwrap();
                    assert_eq!(pair.presigner.get_object(&get).unwrap(), sdk.uri());
                    assert_eq!(sorted_headers(&sdk), []);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_general_way_signs_an_operation_that_has_no_method_of_its_own() {
    for pair in Pair::all() {
        let sdk = pair.client.head_object().bucket(BUCKET).key("k").version_id("v/1").range("bytes=0-9");
        let sdk = sdk.presigned(pair.presigning.clone()).await.unwrap();
        let head = PresignRequest {
            method: Method::Head,
            key: "k",
            query: &[("versionId", "v/1")],
            headers: &[("range", "bytes=0-9")],
        };
        assert_eq!(pair.presigner.presign(&head).unwrap(), sdk.uri());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_key_size_moment_and_life_is_signed_as_the_sdk_signs_it(
        key in "[a-z0-9/ -~éñ日🦀]{1,40}",
        part_number in 1_u16..=10_000,
        size_bytes in 0_u64..=5_368_709_120,
        epoch_seconds in 0_u64..=4_102_444_800,
        life_seconds in 1_u32..=604_800,
    ) {
        let pair = Pair::new(Some("http://127.0.0.1:9000"), Some(TOKEN), epoch_seconds, life_seconds);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let part = pair.upload_part(&key, part_number, size_bytes);
        let sdk = runtime.block_on(part.presigned(pair.presigning.clone())).unwrap();
        let ours = pair.presigner.part_presigner(&key, UPLOAD_ID, None).unwrap();
        let ours = ours.presign(part_number, size_bytes, None).unwrap();
        prop_assert_eq!(ours.as_str(), sdk.uri());
    }
}
