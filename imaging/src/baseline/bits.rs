//! The compressed data without its stuffed bytes, and the next bits of it.
//!
//! The bytes are freed from stuffing (ITU-T T.81, B.1.1.5) piece by piece ahead of the decoder, so that the decoder can
//! take eight at a time without a look at what they are. Behind the last piece before a marker stand zeros, as many as
//! one unit can ask for; whether any of them was used is checked once a unit.

use crate::jpeg_structure::next_marker;

/// Bytes of one piece.
const PIECE_BYTES: usize = 16 * 1024;
/// More than any unit takes: 10 blocks of 64 symbols of at most 31 bits are 2480 bytes, and a window is 8 more.
const UNIT_BYTES_MAX: usize = 2560;

/// Why the data cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Ends,
    Damaged,
}

/// The compressed data of a scan.
#[derive(Debug)]
pub(super) struct Entropy<'a> {
    /// What was not yet freed from stuffing; begins with a marker once `is_last`.
    rest: &'a [u8],
    clean: Vec<u8>,
    /// Bytes of `clean` that come from the file.
    filled: usize,
    /// Whether `clean` goes up to the next marker, or to the end of the file.
    is_last: bool,
    cursor: Cursor,
}

/// A place between two bits.
#[derive(Debug, Clone, Copy, Default)]
struct Cursor {
    /// The next bits, from the top down. Below `count` there may be more of them already, the right ones.
    window: u64,
    count: u32,
    /// The first byte that is not counted in the window.
    position: usize,
}

/// Takes bits of one unit.
#[derive(Debug)]
pub(super) struct Bits<'c> {
    clean: &'c [u8],
    cursor: Cursor,
}

impl<'a> Entropy<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { rest: data, clean: Vec::new(), filled: 0, is_last: false, cursor: Cursor::default() }
    }

    /// The bits of the next unit, to be given back with [`Self::accept`].
    #[inline(always)]
    pub(super) fn unit(&mut self) -> Bits<'_> {
        if !self.is_last && self.filled < self.cursor.position.saturating_add(UNIT_BYTES_MAX) {
            self.fill();
        }
        Bits { clean: &self.clean, cursor: self.cursor }
    }

    /// Moves on behind a unit; an error when it took more than there is.
    #[inline(always)]
    pub(super) fn accept(&mut self, end: Place) -> Result<(), Fault> {
        self.cursor = end.0;
        match self.is_overrun() {
            true => Err(self.fault()),
            false => Ok(()),
        }
    }

    /// What is wrong when a unit could not be decoded.
    #[cold]
    pub(super) fn fault_at(&mut self, end: Place) -> Fault {
        self.cursor = end.0;
        self.fault()
    }

    fn fault(&self) -> Fault {
        if self.is_overrun() && self.rest.is_empty() { Fault::Ends } else { Fault::Damaged }
    }

    #[inline(always)]
    fn is_overrun(&self) -> bool {
        let ahead = usize::try_from(self.cursor.count / 8).unwrap_or_default();
        self.filled.wrapping_add(ahead) < self.cursor.position
    }

    /// Goes behind the next marker, which has to be this one; bits before it are padding (F.1.2.3).
    pub(super) fn restart(&mut self, marker: u8) -> Result<(), Fault> {
        let (found, rest) = next_marker(self.rest).ok_or(Fault::Ends)?;
        if found != marker {
            return Err(Fault::Damaged);
        }
        *self = Self { clean: std::mem::take(&mut self.clean), ..Self::new(rest) };
        self.clean.clear();
        Ok(())
    }

    /// Whether the data reached to the last sample. The end marker may be missing: what it would say is known by then.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        if self.is_overrun() { Err(Fault::Ends) } else { Ok(()) }
    }

    /// Keeps what was not yet used, and puts the next piece behind it.
    #[cold]
    #[inline(never)]
    fn fill(&mut self) {
        self.clean.drain(..self.cursor.position.min(self.clean.len()));
        self.cursor.position = 0;
        while self.clean.len() < PIECE_BYTES && !self.is_last {
            let ahead = self.rest.get(..PIECE_BYTES).unwrap_or(self.rest);
            let plain = memchr::memchr(0xff, ahead).unwrap_or(ahead.len());
            let (plain, rest) = self.rest.split_at_checked(plain).unwrap_or((self.rest, &[]));
            self.clean.extend_from_slice(plain);
            self.rest = rest;
            self.step_over_stuffing();
        }
        self.filled = self.clean.len();
        if self.is_last {
            self.clean.resize(self.filled + UNIT_BYTES_MAX + 8, 0);
        }
    }

    /// At 0xff: a stuffed zero follows, or a marker; or fill bytes before either, which libjpeg allows here, too.
    fn step_over_stuffing(&mut self) {
        match self.rest {
            [0xff, 0x00, rest @ ..] => {
                self.clean.push(0xff);
                self.rest = rest;
            }
            [0xff] => self.rest = &[],
            [0xff, rest @ ..] if rest.starts_with(&[0xff]) => self.rest = rest,
            [] | [0xff, ..] => self.is_last = true,
            _ => {}
        }
    }
}

/// Where a unit ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(Cursor);

impl Bits<'_> {
    pub(super) fn place(&self) -> Place {
        Place(self.cursor)
    }

    /// At least 56 bits, from the top down.
    #[inline(always)]
    pub(super) fn full_window(&mut self) -> u64 {
        let cursor = &mut self.cursor;
        let next = self.clean.get(cursor.position..).and_then(<[u8]>::first_chunk::<8>);
        cursor.window |= next.map_or(0, |bytes| u64::from_be_bytes(*bytes)).wrapping_shr(cursor.count);
        let taken = 63_u32.wrapping_sub(cursor.count) >> 3;
        cursor.position = cursor.position.wrapping_add(usize::try_from(taken).unwrap_or_default());
        cursor.count |= 0x38;
        cursor.window
    }

    /// At least so many bits.
    #[inline(always)]
    pub(super) fn window(&mut self, bits: u32) -> u64 {
        if self.cursor.count < bits { self.full_window() } else { self.cursor.window }
    }

    /// Goes back to a window of before, which had so many bits more.
    pub(super) fn go_back(&mut self, window: u64, bits: u32) {
        self.cursor.window = window;
        self.cursor.count = self.cursor.count.wrapping_add(bits);
    }

    /// Goes on by no more bits than a symbol has.
    #[inline(always)]
    pub(super) fn advance(&mut self, bits: u32) {
        self.cursor.window = self.cursor.window.wrapping_shl(bits);
        self.cursor.count = self.cursor.count.wrapping_sub(bits);
    }
}
