//! Files that are two things at once: a picture to one reader, a page or an archive to another.

use crate::{CANARY, Class, Hostile, gif, hostile, jpeg, png, webp};

/// The end of an archive without entries, whose comment is ours; a reader of archives looks for it from the end.
fn archive() -> Vec<u8> {
    let mut archive = b"PK\x03\x04".to_vec();
    archive.extend(CANARY);
    archive.extend(b"PK\x05\x06");
    archive.extend([0; 16]);
    archive.extend(u16::try_from(CANARY.len()).unwrap().to_le_bytes());
    archive.extend(CANARY);
    archive
}

pub(crate) fn all() -> Vec<Hostile> {
    let page = [b"<html><body>".as_slice(), CANARY, b"</body></html>"].concat();
    let small_png = png::flat(16, 16, [8, 2], 24);
    let small_gif = gif::tiny([4, 4], [0, 0, 1, 1]);
    let comment = jpeg::with_segments(&[(1, page.clone()), (13, page.clone())]);
    vec![
        hostile("jpeg that is also a page", Class::Decoded, [jpeg::flat(16, 16, 3), page.clone()].concat()),
        hostile("jpeg with a page in its segments", Class::Decoded, comment),
        hostile("png that is also an archive", Class::Decoded, [small_png.clone(), archive()].concat()),
        hostile("png with a page in a chunk of its own", Class::Decoded, {
            let chunk = png::chunk(b"paGe", &page);
            [&small_png[..33], &chunk, &small_png[33..]].concat()
        }),
        hostile("gif that is also an archive", Class::Decoded, [small_gif, archive()].concat()),
        hostile("webp that is also a page", Class::Damaged, [webp::flat(16, 16), page.clone()].concat()),
        hostile("page that is also a jpeg", Class::Unsupported, [page, jpeg::flat(16, 16, 3)].concat()),
        hostile("archive that is also a png", Class::Unsupported, [archive(), small_png].concat()),
        hostile("document that is also a png", Class::Unsupported, {
            [b"%PDF-1.7\n".as_slice(), &png::flat(8, 8, [8, 2], 24)].concat()
        }),
    ]
}
