//! PNG (W3C PNG, third edition).

use crate::{CANARY, Class, Hostile, hostile};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const MIB: usize = 1024 * 1024;

/// A PNG by its chunks; `IEND` is added.
pub fn of_chunks(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = SIGNATURE.to_vec();
    for (name, content) in chunks {
        file.extend(chunk(name, content));
    }
    file.extend(chunk(b"IEND", &[]));
    file
}

/// A chunk: its length, its name, its content, the CRC of the last two.
pub fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend(name);
    chunk.extend(content);
    chunk.extend(crc32(&chunk[4..]).to_be_bytes());
    chunk
}

fn crc32(bytes: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|byte| {
        (0..8).fold(u32::try_from(byte).unwrap(), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    });
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        table[usize::from(low ^ byte)] ^ (crc >> 8)
    })
}

/// The header chunk; `interlaced` is 0 or 1.
pub fn header(
    width: u32,
    height: u32,
    depth_and_color: [u8; 2],
    interlaced: u8,
) -> (&'static [u8; 4], Vec<u8>) {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend(depth_and_color);
    header.extend([0, 0, interlaced]);
    (b"IHDR", header)
}

/// zlib data (RFC 1950, 1951) that inflates to this many zeros, a thousandth of their number long: one block of the
/// fixed code, one literal 0, then copies of 258 bytes from one byte back.
pub fn zlib_of_zeros(length: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0b011, 3);
    let mut rest = length;
    if 0 < rest {
        bits.push_code(0x30, 8);
        rest -= 1;
    }
    while 258 <= rest {
        // Length code 285 is 258 bytes, distance code 0 is one byte back.
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
        rest -= 258;
    }
    for _ in 0..rest {
        bits.push_code(0x30, 8);
    }
    bits.push_code(0, 7);
    let mut stream = vec![0x78, 0x01];
    stream.extend(bits.finish());
    // Adler-32 of zeros: the first sum stays 1, the second counts them.
    let second = u32::try_from(length % 65_521).unwrap();
    stream.extend((second << 16 | 1).to_be_bytes());
    stream
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    current: u32,
    used: u32,
}

impl Bits {
    /// Numbers are packed from their lowest bit on.
    fn push(&mut self, bits: u32, count: u32) {
        self.current |= bits << self.used;
        self.used += count;
        while 8 <= self.used {
            self.bytes.push(self.current.to_le_bytes()[0]);
            self.current >>= 8;
            self.used -= 8;
        }
    }

    /// Codes are packed from their highest bit on.
    fn push_code(&mut self, code: u32, count: u32) {
        self.push(code.reverse_bits() >> (32 - count), count);
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(0, (8 - self.used % 8) % 8);
        self.bytes
    }
}

/// A field of one colour; `bits_per_pixel` belongs to the depth and colour.
pub fn flat(width: u32, height: u32, depth_and_color: [u8; 2], bits_per_pixel: u64) -> Vec<u8> {
    let row_bytes = 1 + (u64::from(width) * bits_per_pixel).div_ceil(8);
    let length = usize::try_from(row_bytes * u64::from(height)).unwrap();
    of_chunks(&[header(width, height, depth_and_color, 0), (b"IDAT", zlib_of_zeros(length))])
}

