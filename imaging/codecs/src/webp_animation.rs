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

/// The file that shows the frames one after the other, for ever. `None` when there are none, or when one is no WebP
/// picture of the common size.
pub fn assemble(frames: &[Frame]) -> Option<Vec<u8>> {
    let first = frames.first()?;
    let mut has_alpha = false;
    let mut body = Vec::new();
    for frame in frames {
        if (frame.width, frame.height) != (first.width, first.height) {
            return None;
        }
        let picture = picture_chunks(&frame.file)?;
        has_alpha |= picture.starts_with(b"ALPH");
        let mut content = vec![0; 6];
        content.extend(less_one(frame.width)?);
        content.extend(less_one(frame.height)?);
        content.extend(three_bytes(frame.millis.min(0x00ff_ffff))?);
        content.push(NO_BLENDING);
        content.extend(picture);
        push_chunk(&mut body, *b"ANMF", &content)?;
    }
    let mut header = vec![ANIMATION_FLAG | if has_alpha { ALPHA_FLAG } else { 0 }, 0, 0, 0];
    header.extend(less_one(first.width)?);
    header.extend(less_one(first.height)?);
    let mut chunks = b"WEBP".to_vec();
    push_chunk(&mut chunks, *b"VP8X", &header)?;
    // A transparent background, and no end.
    push_chunk(&mut chunks, *b"ANIM", &[0; 6])?;
    chunks.extend(body);
    let mut file = Vec::with_capacity(chunks.len() + 8);
    push_chunk(&mut file, *b"RIFF", &chunks)?;
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
        let file = assemble(&[frame(still(*b"VP8 ", b"abc"), 2), frame(still(*b"VP8 ", b"de"), 2)]).unwrap();
        let expected = [
            b"RIFF\x6a\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x01\0\0\x02\0\0".as_slice(),
            b"ANIM\x06\0\0\0\0\0\0\0\0\0",
            b"ANMF\x1c\0\0\0\0\0\0\0\0\0\x01\0\0\x02\0\0\x28\0\0\x02VP8 \x03\0\0\0abc\0",
            b"ANMF\x1a\0\0\0\0\0\0\0\0\0\x01\0\0\x02\0\0\x28\0\0\x02VP8 \x02\0\0\0de",
        ];
        assert_eq!(file, expected.concat());
    }

    #[test]
    fn what_is_no_picture_or_has_another_size_is_refused() {
        assert_eq!(assemble(&[]), None);
        assert_eq!(assemble(&[frame(still(*b"EXIF", b"x"), 2)]), None);
        assert_eq!(assemble(&[frame(b"RIFF".to_vec(), 2)]), None);
        assert_eq!(assemble(&[frame(still(*b"VP8 ", b"a"), 2), frame(still(*b"VP8 ", b"a"), 4)]), None);
    }
}
