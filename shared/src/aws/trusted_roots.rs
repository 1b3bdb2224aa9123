//! Which certificate authorities vouch for AWS.
//!
//! Reading the system's hundred and more took most of a cold start. AWS serves its endpoints with certificates of its
//! own authority ("How to prepare for AWS's move to its own certificate authority", AWS Security Blog, 2018, updated
//! 2024), so its five roots are enough, and nobody else can vouch for it. Whoever talks to AWS through something of
//! their own (another endpoint, a proxy, a partition with another authority, a named bundle) gets the system's.

use aws_smithy_http_client::tls::TrustStore;

/// Amazon's four roots and the older one that it bought, as published at <https://www.amazontrust.com/repository/>.
/// The first of them ends in December 2037.
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// Regions of partitions that have, or may have, another authority: China, the isolated ones, and the European
/// sovereign cloud.
const OTHER_PARTITIONS: [&str; 4] = ["cn-", "us-iso", "eu-iso", "eusc-"];

/// Variables that say that somebody else may answer, or who is to be trusted. The first two are those of OpenSSL, which
/// the system's store honours.
const SIGNS_OF_OTHERS: [&str; 6] =
    ["SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The roots to trust in an environment, given as names and values.
pub(super) fn trusted_roots(environment: impl Iterator<Item = (String, String)>) -> TrustStore {
    match speaks_to_amazon_alone(environment) {
        true => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
        false => TrustStore::default(),
    }
}

fn speaks_to_amazon_alone(environment: impl Iterator<Item = (String, String)>) -> bool {
    let mut region = None;
    for (name, value) in environment {
        let is_other_endpoint = name.starts_with("AWS_ENDPOINT_URL") && value.starts_with("https:");
        let names_others = SIGNS_OF_OTHERS.contains(&name.as_str()) && !value.is_empty();
        if is_other_endpoint || names_others {
            return false;
        }
        if name == "AWS_REGION" {
            region = Some(value);
        }
    }
    region.is_some_and(|region| !OTHER_PARTITIONS.iter().any(|prefix| region.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(environment: &[(&str, &str)]) -> bool {
        speaks_to_amazon_alone(
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn a_lambda_function_trusts_amazon_alone() {
        for region in ["us-east-1", "eu-central-1", "ap-southeast-7", "us-gov-west-1", "il-central-1"] {
            assert!(decide(&[("PATH", "/bin"), ("AWS_REGION", region)]), "{region}");
        }
        let local = [("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")];
        assert!(decide(&local), "no certificate is needed there");
    }

    #[test]
    fn whoever_names_an_authority_an_endpoint_or_a_proxy_gets_the_systems_roots() {
        let others = [
            ("SSL_CERT_FILE", "/etc/pki/tls/certs/ca-bundle.crt"),
            ("SSL_CERT_DIR", "/certs"),
            ("HTTPS_PROXY", "http://proxy.example.com:3128"),
            ("https_proxy", "http://proxy.example.com:3128"),
            ("AWS_ENDPOINT_URL", "https://s3.example.com"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.example.com"),
        ];
        for other in others {
            assert!(!decide(&[("AWS_REGION", "us-east-1"), other]), "{other:?}");
            assert!(!decide(&[other, ("AWS_REGION", "us-east-1")]), "{other:?}");
        }
    }

    #[test]
    fn other_partitions_and_unknown_regions_get_the_systems_roots() {
        for region in ["cn-north-1", "us-isob-east-1", "us-iso-west-1", "eu-isoe-west-1", "eusc-de-east-1"] {
            assert!(!decide(&[("AWS_REGION", region)]), "{region}");
        }
        assert!(!decide(&[]));
    }

    #[test]
    fn the_five_roots_are_those_that_amazon_publishes() {
        use base64::Engine as _;
        use sha2::{Digest, Sha256};

        let digests: Vec<String> = AMAZON_ROOTS
            .split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|block| {
                let text: String = block.split("-----END").next().unwrap().split_whitespace().collect();
                crate::ids::hex(&Sha256::digest(base64::prelude::BASE64_STANDARD.decode(text).unwrap()))
            })
            .collect();
        // The SHA-256 fingerprints of https://www.amazontrust.com/repository/.
        let published = [
            "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
            "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
            "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
            "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
            "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
        ];
        assert_eq!(digests.len(), published.len());
        for (digest, published) in digests.iter().zip(published) {
            assert_eq!(digest, published);
        }
    }
}
