//! What a stack may choose about its variants.

/// Choices about the look of variants; the same for every image of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether contrast is stretched, so that one hundredth of a picture is black and another one white.
    pub normalize: bool,
    /// Red, green and blue of what is seen through a picture where a format has no alpha.
    pub background: [u8; 3],
    /// How many frames of an animation go into a WebP variant; with 1 every variant is of the first frame.
    pub animation_frames_max: u32,
}

impl Default for Look {
    /// As the picture is, on white.
    fn default() -> Self {
        Self { normalize: false, background: [255; 3], animation_frames_max: 1 }
    }
}
