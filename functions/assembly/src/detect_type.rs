//! What a file is, by its first bytes. What the client declared is never asked.

/// How much of a file is read to tell: enough for every magic number there is.
pub(crate) const START_BYTES: u64 = 64 * 1024;

/// The type of bytes that nothing is known about.
const UNKNOWN: &str = "application/octet-stream";

/// The images that thumbnail takes.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

/// The media type that the first bytes show.
pub(crate) fn detect(start: &[u8]) -> &'static str {
    infer::get(start).map_or(UNKNOWN, |found| found.mime_type())
}

/// Whether variants are made of files of this type.
pub(crate) fn is_image(detected_type: &str) -> bool {
    IMAGES.contains(&detected_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_decide_and_not_the_name() {
        assert_eq!(detect(b"\xFF\xD8\xFF\xE0\x00\x10JFIF"), "image/jpeg");
        assert_eq!(detect(b"\x89PNG\r\n\x1a\n"), "image/png");
        assert_eq!(detect(b"RIFF\x00\x00\x00\x00WEBPVP8 "), "image/webp");
        assert_eq!(detect(b"GIF89a"), "image/gif");
        assert_eq!(detect(b"%PDF-1.7"), "application/pdf");
        assert_eq!(detect(b""), UNKNOWN);
        assert_eq!(detect(b"just text"), UNKNOWN);
        assert!(!is_image(detect(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>")));
    }
}
