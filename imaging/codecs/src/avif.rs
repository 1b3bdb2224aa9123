//! Writes AVIF (AV1 still pictures in ISO BMFF) from planes with colour at full size (4:4:4).

use std::ffi::{CString, c_int};
use std::ptr;

use avif_serialize::Aviffy;
use avif_serialize::constants::{ColorPrimaries, MatrixCoefficients, TransferCharacteristics};
use libaom_sys as sys;

use crate::plane::{PlaneRef, Planes};

/// How to write.
#[derive(Debug, Clone)]
pub struct AvifSettings {
    /// Quantiser, 0 (best) to 63.
    pub quantizer: u32,
    /// The same for alpha.
    pub alpha_quantizer: u32,
    /// 0 (slow) to 9.
    pub speed: c_int,
    /// 8 or 10.
    pub depth: u8,
    /// Threads that one picture is spread over.
    pub threads: u32,
    /// Options of libaom by name and value.
    pub options: Vec<(String, String)>,
}

/// Writes `planes`, full range, samples of `settings.depth` bits, and alpha if there is any.
pub fn write(
    planes: &Planes<'_, u16>,
    alpha: Option<PlaneRef<'_, u16>>,
    settings: &AvifSettings,
) -> Result<Vec<u8>, String> {
    if !(planes.is_full() || planes.is_subsampled()) || alpha.is_some_and(|alpha| !alpha.is_as_large_as(&planes.y)) {
        return Err("the planes do not have the sizes of one picture".to_owned());
    }
    let too_large = || "the picture is too large for AVIF".to_owned();
    let width = u32::try_from(planes.y.width()).map_err(|_| too_large())?;
    let height = u32::try_from(planes.y.height()).map_err(|_| too_large())?;
    let color = encode(&[planes.y, planes.cb, planes.cr], settings, settings.quantizer)?;
    let alpha = alpha.map(|alpha| encode(&[alpha], settings, settings.alpha_quantizer)).transpose()?;
    let mut file = Aviffy::new();
    file.set_color_primaries(ColorPrimaries::Bt709)
        .set_transfer_characteristics(TransferCharacteristics::Srgb)
        .set_matrix_coefficients(MatrixCoefficients::Bt601)
        .set_full_color_range(true)
        .set_seq_profile(u8::from(planes.is_full()))
        .set_chroma_subsampling((!planes.is_full(), !planes.is_full()))
        .set_width(width)
        .set_height(height)
        .set_bit_depth(settings.depth);
    Ok(file.to_vec(&color, alpha.as_deref(), width, height, settings.depth))
}

