//! What reading and writing JPEG share: how libjpeg reports what went wrong.
//!
//! libjpeg leaves a call that failed by a jump, never by returning. Here the jump is a Rust panic, which the library is
//! built to let through (`unwinding`), and which never leaves this crate.

use std::any::Any;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::memory::exhausted;
use mozjpeg_sys::{
    JERR_INPUT_EOF, JERR_OUT_OF_MEMORY, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_JPEG_EOF, JWRN_MUST_RESYNC,
    jpeg_common_struct, jpeg_error_mgr, jpeg_std_error,
};

/// What libjpeg says of the data, kept beside its own error state. `manager` comes first, so that a pointer to it is
/// one to the whole.
#[repr(C)]
pub(crate) struct Errors {
    pub(crate) manager: jpeg_error_mgr,
    /// The first warning that means that samples are missing or invented.
    pub(crate) lost_samples: Option<c_int>,
}

/// The payload of the panic.
struct Fatal(c_int);

impl Errors {
    pub(crate) fn new() -> Box<Self> {
        // SAFETY: `jpeg_error_mgr` is a C struct of numbers, nullable function pointers and pointers, for which zero is a
        // value, and `jpeg_std_error` fills it before anyone reads it.
        let mut errors = Box::new(Self { manager: unsafe { std::mem::zeroed() }, lost_samples: None });
        // SAFETY: the argument is a live struct of the right type.
        unsafe { jpeg_std_error(&mut errors.manager) };
        errors.manager.error_exit = Some(leave);
        errors.manager.emit_message = Some(note);
        errors
    }
}

/// libjpeg calls this instead of returning from a call that failed.
unsafe extern "C-unwind" fn leave(cinfo: &mut jpeg_common_struct) {
    // SAFETY: every `cinfo` of this crate points to an error manager that lives as long as itself.
    let code = unsafe { (*cinfo.err).msg_code };
    if code == JERR_OUT_OF_MEMORY {
        exhausted();
    }
    // Unlike `panic!` this asks no hook: nothing has gone wrong with the program.
    resume_unwind(Box::new(Fatal(code)));
}

/// libjpeg calls this for a warning (-1) or a trace message.
unsafe extern "C-unwind" fn note(cinfo: &mut jpeg_common_struct, level: c_int) {
    if level < 0 {
        // SAFETY: every error manager of this crate is the first field of an `Errors`, so the pointer is one to both.
        let errors = unsafe { &mut *cinfo.err.cast::<Errors>() };
        errors.manager.num_warnings += 1;
        if means_lost_samples(errors.manager.msg_code) {
            errors.lost_samples.get_or_insert(errors.manager.msg_code);
        }
    }
}

/// Bytes between segments, a strange version or a profile in disorder change no sample, and real cameras write them.
fn means_lost_samples(code: c_int) -> bool {
    matches!(code, JWRN_HIT_MARKER | JWRN_HUFF_BAD_CODE | JWRN_JPEG_EOF | JWRN_MUST_RESYNC)
}

/// The sentence for a code. libjpeg's own texts have places for numbers, which are of no use to a person.
pub(crate) fn sentence(code: c_int) -> String {
    match code {
        JWRN_JPEG_EOF | JERR_INPUT_EOF => "the file ends before the picture does".to_owned(),
        _ if means_lost_samples(code) => "a part of the compressed data is damaged".to_owned(),
        _ => format!("its structure is none of a JPEG (message {code} of libjpeg)"),
    }
}

/// Runs a call of libjpeg, and gives the code when it was left by a jump.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, c_int> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload: Box<dyn Any + Send>| {
        match payload.downcast::<Fatal>() {
            Ok(fatal) => fatal.0,
            Err(other) => resume_unwind(other),
        }
    })
}
