//! Puts still WebP pictures together to a moving one (RFC 9649, 2.7).

/// One picture of an animation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// A whole WebP file of one picture.
    pub file: Vec<u8>,
    /// Its width in pixels, the same for all frames.
    pub width: usize,
    /// Its height in pixels, the same for all frames.
    pub height: usize,
    /// How long it is shown, in milliseconds.
    pub millis: u32,
}

/// In the header of an extended file: it moves, and some of it is transparent.
const ANIMATION_FLAG: u8 = 0x02;
const ALPHA_FLAG: u8 = 0x10;
/// Each frame takes the place of the last one instead of being laid on it.
const NO_BLENDING: u8 = 0x02;
/// Where the chunks of a file begin: after `RIFF`, its length and `WEBP`.
const CHUNKS_START: usize = 12;
/// Where the flags of an extended file are: first in its first chunk.
const FLAGS_PLACE: usize = CHUNKS_START + 8;
/// What stands around a frame, and before all of them, at the most.
const FRAME_HEADER_BYTES_MAX: usize = 32;
const FILE_HEADER_BYTES_MAX: usize = 64;

/// The file that shows the frames one after the other, `loops` times; 0 is for ever. `None` when there are none, or when
/// one is no WebP picture of the common size. Each frame is freed once it is in the file.
pub fn assemble(frames: Vec<Frame>, loops: u16) -> Option<Vec<u8>> {
    let (width, height) = frames.first().map(|frame| (frame.width, frame.height))?;
    let bytes: usize = frames.iter().map(|frame| frame.file.len() + FRAME_HEADER_BYTES_MAX).sum();
    let mut file = Vec::with_capacity(bytes + FILE_HEADER_BYTES_MAX);
    file.extend(b"RIFF\0\0\0\0WEBP");
    let mut header = vec![ANIMATION_FLAG, 0, 0, 0];
    header.extend(less_one(width)?);
    header.extend(less_one(height)?);
    push_chunk(&mut file, *b"VP8X", &header)?;
    // A transparent background.
    let [low, high] = loops.to_le_bytes();
    push_chunk(&mut file, *b"ANIM", &[0, 0, 0, 0, low, high])?;
    for frame in frames {
        if (frame.width, frame.height) != (width, height) {
            return None;
        }
        let picture = picture_chunks(&frame.file)?;
        if picture.starts_with(b"ALPH") {
            *file.get_mut(FLAGS_PLACE)? |= ALPHA_FLAG;
        }
        let mut content = vec![0; 6];
        content.extend(less_one(frame.width)?);
        content.extend(less_one(frame.height)?);
        content.extend(three_bytes(frame.millis.min(0x00ff_ffff))?);
        content.push(NO_BLENDING);
        content.extend(picture);
        push_chunk(&mut file, *b"ANMF", &content)?;
    }
    let length = u32::try_from(file.len().checked_sub(8)?).ok()?;
    file.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
    Some(file)
}

/// The chunks of a file that hold the picture itself.
fn picture_chunks(file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = file.get(CHUNKS_START..)?;
    let mut picture = Vec::new();
    while let Some((header, after)) = rest.split_first_chunk::<8>() {
        let [name @ .., _, _, _, _] = *header;
        let [_, _, _, _, length @ ..] = *header;
        let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
        let content = after.get(..length)?;
        if matches!(&name, b"ALPH" | b"VP8 " | b"VP8L") {
            push_chunk(&mut picture, name, content)?;
        }
        rest = after.get(length.next_multiple_of(2)..).unwrap_or_default();
    }
    (!picture.is_empty()).then_some(picture)
}

/// Name, length, content, and a byte that makes the length even.
fn push_chunk(target: &mut Vec<u8>, name: [u8; 4], content: &[u8]) -> Option<()> {
    target.extend(name);
    target.extend(u32::try_from(content.len()).ok()?.to_le_bytes());
    target.extend(content);
    if content.len() % 2 == 1 {
        target.push(0);
    }
    Some(())
}

fn less_one(side: usize) -> Option<[u8; 3]> {
    three_bytes(u32::try_from(side.checked_sub(1)?).ok()?)
}

fn three_bytes(number: u32) -> Option<[u8; 3]> {
    let [low, middle, high, rest] = number.to_le_bytes();
    (rest == 0).then_some([low, middle, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn still(name: [u8; 4], content: &[u8]) -> Vec<u8> {
        let mut chunks = b"WEBP".to_vec();
        push_chunk(&mut chunks, name, content).unwrap();
        let mut file = Vec::new();
        push_chunk(&mut file, *b"RIFF", &chunks).unwrap();
        file
    }

    fn frame(file: Vec<u8>, width: usize) -> Frame {
        Frame { file, width, height: 3, millis: 40 }
    }

    #[test]
    fn frames_keep_their_pictures_sizes_and_times() {
        let frames = vec![frame(still(*b"VP8 ", b"abc"), 2), frame(still(*b"VP8 ", b"de"), 2)];
        let file = assemble(frames, 3).unwrap();
        let expected = [
            b"RIFF\x6a\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x01\0\0\x02\0\0".as_slice(),
            b"ANIM\x06\0\0\0\0\0\0\0\x03\0",
            b"ANMF\x1c\0\0\0\0\0\0\0\0\0\x01\0\0\x02\0\0\x28\0\0\x02VP8 \x03\0\0\0abc\0",
            b"ANMF\x1a\0\0\0\0\0\0\0\0\0\x01\0\0\x02\0\0\x28\0\0\x02VP8 \x02\0\0\0de",
        ];
        assert_eq!(file, expected.concat());
    }

    #[test]
    fn what_is_no_picture_or_has_another_size_is_refused() {
        assert_eq!(assemble(vec![], 0), None);
        assert_eq!(assemble(vec![frame(still(*b"EXIF", b"x"), 2)], 0), None);
        assert_eq!(assemble(vec![frame(b"RIFF".to_vec(), 2)], 0), None);
        let unlike = vec![frame(still(*b"VP8 ", b"a"), 2), frame(still(*b"VP8 ", b"a"), 4)];
        assert_eq!(assemble(unlike, 0), None);
    }
}
