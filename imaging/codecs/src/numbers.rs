//! Numbers on their way to C and back.

use std::ffi::c_int;

/// A length as C's `int`; `None` when it does not fit, which no picture within any limit reaches.
pub(crate) fn int(length: usize) -> Option<c_int> {
    c_int::try_from(length).ok()
}
