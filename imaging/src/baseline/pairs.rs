//! Two coefficients in one look: most symbols are short, and what costs time is one look waiting for the other.

use super::huffman::{Codes, END_OF_BLOCK, Symbol};

/// Bits that are looked up at once.
pub(super) const PAIR_BITS: u32 = 11;
const PAIRS: usize = 1 << PAIR_BITS;

/// The symbols of a table, in twos.
#[derive(Debug)]
pub(super) struct Pairs {
    pairs: Box<[Pair; PAIRS]>,
    codes: Codes,
}

/// One or two symbols with their numbers. Bytes from the lowest up: how far the first moves the position, its number
/// (3); the bits of both, the bits of the first and `HAS_SECOND`, how far the second moves the position, its number (1).
/// 0 for symbols that are too long.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pair(u64);

const HAS_SECOND: u8 = 0x80;

impl Pairs {
    pub(super) fn new(codes: Codes) -> Self {
        let mut pairs = Box::new([Pair(0); PAIRS]);
        for (place, pair) in (0_u64..).zip(pairs.iter_mut()) {
            *pair = Pair::new(&codes, place << (64 - PAIR_BITS)).unwrap_or(Pair(0));
        }
        Self { pairs, codes }
    }

    /// What stands at the top of 64 bits; `None` when it is too long to be looked up.
    #[inline(always)]
    pub(super) fn pair(&self, window: u64) -> Option<Pair> {
        let place = usize::try_from(window >> (64 - PAIR_BITS)).unwrap_or_default();
        self.pairs.get(place).copied().filter(|pair| pair.0 != 0)
    }

    pub(super) fn codes(&self) -> &Codes {
        &self.codes
    }
}

impl Pair {
    fn new(codes: &Codes, window: u64) -> Option<Self> {
        let (first, number) = whole(codes, window, PAIR_BITS)?;
        let [bits, .., advance] = first.to_le_bytes();
        let [low, high, sign, _] = number.to_le_bytes();
        let left = PAIR_BITS - u32::from(bits);
        let second = match advance {
            END_OF_BLOCK => None,
            _ => whole(codes, window << bits, left),
        };
        let second =
            second.and_then(|(symbol, number)| Some((symbol.to_le_bytes(), i8::try_from(number).ok()?)));
        let rest = match second {
            Some(([more, .., far], number)) => [bits + more, bits | HAS_SECOND, far, number.to_le_bytes()[0]],
            None => [bits, bits, 0, 0],
        };
        let [both, one, far, small] = rest;
        Some(Self(u64::from_le_bytes([advance, low, high, sign, both, one, far, small])))
    }

    /// The first number above the position that it moves to from this one.
    #[inline(always)]
    pub(super) fn first(self, position: i32) -> i32 {
        self.halves().0.wrapping_add(position)
    }

    /// The same for the second one.
    #[inline(always)]
    pub(super) fn second(self, position: i32) -> i32 {
        (self.halves().1 >> 16).wrapping_add(position)
    }

    /// 1 if there is a second one.
    #[inline(always)]
    pub(super) fn count_of_second(self) -> u8 {
        let [.., one, _, _] = self.0.to_le_bytes();
        one >> 7
    }

    /// Bits of both.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        let [_, _, _, _, both, ..] = self.0.to_le_bytes();
        u32::from(both)
    }

    /// Bits of the first.
    pub(super) fn bits_of_first(self) -> u32 {
        let [.., one, _, _] = self.0.to_le_bytes();
        u32::from(one & !HAS_SECOND)
    }

    #[inline(always)]
    fn halves(self) -> (i32, i32) {
        let bytes = self.0.to_le_bytes();
        let [low, high] = bytes.as_chunks::<4>().0 else { return (0, 0) };
        (i32::from_le_bytes(*low), i32::from_le_bytes(*high))
    }
}

/// A symbol with its number, if both lie in the first bits of the window.
fn whole(codes: &Codes, window: u64, bits: u32) -> Option<(Symbol, i32)> {
    let symbol = codes.symbol(window);
    let [total, ..] = symbol.to_le_bytes();
    let is_whole = symbol != 0 && u32::from(total) <= bits;
    is_whole.then(|| (symbol, Codes::number(symbol, window)))
}