/// One pixel of colour, with these chunks before its data.
fn pixel_after(chunks: &[(&'static [u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut all = vec![header(1, 1, [8, 2], 0)];
    all.extend(chunks.iter().cloned());
    all.push((b"IDAT", zlib_of_zeros(4)));
    of_chunks(&all)
}

/// An animated PNG of `frames` frames on a canvas of `side` pixels, the first of which is the default image and white.
/// Each further one is black, has `frame_side` pixels and lies `offset` pixels from the corner.
pub fn animated(side: u32, frames: u32, frame_side: u32, offset: u32) -> Vec<u8> {
    let row_bytes = |side: u32| 3 * usize::try_from(side).unwrap();
    let white = [vec![0], vec![255; row_bytes(side)]].concat().repeat(usize::try_from(side).unwrap());
    let smaller = frame_side.min(side);
    let black = zlib_of_zeros((1 + row_bytes(smaller)) * usize::try_from(smaller).unwrap());
    let control = |sequence: u32, side: u32, offset: u32| {
        let mut control: Vec<u8> =
            [sequence, side, side, offset, offset].iter().flat_map(|number| number.to_be_bytes()).collect();
        // No delay, no disposal, no blending.
        control.extend([0, 0, 0, 0, 0, 0]);
        control
    };
    let mut chunks = vec![
        header(side, side, [8, 2], 0),
        (b"acTL", [frames.to_be_bytes(), 0_u32.to_be_bytes()].concat()),
        (b"fcTL", control(0, side, 0)),
        (b"IDAT", zlib_stored(&white)),
    ];
    for number in 1..frames {
        chunks.push((b"fcTL", control(2 * number - 1, frame_side, offset)));
        let further = [(2 * number).to_be_bytes().to_vec(), black.clone()].concat();
        chunks.push((b"fdAT", further));
    }
    of_chunks(&chunks)
}

pub(crate) fn all() -> Vec<Hostile> {
    let inflated = zlib_of_zeros(256 * MIB);
    let profile = [b"bomb\0\0".to_vec(), inflated.clone()].concat();
    let text = [b"bomb\0\0".to_vec(), inflated.clone()].concat();
    let international = [b"bomb\0\x01\0\0\0".to_vec(), inflated].concat();
    let mut files = vec![
        hostile("png of 30000 x 30000 bits", Class::TooLarge, flat(30_000, 30_000, [1, 0], 1)),
        hostile("png of 12000 x 12000 colours with alpha", Class::TooLarge, flat(12_000, 12_000, [8, 6], 32)),
        hostile("png of 7000 x 7000 deep colours", Class::TooLarge, flat(7_000, 7_000, [16, 6], 64)),
        hostile("png of 50 million rows", Class::TooLarge, flat(1, 50_000_000, [1, 0], 1)),
        hostile("png whose data holds 256 MiB for one pixel", Class::Decoded, {
            of_chunks(&[header(1, 1, [8, 2], 0), (b"IDAT", zlib_of_zeros(256 * MIB))])
        }),
        hostile("png whose profile inflates to 256 MiB", Class::Decoded, pixel_after(&[(b"iCCP", profile)])),
        hostile("png whose text inflates to 256 MiB", Class::Decoded, pixel_after(&[(b"zTXt", text)])),
        hostile(
            "png whose international text inflates to 256 MiB",
            Class::Decoded,
            pixel_after(&[(b"iTXt", international)]),
        ),
        hostile("png with 16 MiB of EXIF", Class::Damaged, pixel_after(&[(b"eXIf", vec![0x49; 16 * MIB])])),
        hostile(
            "png with 100000 text chunks",
            Class::Decoded,
            pixel_after(&vec![(b"tEXt", [b"a\0", CANARY].concat()); 100_000]),
        ),
        hostile("png of 10000 frames", Class::Decoded, animated(4, 10_000, 4, 0)),
        hostile("png with a frame outside of its canvas", Class::Decoded, animated(4, 2, 65_535, 65_535)),
        hostile("png that claims four billion frames", Class::Decoded, {
            let count = [u32::MAX.to_be_bytes(), 0_u32.to_be_bytes()].concat();
            pixel_after(&[(b"acTL", count)])
        }),
    ];
    for (_, exif) in crate::exif_loops() {
        files.push(hostile("png with EXIF that never ends", Class::Decoded, pixel_after(&[(b"eXIf", exif)])));
    }
    for (_, profile) in crate::bad_profiles() {
        let stored = [b"bad\0\0".to_vec(), zlib_stored(&profile)].concat();
        files.push(hostile(
            "png with a profile that is none",
            Class::Decoded,
            pixel_after(&[(b"iCCP", stored)]),
        ));
    }
    files
}

/// zlib without compression.
pub fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks: Vec<_> = bytes.chunks(65_535).collect();
    for (index, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).unwrap();
        stream.push(u8::from(index + 1 == blocks.len()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(*block);
    }
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}
