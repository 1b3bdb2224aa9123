//! Bodies that clients send. Unknown fields are refused: a misspelt option must not be ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::checksum::Checksum;
use crate::error::Error;
use crate::ids::PartNumber;
use crate::part_page::ETag;
use crate::plan::{Plan, PlanLimits};
use crate::ports::PartToSign;
use crate::record::{DeclaredChecksum, Priority};
use crate::wire::checksums::{ChecksumBody, read_checksums};
use crate::wire::names::{check_content_type, check_filename, check_metadata};

/// The most parts that one call signs or reports.
pub const PARTS_PER_CALL_MAX: usize = 1_000;
/// A file can be given at most ten years.
const FILE_LIFETIME_SECONDS_MAX: u64 = 10 * 366 * 24 * 3600;

/// What a stack allows a new upload.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Sizes.
    pub plan: PlanLimits,
    /// The longest time an upload may stay open, and what it gets when it asks for nothing, in seconds.
    pub upload_lifetime_seconds: u64,
}

/// `POST /uploads`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateBody {
    /// The file's name.
    pub filename: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    pub content_type: String,
    /// What the client knows about checksums.
    #[serde(default)]
    pub checksum: Option<ChecksumBody>,
    /// The part size in bytes that the client prefers.
    #[serde(default)]
    pub part_size: Option<u64>,
    /// How urgent the work is.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// The client's own words.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
    /// How long the upload may stay open, in seconds.
    #[serde(default)]
    pub expires_in_seconds: Option<u64>,
    /// How long the file lives once complete, in seconds.
    #[serde(default)]
    pub file_expires_in_seconds: Option<u64>,
}

/// A new upload, checked.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// The file's name.
    pub filename: String,
    /// Its media type, as declared.
    pub content_type: String,
    /// Size and parts.
    pub plan: Plan,
    /// What is known about checksums.
    pub checksum: Option<DeclaredChecksum>,
    /// The parts' checksums, if all are known: as many as the plan has parts.
    pub part_checksums: Option<Vec<Checksum>>,
    /// How urgent the work is.
    pub priority: Priority,
    /// The client's own words.
    pub metadata: BTreeMap<String, String>,
    /// How long the upload may stay open, in seconds.
    pub lifetime_seconds: u64,
    /// How long the file lives once complete, in seconds.
    pub file_lifetime_seconds: Option<u64>,
}

impl CreateBody {
    /// Checks everything and plans the parts.
    pub fn into_new_upload(self, limits: &RequestLimits) -> Result<NewUpload, Error> {
        check_filename(&self.filename)?;
        check_content_type(&self.content_type)?;
        let metadata = self.metadata.unwrap_or_default();
        check_metadata(&metadata)?;
        let plan = Plan::new(self.size, self.part_size, &limits.plan)?;
        let (checksum, part_checksums) = match self.checksum {
            Some(body) => read_checksums(body, &plan)?,
            None => (None, None),
        };
        let lifetime_max = limits.upload_lifetime_seconds;
        let lifetime_seconds = self.expires_in_seconds.unwrap_or(lifetime_max);
        check_range("expiresInSeconds", lifetime_seconds, lifetime_max)?;
        if let Some(seconds) = self.file_expires_in_seconds {
            check_range("fileExpiresInSeconds", seconds, FILE_LIFETIME_SECONDS_MAX)?;
        }
        Ok(NewUpload {
            filename: self.filename,
            content_type: self.content_type,
            plan,
            checksum,
            part_checksums,
            priority: self.priority.unwrap_or_default(),
            metadata,
            lifetime_seconds,
            file_lifetime_seconds: self.file_expires_in_seconds,
        })
    }
}

fn check_range(name: &str, value: u64, most: u64) -> Result<(), Error> {
    match (1..=most).contains(&value) {
        true => Ok(()),
        false => Err(Error::invalid(format!("{name} is {value}; it must be between 1 and {most}"))),
    }
}

/// `POST /uploads/{id}/parts/sign`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignBody {
    /// The parts to sign, at most [`PARTS_PER_CALL_MAX`].
    pub parts: Vec<SignPart>,
}

/// One part of [`SignBody`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignPart {
    /// Its number. Signed, so that -1 gets the same clear answer as 0.
    pub part_number: i64,
    /// Its checksum, base64.
    #[serde(default)]
    pub checksum: Option<String>,
}