/// One AV1 frame of one plane (alpha) or three.
fn encode(planes: &[PlaneRef<'_, u16>], settings: &AvifSettings, quantizer: u32) -> Result<Vec<u8>, String> {
    let Some(first) = planes.first() else { return Err("there are no planes".to_owned()) };
    let is_gray = planes.len() == 1;
    let is_full = planes.iter().all(|plane| plane.is_as_large_as(first));
    let mut image = Image::new(first, is_gray, is_full, settings.depth)?;
    for (number, plane) in planes.iter().enumerate() {
        image.fill(number, plane, settings.depth);
    }
    if is_gray {
        image.fill_chroma(settings.depth);
    }
    // SAFETY: returns a pointer to a static of the library.
    let interface = unsafe { sys::aom_codec_av1_cx() };
    // SAFETY: zero is a value for every field of this C struct, and the next call sets them.
    let mut config: sys::aom_codec_enc_cfg_t = unsafe { std::mem::zeroed() };
    // SAFETY: writes to a live struct of the right type.
    check(unsafe { sys::aom_codec_enc_config_default(interface, &raw mut config, sys::AOM_USAGE_ALL_INTRA) }, "defaults")?;
    config.g_w = image.0.d_w;
    config.g_h = image.0.d_h;
    config.g_profile = u32::from(!is_gray && is_full);
    config.g_bit_depth = u32::from(settings.depth);
    config.g_input_bit_depth = u32::from(settings.depth);
    config.g_threads = settings.threads;
    config.g_limit = 1;
    config.g_lag_in_frames = 0;
    config.kf_mode = sys::AOM_KF_DISABLED;
    config.monochrome = u32::from(is_gray);
    config.rc_end_usage = sys::AOM_Q;
    config.rc_min_quantizer = quantizer;
    config.rc_max_quantizer = quantizer;
    let mut encoder = Encoder::start(interface, &config, settings)?;
    encoder.control(sys::AOME_SET_CPUUSED, settings.speed)?;
    encoder.control(sys::AOME_SET_CQ_LEVEL, quantizer as c_int)?;
    encoder.control(sys::AV1E_SET_COLOR_RANGE, sys::AOM_CR_FULL_RANGE as c_int)?;
    if !is_gray {
        encoder.control(sys::AV1E_SET_COLOR_PRIMARIES, sys::AOM_CICP_CP_BT_709 as c_int)?;
        encoder.control(sys::AV1E_SET_TRANSFER_CHARACTERISTICS, sys::AOM_CICP_TC_SRGB as c_int)?;
        encoder.control(sys::AV1E_SET_MATRIX_COEFFICIENTS, sys::AOM_CICP_MC_BT_601 as c_int)?;
    }
    for (name, value) in &settings.options {
        encoder.option(name, value)?;
    }
    encoder.encode(&image)
}

fn check(status: sys::aom_codec_err_t, what: &str) -> Result<(), String> {
    if status == sys::AOM_CODEC_OK { Ok(()) } else { Err(format!("libaom answered {status} to {what}")) }
}

/// A frame in libaom's own memory.
struct Image(Box<sys::aom_image_t>);

impl Image {
    fn new(plane: &PlaneRef<'_, u16>, is_gray: bool, is_full: bool, depth: u8) -> Result<Self, String> {
        let format = match (is_gray || !is_full, depth) {
            (true, 8) => sys::AOM_IMG_FMT_I420,
            (true, _) => sys::AOM_IMG_FMT_I42016,
            (false, 8) => sys::AOM_IMG_FMT_I444,
            (false, _) => sys::AOM_IMG_FMT_I44416,
        };
        let (Ok(width), Ok(height)) = (u32::try_from(plane.width()), u32::try_from(plane.height())) else {
            return Err("the picture is too large for AVIF".to_owned());
        };
        // SAFETY: zero is a value for every field of this C struct.
        let mut image: Box<sys::aom_image_t> = Box::new(unsafe { std::mem::zeroed() });
        // SAFETY: writes to a live struct; gives null when there is no memory.
        let allocated = unsafe { sys::aom_img_alloc(&raw mut *image, format, width, height, 32) };
        if allocated.is_null() {
            return Err("there is no memory for the frame".to_owned());
        }
        image.monochrome = c_int::from(is_gray);
        image.range = sys::AOM_CR_FULL_RANGE;
        image.bit_depth = u32::from(depth);
        Ok(Self(image))
    }

    fn fill(&mut self, number: usize, plane: &PlaneRef<'_, u16>, depth: u8) {
        for (row, samples) in plane.samples().chunks_exact(plane.width()).enumerate() {
            self.fill_row(number, row, samples, depth);
        }
    }

    fn fill_row(&mut self, number: usize, row: usize, samples: &[u16], depth: u8) {
        // SAFETY: the image was allocated with a size and format that give each plane rows of at least this many samples of one
        // or two bytes, `stride` bytes apart; `encode` made it from the size of the first plane and the relation of the others.
        unsafe {
            let start = self.0.planes[number].offset(row as isize * self.0.stride[number] as isize);
            if depth == 8 {
                let target = std::slice::from_raw_parts_mut(start, samples.len());
                for (target, sample) in target.iter_mut().zip(samples) {
                    *target = (*sample).min(255) as u8;
                }
            } else {
                let target = std::slice::from_raw_parts_mut(start.cast::<u16>(), samples.len());
                target.copy_from_slice(samples);
            }
        }
    }

    fn fill_chroma(&mut self, depth: u8) {
        let half = self.0.d_w.div_ceil(2) as usize;
        let gray = vec![1 << (depth - 1); half];
        for number in [1, 2] {
            for row in 0..self.0.d_h.div_ceil(2) as usize {
                self.fill_row(number, row, &gray, depth);
            }
        }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: frees the planes that `aom_img_alloc` made; the struct itself is not its own.
        unsafe { sys::aom_img_free(&raw mut *self.0) };
    }
}

struct Encoder(Box<sys::aom_codec_ctx_t>);

impl Encoder {
    fn start(
        interface: *const sys::aom_codec_iface,
        config: &sys::aom_codec_enc_cfg_t,
        settings: &AvifSettings,
    ) -> Result<Self, String> {
        // SAFETY: zero is a value for every field of this C struct.
        let mut context: Box<sys::aom_codec_ctx_t> = Box::new(unsafe { std::mem::zeroed() });
        let flags = if settings.depth == 8 { 0 } else { sys::AOM_CODEC_USE_HIGHBITDEPTH };
        // SAFETY: context and configuration are live structs of the right types, and the version is the binding's own.
        let status = unsafe {
            sys::aom_codec_enc_init_ver(
                &raw mut *context,
                interface,
                config,
                sys::aom_codec_flags_t::from(flags),
                sys::AOM_ENCODER_ABI_VERSION as c_int,
            )
        };
        check(status, "its start")?;
        Ok(Self(context))
    }

    fn control(&mut self, id: u32, value: c_int) -> Result<(), String> {
        // SAFETY: the encoder was started, and every control used here takes one int.
        check(unsafe { sys::aom_codec_control(&raw mut *self.0, id as c_int, value) }, "a setting")
    }

    fn option(&mut self, name: &str, value: &str) -> Result<(), String> {
        let (Ok(c_name), Ok(c_value)) = (CString::new(name), CString::new(value)) else {
            return Err("an option holds a zero byte".to_owned());
        };
        // SAFETY: both strings outlive the call.
        check(unsafe { sys::aom_codec_set_option(&raw mut *self.0, c_name.as_ptr(), c_value.as_ptr()) }, name)
    }

    fn encode(&mut self, image: &Image) -> Result<Vec<u8>, String> {
        // SAFETY: the image is live and has the size of the configuration.
        check(unsafe { sys::aom_codec_encode(&raw mut *self.0, &raw const *image.0, 0, 1, 0) }, "the picture")?;
        let mut bytes = self.packets();
        // SAFETY: no image means the end.
        check(unsafe { sys::aom_codec_encode(&raw mut *self.0, ptr::null(), 0, 1, 0) }, "the end")?;
        bytes.extend(self.packets());
        if bytes.is_empty() { Err("libaom wrote nothing".to_owned()) } else { Ok(bytes) }
    }

    fn packets(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut iterator: sys::aom_codec_iter_t = ptr::null();
        loop {
            // SAFETY: the encoder was started; the iterator begins as null, as asked for.
            let packet = unsafe { sys::aom_codec_get_cx_data(&raw mut *self.0, &raw mut iterator) };
            if packet.is_null() {
                return bytes;
            }
            // SAFETY: a packet is valid until the next call of the encoder, and its kind says which field of the union is meant.
            unsafe {
                if (*packet).kind == sys::AOM_CODEC_CX_FRAME_PKT {
                    let frame = (*packet).data.frame;
                    bytes.extend_from_slice(std::slice::from_raw_parts(frame.buf.cast::<u8>(), frame.sz));
                }
            }
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the encoder was started, and this is its end.
        unsafe { sys::aom_codec_destroy(&raw mut *self.0) };
    }
}
