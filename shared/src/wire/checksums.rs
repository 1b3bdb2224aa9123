//! What a client says about checksums when it creates an upload.

use serde::{Deserialize, Serialize};

use crate::checksum::{Checksum, ChecksumAlgorithm};
use crate::error::Error;
use crate::plan::{Plan, Strategy};
use crate::record::DeclaredChecksum;

/// `checksum` in [`CreateBody`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChecksumBody {
    /// The algorithm of all checksums of this upload.
    pub algorithm: ChecksumAlgorithm,
    /// The whole file's, base64.
    #[serde(default)]
    pub value: Option<String>,
    /// The parts', base64, in order.
    #[serde(default)]
    pub parts: Option<Vec<String>>,
}

/// What is declared, and the parts' checksums when all are known.
type DeclaredChecksums = (Option<DeclaredChecksum>, Option<Vec<Checksum>>);

/// Checks what a client says about checksums against the plan.
pub(super) fn read_checksums(body: ChecksumBody, plan: &Plan) -> Result<DeclaredChecksums, Error> {
    let algorithm = body.algorithm;
    if plan.strategy() == Strategy::Multipart && !algorithm.is_combinable() {
        let message = format!("{} works for files sent in one PUT only; use crc64nvme", algorithm.name());
        return Err(Error::invalid(message));
    }
    let whole = body.value.map(|value| Checksum::parse(algorithm, &value)).transpose()?;
    let parts: Option<Vec<Checksum>> = match body.parts {
        Some(parts) if parts.len() != usize::from(plan.part_count()) => {
            let message = format!(
                "checksum.parts has {} entries; this upload has {} parts",
                parts.len(),
                plan.part_count()
            );
            return Err(Error::invalid(message));
        }
        Some(parts) => {
            Some(parts.iter().map(|part| Checksum::parse(algorithm, part)).collect::<Result<_, _>>()?)
        }
        None => None,
    };
    // For a single PUT the whole is its only part, so either one gives the other.
    let (whole, parts) = match plan.strategy() {
        Strategy::Single => {
            let part = parts.and_then(|parts| parts.into_iter().next());
            if whole.is_some() && part.is_some() && whole != part {
                return Err(Error::invalid("checksum.value and checksum.parts contradict each other"));
            }
            let sum = whole.or(part);
            (sum.clone(), sum.map(|sum| vec![sum]))
        }
        Strategy::Multipart => (whole, parts),
    };
    Ok((Some(DeclaredChecksum { algorithm, whole }), parts))
}
