//! Writes AVIF (AV1 still pictures in ISO BMFF) from planes with colour at full size (4:4:4).

use std::ffi::{CString, c_int};
use std::marker::PhantomData;
use std::ptr;

use avif_serialize::Aviffy;
use avif_serialize::constants::{ColorPrimaries, MatrixCoefficients, TransferCharacteristics};
use libaom_sys as sys;

use crate::numbers::int;
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
    if !planes.is_full() || alpha.is_some_and(|alpha| !alpha.is_as_large_as(&planes.y)) {
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
        .set_seq_profile(1)
        .set_chroma_subsampling((false, false))
        .set_width(width)
        .set_height(height)
        .set_bit_depth(settings.depth);
    Ok(file.to_vec(&color, alpha.as_deref(), width, height, settings.depth))
}

/// One AV1 frame of one plane (alpha) or three.
fn encode(planes: &[PlaneRef<'_, u16>], settings: &AvifSettings, quantizer: u32) -> Result<Vec<u8>, String> {
    let Some(first) = planes.first() else { return Err("there are no planes".to_owned()) };
    let is_gray = planes.len() == 1;
    // A picture without colour is one of the main profile, which knows colour at half size; libaom looks at its planes.
    let (half_width, half_height) = (first.width().div_ceil(2), first.height().div_ceil(2));
    let neutral = if is_gray { vec![1 << (settings.depth - 1); half_width * half_height] } else { Vec::new() };
    let gray = PlaneRef::new(&neutral, half_width, half_height);
    let image = Image::new(*first, planes.get(1).copied().or(gray), planes.get(2).copied().or(gray), settings.depth)?;
    // SAFETY: returns a pointer to a static of the library.
    let interface = unsafe { sys::aom_codec_av1_cx() };
    // SAFETY: zero is a value for every field of this C struct, and the next call sets them.
    let mut config: sys::aom_codec_enc_cfg_t = unsafe { std::mem::zeroed() };
    // SAFETY: writes to a live struct of the right type.
    check(unsafe { sys::aom_codec_enc_config_default(interface, &raw mut config, sys::AOM_USAGE_ALL_INTRA) }, "defaults")?;
    config.g_w = image.frame.d_w;
    config.g_h = image.frame.d_h;
    // The high profile is the one that knows colour at full size (AV1 specification, 6.4.1).
    config.g_profile = u32::from(!is_gray);
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
    let mut encoder = Encoder::start(interface, &config)?;
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

/// A frame that leads to planes of ours; libaom only reads them.
struct Image<'a> {
    frame: Box<sys::aom_image_t>,
    planes: PhantomData<&'a [u16]>,
}

impl<'a> Image<'a> {
    fn new(
        y: PlaneRef<'a, u16>,
        cb: Option<PlaneRef<'a, u16>>,
        cr: Option<PlaneRef<'a, u16>>,
        depth: u8,
    ) -> Result<Self, String> {
        let (Some(cb), Some(cr)) = (cb, cr) else { return Err("a plane is missing".to_owned()) };
        let sizes = (u32::try_from(y.width()), u32::try_from(y.height()), int(y.width() * 2), int(cb.width() * 2));
        let (Ok(width), Ok(height), Some(stride), Some(color_stride)) = sizes else {
            return Err("the picture is too large for AVIF".to_owned());
        };
        let format = match cb.is_as_large_as(&y) {
            true => sys::AOM_IMG_FMT_I44416,
            false => sys::AOM_IMG_FMT_I42016,
        };
        // SAFETY: zero is a value for every field of this C struct.
        let mut frame: Box<sys::aom_image_t> = Box::new(unsafe { std::mem::zeroed() });
        let bytes = y.samples().as_ptr().cast::<u8>().cast_mut();
        // SAFETY: this only notes sizes and pointers in a live struct; the pointers are set once more below.
        let wrapped = unsafe { sys::aom_img_wrap(&raw mut *frame, format, width, height, 2, bytes) };
        if wrapped.is_null() {
            return Err("libaom does not take a frame of this size".to_owned());
        }
        frame.bit_depth = u32::from(depth);
        frame.range = sys::AOM_CR_FULL_RANGE;
        frame.planes = [y, cb, cr].map(|plane| plane.samples().as_ptr().cast::<u8>().cast_mut());
        frame.stride = [stride, color_stride, color_stride];
        frame.monochrome = c_int::from(!cb.is_as_large_as(&y));
        Ok(Self { frame, planes: PhantomData })
    }
}

struct Encoder(Box<sys::aom_codec_ctx_t>);

impl Encoder {
    fn start(
        interface: *const sys::aom_codec_iface,
        config: &sys::aom_codec_enc_cfg_t,
    ) -> Result<Self, String> {
        // SAFETY: zero is a value for every field of this C struct.
        let mut context: Box<sys::aom_codec_ctx_t> = Box::new(unsafe { std::mem::zeroed() });
        // SAFETY: context and configuration are live structs of the right types, and the version is the binding's own.
        let status = unsafe {
            sys::aom_codec_enc_init_ver(
                &raw mut *context,
                interface,
                config,
                sys::aom_codec_flags_t::from(sys::AOM_CODEC_USE_HIGHBITDEPTH),
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

    fn encode(&mut self, image: &Image<'_>) -> Result<Vec<u8>, String> {
        // SAFETY: the image is live and has the size of the configuration.
        check(unsafe { sys::aom_codec_encode(&raw mut *self.0, &raw const *image.frame, 0, 1, 0) }, "the picture")?;
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
