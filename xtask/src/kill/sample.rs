//! The files that are sent: what the number of a file and the seed say, every time the same.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

/// Above this size a file goes in parts on the stack of the kill loop, so that two or three parts of S3's least size do.
pub(super) const SINGLE_PUT_BYTES_MAX: u64 = 1024 * 1024;
/// S3's least size of a part that is not the last.
pub(super) const PART_SIZE_BYTES: u64 = 5 * 1024 * 1024;

/// How the names of photos end, and of nothing else.
pub(super) const PHOTO_EXTENSION: &str = ".jpg";

/// The longest time after which an upload is cancelled; most are under way then, and some are complete.
const CANCEL_AFTER_MAX: Duration = Duration::from_millis(400);
/// The largest of the small files.
const SMALL_BYTES_MAX: u64 = 200_000;

/// How a file travels, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One PUT of this many bytes.
    Small { size_bytes: u64 },
    /// A photo of this many pixels, in one PUT; it gets variants.
    Image { width: u16, height: u16 },
    /// This many bytes in parts.
    Parts { size_bytes: u64 },
}

/// One file to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Its name, which no other file of the stack has.
    pub(super) filename: String,
    /// What it is.
    pub(super) shape: Shape,
    /// When its client changes its mind, counted from the first answer; `None` when it does not.
    pub(super) cancel_after: Option<Duration>,
    seed: u64,
}

impl Sample {
    /// The file of this number. Ten in a row hold four small files, two photos, two files in parts, and one small file
    /// and one in parts that are cancelled.
    pub(super) fn draw(seed: u64, number: u64) -> Self {
        // Neighbouring seeds of the generator give unlike numbers only after a step that mixes them.
        let own_seed = fastrand::Rng::with_seed(seed).u64(..) ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = fastrand::Rng::with_seed(own_seed);
        let place = number % 10;
        let shape = match place {
            0 | 5 => Shape::Image { width: random.u16(96..=320), height: random.u16(64..=240) },
            2 | 7 | 9 => Shape::Parts { size_bytes: in_parts(&mut random) },
            _ => Shape::Small { size_bytes: random.u64(1..=SMALL_BYTES_MAX) },
        };
        let cancel_after = (8 <= place).then(|| CANCEL_AFTER_MAX.mul_f64(random.f64()));
        let extension = match shape {
            Shape::Image { .. } => PHOTO_EXTENSION,
            _ => ".bin",
        };
        Self { filename: format!("{number:06}{extension}"), shape, cancel_after, seed: own_seed }
    }

    /// Writes its bytes. No two files, and no two parts of one, have the same.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let bytes = match self.shape {
            Shape::Image { width, height } => imaging_sample::sample_photo_jpeg(width, height)?,
            Shape::Small { size_bytes } | Shape::Parts { size_bytes } => {
                let mut bytes = vec![0; usize::try_from(size_bytes)?];
                fastrand::Rng::with_seed(self.seed).fill(&mut bytes);
                bytes
            }
        };
        fs::write(path, bytes).with_context(|| format!("could not write {}", path.display()))
    }
}

/// Mostly two parts, sometimes three; the last one is of any size.
fn in_parts(random: &mut fastrand::Rng) -> u64 {
    let whole_parts = if random.u8(..) < 64 { 2 } else { 1 };
    whole_parts * PART_SIZE_BYTES + random.u64(1..=SINGLE_PUT_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_always_the_same_file_and_no_two_numbers_are() {
        let folder = tempfile::tempdir().unwrap();
        let (first, again) = (folder.path().join("first"), folder.path().join("again"));
        Sample::draw(1, 3).write(&first).unwrap();
        Sample::draw(1, 3).write(&again).unwrap();
        assert_eq!(fs::read(&first).unwrap(), fs::read(&again).unwrap());
        Sample::draw(1, 13).write(&again).unwrap();
        assert_ne!(fs::read(&first).unwrap(), fs::read(&again).unwrap());
        assert_ne!(Sample::draw(2, 3).seed, Sample::draw(1, 3).seed);
    }

    #[test]
    fn ten_in_a_row_hold_every_shape_and_two_that_are_cancelled() {
        let ten: Vec<Sample> = (40..50).map(|number| Sample::draw(9, number)).collect();
        let of = |wanted: fn(&Shape) -> bool| ten.iter().filter(|it| wanted(&it.shape)).count();
        assert_eq!(of(|shape| matches!(shape, Shape::Small { .. })), 5);
        assert_eq!(of(|shape| matches!(shape, Shape::Image { .. })), 2);
        assert_eq!(of(|shape| matches!(shape, Shape::Parts { .. })), 3);
        assert_eq!(ten.iter().filter(|it| it.cancel_after.is_some()).count(), 2);
        let names: std::collections::BTreeSet<&str> = ten.iter().map(|it| it.filename.as_str()).collect();
        assert_eq!(names.len(), 10);
    }

    #[test]
    fn files_in_parts_are_larger_than_one_put_and_their_parts_as_large_as_s3_wants() {
        for number in (2..500).step_by(10) {
            match Sample::draw(5, number).shape {
                Shape::Parts { size_bytes } => assert!((PART_SIZE_BYTES..=12 << 20).contains(&size_bytes)),
                shape => panic!("{shape:?}"),
            }
        }
    }
}
