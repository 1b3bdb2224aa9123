//! A fence around foreign decoders and encoders.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::ImageError;

/// Runs `work` and turns a panic into the error that `failure` makes of its text.
///
/// The shipped profile keeps integer overflow checks on, in dependencies too, so a hostile file can turn a harmless
/// wrap-around into a panic. It must cost its own message only, not the batch. Nothing that `work` touched is used
/// after a panic, which is why the assertion of unwind safety holds.
pub(crate) fn without_panic<T>(
    failure: fn(String) -> ImageError,
    work: impl FnOnce() -> Result<T, ImageError>,
) -> Result<T, ImageError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(_) => Err(failure("the codec stopped in a state it did not expect".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_a_codec_becomes_an_error() {
        let result: Result<(), _> = without_panic(ImageError::Damaged, || panic!("index out of range"));
        assert!(matches!(result, Err(ImageError::Damaged(_))));
        assert_eq!(without_panic(ImageError::Damaged, || Ok(7)), Ok(7));
    }
}
