//! WebP (RFC 9649).

use crate::{Class, Hostile, hostile};

/// A file of these chunks.
pub fn riff(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let body: Vec<u8> = chunks.iter().flat_map(|(name, content)| chunk(name, content)).collect();
    let length = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
    [b"RIFF", length.as_slice(), b"WEBP", &body].concat()
}

/// A chunk, padded to an even length.
pub fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    let mut chunk = [name, length.as_slice(), content].concat();
    chunk.resize(chunk.len() + content.len() % 2, 0);
    chunk
}

/// A lossless bitstream of one colour, black but for its green: five codes of one symbol each, so that no pixel takes
/// a single bit.
fn flat_bitstream(width: u32, height: u32, green: u8) -> Vec<u8> {
    let mut bits = u64::from((width - 1) | (height - 1) << 14);
    // No alpha, version 0, no transform, no colour cache, no second level of codes: 1 + 3 + 1 + 1 + 1 zeros.
    let mut used = 28 + 7;
    // A simple code of one symbol, which is written with eight bits; then four codes whose symbol is a single bit, 0.
    bits |= (0b101 | u64::from(green) << 3) << used;
    used += 11;
    for _ in 0..4 {
        bits |= 1 << used;
        used += 4;
    }
    [&[0x2f][..], &bits.to_le_bytes()].concat()
}

/// A lossless field of one colour; sides up to 16,384 pixels.
pub fn flat(width: u32, height: u32) -> Vec<u8> {
    riff(&[(b"VP8L", flat_bitstream(width, height, 0))])
}

fn three_bytes(number: u32) -> [u8; 3] {
    let [a, b, c, _] = number.to_le_bytes();
    [a, b, c]
}

/// The extended header: what is in the file, and the canvas.
pub fn extended_header(flags: u8, width: u32, height: u32) -> (&'static [u8; 4], Vec<u8>) {
    (b"VP8X", [&[flags, 0, 0, 0][..], &three_bytes(width - 1), &three_bytes(height - 1)].concat())
}

/// A moving one: a canvas, and frames of this side, this far from the corner, without delay. Green shows in the first.
pub fn animated(canvas: u32, frames: usize, frame_side: u32, offset: u32) -> Vec<u8> {
    const ANIMATION: u8 = 0x02;
    let place = [three_bytes(offset / 2), three_bytes(offset / 2)].concat();
    let size = [three_bytes(frame_side - 1), three_bytes(frame_side - 1)].concat();
    let frame = |green: u8| {
        let inner = chunk(b"VP8L", &flat_bitstream(frame_side, frame_side, green));
        // No duration; not blended, since without alpha every pixel counts as clear.
        [place.clone(), size.clone(), vec![0, 0, 0, 2], inner].concat()
    };
    let mut chunks =
        vec![extended_header(ANIMATION, canvas, canvas), (b"ANIM", vec![0; 6]), (b"ANMF", frame(200))];
    chunks.extend(std::iter::repeat_n((b"ANMF", frame(0)), frames - 1));
    riff(&chunks)
}

pub(crate) fn all() -> Vec<Hostile> {
    const PROFILE: u8 = 0x20;
    const EXIF: u8 = 0x08;
    let with = |flag: u8, name: &'static [u8; 4], content: Vec<u8>| {
        let mut chunks = vec![extended_header(flag, 4, 4)];
        let picture = (b"VP8L", flat_bitstream(4, 4, 0));
        match flag {
            PROFILE => chunks.extend([(name, content), picture]),
            _ => chunks.extend([picture, (name, content)]),
        }
        riff(&chunks)
    };
    let mut files = vec![
        hostile("webp of 16383 x 16383", Class::TooLarge, flat(16_383, 16_383)),
        hostile("webp of 7000 x 7000", Class::TooLarge, flat(7_000, 7_000)),
        hostile("webp with a canvas of 16777216 pixels a side", Class::TooLarge, {
            riff(&[extended_header(0, 1 << 24, 1), (b"VP8L", flat_bitstream(1, 1, 0))])
        }),
        hostile("webp whose picture is larger than its canvas", Class::Damaged, {
            riff(&[extended_header(0, 1, 1), (b"VP8L", flat_bitstream(16_383, 16_383, 0))])
        }),
        hostile("webp of 10000 frames", Class::Decoded, animated(8, 10_000, 8, 0)),
        hostile("webp with a frame outside of its canvas", Class::Damaged, animated(8, 2, 8, 4_000)),
        hostile("webp with a frame larger than its canvas", Class::Damaged, animated(8, 2, 9_000, 0)),
        hostile(
            "webp with 16 MiB of EXIF",
            Class::Decoded,
            with(EXIF, b"EXIF", vec![0x49; 16 * 1024 * 1024]),
        ),
        hostile("webp with 100000 unknown chunks", Class::Decoded, {
            let mut chunks = vec![extended_header(0, 4, 4), (b"VP8L", flat_bitstream(4, 4, 0))];
            chunks.extend(std::iter::repeat_n((b"junk", vec![1, 2, 3]), 100_000));
            riff(&chunks)
        }),
    ];
    for (_, exif) in crate::exif_loops() {
        files.push(hostile("webp with EXIF that never ends", Class::Decoded, with(EXIF, b"EXIF", exif)));
    }
    for (_, profile) in crate::bad_profiles() {
        files.push(hostile(
            "webp with a profile that is none",
            Class::Decoded,
            with(PROFILE, b"ICCP", profile),
        ));
    }
    files
}
