//! GIF (version 89a).

use crate::{Class, Hostile, hostile};

/// A header with a canvas and two colours.
fn header(canvas: [u16; 2]) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend(canvas.iter().flat_map(|side| side.to_le_bytes()));
    file.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    file
}

/// A frame of left, top, width, height; its data is one pixel.
fn frame(place: [u16; 4]) -> Vec<u8> {
    let mut frame = vec![0x2c];
    frame.extend(place.iter().flat_map(|number| number.to_le_bytes()));
    frame.extend([0, 2, 2, 0x44, 0x01, 0]);
    frame
}

/// 35 bytes: a canvas, and one frame of a size and place of its own.
pub fn tiny(canvas: [u16; 2], place: [u16; 4]) -> Vec<u8> {
    [header(canvas), frame(place), vec![0x3b]].concat()
}

/// Many frames of one pixel, without delay, for ever again.
pub fn animated(canvas: [u16; 2], frames: usize, place: [u16; 4]) -> Vec<u8> {
    let again = [b"\x21\xff\x0bNETSCAPE2.0\x03\x01".as_slice(), &[0, 0, 0]].concat();
    [header(canvas), again, frame([0, 0, 1, 1]), frame(place).repeat(frames - 1), vec![0x3b]].concat()
}

pub(crate) fn all() -> Vec<Hostile> {
    vec![
        hostile(
            "gif of 35 bytes with an endless canvas",
            Class::TooLarge,
            tiny([65_535, 65_535], [0, 0, 1, 1]),
        ),
        hostile(
            "gif of 35 bytes with an endless frame",
            Class::Damaged,
            tiny([4, 4], [0, 0, 65_535, 65_535]),
        ),
        hostile("gif with a frame at the end of the world", Class::Decoded, {
            tiny([4, 4], [65_535, 65_535, 1, 1])
        }),
        hostile("gif with a frame of no pixels", Class::Damaged, tiny([4, 4], [0, 0, 0, 0])),
        hostile("gif of 10000 frames", Class::Decoded, animated([4, 4], 10_000, [0, 0, 1, 1])),
        hostile("gif of 10000 frames outside of its canvas", Class::Decoded, {
            animated([4, 4], 10_000, [60_000, 60_000, 65_535, 65_535])
        }),
        hostile("gif of 100000 comments", Class::Decoded, {
            let comment = b"\x21\xfe\x04junk\x00".repeat(100_000);
            [header([4, 4]), comment, frame([0, 0, 1, 1]), vec![0x3b]].concat()
        }),
        hostile("gif with a comment that never ends", Class::Damaged, {
            [header([4, 4]), b"\x21\xfe".to_vec(), [&[255][..], &[65; 255]].concat().repeat(40_000)].concat()
        }),
    ]
}
