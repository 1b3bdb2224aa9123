//! The size of a variant; pure arithmetic.

/// The largest size with the shape of `width` x `height` that fits inside `max_width` x `max_height`, in pixels.
///
/// Never larger than the picture itself, never 0: a line of 1 x 16384 pixels stays a line one pixel wide.
pub fn fit_inside(width: u32, height: u32, max_width: u32, max_height: u32) -> (u32, u32) {
    let (width, height) = (width.max(1), height.max(1));
    let (max_width, max_height) = (max_width.max(1), max_height.max(1));
    if width <= max_width && height <= max_height {
        return (width, height);
    }
    // Cross products instead of quotients: no rounding decides which side is the tight one.
    let width_is_tight = u64::from(height) * u64::from(max_width) <= u64::from(width) * u64::from(max_height);
    if width_is_tight {
        (max_width, scale(height, max_width, width))
    } else {
        (scale(width, max_height, height), max_height)
    }
}

/// `side * numerator / denominator`, rounded to nearest, at least 1.
fn scale(side: u32, numerator: u32, denominator: u32) -> u32 {
    let denominator = u64::from(denominator);
    let rounded = (u64::from(side) * u64::from(numerator) + denominator / 2) / denominator;
    // The result is at most `side`, because callers only shrink.
    u32::try_from(rounded).unwrap_or(side).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(picture: (u32, u32), frame: (u32, u32), expected: (u32, u32)) {
        assert_eq!(fit_inside(picture.0, picture.1, frame.0, frame.1), expected);
    }

    #[test]
    fn a_picture_is_fitted_by_its_tight_side() {
        check((4032, 3024), (640, 480), (640, 480));
        check((6028, 3391), (1920, 1080), (1920, 1080));
        check((3024, 4032), (640, 480), (360, 480));
        check((4096, 4096), (1280, 720), (720, 720));
        check((1000, 10), (640, 480), (640, 6));
    }

    #[test]
    fn a_small_picture_is_not_enlarged() {
        check((1, 1), (640, 480), (1, 1));
        check((640, 480), (640, 480), (640, 480));
        check((639, 2), (640, 480), (639, 2));
    }

    #[test]
    fn extreme_shapes_keep_at_least_one_pixel() {
        check((1, 65_535), (640, 480), (1, 480));
        check((65_535, 1), (640, 480), (640, 1));
        check((u32::MAX, u32::MAX), (640, 480), (480, 480));
        check((0, 0), (0, 0), (1, 1));
    }

    #[test]
    fn every_result_fits_and_is_tight() {
        for width in (1..4000).step_by(37) {
            for height in (1..4000).step_by(41) {
                let (w, h) = fit_inside(width, height, 640, 480);
                assert!(0 < w && w <= 640.min(width) && 0 < h && h <= 480.min(height));
                assert!(w == 640 || h == 480 || (w, h) == (width, height), "{width}x{height}");
            }
        }
    }
}
