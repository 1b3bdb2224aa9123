//! Writes lossy WebP (RFC 9649) from planes with colour at half size.

use std::ffi::c_int;
use std::ptr;

use libwebp_sys as sys;

use crate::memory::exhausted;
use crate::numbers::int;
use crate::plane::{PlaneRef, Planes};

/// libwebp's effort, 0 to 6. The next lower one takes a third of the time, and 6 percent more bytes for a lower score;
/// the next higher one takes twice as long.
const METHOD: c_int = 4;
/// A whole step of libwebp's quality is four percent of bytes; a quarter of one is where photographs score as sharp's do.
const QUARTER_STEP: f32 = 0.25;
/// Sharpness of the deblocking filter, 0 to 7. The sharpest filters least, and scored a point higher (SSIMULACRA2) than
/// the default at the same bytes.
const FILTER_SHARPNESS: c_int = 7;
/// Its strength, 0 to 100.
const FILTER_STRENGTH: c_int = 40;

/// Writes `planes`, 8 bits each, limited range (16 to 235), with alpha if there is any, at a quality of 1 to 100.
pub fn write(
    planes: &Planes<'_, u8>,
    alpha: Option<PlaneRef<'_, u8>>,
    quality: u8,
) -> Result<Vec<u8>, String> {
    if !planes.is_subsampled() || alpha.is_some_and(|alpha| !alpha.is_as_large_as(&planes.y)) {
        return Err("the planes do not have the sizes of one picture".to_owned());
    }
    let config = config(quality)?;
    let too_large = || "the picture is too large for WebP".to_owned();
    let (width, height) =
        (int(planes.y.width()).ok_or_else(too_large)?, int(planes.y.height()).ok_or_else(too_large)?);
    let chroma_width = int(planes.cb.width()).ok_or_else(too_large)?;
    let mut writer = Output(sys::WebPMemoryWriter { mem: ptr::null_mut(), size: 0, max_size: 0, pad: [0] });
    // SAFETY: zero is a value for every field of this C struct, and `WebPPictureInit` sets them.
    let mut picture: sys::WebPPicture = unsafe { std::mem::zeroed() };
    // SAFETY: the struct is live and of the right type; it owns none of the planes, which outlive it, and libwebp only reads
    // them. The writer outlives the encoding.
    let is_written = unsafe {
        if !sys::WebPPictureInit(&raw mut picture) {
            return Err("libwebp has another version than its binding".to_owned());
        }
        picture.use_argb = 0;
        picture.colorspace =
            if alpha.is_some() { sys::WebPEncCSP::WEBP_YUV420A } else { sys::WebPEncCSP::WEBP_YUV420 };
        picture.width = width;
        picture.height = height;
        picture.y = planes.y.samples().as_ptr().cast_mut();
        picture.u = planes.cb.samples().as_ptr().cast_mut();
        picture.v = planes.cr.samples().as_ptr().cast_mut();
        picture.y_stride = width;
        picture.uv_stride = chroma_width;
        picture.a = alpha.map_or(ptr::null_mut(), |alpha| alpha.samples().as_ptr().cast_mut());
        picture.a_stride = width;
        sys::WebPMemoryWriterInit(&raw mut writer.0);
        picture.writer = Some(sys::WebPMemoryWrite);
        picture.custom_ptr = (&raw mut writer.0).cast();
        sys::WebPEncode(&raw const config, &raw mut picture) != 0
    };
    let error = picture.error_code;
    if error == sys::WebPEncodingError::VP8_ENC_ERROR_OUT_OF_MEMORY {
        exhausted();
    }
    // SAFETY: frees only what libwebp allocated for itself.
    unsafe { sys::WebPPictureFree(&raw mut picture) };
    if is_written { Ok(writer.to_vec()) } else { Err(format!("libwebp answered {error:?}")) }
}

fn config(quality: u8) -> Result<sys::WebPConfig, String> {
    let mut config = sys::WebPConfig::new().map_err(|()| "libwebp refused its own defaults".to_owned())?;
    config.quality = f32::from(quality) + QUARTER_STEP;
    config.method = METHOD;
    config.filter_sharpness = FILTER_SHARPNESS;
    config.filter_strength = FILTER_STRENGTH;
    // SAFETY: reads a live struct.
    match unsafe { sys::WebPValidateConfig(&raw const config) } {
        0 => Err("libwebp refused the settings".to_owned()),
        _ => Ok(config),
    }
}

/// The buffer that libwebp allocates and grows.
struct Output(sys::WebPMemoryWriter);

impl Output {
    fn to_vec(&self) -> Vec<u8> {
        if self.0.mem.is_null() {
            return Vec::new();
        }
        // SAFETY: libwebp has written this many bytes to its buffer.
        unsafe { std::slice::from_raw_parts(self.0.mem, self.0.size) }.to_vec()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: frees what the writer allocated; null is allowed.
        unsafe { sys::WebPMemoryWriterClear(&raw mut self.0) };
    }
}
