//! Pictures that are made to hurt whoever decodes them, written byte by byte, each with the class that it must get.
//!
//! All of them are what they claim: where a header promises a thousand million pixels, the data for these pixels
//! follows, so that a decoder without limits would go all the way. That takes few bytes, because a field of one
//! colour has nothing to say.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "only tests use it; a wrong number must stop them"
)]

pub mod gif;
pub mod jpeg;
pub mod png;
mod polyglot;
pub mod webp;

/// What must come of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A picture.
    Decoded,
    /// Refused by a limit, before any pixel exists.
    TooLarge,
    /// Refused by its decoder.
    Damaged,
    /// None of the four formats.
    Unsupported,
}

/// One hostile picture.
#[derive(Clone)]
pub struct Hostile {
    /// What is wrong with it.
    pub name: &'static str,
    /// What must come of it.
    pub class: Class,
    /// The file.
    pub file: Vec<u8>,
}

impl std::fmt::Debug for Hostile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes, to be {:?})", self.name, self.file.len(), self.class)
    }
}

/// Bytes that stand for what must not reach a variant: a script, an archive, a place on earth.
pub const CANARY: &[u8] = b"CANARY<script>alert(1)</script>";

/// Every bomb, loop and double file there is.
pub fn all() -> Vec<Hostile> {
    [png::all(), jpeg::all(), webp::all(), gif::all(), polyglot::all()].concat()
}

const fn hostile(name: &'static str, class: Class, file: Vec<u8>) -> Hostile {
    Hostile { name, class, file }
}

/// A TIFF structure, little endian, of one directory: entries of tag, type, count and value, and the place of the next
/// directory.
pub fn exif(entries: &[(u16, u16, u32, u32)], next_directory: u32) -> Vec<u8> {
    let mut exif = b"II\x2a\0\x08\0\0\0".to_vec();
    exif.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
    for (tag, kind, count, value) in entries {
        exif.extend(tag.to_le_bytes());
        exif.extend(kind.to_le_bytes());
        exif.extend(count.to_le_bytes());
        exif.extend(value.to_le_bytes());
    }
    exif.extend(next_directory.to_le_bytes());
    exif
}

/// EXIF data that never ends for a reader who follows every pointer, each with a name.
pub(crate) fn exif_loops() -> [(&'static str, Vec<u8>); 4] {
    const FIRST_DIRECTORY: u32 = 8;
    const POINTER_TO_EXIF: u16 = 0x8769;
    const LONG: u16 = 4;
    [
        ("a directory that is its own next one", exif(&[(0x0112, 3, 1, 1)], FIRST_DIRECTORY)),
        ("a directory that holds itself", exif(&[(POINTER_TO_EXIF, LONG, 1, FIRST_DIRECTORY)], 0)),
        ("an entry of four billion values", exif(&[(0x0112, 3, u32::MAX, 0)], 0)),
        ("directories beyond the end", exif(&[(POINTER_TO_EXIF, LONG, 1, u32::MAX)], u32::MAX)),
    ]
}

/// Profiles that are no profiles, each with a name.
pub(crate) fn bad_profiles() -> [(&'static str, Vec<u8>); 3] {
    // Offset 0: the size of the whole; 36: `acsp`; 128: the number of tags, then each tag's name, place and size.
    let mut profile = vec![0; 132];
    profile[0..4].copy_from_slice(&u32::MAX.to_be_bytes());
    profile[12..24].copy_from_slice(b"mntrRGB XYZ ");
    profile[36..40].copy_from_slice(b"acsp");
    let mut endless = profile.clone();
    endless[128..132].copy_from_slice(&u32::MAX.to_be_bytes());
    let mut negative = profile.clone();
    negative[128..132].copy_from_slice(&1_u32.to_be_bytes());
    negative.extend(b"rTRC");
    negative.extend((-8_i32).to_be_bytes());
    negative.extend((-1_i32).to_be_bytes());
    let mut huge = profile;
    huge.resize(3 * 1024 * 1024, 0x5a);
    [("four billion tags", endless), ("a tag at a negative place", negative), ("three mebibytes", huge)]
}
