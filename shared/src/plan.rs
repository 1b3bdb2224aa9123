//! From a file's size to its parts. Pure arithmetic against S3's limits.
//!
//! The limits are those of <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.

use crate::error::{Error, ErrorKind};
use crate::ids::PartNumber;

/// One mebibyte.
pub const MIB: u64 = 1024 * 1024;
/// The smallest part, except for the last one.
pub const PART_SIZE_BYTES_MIN: u64 = 5 * MIB;
/// The largest part.
pub const PART_SIZE_BYTES_MAX: u64 = 5 * 1024 * MIB;
/// The most parts of one upload.
pub const PART_COUNT_MAX: u64 = 10_000;
/// The largest object: 48.8 TiB.
pub const OBJECT_SIZE_BYTES_MAX: u64 = PART_COUNT_MAX * PART_SIZE_BYTES_MAX;

/// Our own choices: parts that a slow line can repeat without pain, and few of them.
const PART_SIZE_BYTES_PREFERRED_MIN: u64 = 8 * MIB;
const PART_SIZE_BYTES_PREFERRED_MAX: u64 = 64 * MIB;
const PART_COUNT_PREFERRED: u64 = 100;
/// One call signs this many parts, so a plan stays below it while it can.
const PART_COUNT_PER_CALL: u64 = 1_000;

const _: () = assert!(OBJECT_SIZE_BYTES_MAX == 53_687_091_200_000);
const _: () = assert!(PART_SIZE_BYTES_PREFERRED_MIN >= PART_SIZE_BYTES_MIN);

/// How the bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// One presigned PUT of the whole object.
    Single,
    /// An S3 multipart upload.
    Multipart,
}

/// What a stack allows.
#[derive(Clone, Copy, Debug)]
pub struct PlanLimits {
    /// Files up to this size take one PUT.
    pub single_put_bytes_max: u64,
    /// Larger files are refused.
    pub file_size_bytes_max: u64,
}

/// The parts of one upload. Every part but the last has `part_size_bytes`; the last has the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    strategy: Strategy,
    size_bytes: u64,
    part_size_bytes: u64,
}

impl Plan {
    /// Plans a file of `size_bytes`, with the client's part size when it names one that S3 can take.
    pub fn new(size_bytes: u64, part_size_bytes: Option<u64>, limits: &PlanLimits) -> Result<Self, Error> {
        let largest_bytes = limits.file_size_bytes_max.min(OBJECT_SIZE_BYTES_MAX);
        if size_bytes == 0 {
            return Err(Error::invalid("size must be at least 1 byte"));
        }
        if size_bytes > largest_bytes {
            let message =
                format!("size is {size_bytes} bytes; this service takes files up to {largest_bytes} bytes");
            return Err(Error::new(ErrorKind::FileTooLarge, message));
        }
        if let Some(wanted) = part_size_bytes {
            check_part_size(wanted, size_bytes)?;
        }
        if size_bytes <= limits.single_put_bytes_max.min(PART_SIZE_BYTES_MAX) {
            return Ok(Self { strategy: Strategy::Single, size_bytes, part_size_bytes: size_bytes });
        }
        let part_size_bytes = part_size_bytes.unwrap_or_else(|| preferred_part_size(size_bytes));
        Ok(Self { strategy: Strategy::Multipart, size_bytes, part_size_bytes })
    }

    /// Rebuilds a plan from a record. `None` when the numbers cannot have come from [`Plan::new`].
    pub fn from_record(strategy: Strategy, size_bytes: u64, part_size_bytes: u64) -> Option<Self> {
        let plan = Self { strategy, size_bytes, part_size_bytes };
        let fits =
            size_bytes > 0 && part_size_bytes > 0 && size_bytes.div_ceil(part_size_bytes) <= PART_COUNT_MAX;
        fits.then_some(plan)
    }

    /// One PUT or multipart.
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// The file's size in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The size in bytes of every part but the last.
    pub fn part_size_bytes(&self) -> u64 {
        self.part_size_bytes
    }

    /// How many parts, 1 to 10,000.
    pub fn part_count(&self) -> u16 {
        u16::try_from(self.size_bytes.div_ceil(self.part_size_bytes)).unwrap_or(u16::MAX)
    }

    /// Whether the plan has a part of this number.
    pub fn contains(&self, number: PartNumber) -> bool {
        number.get() <= self.part_count()
    }

    /// The exact length in bytes of one part; 0 for a number that the plan does not have.
    pub fn part_length_bytes(&self, number: PartNumber) -> u64 {
        let start = u64::from(number.get() - 1).saturating_mul(self.part_size_bytes);
        self.size_bytes.saturating_sub(start).min(self.part_size_bytes)
    }

    /// All part numbers, in order.
    pub fn part_numbers(&self) -> impl Iterator<Item = PartNumber> + use<> {
        (1..=u32::from(self.part_count())).filter_map(|number| PartNumber::new(number).ok())
    }

    /// Refuses a part number that the plan does not have.
    pub fn check_part(&self, number: PartNumber) -> Result<(), Error> {
        match self.contains(number) {
            true => Ok(()),
            false => Err(Error::invalid(format!(
                "part {number} is not in this upload, which has {} parts",
                self.part_count()
            ))),
        }
    }
}

