//! Signs the `UploadPart` URLs of one upload with our presigner and with the Rust SDK's, in turns, and prints how long
//! each round took. The argument is the upload as JSON, see [`Input`]; the answer is one JSON object, see [`Timings`].
#![allow(clippy::print_stdout, reason = "the answer of this program is what it prints")]

use std::hint::black_box;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use serde::{Deserialize, Serialize};
use shared::checksum::ChecksumAlgorithm;
use shared::sigv4::{Presigner, SigningCredentials, SigningKey, SigningTime};

/// The upload to sign, and how often.
#[derive(Debug, Deserialize)]
struct Input {
    region: String,
    bucket: String,
    key: String,
    upload_id: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// The moment of signing.
    epoch_seconds: u64,
    /// How long the URLs live.
    lifetime_seconds: u32,
    part_count: u16,
    part_size_bytes: u32,
    /// CRC-64/NVME in base64, the same for every part: signing does not look at its meaning.
    part_checksum: String,
    /// How many times each signs all parts.
    rust_rounds: usize,
}

/// Nanoseconds per round; the rounds of the two took turns.
#[derive(Debug, Default, Serialize)]
struct Timings {
    ours_nanos: Vec<u128>,
    sdk_nanos: Vec<u128>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let input = std::env::args().nth(1).context("the upload to sign is missing")?;
    let input: Input = serde_json::from_str(&input).context("the upload to sign could not be read")?;
    let sdk = Sdk::new(&input)?;
    ensure!(ours(&input)? == sdk.sign_all(&input).await?, "the two presigners made different URLs");
    let mut timings = Timings::default();
    for _ in 0..input.rust_rounds {
        let start = Instant::now();
        black_box(ours(black_box(&input))?);
        timings.ours_nanos.push(start.elapsed().as_nanos());
        let start = Instant::now();
        black_box(sdk.sign_all(black_box(&input)).await?);
        timings.sdk_nanos.push(start.elapsed().as_nanos());
    }
    println!("{}", serde_json::to_string(&timings)?);
    Ok(())
}

/// Everything from the secret to the URLs: nothing is carried over from the round before.
fn ours(input: &Input) -> anyhow::Result<Vec<String>> {
    let time = SigningTime::from_epoch_seconds(input.epoch_seconds)?;
    let signing_key = SigningKey::derive(&input.secret_access_key, &time, &input.region, "s3")?;
    let credentials = SigningCredentials {
        access_key_id: &input.access_key_id,
        session_token: Some(&input.session_token),
        signing_key: &signing_key,
    };
    let endpoint = format!("https://{}.s3.{}.amazonaws.com", input.bucket, input.region);
    let presigner = Presigner::new(credentials, &endpoint, &time, input.lifetime_seconds)?;
    let parts = presigner.part_presigner(&input.key, &input.upload_id, Some(ChecksumAlgorithm::Crc64nvme))?;
    let sign = |number| parts.presign(number, input.part_size_bytes.into(), Some(&input.part_checksum));
    Ok((1..=input.part_count).map(sign).collect::<Result<_, _>>()?)
}

/// The SDK's presigner. The client is made once, as every program that uses it does.
struct Sdk {
    client: Client,
    presigning: PresigningConfig,
}

impl Sdk {
    fn new(input: &Input) -> anyhow::Result<Self> {
        let credentials = Credentials::new(
            &input.access_key_id,
            &input.secret_access_key,
            Some(input.session_token.clone()),
            None,
            "bench",
        );
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(input.region.clone()))
            .credentials_provider(credentials)
            .build();
        let presigning = PresigningConfig::builder()
            .start_time(UNIX_EPOCH + Duration::from_secs(input.epoch_seconds))
            .expires_in(Duration::from_secs(input.lifetime_seconds.into()))
            .build()?;
        Ok(Self { client: Client::from_conf(config), presigning })
    }

    async fn sign_all(&self, input: &Input) -> anyhow::Result<Vec<String>> {
        let mut urls = Vec::with_capacity(input.part_count.into());
        for number in 1..=input.part_count {
            let part = self
                .client
                .upload_part()
                .bucket(&input.bucket)
                .key(&input.key)
                .upload_id(&input.upload_id)
                .part_number(number.into())
                .content_length(input.part_size_bytes.into())
                .checksum_crc64_nvme(&input.part_checksum)
                .presigned(self.presigning.clone())
                .await?;
            urls.push(part.uri().to_owned());
        }
        Ok(urls)
    }
}
