//! Checks the chunks of a WebP file (RFC 9649) against the file and the canvas, before a decoder believes them.
//!
//! The decoder allocates what a chunk header asks for, up to 4 GiB from a file of 40 bytes, and sizes its buffers by
//! the inner bitstream, which may be larger than the canvas that the limits were checked against.

/// What the container says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WebpStructure {
    /// Largest width and height of any bitstream in the file, in pixels.
    pub(crate) bitstream_width: u32,
    /// See `bitstream_width`.
    pub(crate) bitstream_height: u32,
}

/// RIFF header: `RIFF`, length, `WEBP`.
const CHUNKS_START: usize = 12;
/// Position, size, duration and flags of a frame stand before its own chunks.
const FRAME_HEADER_BYTES: usize = 16;

impl WebpStructure {
    /// Walks all chunks.
    ///
    /// # Errors
    /// Says which chunk reaches past the end of the file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut structure = Self::default();
        structure.walk(bytes.get(CHUNKS_START..).unwrap_or_default(), true)?;
        Ok(structure)
    }

    fn walk(&mut self, bytes: &[u8], outermost: bool) -> Result<(), String> {
        let mut rest = bytes;
        while let Some((header, after)) = rest.split_first_chunk::<8>() {
            let [a, b, c, d, size @ ..] = *header;
            let name = [a, b, c, d];
            let size = usize::try_from(u32::from_le_bytes(size)).unwrap_or(usize::MAX);
            let Some(data) = after.get(..size) else {
                return Err(format!(
                    "the WebP chunk {} reaches past the end",
                    String::from_utf8_lossy(&name).escape_debug()
                ));
            };
            match &name {
                b"VP8 " => self.note(lossy_size(data)),
                b"VP8L" => self.note(lossless_size(data)),
                b"ANMF" if outermost => {
                    self.walk(data.get(FRAME_HEADER_BYTES..).unwrap_or_default(), false)?;
                }
                _ => {}
            }
            // Chunks are padded to an even size; some writers forget the last padding byte.
            rest = after.get(size.saturating_add(size & 1)..).unwrap_or_default();
        }
        Ok(())
    }

    fn note(&mut self, size: Option<(u32, u32)>) {
        if let Some((width, height)) = size {
            self.bitstream_width = self.bitstream_width.max(width);
            self.bitstream_height = self.bitstream_height.max(height);
        }
    }
}

/// RFC 6386, section 9.1: a 3-byte frame tag, a 3-byte start code, then 14 bits each of width and height.
fn lossy_size(data: &[u8]) -> Option<(u32, u32)> {
    let [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = data else { return None };
    let side = |low: &u8, high: &u8| u32::from(u16::from_le_bytes([*low, *high]) & 0x3fff);
    Some((side(w0, w1), side(h0, h1)))
}

/// RFC 9649, section 3.4: a signature byte, then 14 bits each of width minus 1 and height minus 1.
fn lossless_size(data: &[u8]) -> Option<(u32, u32)> {
    let [0x2f, b0, b1, b2, b3, ..] = data else { return None };
    let bits = u32::from_le_bytes([*b0, *b1, *b2, *b3]);
    Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &str, data: &[u8]) -> Vec<u8> {
        let mut chunk = name.as_bytes().to_vec();
        chunk.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        chunk.extend(data);
        chunk.resize(chunk.len() + data.len() % 2, 0);
        chunk
    }

    #[test]
    fn a_bitstream_inside_a_frame_is_seen() {
        let lossy = chunk("VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0x10, 0]);
        let frame = chunk("ANMF", &[vec![0; 16], lossy].concat());
        let file = [b"RIFF....WEBP".to_vec(), chunk("ANIM", &[0; 6]), frame].concat();
        let expected = WebpStructure { bitstream_width: 16_383, bitstream_height: 16 };
        assert_eq!(WebpStructure::read(&file), Ok(expected));
    }

    #[test]
    fn a_lossless_bitstream_is_measured() {
        let file = [b"RIFF....WEBP".to_vec(), chunk("VP8L", &[0x2f, 0xff, 0xff, 0xff, 0x0f])].concat();
        let expected = WebpStructure { bitstream_width: 16_384, bitstream_height: 16_384 };
        assert_eq!(WebpStructure::read(&file), Ok(expected));
    }

    #[test]
    fn a_chunk_longer_than_the_file_is_refused() {
        let mut file = [b"RIFF....WEBP".to_vec(), chunk("EXIF", b"abcd")].concat();
        assert!(WebpStructure::read(&file).is_ok());
        file.pop();
        assert!(WebpStructure::read(&file).is_err());
        let file = b"RIFF....WEBPEXIF\xff\xff\xff\xff".to_vec();
        assert!(WebpStructure::read(&file).is_err());
    }
}