fn check_part_size(wanted: u64, size_bytes: u64) -> Result<(), Error> {
    if !(PART_SIZE_BYTES_MIN..=PART_SIZE_BYTES_MAX).contains(&wanted) {
        return Err(Error::invalid(format!(
            "partSize is {wanted} bytes; S3 takes parts of {PART_SIZE_BYTES_MIN} to {PART_SIZE_BYTES_MAX} bytes"
        )));
    }
    if size_bytes.div_ceil(wanted) > PART_COUNT_MAX {
        let least = size_bytes.div_ceil(PART_COUNT_MAX);
        return Err(Error::invalid(format!(
            "partSize {wanted} would make more than {PART_COUNT_MAX} parts; this file needs at least {least} bytes a part"
        )));
    }
    Ok(())
}

fn preferred_part_size(size_bytes: u64) -> u64 {
    let mib_aligned = |parts: u64| size_bytes.div_ceil(parts).div_ceil(MIB) * MIB;
    let comfortable =
        mib_aligned(PART_COUNT_PREFERRED).clamp(PART_SIZE_BYTES_PREFERRED_MIN, PART_SIZE_BYTES_PREFERRED_MAX);
    comfortable.max(mib_aligned(PART_COUNT_PER_CALL)).min(PART_SIZE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::Strategy;
    use super::*;
    use proptest::prelude::*;

    const LIMITS: PlanLimits =
        PlanLimits { single_put_bytes_max: 8 * MIB, file_size_bytes_max: OBJECT_SIZE_BYTES_MAX };

    fn check_plan(plan: &Plan) {
        let count = u64::from(plan.part_count());
        assert!((1..=PART_COUNT_MAX).contains(&count));
        let lengths: Vec<u64> = plan.part_numbers().map(|n| plan.part_length_bytes(n)).collect();
        assert_eq!(lengths.iter().sum::<u64>(), plan.size_bytes());
        let (last, others) = lengths.split_last().unwrap();
        assert!(others.iter().all(|length| (PART_SIZE_BYTES_MIN..=PART_SIZE_BYTES_MAX).contains(length)));
        assert!(*last >= 1 && *last <= PART_SIZE_BYTES_MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn every_size_gives_parts_that_s3_takes(exponent in 0_u32..46, fraction in 0_u64..1_000_000) {
            let within = u64::try_from(u128::from(fraction) * (1 << exponent) / 1_000_000).unwrap();
            let size = ((1_u64 << exponent) + within).min(OBJECT_SIZE_BYTES_MAX);
            let plan = Plan::new(size, None, &LIMITS).unwrap();
            check_plan(&plan);
            if plan.strategy() == Strategy::Multipart {
                prop_assert_eq!(plan.part_size_bytes() % MIB, 0);
                prop_assert!(plan.part_count() <= 1_000 || plan.part_size_bytes() == PART_SIZE_BYTES_MAX);
            }
        }

        #[test]
        fn a_part_size_of_the_client_is_taken_as_it_is_or_refused(
            size in 1_u64..=OBJECT_SIZE_BYTES_MAX, part in 1_u64..=6 * 1024 * MIB,
        ) {
            match Plan::new(size, Some(part), &LIMITS) {
                Ok(plan) => {
                    check_plan(&plan);
                    prop_assert!(plan.strategy() == Strategy::Single || plan.part_size_bytes() == part);
                }
                Err(err) => prop_assert_eq!(err.kind(), ErrorKind::InvalidRequest),
            }
        }
    }

    #[test]
    fn boundaries_are_planned_exactly() {
        let count = |size, part| Plan::new(size, part, &LIMITS).map(|plan| plan.part_count()).ok();
        assert_eq!(count(1, None), Some(1));
        assert_eq!(count(8 * MIB, None), Some(1));
        assert_eq!(count(8 * MIB + 1, None), Some(2));
        assert_eq!(count(64 * MIB, None), Some(8));
        assert_eq!(count(OBJECT_SIZE_BYTES_MAX, None), Some(10_000));
        assert_eq!(count(50_000 * MIB, Some(5 * MIB)), Some(10_000));
        assert_eq!(count(50_000 * MIB + 1, Some(5 * MIB)), None);
        assert_eq!(count(100 * MIB, Some(5 * MIB - 1)), None);
        assert_eq!(count(OBJECT_SIZE_BYTES_MAX + 1, None), None);
        assert_eq!(count(u64::MAX, None), None);
        assert_eq!(count(0, None), None);
    }

    #[test]
    fn a_part_that_the_plan_does_not_have_has_no_length() {
        let plan = Plan::new(20 * MIB, None, &LIMITS).unwrap();
        assert_eq!(plan.part_length_bytes(PartNumber::new(3).unwrap()), 4 * MIB);
        assert_eq!(plan.part_length_bytes(PartNumber::new(4).unwrap()), 0);
        assert!(plan.check_part(PartNumber::new(4).unwrap()).is_err());
    }
}
