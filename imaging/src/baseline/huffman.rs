//! Huffman tables (ITU-T T.81, annex C and F.2.2.3) as one look at the next bits.

/// Bits that are looked up at once. Longer codes are rare by construction, and are searched.
pub(super) const LOOK_BITS: u32 = 9;
const LOOK_SIZE: usize = 1 << LOOK_BITS;
/// Longest code.
const CODE_BITS_MAX: u32 = 16;
/// Most bits that a symbol takes with its number: a code of 16, a number of 15.
pub(super) const SYMBOL_BITS_MAX: u32 = 31;
/// How far the end of a block moves the position: behind every coefficient, and behind what a run can reach.
pub(super) const END_OF_BLOCK: u8 = 128;

/// What the symbols of a table mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// The size of a difference (F.1.2.1).
    Dc,
    /// A run of zeros and the size of the coefficient behind it (F.1.2.2).
    Ac,
}

/// A decoded symbol: from the lowest byte up how many bits it takes together with the number behind it, how many of
/// them are the code, how many the number, and how far it moves the position in the block. 0 stands for no code.
pub(super) type Symbol = u32;

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    look: Box<[Symbol; LOOK_SIZE]>,
    /// For each length of a code that is not looked up.
    longer: Vec<Longer>,
    symbols: Vec<Symbol>,
}

/// Codes of one length that is longer than what is looked up.
#[derive(Debug, Clone, Copy)]
struct Longer {
    bits: u32,
    first_code: u64,
    first_symbol: usize,
    count: usize,
}

impl Codes {
    /// Codes are dealt in order of their length (annex C). `None` for lengths that cannot be, or symbols that the
    /// common kind of file does not have.
    pub(super) fn new(class: Class, counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut look = Box::new([0; LOOK_SIZE]);
        let mut longer = Vec::new();
        let mut meanings = Vec::with_capacity(symbols.len());
        let (mut code, mut number) = (0_usize, 0_usize);
        for (bits, count) in (1..=CODE_BITS_MAX).zip(counts) {
            let count = usize::from(*count);
            let first_code = code;
            for symbol in symbols.get(number..number + count)? {
                let meaning = meaning(class, bits, *symbol)?;
                meanings.push(meaning);
                if bits <= LOOK_BITS {
                    let spare = LOOK_BITS - bits;
                    look.get_mut(code << spare..(code + 1) << spare)?.fill(meaning);
                }
                code += 1;
            }
            if 1 << bits < code {
                return None;
            }
            if LOOK_BITS < bits && 0 < count {
                let first_code = u64::try_from(first_code).ok()?;
                longer.push(Longer { bits, first_code, first_symbol: number, count });
            }
            number += count;
            code <<= 1;
        }
        Some(Self { look, longer, symbols: meanings })
    }

    /// The symbol at the top of 64 bits.
    #[inline(always)]
    pub(super) fn symbol(&self, window: u64) -> Symbol {
        let place = usize::try_from(window >> (64 - LOOK_BITS)).unwrap_or_default();
        match self.look.get(place) {
            Some(0) | None => self.search(window),
            Some(symbol) => *symbol,
        }
    }

    /// The number behind a symbol at the top of 64 bits. EXTEND of F.2.2.1: one whose first bit is 0 is negative, and is
    /// one less than its complement.
    #[inline(always)]
    pub(super) fn number(symbol: Symbol, window: u64) -> i32 {
        let [_, code, size, _] = symbol.to_le_bytes();
        let signed = i64::from_ne_bytes(window.wrapping_shl(u32::from(code)).to_ne_bytes());
        // All ones for a negative number.
        let sign = !(signed >> 63);
        let magnitude = u64::from_ne_bytes((signed ^ sign).to_ne_bytes()) >> 1;
        let magnitude =
            i64::from_ne_bytes(magnitude.wrapping_shr(63_u32.wrapping_sub(u32::from(size))).to_ne_bytes());
        low_half((magnitude ^ sign).wrapping_sub(sign))
    }

    #[cold]
    #[inline(never)]
    fn search(&self, window: u64) -> Symbol {
        let found = self.longer.iter().find_map(|longer| {
            let place =
                usize::try_from((window >> (64 - longer.bits)).checked_sub(longer.first_code)?).ok()?;
            if longer.count <= place { None } else { self.symbols.get(longer.first_symbol + place).copied() }
        });
        found.unwrap_or(0)
    }
}

#[inline(always)]
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "numbers have at most 16 bits")]
fn low_half(number: i64) -> i32 {
    number as i32
}

/// See [`Symbol`].
fn meaning(class: Class, code_bits: u32, symbol: u8) -> Option<Symbol> {
    let (size, advance) = match (class, symbol & 15, symbol >> 4) {
        (Class::Dc, size, 0) => (size, 0),
        (Class::Dc, ..) => return None,
        // Sixteen zeros, the last of which is stored as one.
        (Class::Ac, 0, 15) => (0, 16),
        // libjpeg takes the other runs without a coefficient for the end, too.
        (Class::Ac, 0, _) => (0, END_OF_BLOCK),
        (Class::Ac, size, run) => (size, run + 1),
    };
    let code_bits = u8::try_from(code_bits).ok()?;
    Some(u32::from_le_bytes([code_bits + size, code_bits, size, advance]))
}