/// Checks the parts to sign against the plan. When the upload declared an algorithm every part needs a checksum.
pub fn parse_parts_to_sign(
    body: &SignBody,
    plan: &Plan,
    declared: Option<&DeclaredChecksum>,
) -> Result<Vec<PartToSign>, Error> {
    check_part_list(body.parts.len())?;
    let parse = |part: &SignPart| {
        let number = parse_part_number(part.part_number)?;
        plan.check_part(number)?;
        let checksum = parse_part_checksum(number, part.checksum.as_deref(), declared)?;
        if declared.is_some() && checksum.is_none() {
            return Err(Error::invalid(format!(
                "part {number} needs its checksum, since this upload was created with one"
            )));
        }
        Ok(PartToSign { number, checksum })
    };
    body.parts.iter().map(parse).collect()
}

/// `POST /uploads/{id}/parts`: one part, or many.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportBody {
    /// Many parts, at most [`PARTS_PER_CALL_MAX`].
    #[serde(default)]
    pub parts: Option<Vec<ReportedPartBody>>,
    /// One part: its number.
    #[serde(default)]
    pub part_number: Option<i64>,
    /// One part: its tag.
    #[serde(default)]
    pub etag: Option<String>,
    /// One part: its checksum, base64.
    #[serde(default)]
    pub checksum: Option<String>,
}

/// One part of [`ReportBody`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportedPartBody {
    /// Its number.
    pub part_number: i64,
    /// The tag that S3 answered, with or without quotes.
    pub etag: String,
    /// Its checksum, base64.
    #[serde(default)]
    pub checksum: Option<String>,
}

/// A part that the client says S3 holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedPart {
    /// Its number.
    pub number: PartNumber,
    /// Its tag.
    pub etag: ETag,
    /// Its checksum, if the client repeats it.
    pub checksum: Option<Checksum>,
}

/// Checks a report against the plan. A number that is named twice with different tags is refused.
pub fn parse_reported_parts(
    body: ReportBody,
    plan: &Plan,
    declared: Option<&DeclaredChecksum>,
) -> Result<Vec<ReportedPart>, Error> {
    let parts = match body {
        ReportBody { parts: Some(parts), part_number: None, etag: None, checksum: None } => parts,
        ReportBody { parts: None, part_number: Some(part_number), etag: Some(etag), checksum } => {
            vec![ReportedPartBody { part_number, etag, checksum }]
        }
        _ => {
            return Err(Error::invalid(
                "the body is either {\"parts\": [...]} or one part with partNumber and etag",
            ));
        }
    };
    check_part_list(parts.len())?;
    let mut reported: BTreeMap<PartNumber, ReportedPart> = BTreeMap::new();
    for part in parts {
        let number = parse_part_number(part.part_number)?;
        plan.check_part(number)?;
        let etag = ETag::parse(&part.etag)
            .ok_or_else(|| Error::invalid(format!("the etag of part {number} is not one that S3 answers")))?;
        let checksum = parse_part_checksum(number, part.checksum.as_deref(), declared)?;
        let part = ReportedPart { number, etag, checksum };
        match reported.get(&number) {
            Some(earlier) if *earlier != part => {
                return Err(Error::invalid(format!("part {number} is named twice, with different etags")));
            }
            _ => reported.insert(number, part),
        };
    }
    Ok(reported.into_values().collect())
}

fn check_part_list(count: usize) -> Result<(), Error> {
    match (1..=PARTS_PER_CALL_MAX).contains(&count) {
        true => Ok(()),
        false => {
            Err(Error::invalid(format!("parts has {count} entries; it must have 1 to {PARTS_PER_CALL_MAX}")))
        }
    }
}

fn parse_part_number(number: i64) -> Result<PartNumber, Error> {
    match u32::try_from(number) {
        Ok(number) => PartNumber::new(number),
        Err(_) => Err(Error::invalid(format!("part number {number} is not between 1 and 10000"))),
    }
}

fn parse_part_checksum(
    number: PartNumber,
    text: Option<&str>,
    declared: Option<&DeclaredChecksum>,
) -> Result<Option<Checksum>, Error> {
    match (text, declared) {
        (None, _) => Ok(None),
        (Some(text), Some(declared)) => Checksum::parse(declared.algorithm, text).map(Some),
        (Some(_), None) => {
            let message =
                format!("part {number} has a checksum, but the upload was created without an algorithm");
            Err(Error::invalid(message))
        }
    }
}
