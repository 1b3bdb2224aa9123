//! Writes AVIF (AV1 still pictures in ISO BMFF) from planes with colour at full size (4:4:4).

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::ptr;

use avif_serialize::Aviffy;
use avif_serialize::constants::{ColorPrimaries, MatrixCoefficients, TransferCharacteristics};
use libaom_sys as sys;

use crate::memory::exhausted;
use crate::numbers::int;
use crate::plane::{PlaneRef, Planes};

/// Bits of a sample. Ten keep gradients smooth that eight would break into steps, for hardly more bytes.
pub const DEPTH: u8 = 10;
/// libaom's speed, 0 to 9. The next faster one does not notice graphics, and writes them two or three times as large; the
/// next slower one takes half as long again for a gain that could not be measured.
const SPEED: c_int = 7;
/// What scored highest (SSIMULACRA2) for its bytes of what libaom offers: matrices of quantisation, flat ones, and a
/// choice of modes by structural similarity.
const OPTIONS: [(&CStr, &CStr); 4] =
    [(c"tune", c"ssim"), (c"enable-qm", c"1"), (c"qm-min", c"10"), (c"qm-max", c"14")];

/// Writes `planes`, full range, samples of [`DEPTH`] bits, and alpha if there is any, with a quantiser of 0 (best) to 63.
pub fn write(
    planes: &Planes<'_, u16>,
    alpha: Option<PlaneRef<'_, u16>>,
    quantizer: u8,
) -> Result<Vec<u8>, String> {
    if !planes.is_full() || alpha.is_some_and(|alpha| !alpha.is_as_large_as(&planes.y)) {
        return Err("the planes do not have the sizes of one picture".to_owned());
    }
    let too_large = || "the picture is too large for AVIF".to_owned();
    let width = u32::try_from(planes.y.width()).map_err(|_| too_large())?;
    let height = u32::try_from(planes.y.height()).map_err(|_| too_large())?;
    let color = encode(&[planes.y, planes.cb, planes.cr], quantizer)?;
    let alpha = alpha.map(|alpha| encode(&[alpha], quantizer)).transpose()?;
    let mut file = Aviffy::new();
    file.set_color_primaries(ColorPrimaries::Bt709)
        .set_transfer_characteristics(TransferCharacteristics::Srgb)
        .set_matrix_coefficients(MatrixCoefficients::Bt601)
        .set_full_color_range(true)
        .set_seq_profile(1)
        .set_chroma_subsampling((false, false))
        .set_width(width)
        .set_height(height)
        .set_bit_depth(DEPTH);
    Ok(file.to_vec(&color, alpha.as_deref(), width, height, DEPTH))
}

