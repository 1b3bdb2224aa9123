//! CRC64NVME of a file and of its parts, for any part size, from one pass over the bytes.
//!
//! Two CRCs of neighbouring ranges combine into the CRC of both together, so the file is read once in blocks of 1 MiB;
//! whatever part size the server then chooses, the checksums of its parts are there without a second pass.
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm::Crc64Nvme;
use crc_fast::{Digest, checksum_combine};

use super::error::ClientError;
use super::parts::{MIB, PartRange};
use crate::progress::Task;

/// How much of the file is in memory at once while it is read.
const BUFFER_BYTES: usize = 256 * 1024;

/// The CRC64NVME of every MiB of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockChecksums {
    blocks: Vec<u64>,
    size_bytes: u64,
}

impl BlockChecksums {
    /// Reads `size_bytes` of the file once.
    pub(crate) fn of_file(path: &Path, size_bytes: u64, task: &Task) -> Result<Self, ClientError> {
        let mut blocks = Vec::new();
        let mut file = open_at(path, 0)?;
        let mut offset = 0;
        while offset < size_bytes {
            let block_bytes = MIB.min(size_bytes - offset);
            blocks.push(crc_of_next(&mut file, path, block_bytes)?);
            task.advance(block_bytes);
            offset += block_bytes;
        }
        Ok(Self { blocks, size_bytes })
    }

    /// The checksum of the whole file, as S3 writes it.
    pub(crate) fn whole(&self) -> String {
        encode(self.combined(0, self.size_bytes))
    }

    /// The checksum of one part, as S3 writes it. None when the part does not begin at a whole MiB.
    pub(crate) fn part(&self, part: PartRange) -> Option<String> {
        let aligned = part.offset_bytes.is_multiple_of(MIB);
        let end = part.offset_bytes.checked_add(part.size_bytes)?;
        let ends_well = end == self.size_bytes || (end < self.size_bytes && end.is_multiple_of(MIB));
        (aligned && ends_well).then(|| encode(self.combined(part.offset_bytes, end)))
    }

    fn combined(&self, from_bytes: u64, to_bytes: u64) -> u64 {
        let first = usize::try_from(from_bytes / MIB).unwrap_or(usize::MAX);
        let mut offset = from_bytes;
        let mut crc = 0; // The CRC64NVME of nothing.
        for block in self.blocks.iter().skip(first) {
            if to_bytes <= offset {
                break;
            }
            let block_bytes = MIB.min(self.size_bytes - offset);
            crc = checksum_combine(Crc64Nvme, crc, *block, block_bytes);
            offset += block_bytes;
        }
        crc
    }
}

/// The checksum of one part straight from the file: a resumed upload reads only what it sends.
pub(crate) fn of_range(path: &Path, part: PartRange) -> Result<String, ClientError> {
    let mut file = open_at(path, part.offset_bytes)?;
    crc_of_next(&mut file, path, part.size_bytes).map(encode)
}

/// S3's form of a CRC64NVME: base64 of its eight bytes, highest first
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>).
fn encode(crc: u64) -> String {
    BASE64.encode(crc.to_be_bytes())
}

fn open_at(path: &Path, offset_bytes: u64) -> Result<File, ClientError> {
    let mut file = File::open(path).map_err(|error| ClientError::file(path, &error))?;
    if 0 < offset_bytes {
        file.seek(SeekFrom::Start(offset_bytes)).map_err(|error| ClientError::file(path, &error))?;
    }
    Ok(file)
}

fn crc_of_next(file: &mut File, path: &Path, size_bytes: u64) -> Result<u64, ClientError> {
    let mut digest = Digest::new(Crc64Nvme);
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut source = file.take(size_bytes);
    loop {
        let count = source.read(&mut buffer).map_err(|error| ClientError::file(path, &error))?;
        match buffer.get(..count) {
            Some(bytes) if !bytes.is_empty() => digest.update(bytes),
            _ => break,
        }
    }
    if source.limit() == 0 {
        Ok(digest.finalize())
    } else {
        Err(ClientError::file(path, &"the file became shorter while it was read"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::client::parts::part_ranges;
    use crate::progress::Progress;

    fn file_of(size: usize) -> (tempfile::NamedTempFile, Vec<u8>) {
        let mut bytes = vec![0; size];
        fastrand::Rng::with_seed(7).fill(&mut bytes);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        (file, bytes)
    }

    fn direct(bytes: &[u8]) -> String {
        encode(crc_fast::checksum(Crc64Nvme, bytes))
    }

    #[test]
    fn the_check_value_of_the_algorithm_is_met() {
        // The check value of CRC-64/NVME in the catalogue of parametrised CRC algorithms.
        assert_eq!(encode(0xae8b_1486_0a79_9888), direct(b"123456789"));
    }

    #[test]
    fn combined_blocks_equal_the_checksum_of_the_bytes_themselves() {
        for size in [0, 1, 1 << 20, (1 << 20) + 1, (5 << 20) - 1, (5 << 20) + 17] {
            let (file, bytes) = file_of(size);
            let size_bytes = u64::try_from(size).unwrap();
            let task = Progress::nowhere().task("file", size_bytes);
            let blocks = BlockChecksums::of_file(file.path(), size_bytes, &task).unwrap();
            assert_eq!(blocks.whole(), direct(&bytes), "{size} bytes");
            assert_eq!(task.done_bytes(), size_bytes);
            for part_size in [MIB, 2 * MIB, 3 * MIB, 100 * MIB] {
                for part in part_ranges(size_bytes, part_size) {
                    let from = usize::try_from(part.offset_bytes).unwrap();
                    let to = from + usize::try_from(part.size_bytes).unwrap();
                    let expected = direct(&bytes[from..to]);
                    assert_eq!(blocks.part(part), Some(expected.clone()), "{size} bytes, {part:?}");
                    assert_eq!(of_range(file.path(), part), Ok(expected));
                }
            }
        }
    }

    #[test]
    fn a_part_that_cuts_a_block_has_no_combined_checksum() {
        let (file, _) = file_of(3 << 20);
        let task = Progress::nowhere().task("file", 3 << 20);
        let blocks = BlockChecksums::of_file(file.path(), 3 << 20, &task).unwrap();
        assert_eq!(blocks.part(PartRange { number: 1, offset_bytes: 0, size_bytes: MIB + 1 }), None);
        assert_eq!(blocks.part(PartRange { number: 2, offset_bytes: 5, size_bytes: MIB }), None);
        assert_eq!(blocks.part(PartRange { number: 4, offset_bytes: 3 << 20, size_bytes: MIB }), None);
    }

    #[test]
    fn a_file_that_became_shorter_is_noticed() {
        let (file, _) = file_of(10);
        let task = Progress::nowhere().task("file", 11);
        let error = BlockChecksums::of_file(file.path(), 11, &task).unwrap_err();
        assert!(error.to_string().contains("became shorter"), "{error}");
    }
}
