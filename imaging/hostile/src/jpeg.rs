//! JPEG (ITU-T T.81).

use crate::{Class, Hostile, hostile};

/// Baseline and progressive: the number of the frame marker.
pub const BASELINE: u8 = 0xc0;
/// See [`BASELINE`].
pub const PROGRESSIVE: u8 = 0xc2;

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), content].concat()
}

/// Everything up to the first scan of a picture of 1 or 3 components without subsampling. Its two Huffman tables have
/// one code each, a single 0: "the same as before" and "nothing more in this block".
fn before_scans(width: u16, height: u16, frame_marker: u8, components: u8) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    file.extend(segment(0xdb, &[&[0][..], &[1; 64]].concat()));
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(components);
    frame.extend((1..=components).flat_map(|number| [number, 0x11, 0]));
    file.extend(segment(frame_marker, &frame));
    let one_code = |class: u8| [&[class, 1][..], &[0; 15], &[0]].concat();
    file.extend(segment(0xc4, &one_code(0x00)));
    file.extend(segment(0xc4, &one_code(0x10)));
    file
}

/// The header of a scan over these components and this band of coefficients.
fn scan_header(components: impl ExactSizeIterator<Item = u8>, band: [u8; 2]) -> Vec<u8> {
    let mut scan = vec![u8::try_from(components.len()).unwrap()];
    scan.extend(components.flat_map(|number| [number, 0]));
    scan.extend([band[0], band[1], 0]);
    segment(0xda, &scan)
}

fn blocks(width: u16, height: u16) -> usize {
    usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8))
}

/// A baseline field of grey or colour: a DC and an AC code of one bit for each block of each component.
pub fn flat(width: u16, height: u16, components: u8) -> Vec<u8> {
    let mut file = before_scans(width, height, BASELINE, components);
    file.extend(scan_header(1..=components, [0, 63]));
    let bits = blocks(width, height) * usize::from(components) * 2;
    file.resize(file.len() + bits.div_ceil(8), 0);
    file.extend([0xff, 0xd9]);
    file
}

/// A progressive one: a DC scan, then this many scans over all other coefficients of the first component.
pub fn progressive(width: u16, height: u16, components: u8, scans: usize) -> Vec<u8> {
    let mut file = before_scans(width, height, PROGRESSIVE, components);
    file.extend(scan_header(1..=components, [0, 0]));
    file.resize(file.len() + (blocks(width, height) * usize::from(components)).div_ceil(8), 0);
    for _ in 0..scans {
        file.extend(scan_header(1..=1, [1, 63]));
        file.resize(file.len() + blocks(width, height).div_ceil(8), 0);
    }
    file.extend([0xff, 0xd9]);
    file
}

/// A grey field with a restart marker after every block.
pub fn restarting(width: u16, height: u16) -> Vec<u8> {
    let mut file = before_scans(width, height, BASELINE, 1);
    file.extend(segment(0xdd, &[0, 1]));
    file.extend(scan_header(1..=1, [0, 63]));
    let count = blocks(width, height);
    for (block, number) in (1..=count).zip((0..8).cycle()) {
        // Two bits of data, filled up with ones.
        file.push(0x3f);
        if block < count {
            file.extend([0xff, 0xd0 + number]);
        }
    }
    file.extend([0xff, 0xd9]);
    file
}

/// A small grey field with these application segments: number and content.
pub fn with_segments(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let file = flat(16, 16, 1);
    let mut result = file[..2].to_vec();
    for (number, content) in segments {
        result.extend(segment(0xe0 + number, content));
    }
    result.extend(&file[2..]);
    result
}

/// A profile in as many segments as it needs (ICC.1, annex B.4).
fn profile_segments(profile: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let pieces: Vec<_> = profile.chunks(60_000).collect();
    let count = u8::try_from(pieces.len()).unwrap();
    (1..=count)
        .zip(pieces)
        .map(|(number, piece)| (2, [b"ICC_PROFILE\0", &[number, count][..], piece].concat()))
        .collect()
}

/// The place of the first scan's data.
fn data_start(file: &[u8]) -> usize {
    let scan = file.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    scan + 2 + usize::from(u16::from_be_bytes([file[scan + 2], file[scan + 3]]))
}

pub(crate) fn all() -> Vec<Hostile> {
    let mut flooded = flat(64, 64, 1);
    let start = data_start(&flooded);
    flooded.splice(start..start, [0xff, 0xd0].repeat(4 * 1024 * 1024));
    let mut filled = flat(64, 64, 1);
    filled.splice(start..start, vec![0xff; 8 * 1024 * 1024]);
    let mut files = vec![
        hostile("jpeg of 16000 x 16000", Class::TooLarge, flat(16_000, 16_000, 3)),
        hostile("jpeg of 65500 x 65500", Class::TooLarge, flat(65_500, 65_500, 1)),
        hostile("jpeg of 65500 x 1", Class::TooLarge, flat(65_500, 1, 1)),
        hostile(
            "jpeg of 7000 x 7000 in four progressive inks",
            Class::TooLarge,
            progressive(7_000, 7_000, 4, 1),
        ),
        hostile("jpeg of 500 scans", Class::TooLarge, progressive(1_000, 1_000, 3, 500)),
        hostile("jpeg of as many scans as are allowed", Class::Decoded, progressive(2_000, 2_000, 3, 39)),
        hostile("jpeg with a restart after every block", Class::Decoded, restarting(4_000, 4_000)),
        hostile("jpeg with a flood of restarts that nobody asked for", Class::Damaged, flooded),
        hostile("jpeg with a flood of fill bytes inside its data", Class::Damaged, filled),
        hostile("jpeg with 200 segments of 64 KB", Class::Decoded, {
            with_segments(&vec![(5, vec![0x41; 65_000]); 200])
        }),
        hostile("jpeg with a frame in its frame", Class::Decoded, {
            let thumbnail = [b"Exif\0\0".to_vec(), flat(65_500, 8, 1)].concat();
            with_segments(&[(1, thumbnail[..60_000.min(thumbnail.len())].to_vec())])
        }),
    ];
    for (_, exif) in crate::exif_loops() {
        let segment = [b"Exif\0\0".to_vec(), exif].concat();
        files.push(hostile("jpeg with EXIF that never ends", Class::Decoded, with_segments(&[(1, segment)])));
    }
    for (_, profile) in crate::bad_profiles() {
        let file = with_segments(&profile_segments(&profile));
        files.push(hostile("jpeg with a profile that is none", Class::Decoded, file));
    }
    files
}
