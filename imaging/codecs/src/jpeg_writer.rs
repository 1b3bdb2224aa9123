//! Writes progressive JPEG (ITU-T T.81) from planes with colour at half size (4:2:0).

use std::ffi::c_int;
use std::ptr;

use mozjpeg_sys as sys;

use crate::libjpeg::{Errors, guarded, sentence};
use crate::plane::{PlaneRef, Planes};

/// The table of quantisation that is scaled, of those that mozjpeg knows: `DCTune`, A. J. Ahumada, A. B. Watson, H. A.
/// Peterson (1992/1993). At equal bytes it scored highest of all nine on photographs (SSIMULACRA2).
const QUANTISATION_TABLE: c_int = 5;

/// Writes `planes`, 8 bits each, full range, at a quality of 1 to 100. The message of an error says what libjpeg refused.
pub fn write(planes: &Planes<'_, u8>, quality: u8) -> Result<Vec<u8>, String> {
    if !planes.is_subsampled() {
        return Err("the colour planes do not have half the size".to_owned());
    }
    let mut writer = Writer::new();
    guarded(|| writer.write(planes, quality)).map_err(sentence)?;
    Ok(writer.output.to_vec())
}

/// Everything that C keeps pointers to, in boxes.
struct Writer {
    cinfo: Box<sys::jpeg_compress_struct>,
    _errors: Box<Errors>,
    output: Output,
}

/// The buffer that libjpeg allocates and grows by itself.
struct Output {
    bytes: Box<*mut u8>,
    length: Box<sys::c_ulong>,
}

impl Output {
    fn to_vec(&self) -> Vec<u8> {
        let length = usize::try_from(*self.length).unwrap_or(0);
        if self.bytes.is_null() {
            return Vec::new();
        }
        // SAFETY: after `jpeg_finish_compress` the pointer leads to this many written bytes.
        unsafe { std::slice::from_raw_parts(*self.bytes, length) }.to_vec()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: libjpeg allocates the buffer with `malloc` and leaves it to its caller; null is allowed. A buffer that
        // libjpeg has outgrown it frees by itself, and only tells the new one at the end, so nothing is freed twice.
        unsafe { libc::free((*self.bytes).cast()) };
    }
}

/// Samples on the side of a block.
const BLOCK_SIDE: usize = 8;
/// Rows of brightness in a row of units, with colour at half height.
const GROUP_ROWS: usize = 2 * BLOCK_SIDE;
/// The same as libjpeg counts.
const GROUP_LINES: u32 = 16;

impl Writer {
    fn new() -> Self {
        let mut errors = Errors::new();
        // SAFETY: zero is a value for every field of this C struct, and `jpeg_CreateCompress` sets them.
        let mut cinfo: Box<sys::jpeg_compress_struct> = Box::new(unsafe { std::mem::zeroed() });
        cinfo.common.err = &raw mut errors.manager;
        let output = Output { bytes: Box::new(ptr::null_mut()), length: Box::new(0) };
        Self { cinfo, _errors: errors, output }
    }

    /// Leaves by a jump when libjpeg fails, so it is only called guarded.
    fn write(&mut self, planes: &Planes<'_, u8>, quality: u8) {
        let cinfo = &mut *self.cinfo;
        // SAFETY: the struct, its error manager and the output live in boxes that outlive the calls; the fields are set in
        // the order that libjpeg's documentation asks for.
        unsafe {
            sys::jpeg_CreateCompress(cinfo, sys::JPEG_LIB_VERSION, size_of::<sys::jpeg_compress_struct>());
            sys::jpeg_mem_dest(cinfo, &raw mut *self.output.bytes, &raw mut *self.output.length);
            cinfo.image_width = u32::try_from(planes.y.width()).unwrap_or(0);
            cinfo.image_height = u32::try_from(planes.y.height()).unwrap_or(0);
            cinfo.input_components = 3;
            cinfo.in_color_space = sys::J_COLOR_SPACE::JCS_YCbCr;
            choose_profile(cinfo);
            sys::jpeg_set_defaults(cinfo);
            choose(cinfo, quality);
            sys::jpeg_start_compress(cinfo, 1);
        }
        write_rows(cinfo, planes);
        // SAFETY: all rows were written.
        unsafe { sys::jpeg_finish_compress(cinfo) };
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: made by `jpeg_CreateCompress`, or still all zero, which this takes for nothing to free.
        unsafe { sys::jpeg_destroy_compress(&mut self.cinfo) };
    }
}

