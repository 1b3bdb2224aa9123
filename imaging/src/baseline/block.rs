//! One block of coefficients out of the bits (ITU-T T.81, F.2.2).

use super::bits::Bits;
use super::huffman::{Codes, END_OF_BLOCK, SYMBOL_BITS_MAX};
use super::pairs::{PAIR_BITS, Pair, Pairs};

/// Position of the last coefficient in the order of the file.
const LAST: i32 = 63;
const END: i32 = 128;
const _: () = assert!(END_OF_BLOCK == 128, "the same number in two types");

/// Coefficients that are summed without a look at whether there are more.
pub(super) const FOUR: usize = 4;

/// Whether a coefficient has a part in the samples, 1 or 0, by its position. Longer than a block, because the end of
/// the block stands for a position, too.
pub(super) type Needed = [u8; 256];

/// Coefficients with their positions: the number in the upper 24 bits.
#[derive(Debug)]
pub(super) struct Coefficients {
    list: [i32; 64 + FOUR],
    count: usize,
}

impl Coefficients {
    pub(super) fn new() -> Self {
        Self { list: [0; 64 + FOUR], count: 0 }
    }

    /// In fours, filled up with coefficients of 0: a loop over them ends where the processor guesses more often.
    #[inline(always)]
    pub(super) fn fours(&mut self) -> &[[i32; FOUR]] {
        if let Some(rest) = self.list.get_mut(self.count..).and_then(<[i32]>::first_chunk_mut::<FOUR>) {
            *rest = [0; FOUR];
        }
        let count = self.count.wrapping_add(FOUR - 1) / FOUR;
        self.list.as_chunks().0.get(..count).unwrap_or_default()
    }

    /// Reads a block, keeps those of its coefficients that are needed, and gives the difference of the first one.
    /// `None` when a code or a position is none.
    ///
    /// Every look does the same work, with hardly a branch but for the end, because the processor cannot guess what
    /// comes next: a coefficient that is not needed is overwritten by the next one.
    #[inline(always)]
    pub(super) fn read(
        &mut self,
        bits: &mut Bits<'_>,
        dc: &Codes,
        ac: &Pairs,
        needed: &Needed,
    ) -> Option<i32> {
        let window = bits.full_window();
        let symbol = dc.symbol(window);
        if symbol == 0 {
            return None;
        }
        let difference = Codes::number(symbol, window);
        bits.advance(symbol & 255);
        self.count = 0;
        let mut position = 0;
        let (middle, last) = loop {
            let window = bits.window(PAIR_BITS);
            let Some(pair) = ac.pair(window) else {
                position = self.read_long(bits, ac.codes(), position, needed)?;
                if LAST <= position {
                    break (0, (window, Pair::default()));
                }
                continue;
            };
            bits.advance(pair.bits());
            let first = pair.first(position);
            let middle = first & 255;
            self.put(first, 1, needed);
            let second = pair.second(middle);
            position = second & 255;
            self.put(second, pair.count_of_second(), needed);
            if LAST <= position {
                break (middle, (window, pair));
            }
        };
        // A block can be full without an end being said, and then the second symbol is none of its own.
        if middle == LAST {
            go_back(bits, last);
            return Some(difference);
        }
        (position == LAST || (END..END + LAST).contains(&position)).then_some(difference)
    }

    #[inline(always)]
    fn put(&mut self, coefficient: i32, count: u8, needed: &Needed) {
        if let Some(slot) = self.list.get_mut(self.count & 63) {
            *slot = coefficient;
        }
        let [position, ..] = coefficient.to_le_bytes();
        let count = count & needed.get(usize::from(position)).copied().unwrap_or_default();
        self.count = self.count.wrapping_add(usize::from(count));
    }

    /// A symbol that is too long to be looked up together with its number. Gives the position that it moves to.
    #[inline(always)]
    fn read_long(&mut self, bits: &mut Bits<'_>, ac: &Codes, position: i32, needed: &Needed) -> Option<i32> {
        let window = bits.window(SYMBOL_BITS_MAX);
        let symbol = ac.symbol(window);
        if symbol == 0 {
            return None;
        }
        let [.., advance] = symbol.to_le_bytes();
        let coefficient = (Codes::number(symbol, window) << 8) | position.wrapping_add(i32::from(advance));
        bits.advance(symbol & 255);
        self.put(coefficient, 1, needed);
        Some(coefficient & 255)
    }
}

/// Behind the first of a pair, instead of behind both.
#[cold]
fn go_back(bits: &mut Bits<'_>, (window, pair): (u64, Pair)) {
    bits.go_back(window, pair.bits());
    bits.advance(pair.bits_of_first());
}