/// One AV1 frame of one plane (alpha) or three.
fn encode(planes: &[PlaneRef<'_, u16>], quantizer: u8) -> Result<Vec<u8>, String> {
    let Some(first) = planes.first() else { return Err("there are no planes".to_owned()) };
    let is_gray = planes.len() == 1;
    // A picture without colour is one of the main profile, which knows colour at half size; libaom looks at its planes.
    let (half_width, half_height) = (first.width().div_ceil(2), first.height().div_ceil(2));
    let neutral = if is_gray { vec![1 << (DEPTH - 1); half_width * half_height] } else { Vec::new() };
    let gray = PlaneRef::new(&neutral, half_width, half_height);
    let image = Image::new(*first, planes.get(1).copied().or(gray), planes.get(2).copied().or(gray))?;
    // SAFETY: returns a pointer to a static of the library.
    let interface = unsafe { sys::aom_codec_av1_cx() };
    // SAFETY: zero is a value for every field of this C struct, and the next call sets them.
    let mut config: sys::aom_codec_enc_cfg_t = unsafe { std::mem::zeroed() };
    // SAFETY: writes to a live struct of the right type.
    let status =
        unsafe { sys::aom_codec_enc_config_default(interface, &raw mut config, sys::AOM_USAGE_ALL_INTRA) };
    check(status, "its defaults")?;
    config.g_w = image.frame.d_w;
    config.g_h = image.frame.d_h;
    // The high profile is the one that knows colour at full size (AV1 specification, 6.4.1).
    config.g_profile = u32::from(!is_gray);
    config.g_bit_depth = u32::from(DEPTH);
    config.g_input_bit_depth = u32::from(DEPTH);
    config.g_threads = 1;
    config.g_limit = 1;
    config.g_lag_in_frames = 0;
    config.kf_mode = sys::AOM_KF_DISABLED;
    config.monochrome = u32::from(is_gray);
    config.rc_end_usage = sys::AOM_Q;
    config.rc_min_quantizer = u32::from(quantizer);
    config.rc_max_quantizer = u32::from(quantizer);
    let mut encoder = Encoder::start(interface, &config)?;
    encoder.control(sys::AOME_SET_CPUUSED, SPEED)?;
    encoder.control(sys::AOME_SET_CQ_LEVEL, c_int::from(quantizer))?;
    encoder.control(sys::AV1E_SET_COLOR_RANGE, sys::AOM_CR_FULL_RANGE.cast_signed())?;
    if !is_gray {
        encoder.control(sys::AV1E_SET_COLOR_PRIMARIES, sys::AOM_CICP_CP_BT_709.cast_signed())?;
        encoder.control(sys::AV1E_SET_TRANSFER_CHARACTERISTICS, sys::AOM_CICP_TC_SRGB.cast_signed())?;
        encoder.control(sys::AV1E_SET_MATRIX_COEFFICIENTS, sys::AOM_CICP_MC_BT_601.cast_signed())?;
    }
    for (name, value) in OPTIONS {
        encoder.option(name, value)?;
    }
    encoder.encode(&image)
}

fn check(status: sys::aom_codec_err_t, what: &str) -> Result<(), String> {
    if status == sys::AOM_CODEC_MEM_ERROR {
        exhausted();
    }
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
    ) -> Result<Self, String> {
        let (Some(cb), Some(cr)) = (cb, cr) else { return Err("a plane is missing".to_owned()) };
        let sizes =
            (u32::try_from(y.width()), u32::try_from(y.height()), int(y.width() * 2), int(cb.width() * 2));
        let (Ok(width), Ok(height), Some(stride), Some(color_stride)) = sizes else {
            return Err("the picture is too large for AVIF".to_owned());
        };
        let format = if cb.is_as_large_as(&y) { sys::AOM_IMG_FMT_I44416 } else { sys::AOM_IMG_FMT_I42016 };
        // SAFETY: zero is a value for every field of this C struct.
        let mut frame: Box<sys::aom_image_t> = Box::new(unsafe { std::mem::zeroed() });
        let bytes = y.samples().as_ptr().cast::<u8>().cast_mut();
        // SAFETY: this only notes sizes and pointers in a live struct; the pointers are set once more below.
        let wrapped = unsafe { sys::aom_img_wrap(&raw mut *frame, format, width, height, 2, bytes) };
        if wrapped.is_null() {
            return Err("libaom does not take a frame of this size".to_owned());
        }
        frame.bit_depth = u32::from(DEPTH);
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
                sys::AOM_ENCODER_ABI_VERSION.cast_signed(),
            )
        };
        check(status, "its start")?;
        Ok(Self(context))
    }

    fn control(&mut self, id: u32, value: c_int) -> Result<(), String> {
        // SAFETY: the encoder was started, and every control used here takes one int.
        check(unsafe { sys::aom_codec_control(&raw mut *self.0, id.cast_signed(), value) }, "a setting")
    }

    fn option(&mut self, name: &CStr, value: &CStr) -> Result<(), String> {
        // SAFETY: both strings are static.
        let status = unsafe { sys::aom_codec_set_option(&raw mut *self.0, name.as_ptr(), value.as_ptr()) };
        check(status, &name.to_string_lossy())
    }

    fn encode(&mut self, image: &Image<'_>) -> Result<Vec<u8>, String> {
        // SAFETY: the image is live and has the size of the configuration.
        let status = unsafe { sys::aom_codec_encode(&raw mut *self.0, &raw const *image.frame, 0, 1, 0) };
        check(status, "the picture")?;
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
