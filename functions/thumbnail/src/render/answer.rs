//! What a worker answered, believed only as far as it fits the order.

use imaging::{OutputFormat, Variant, VariantSpec, fit_inside};
use shared::record::{Placeholder, Reason};

use super::frames::Frame;
use super::produce::plain;
use super::{Cause, LeftOut, Order, Piece, Rendered};

/// Longest ThumbHash in base64: one has at most 25 bytes.
const THUMB_HASH_CHARS_MAX: usize = 36;
/// Added to the size of the raw pixels, which no variant outgrows, for what stands around them.
const WRAPPING_BYTES_MAX: u64 = 64 * 1024;
/// The pipeline's own words for a file that it refuses.
const REFUSALS: [&str; 3] = ["image_unsupported", "image_too_large", "image_damaged"];

/// The answer so far.
#[derive(Debug)]
pub(super) struct Answer {
    specs: Vec<VariantSpec>,
    wants_placeholder: bool,
    side_pixels_max: u32,
    frames_max: u64,
    /// Whether the worker has set its limits; before, nothing can be the file's fault.
    pub(super) is_ready: bool,
    is_ended: bool,
    pub(super) rendered: Rendered,
}

/// What a frame asks for next.
pub(super) enum Next {
    /// Another frame.
    Frame,
    /// The bytes of this variant, so many.
    Bytes(VariantSpec, (u32, u32), u64),
    /// Nothing: this was the last one.
    End,
}

/// The worker said something that it was not asked. Which it was is of no use: it cannot be believed any more.
#[derive(Debug)]
pub(super) struct Garbage;

impl Answer {
    pub(super) fn to(order: &Order) -> Self {
        Self {
            specs: order.specs.clone(),
            wants_placeholder: order.wants_placeholder,
            side_pixels_max: order.limits.side_pixels_max,
            frames_max: u64::from(order.look.animation_frames_max),
            is_ready: false,
            is_ended: false,
            rendered: Rendered::default(),
        }
    }

    /// Whether the worker said that it was through.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Takes the next line.
    pub(super) fn take_line(&mut self, line: &[u8]) -> Result<Next, Garbage> {
        let frame = serde_json::from_slice(line).map_err(|_| Garbage)?;
        if matches!(frame, Frame::Ready) != !self.is_ready {
            return Err(Garbage);
        }
        let piece = match frame {
            Frame::Ready => {
                self.is_ready = true;
                return Ok(Next::Frame);
            }
            Frame::End => {
                self.is_ended = true;
                return self.is_complete().then_some(Next::End).ok_or(Garbage);
            }
            Frame::Variant { name, width, height, bytes } => {
                let spec = self.open_spec(&name)?;
                let size = self.size_of(&spec)?;
                let frames = if spec.format == OutputFormat::WebP { self.frames_max } else { 1 };
                let most = (u64::from(width) * u64::from(height) * 4 + WRAPPING_BYTES_MAX) * frames;
                let fits = size == (width, height) && bytes <= most;
                return fits.then_some(Next::Bytes(spec, size, bytes)).ok_or(Garbage);
            }
            Frame::Size { width, height } => {
                let is_side = |side| 0 < side && side <= self.side_pixels_max;
                let is_news = self.rendered.size.is_none() && !self.is_refused();
                (is_news && is_side(width) && is_side(height)).then_some(Piece::Size(width, height))
            }
            Frame::Placeholder(placeholder) => {
                let is_wanted = self.wants_placeholder && self.rendered.placeholder.is_none();
                (is_wanted && is_placeholder(&placeholder)).then_some(Piece::Placeholder(placeholder))
            }
            Frame::LeftOut { name, why } => Some(self.left_out(&name, Cause::ForGood(plain(&why)))?),
            // Whether that is so cannot be told. A worker that always says it gains nothing: attempts are counted.
            Frame::OutOfTime { name } => Some(self.left_out(&name, Cause::OutOfTime)?),
            Frame::Refused { code, message } => {
                let is_ours = REFUSALS.contains(&code.as_str());
                let is_first = self.rendered.size.is_none() && !self.is_refused();
                (is_ours && is_first).then(|| Piece::Refused(Reason::new(&code, plain(&message))))
            }
        };
        self.rendered.add(piece.ok_or(Garbage)?);
        Ok(Next::Frame)
    }

    /// Takes the bytes that a frame announced. A variant must at least begin as one of its format does.
    pub(super) fn take_bytes(
        &mut self,
        spec: VariantSpec,
        size: (u32, u32),
        bytes: Vec<u8>,
    ) -> Result<(), Garbage> {
        if !begins_as(spec.format, &bytes) {
            return Err(Garbage);
        }
        self.rendered.add(Piece::Variant(Variant { spec, width: size.0, height: size.1, bytes }));
        Ok(())
    }

    fn is_refused(&self) -> bool {
        matches!(self.rendered.ending, super::Ending::Refused(_))
    }

    fn is_complete(&self) -> bool {
        let told = self.rendered.variants.len() + self.rendered.left_out.len();
        self.is_refused() || (self.rendered.size.is_some() && told == self.specs.len())
    }

    /// The spec of this name, if it was ordered and nothing came of it yet.
    fn open_spec(&self, name: &str) -> Result<VariantSpec, Garbage> {
        let is_told = self.rendered.variants.iter().any(|made| made.spec.name == name)
            || self.rendered.left_out.iter().any(|left_out| left_out.name == name);
        let found = self.specs.iter().find(|spec| spec.name == name && !is_told);
        found.copied().ok_or(Garbage)
    }

    fn left_out(&self, name: &str, cause: Cause) -> Result<Piece, Garbage> {
        Ok(Piece::LeftOut(LeftOut { name: self.open_spec(name)?.name, cause }))
    }

    fn size_of(&self, spec: &VariantSpec) -> Result<(u32, u32), Garbage> {
        let (width, height) = self.rendered.size.ok_or(Garbage)?;
        Ok(fit_inside(width, height, spec.max_width, spec.max_height))
    }
}

fn is_placeholder(placeholder: &Placeholder) -> bool {
    let hash = &placeholder.thumb_hash;
    let is_base64 = |letter: u8| letter.is_ascii_alphanumeric() || b"+/=".contains(&letter);
    let digits = placeholder.dominant_color.strip_prefix('#').unwrap_or_default();
    hash.len() <= THUMB_HASH_CHARS_MAX
        && hash.bytes().all(is_base64)
        && digits.len() == 6
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn begins_as(format: OutputFormat, bytes: &[u8]) -> bool {
    match format {
        OutputFormat::Jpeg => bytes.starts_with(&[0xff, 0xd8, 0xff]),
        OutputFormat::WebP => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
        OutputFormat::Avif => bytes.get(4..12) == Some(b"ftypavif"),
    }
}