/// # Safety
/// The struct must have been made by `jpeg_CreateCompress`.
unsafe fn choose_profile(cinfo: &mut sys::jpeg_compress_struct) {
    // Mozjpeg's own profile searches through scripts and coefficients, for ten times the work and a few percent of bytes.
    let profile = sys::JINT_COMPRESS_PROFILE_VALUE::JCP_FASTEST;
    #[expect(clippy::as_conversions, reason = "the value of a C enum")]
    // SAFETY: as promised by the caller; the parameter exists in this version.
    unsafe {
        sys::jpeg_c_set_int_param(cinfo, sys::J_INT_PARAM::JINT_COMPRESS_PROFILE, profile as c_int);
    }
}

/// # Safety
/// The struct must have its defaults.
unsafe fn choose(cinfo: &mut sys::jpeg_compress_struct, quality: u8) {
    // SAFETY: as promised by the caller. The script of scans is static, and `jpeg_set_defaults` made three components.
    unsafe {
        sys::jpeg_c_set_int_param(cinfo, sys::J_INT_PARAM::JINT_BASE_QUANT_TBL_IDX, QUANTISATION_TABLE);
        sys::jpeg_set_quality(cinfo, c_int::from(quality), 1);
        cinfo.raw_data_in = 1;
        cinfo.optimize_coding = 1;
        cinfo.dct_method = sys::J_DCT_METHOD::JDCT_ISLOW;
        let components = std::slice::from_raw_parts_mut(cinfo.comp_info, 3);
        for (component, factor) in components.iter_mut().zip([2, 1, 1]) {
            component.h_samp_factor = factor;
            component.v_samp_factor = factor;
        }
        cinfo.scan_info = SCANS.as_ptr();
        cinfo.num_scans = SCAN_COUNT;
    }
}

const SCAN_COUNT: c_int = 5;

/// A picture in five steps: all of it coarse, then the large shapes of brightness, colour, and the fine ones. Scripts with
/// successive approximation save one percent of bytes and take half as long again.
static SCANS: [sys::jpeg_scan_info; 5] = [
    scan(3, [0, 1, 2, 0], 0, 0),
    scan(1, [0, 0, 0, 0], 1, 8),
    scan(1, [1, 0, 0, 0], 1, 63),
    scan(1, [2, 0, 0, 0], 1, 63),
    scan(1, [0, 0, 0, 0], 9, 63),
];

const fn scan(count: c_int, components: [c_int; 4], first: c_int, last: c_int) -> sys::jpeg_scan_info {
    sys::jpeg_scan_info {
        comps_in_scan: count,
        component_index: components,
        Ss: first,
        Se: last,
        Ah: 0,
        Al: 0,
    }
}

/// Hands over the planes in groups of 16 rows. libjpeg reads whole blocks, so the last column and row are repeated.
fn write_rows(cinfo: &mut sys::jpeg_compress_struct, planes: &Planes<'_, u8>) {
    let mut group =
        [Band::new(planes.y, GROUP_ROWS), Band::new(planes.cb, BLOCK_SIDE), Band::new(planes.cr, BLOCK_SIDE)];
    let groups = planes.y.height().div_ceil(GROUP_ROWS);
    for number in 0..groups {
        let rows = group.each_mut().map(|band| band.fill(number));
        let pointers = rows.each_ref().map(Vec::as_ptr);
        // SAFETY: three lists of 16, 8 and 8 rows, each padded to whole blocks, outlive the call.
        unsafe { sys::jpeg_write_raw_data(cinfo, pointers.as_ptr(), GROUP_LINES) };
    }
}

/// The rows of one plane that are handed over at once, padded to whole blocks.
struct Band<'a> {
    plane: PlaneRef<'a, u8>,
    rows: usize,
    stride: usize,
    padded: Vec<u8>,
}

impl<'a> Band<'a> {
    fn new(plane: PlaneRef<'a, u8>, rows: usize) -> Self {
        // As many columns as the widest plane is padded to, which is a multiple of 16 of brightness.
        let stride = plane.width().next_multiple_of(GROUP_ROWS);
        Self { plane, rows, stride, padded: vec![0; stride * rows] }
    }

    fn fill(&mut self, group: usize) -> Vec<*const u8> {
        let last = self.plane.height() - 1;
        let targets = self.padded.chunks_exact_mut(self.stride);
        for (number, target) in targets.enumerate() {
            let row = (group * self.rows + number).min(last);
            let source = self.plane.samples().chunks_exact(self.plane.width()).nth(row).unwrap_or_default();
            let (head, tail) = target.split_at_mut(source.len());
            head.copy_from_slice(source);
            tail.fill(source.last().copied().unwrap_or(0));
        }
        self.padded.chunks_exact(self.stride).map(<[u8]>::as_ptr).collect()
    }
}
