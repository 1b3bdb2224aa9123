//! What parent and worker say to each other: JSON lines, some followed by raw bytes.
//!
//! The parent writes one [`OrderLine`] and the file. The worker answers frames: `Ready` once its limits are set and
//! before it reads the file, then each piece as soon as it is there, and `End`. The worker has met bytes of a
//! stranger, so the parent believes none of this before [`super::isolated`] has checked it.

use std::io::{self, BufRead, Write};

use imaging::{Limits, Look};
use serde::{Deserialize, Serialize};
use shared::record::Placeholder;

use super::HardLimits;

/// Longest line of either side, in bytes.
pub(super) const LINE_BYTES_MAX: u64 = 4 * 1024;

/// The first line of an order; the file follows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OrderLine {
    pub(super) specs: Vec<String>,
    pub(super) wants_placeholder: bool,
    pub(super) limits: LimitsLine,
    pub(super) look: LookLine,
    /// How many variants may be made at once.
    pub(super) threads: usize,
    pub(super) hard_limits: HardLimits,
    /// Until no further variant is begun.
    pub(super) millis_left: u64,
    pub(super) file_bytes: u64,
}

/// [`Limits`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the limits are called so everywhere")]
pub(super) struct LimitsLine {
    file_bytes_max: u64,
    side_pixels_max: u32,
    pixels_max: u64,
    decode_bytes_max: u64,
    jpeg_scans_max: u32,
    avif_pixels_max: u64,
}

impl From<&Limits> for LimitsLine {
    fn from(limits: &Limits) -> Self {
        Self {
            file_bytes_max: limits.file_bytes_max,
            side_pixels_max: limits.side_pixels_max,
            pixels_max: limits.pixels_max,
            decode_bytes_max: limits.decode_bytes_max,
            jpeg_scans_max: limits.jpeg_scans_max,
            avif_pixels_max: limits.avif_pixels_max,
        }
    }
}

impl From<LimitsLine> for Limits {
    fn from(line: LimitsLine) -> Self {
        Self {
            file_bytes_max: line.file_bytes_max,
            side_pixels_max: line.side_pixels_max,
            pixels_max: line.pixels_max,
            decode_bytes_max: line.decode_bytes_max,
            jpeg_scans_max: line.jpeg_scans_max,
            avif_pixels_max: line.avif_pixels_max,
        }
    }
}

/// [`Look`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LookLine {
    normalize: bool,
    background: [u8; 3],
    animation_frames_max: u32,
}

impl From<Look> for LookLine {
    fn from(look: Look) -> Self {
        let Look { normalize, background, animation_frames_max } = look;
        Self { normalize, background, animation_frames_max }
    }
}

impl From<LookLine> for Look {
    fn from(line: LookLine) -> Self {
        let LookLine { normalize, background, animation_frames_max } = line;
        Self { normalize, background, animation_frames_max }
    }
}

/// One line of a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Frame {
    /// The limits are set; from here on, whatever happens is the file's doing.
    Ready,
    Size {
        width: u32,
        height: u32,
    },
    Placeholder(Placeholder),
    /// This many bytes follow the line.
    Variant {
        name: String,
        width: u32,
        height: u32,
        bytes: u64,
    },
    /// A variant that is never made of this file.
    LeftOut {
        name: String,
        why: String,
    },
    /// A variant for which no time was left.
    OutOfTime {
        name: String,
    },
    Refused {
        code: String,
        message: String,
    },
    /// Nothing more comes.
    End,
}

/// The line of anything, its end included.
pub(super) fn line_of(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Writes a frame and what follows it, at once, so that it outlives the worker.
pub(super) fn write_frame(output: &mut impl Write, frame: &Frame, bytes: &[u8]) -> io::Result<()> {
    output.write_all(&line_of(frame)?)?;
    output.write_all(bytes)?;
    output.flush()
}

/// Reads the line of an order.
pub(super) fn read_order(input: &mut impl BufRead) -> io::Result<OrderLine> {
    let mut line = Vec::new();
    io::Read::take(input, LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}
