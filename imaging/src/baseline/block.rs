//! One block of coefficients out of the bits (ITU-T T.81, F.2.2).

use super::bits::Bits;
use super::huffman::{END_OF_BLOCK, Huffman, Symbol};

/// Position of the last coefficient in the order of the file.
const LAST: usize = 63;

/// Whether a coefficient has a part in the samples, 1 or 0, by its position. Longer than a block, because the end of
/// the block stands for a position, too.
pub(super) type Needed = [u8; 256];

/// Coefficients with their positions: the number in the upper 24 bits.
#[derive(Debug)]
pub(super) struct Coefficients {
    list: [i32; 64],
    count: usize,
}

impl Coefficients {
    pub(super) fn new() -> Self {
        Self { list: [0; 64], count: 0 }
    }

    #[inline(always)]
    pub(super) fn list(&self) -> &[i32] {
        self.list.get(..self.count).unwrap_or_default()
    }

    /// Reads a block, keeps those of its coefficients that are needed, and gives the difference of the first one.
    /// `None` when a code or a position is none.
    ///
    /// Every symbol does the same work, without a branch but for the end, because the processor cannot guess what the
    /// next symbol is: a coefficient that is not needed is overwritten by the next one.
    #[inline(always)]
    pub(super) fn read(&mut self, bits: &mut Bits<'_>, dc: &Huffman, ac: &Huffman, needed: &Needed) -> Option<i32> {
        let (first, difference) = symbol(bits, dc);
        if first == 0 {
            return None;
        }
        let (mut position, mut count) = (0_usize, 0_usize);
        while position < LAST {
            let (symbol, number) = symbol(bits, ac);
            if symbol == 0 {
                return None;
            }
            let [.., advance] = symbol.to_le_bytes();
            position = position.wrapping_add(usize::from(advance));
            if let Some(slot) = self.list.get_mut(count & LAST) {
                *slot = number.wrapping_shl(8) | i32::from(u8::try_from(position & LAST).unwrap_or_default());
            }
            count = count.wrapping_add(usize::from(needed.get(position & 255).copied().unwrap_or_default()));
        }
        self.count = count;
        (position == LAST || usize::from(END_OF_BLOCK) <= position).then_some(difference)
    }
}

/// The next symbol and the number behind it.
#[inline(always)]
fn symbol(bits: &mut Bits<'_>, table: &Huffman) -> (Symbol, i32) {
    let window = bits.window();
    let symbol = table.symbol(window);
    let [total, code, size, _] = symbol.to_le_bytes();
    bits.advance(u32::from(total));
    (symbol, extended(window.wrapping_shl(u32::from(code)), size))
}

/// EXTEND of F.2.2.1: a number whose first bit is 0 is negative, and is one less than its complement.
#[inline(always)]
fn extended(window: u64, size: u8) -> i32 {
    let signed = i64::from_ne_bytes(window.to_ne_bytes());
    // All ones for a negative number, in both.
    let sign = !(signed >> 63);
    let magnitude = u64::from_ne_bytes((signed ^ sign).to_ne_bytes()) >> 1;
    let magnitude = i64::from_ne_bytes(magnitude.wrapping_shr(63_u32.wrapping_sub(u32::from(size))).to_ne_bytes());
    low_half((magnitude ^ sign).wrapping_sub(sign))
}

#[inline(always)]
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "numbers have at most 16 bits")]
fn low_half(number: i64) -> i32 {
    number as i32
}
