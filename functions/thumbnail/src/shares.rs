//! What the memory of the function gives the work on one image: processors come with memory on Lambda.

use shared::plan::MIB;

/// Lambda gives one processor for each so many MB (AWS Lambda developer guide, "Configure Lambda function memory").
const PROCESSOR_MEGABYTES: u64 = 1769;

/// How memory and processors are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// How many variants are made at once.
    pub threads: usize,
    /// How much a decoder may fill by prediction, in bytes. The rest is for the file itself, the encoders and the runtime.
    pub decode_bytes_max: u64,
    /// What a worker may map in all, in bytes. The rest stays with the function, which has to outlive it: the file, until
    /// the worker has it, the connections, and the variants.
    pub worker_bytes_max: u64,
}

impl Shares {
    /// The shares of a function with this much memory, in bytes.
    pub fn of(memory_bytes: u64) -> Self {
        Self {
            threads: whole_processors(memory_bytes),
            decode_bytes_max: memory_bytes / 2,
            worker_bytes_max: memory_bytes / 4 * 3,
        }
    }
}

/// A part of a processor counts as one from a half on.
fn whole_processors(memory_bytes: u64) -> usize {
    let processors = (memory_bytes / MIB + PROCESSOR_MEGABYTES / 2) / PROCESSOR_MEGABYTES;
    usize::try_from(processors).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_whole_processors_and_at_least_one() {
        let threads = |megabytes: u64| Shares::of(megabytes * MIB).threads;
        assert_eq!([128, 1769, 2653, 2654, 3538, 5307, 10_240].map(threads), [1, 1, 1, 2, 2, 3, 6]);
    }

    #[test]
    fn a_decoder_has_half_and_a_worker_three_quarters() {
        let shares = Shares::of(2048 * MIB);
        assert_eq!((shares.decode_bytes_max, shares.worker_bytes_max), (1024 * MIB, 1536 * MIB));
    }
}
