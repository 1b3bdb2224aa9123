//! Which bytes belong to which part. Pure: sizes in, ranges out.
use super::error::ClientError;
use super::wire::PartSpan;

/// One MiB; every part size that this client asks for is a multiple of it.
pub(crate) const MIB: u64 = 1024 * 1024;
/// The most parts that one call of the API plans, signs or records.
pub(crate) const PARTS_PER_CALL_MAX: usize = 1_000;
/// Parts smaller than this spend more time on requests than on bytes.
pub(crate) const PART_SIZE_BYTES_MIN: u64 = 8 * MIB;
/// Above this size a larger part saves no calls worth having, but costs more when it must be sent again.
const PART_SIZE_BYTES_COMFORTABLE: u64 = 256 * MIB;
/// S3's bound on parts (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const PART_COUNT_MAX: u64 = 10_000;

/// One part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartRange {
    /// From 1.
    pub(crate) number: u32,
    /// Where it begins in the file.
    pub(crate) offset_bytes: u64,
    /// How long it is.
    pub(crate) size_bytes: u64,
}

/// The part size that this client asks for: as small as is sensible, and so large that one call plans the whole file.
pub(crate) fn wanted_part_size(size_bytes: u64, smallest_bytes: u64) -> u64 {
    let for_one_call = size_bytes.div_ceil(1_000).next_multiple_of(MIB).min(PART_SIZE_BYTES_COMFORTABLE);
    let for_s3 = size_bytes.div_ceil(PART_COUNT_MAX).next_multiple_of(MIB);
    smallest_bytes.max(for_one_call).max(for_s3)
}

/// All parts of a file in order. An empty file has one empty part, because one PUT makes the empty object.
pub(crate) fn part_ranges(size_bytes: u64, part_size_bytes: u64) -> Vec<PartRange> {
    let part_size_bytes = part_size_bytes.max(1);
    let count = size_bytes.div_ceil(part_size_bytes).max(1);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    (1..=count)
        .map(|number| {
            let offset_bytes = u64::from(number - 1) * part_size_bytes;
            PartRange { number, offset_bytes, size_bytes: part_size_bytes.min(size_bytes - offset_bytes) }
        })
        .collect()
}

/// The parts that the server names as missing, each once and in order. A number outside the plan is the server's fault
/// and is reported, because uploading the wrong bytes would be worse.
pub(crate) fn missing_parts(all: &[PartRange], missing: &[PartSpan]) -> Result<Vec<PartRange>, ClientError> {
    let last = all.last().map_or(0, |part| part.number);
    for span in missing {
        if span.from < 1 || span.to < span.from || last < span.to {
            let PartSpan { from, to } = span;
            return Err(ClientError::GaveUp(format!(
                "the server misses parts {from} to {to}, but the upload has parts 1 to {last}"
            )));
        }
    }
    let is_missing =
        |part: &&PartRange| missing.iter().any(|span| span.from <= part.number && part.number <= span.to);
    Ok(all.iter().filter(is_missing).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn span(from: u32, to: u32) -> PartSpan {
        PartSpan { from, to }
    }

    fn numbers(parts: &[PartRange]) -> Vec<u32> {
        parts.iter().map(|part| part.number).collect()
    }

    #[test]
    fn parts_cover_the_file_without_gap_or_overlap() {
        for size in [1, 5, MIB, 8 * MIB, 8 * MIB + 1, 100 * MIB + 3] {
            let mut end = 0;
            for part in part_ranges(size, 8 * MIB) {
                assert_eq!(part.offset_bytes, end);
                assert!(0 < part.size_bytes && part.size_bytes <= 8 * MIB);
                end += part.size_bytes;
            }
            assert_eq!(end, size);
        }
    }

    #[test]
    fn an_empty_file_is_one_empty_part() {
        assert_eq!(part_ranges(0, MIB), [PartRange { number: 1, offset_bytes: 0, size_bytes: 0 }]);
    }

    #[test]
    fn up_to_256_gb_one_call_plans_the_file_and_s3_never_gets_too_many_parts() {
        for gib in [0, 1, 4, 16, 250, 500, 2_560, 5_120] {
            let size = gib * 1024 * MIB;
            let part_size = wanted_part_size(size, PART_SIZE_BYTES_MIN);
            let count = part_ranges(size, part_size).len();
            assert!(part_size.is_multiple_of(MIB) && PART_SIZE_BYTES_MIN <= part_size);
            assert!(count <= 10_000, "{gib} GiB: {count} parts");
            assert!(250 < gib || count <= PARTS_PER_CALL_MAX, "{gib} GiB: {count} parts");
        }
    }

    #[test]
    fn missing_spans_become_their_parts_once_and_in_order() {
        let all = part_ranges(10 * MIB, MIB);
        let parts = missing_parts(&all, &[span(9, 10), span(2, 4), span(3, 3)]).unwrap();
        assert_eq!(numbers(&parts), [2, 3, 4, 9, 10]);
        assert_eq!(parts[0], PartRange { number: 2, offset_bytes: MIB, size_bytes: MIB });
        assert!(missing_parts(&all, &[]).unwrap().is_empty());
    }

    #[test]
    fn spans_outside_the_plan_are_reported() {
        let all = part_ranges(3 * MIB, MIB);
        for bad in [span(0, 1), span(3, 4), span(2, 1)] {
            let error = missing_parts(&all, &[bad]).unwrap_err();
            assert!(error.to_string().contains("parts 1 to 3"), "{error}");
        }
    }
}
