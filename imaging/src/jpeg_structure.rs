//! Reads the marker structure of a JPEG (ITU-T T.81, annex B) without decoding it.
//!
//! A JPEG of several scans is decoded into an array of all its coefficients first, and each scan is one pass over
//! that array. Neither can be seen in the first header, so the whole file is walked once, which costs one look at
//! each byte.

/// What the markers say. A damaged file yields what was seen up to the damage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct JpegStructure<'a> {
    /// Colour components of the frame.
    pub(crate) components: u8,
    /// Number of scans.
    pub(crate) scans: u32,
    /// Whether the frame is a progressive one.
    pub(crate) progressive: bool,
    /// Width and height of the frame, in pixels; 0 where no frame was seen.
    pub(crate) size: (u32, u32),
    /// Whether the frame is of a kind that is hardly ever met: lossless, hierarchical, with arithmetic coding, or of other
    /// than 8 bits.
    pub(crate) is_rare: bool,
    /// EXIF metadata, without the name in front.
    pub(crate) exif: Option<&'a [u8]>,
    /// The pieces of a colour profile with their numbers.
    profile_pieces: Vec<(u8, &'a [u8])>,
}

impl<'a> JpegStructure<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let mut structure = Self::default();
        let mut rest = bytes;
        while let Some((marker, after)) = next_marker(rest) {
            rest = after;
            match marker {
                END_OF_IMAGE => break,
                _ if is_standalone(marker) => {}
                _ => {
                    let Some((segment, after)) = split_segment(rest) else { break };
                    structure.note(marker, segment);
                    rest = after;
                }
            }
        }
        structure
    }

    /// The colour profile, put together (ICC.1:2022, annex B.4); `None` when a piece is missing.
    pub(crate) fn profile(&self) -> Option<Vec<u8>> {
        let mut pieces = self.profile_pieces.clone();
        pieces.sort_by_key(|(number, _)| *number);
        let is_whole = pieces.iter().zip(1_u8..).all(|((number, _), expected)| *number == expected);
        (is_whole && !pieces.is_empty())
            .then(|| pieces.into_iter().flat_map(|(_, piece)| piece).copied().collect())
    }

    fn note(&mut self, marker: u8, segment: &'a [u8]) {
        if marker == EXIF_SEGMENT && self.exif.is_none() {
            self.exif = segment.strip_prefix(b"Exif\0\0");
        } else if marker == PROFILE_SEGMENT {
            if let Some([number, _, piece @ ..]) = segment.strip_prefix(b"ICC_PROFILE\0") {
                self.profile_pieces.push((*number, piece));
            }
        } else if marker == START_OF_SCAN {
            self.scans = self.scans.saturating_add(1);
        } else if is_start_of_frame(marker) {
            // Segment: sample precision, height (2), width (2), number of components.
            self.components = segment.get(5).copied().unwrap_or(0);
            self.progressive = matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce);
            if let Some([precision, h1, h2, w1, w2]) = segment.first_chunk::<5>() {
                let side = |high: &u8, low: &u8| u32::from(u16::from_be_bytes([*high, *low]));
                self.size = (side(w1, w2), side(h1, h2));
                self.is_rare = *precision != 8 || !matches!(marker, 0xc0..=0xc2);
            }
        }
    }
}

const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;
const EXIF_SEGMENT: u8 = 0xe1;
const PROFILE_SEGMENT: u8 = 0xe2;

/// Skips to the next marker: 0xff followed by neither 0x00 (a stuffed byte of the entropy-coded data) nor 0xff.
pub(crate) fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = bytes;
    loop {
        let start = memchr::memchr(0xff, rest)?;
        rest = rest.get(start + 1..)?;
        match rest.split_first()? {
            (0x00 | 0xff, _) => {}
            (marker, after) => return Some((*marker, after)),
        }
    }
}

/// Markers without a length: temporary, restart 0 to 7, start of image.
fn is_standalone(marker: u8) -> bool {
    matches!(marker, 0x01 | 0xd0..=0xd8)
}

fn is_start_of_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Splits off a segment; its length of two bytes, big endian, counts itself.
fn split_segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, _) = bytes.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (segment, rest) = bytes.split_at_checked(length)?;
    Some((segment.get(2..)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [u8; 12] = [0xff, 0xc2, 0, 10, 8, 0, 1, 0, 1, 3, 0, 0];

    #[test]
    fn scans_are_counted_and_entropy_data_is_not_mistaken_for_markers() {
        let mut file = vec![0xff, 0xd8];
        file.extend(FRAME);
        for _ in 0..3 {
            file.extend([0xff, 0xda, 0, 2, 1, 2, 0xff, 0x00, 0xda, 0xff, 0xd3, 0xda]);
        }
        file.extend([0xff, 0xd9, 0xff, 0xda, 0, 2]);
        let expected = JpegStructure {
            components: 3,
            scans: 3,
            progressive: true,
            size: (1, 1),
            ..JpegStructure::default()
        };
        assert_eq!(JpegStructure::read(&file), expected);
    }

    #[test]
    fn a_scan_marker_inside_metadata_does_not_count() {
        let mut file = vec![0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xda, 0, 2];
        file.extend(FRAME);
        assert_eq!(JpegStructure::read(&file).scans, 0);
    }

    #[test]
    fn every_truncation_is_walked_to_its_end() {
        let mut file = vec![0xff, 0xd8];
        file.extend(FRAME);
        file.extend([0xff, 0xda, 0, 2]);
        for length in 0..file.len() {
            assert_eq!(JpegStructure::read(&file[..length]).scans, 0);
        }
        assert_eq!(JpegStructure::read(&file).scans, 1);
    }
}
