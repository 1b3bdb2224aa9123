//! Whether the memory of a size suffices.

use super::measure::Given;

/// What the largest photos take to decode by prediction, in bytes for each pixel. Progressive JPEG takes 3 to 6 (two for each
/// coefficient, with colour at a quarter of the size or in full), and 8 with four components; so does PNG of 16 bits.
const DECODE_BYTES_PER_PIXEL_MAX: u64 = 8;

/// What is known of the memory of one size.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    /// Peak resident memory of a worker with as many threads, in bytes.
    pub(super) rss_bytes: Option<f64>,
    /// Why it does not suffice.
    pub(super) lacks: Option<String>,
}

/// Finds out for each size, from small to large. `try_size` runs all photos under the limits of a size and gives the peak of
/// memory, or why one of them did not come to its end. What the photos take grows with the threads alone, so of each number
/// of threads only the sizes up to the first that suffices are tried.
pub(super) fn of_sizes(
    sizes: &[Given],
    image_pixels_max: u32,
    mut try_size: impl FnMut(u32) -> Result<f64, String>,
) -> Vec<Memory> {
    let mut suffices: Option<(usize, f64)> = None;
    let mut answers = Vec::new();
    for size in sizes {
        let tried = match suffices {
            Some((threads, rss_bytes)) if threads == size.threads => Ok(rss_bytes),
            _ => try_size(size.megabytes),
        };
        let memory = match tried {
            Ok(rss_bytes) => {
                suffices = Some((size.threads, rss_bytes));
                Memory { rss_bytes: Some(rss_bytes), lacks: lacks_for_largest(size, image_pixels_max) }
            }
            Err(why) => Memory { rss_bytes: None, lacks: Some(why) },
        };
        answers.push(memory);
    }
    answers
}

fn lacks_for_largest(size: &Given, image_pixels_max: u32) -> Option<String> {
    let needed = u64::from(image_pixels_max) * DECODE_BYTES_PER_PIXEL_MAX;
    (size.decode_bytes_max < needed).then(|| {
        format!(
            "a decoder may take {} bytes, and photos of {image_pixels_max} pixels take up to {needed}",
            size.decode_bytes_max
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn sizes(pairs: &[(u32, usize)]) -> Vec<Given> {
        let given = |(megabytes, threads): &(u32, usize)| Given {
            megabytes: *megabytes,
            threads: *threads,
            decode_bytes_max: u64::from(*megabytes) * MIB / 2,
        };
        pairs.iter().map(given).collect()
    }

    #[test]
    fn each_number_of_threads_is_tried_until_it_suffices() {
        let mut tried = Vec::new();
        let answers = of_sizes(&sizes(&[(512, 1), (1024, 1), (2048, 1), (3008, 2)]), 1, |megabytes| {
            tried.push(megabytes);
            if megabytes == 512 { Err("killed".to_owned()) } else { Ok(f64::from(megabytes)) }
        });
        assert_eq!(tried, [512, 1024, 3008]);
        assert_eq!(answers.first().and_then(|memory| memory.lacks.as_deref()), Some("killed"));
        let peaks: Vec<_> = answers.iter().map(|memory| memory.rss_bytes).collect();
        assert_eq!(peaks, [None, Some(1024.0), Some(1024.0), Some(3008.0)]);
    }

    #[test]
    fn a_size_that_refuses_the_largest_photos_does_not_suffice_whatever_these_take() {
        let answers = of_sizes(&sizes(&[(512, 1), (768, 1)]), 50_000_000, |_| Ok(1.0));
        let suffice: Vec<_> = answers.iter().map(|memory| memory.lacks.is_none()).collect();
        assert_eq!(suffice, [false, true]);
    }
}
