//! Content for uploads: bytes that repeat nowhere, so that two parts in the wrong order cannot go unseen.

use shared::checksum::{Checksum, ChecksumAlgorithm, checksum_of};

pub(crate) const MIB: usize = 1024 * 1024;

/// Pseudo-random bytes (xorshift64, Marsaglia 2003), the same for the same seed.
pub(crate) fn noise(seed: u64, length_bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length_bytes + 8);
    while bytes.len() < length_bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length_bytes);
    bytes
}

/// CRC-64/NVME, which S3 prefers.
pub(crate) fn crc64nvme(bytes: &[u8]) -> Checksum {
    checksum_of(ChecksumAlgorithm::Crc64nvme, bytes).unwrap()
}
