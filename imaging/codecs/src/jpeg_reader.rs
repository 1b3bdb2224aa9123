//! Reads JPEG (ITU-T T.81) at a fraction of its size, as the planes that it holds.
//!
//! A picture that is to become smaller is read smaller: the inverse cosine transform of a block of 8x8 samples can give
//! any smaller square for less work (libjpeg's `scale_num`), and samples that nobody needs are neither made, nor
//! converted, nor stored. The planes are given as they are, without bringing the colour planes to full size: whoever
//! shrinks them does that in the same step.

use std::fmt;
use std::marker::PhantomData;
use std::ptr;

use mozjpeg_sys as sys;

use crate::libjpeg::{Errors, guarded, sentence};

/// Why a JPEG could not be read, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JpegError(pub String);

/// How the components of a JPEG are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JpegColor {
    /// One component, brightness.
    Gray,
    /// Brightness and two differences.
    YCbCr,
    /// Red, green, blue.
    Rgb,
    /// Cyan, magenta, yellow, black.
    Cmyk,
    /// Brightness, two differences, black; the first three stand for the complement of cyan, magenta, yellow.
    Ycck,
}

/// One component at the chosen fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Component {
    /// Samples of a row that belong to the picture.
    pub width: usize,
    /// Rows that belong to the picture.
    pub height: usize,
    /// The picture's width in samples of this component; the last sample may stand for less than a whole one.
    pub extent_width: f64,
    /// The same for its height.
    pub extent_height: f64,
    /// Samples of a row as they are written, padding included.
    stride: usize,
    /// Rows that come at once.
    rows_at_once: usize,
}

/// A JPEG whose header has been read.
pub struct JpegReader<'a> {
    // Boxed, because libjpeg keeps pointers to it.
    cinfo: Box<sys::jpeg_decompress_struct>,
    errors: Box<Errors>,
    components: Vec<Component>,
    input: PhantomData<&'a [u8]>,
}

impl fmt::Debug for JpegReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JpegReader").field("components", &self.components).finish_non_exhaustive()
    }
}

impl<'a> JpegReader<'a> {
    /// Reads the header. Allocates next to nothing.
    pub fn open(bytes: &'a [u8]) -> Result<Self, JpegError> {
        let mut errors = Errors::new();
        // SAFETY: zero is a value for every field of this C struct, and `jpeg_CreateDecompress` sets them.
        let mut cinfo: Box<sys::jpeg_decompress_struct> = Box::new(unsafe { std::mem::zeroed() });
        cinfo.common.err = &raw mut errors.manager;
        let mut reader = Self { cinfo, errors, components: Vec::new(), input: PhantomData };
        let length =
            sys::c_ulong::try_from(bytes.len()).map_err(|_| JpegError("the file is too long".to_owned()))?;
        reader.call(|cinfo| {
            // SAFETY: the struct and its error manager live in boxes that outlive the calls; the input lives as long as
            // the reader, by its lifetime.
            unsafe {
                sys::jpeg_CreateDecompress(
                    cinfo,
                    sys::JPEG_LIB_VERSION,
                    size_of::<sys::jpeg_decompress_struct>(),
                );
                sys::jpeg_mem_src(cinfo, bytes.as_ptr(), length);
                sys::jpeg_read_header(cinfo, 1);
            }
        })?;
        Ok(reader)
    }

    /// Width and height as stored, in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.cinfo.image_width, self.cinfo.image_height)
    }

    /// What the components mean; `None` for a number of them that no program writes.
    pub fn color(&self) -> Option<JpegColor> {
        match (self.cinfo.jpeg_color_space, self.cinfo.num_components) {
            (sys::J_COLOR_SPACE::JCS_GRAYSCALE, 1) => Some(JpegColor::Gray),
            (sys::J_COLOR_SPACE::JCS_YCbCr, 3) => Some(JpegColor::YCbCr),
            (sys::J_COLOR_SPACE::JCS_RGB, 3) => Some(JpegColor::Rgb),
            (sys::J_COLOR_SPACE::JCS_CMYK, 4) => Some(JpegColor::Cmyk),
            (sys::J_COLOR_SPACE::JCS_YCCK, 4) => Some(JpegColor::Ycck),
            _ => None,
        }
    }

    /// Bytes that libjpeg holds for the coefficients of the whole picture, if it comes in more than one scan.
    pub fn coefficient_bytes(&self) -> u64 {
        // SAFETY: the struct was made by `jpeg_CreateDecompress` and has read a header.
        if unsafe { sys::jpeg_has_multiple_scans(&self.cinfo) } == 0 {
            return 0;
        }
        let blocks = |info: &sys::jpeg_component_info| {
            u64::from(info.width_in_blocks) * u64::from(info.height_in_blocks)
        };
        self.component_infos().iter().map(blocks).sum::<u64>() * BLOCK_BYTES
    }

    /// Begins to read at `eighths` / 8 of the size, 1 to 8. Gives the components in their order.
    pub fn start(&mut self, eighths: u8) -> Result<&[Component], JpegError> {
        let eighths = eighths.clamp(1, 8);
        self.cinfo.scale_num = u32::from(eighths);
        self.cinfo.scale_denom = 8;
        self.cinfo.raw_data_out = 1;
        self.cinfo.out_color_space = self.cinfo.jpeg_color_space;
        self.cinfo.dct_method = sys::J_DCT_METHOD::JDCT_ISLOW;
        self.call(|cinfo| {
            // SAFETY: the header was read, and nothing was started before; a second start is refused by libjpeg.
            unsafe { sys::jpeg_start_decompress(cinfo) }
        })?;
        let smallest = usize::from(eighths);
        let most = (self.cinfo.max_h_samp_factor, self.cinfo.max_v_samp_factor);
        let most = (positive(most.0)?, positive(most.1)?);
        let picture = (count(self.cinfo.image_width)?, count(self.cinfo.image_height)?);
        let components = self.component_infos().iter().map(|info| component(info, smallest, most, picture));
        self.components = components.collect::<Result<_, _>>()?;
        Ok(&self.components)
    }

    /// Reads the next rows of every component and hands them to `take`: the number of the component, the rows, and how
    /// many samples lie between the beginnings of two rows. `buffers` are kept from call to call by the caller, one for
    /// each component. `false` when there are no more.
    pub fn read(
        &mut self,
        buffers: &mut Vec<Vec<u8>>,
        take: &mut dyn FnMut(usize, &[u8], usize),
    ) -> Result<bool, JpegError> {
        if self.components.is_empty() || self.cinfo.output_height <= self.cinfo.output_scanline {
            return Ok(false);
        }
        buffers.resize(self.components.len(), Vec::new());
        for (buffer, component) in buffers.iter_mut().zip(&self.components) {
            buffer.resize(component.stride * component.rows_at_once, 0);
        }
        let mut rows: Vec<Vec<*mut u8>> = buffers
            .iter_mut()
            .zip(&self.components)
            .map(|(buffer, component)| {
                buffer.chunks_exact_mut(component.stride).map(<[u8]>::as_mut_ptr).collect()
            })
            .collect();
        let mut planes: Vec<*mut *mut u8> = rows.iter_mut().map(Vec::as_mut_ptr).collect();
        self.call(|cinfo| {
            // SAFETY: for each component there is a list of as many rows as libjpeg writes at once, each long enough for
            // its whole blocks (see `component`), and all of them outlive the call. libjpeg refuses a number of lines
            // that is less than one group, so the largest is given.
            unsafe { sys::jpeg_read_raw_data(cinfo, planes.as_mut_ptr(), u32::MAX) }
        })?;
        drop(rows);
        for (number, (buffer, component)) in buffers.iter().zip(&self.components).enumerate() {
            take(number, buffer, component.stride);
        }
        Ok(true)
    }

    /// Ends the reading: an error when samples were missing or had to be invented.
    pub fn finish(self) -> Result<(), JpegError> {
        match self.errors.lost_samples {
            Some(code) => Err(JpegError(sentence(code))),
            None => Ok(()),
        }
    }

    fn component_infos(&self) -> &[sys::jpeg_component_info] {
        let count = usize::try_from(self.cinfo.num_components).unwrap_or(0);
        if self.cinfo.comp_info.is_null() {
            return &[];
        }
        // SAFETY: after the header was read, `comp_info` points to `num_components` of them, in libjpeg's own memory,
        // which lives until the struct is destroyed.
        unsafe { std::slice::from_raw_parts(self.cinfo.comp_info, count) }
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut sys::jpeg_decompress_struct) -> T) -> Result<T, JpegError> {
        let cinfo = &mut *self.cinfo;
        guarded(|| call(cinfo)).map_err(|code| JpegError(sentence(code)))
    }
}

impl Drop for JpegReader<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `jpeg_CreateDecompress`, or still all zero, which this takes for nothing to free.
        unsafe { sys::jpeg_destroy_decompress(&mut self.cinfo) };
        self.cinfo.common.err = ptr::null_mut();
    }
}

/// A block of coefficients, 64 numbers of 16 bits.
const BLOCK_BYTES: u64 = 128;
/// Samples on the side of a block.
const BLOCK_SIDE: usize = 8;

/// The same choice as libjpeg's `jpeg_calc_output_dimensions`, whose result its Rust binding does not show: a component
/// with fewer samples is given more of each block, as far as that doubles evenly.
fn component(
    info: &sys::jpeg_component_info,
    smallest: usize,
    most: (usize, usize),
    picture: (usize, usize),
) -> Result<Component, JpegError> {
    let (across, down) = (positive(info.h_samp_factor)?, positive(info.v_samp_factor)?);
    let mut side = smallest;
    while side < BLOCK_SIDE
        && (most.0 * smallest).is_multiple_of(across * side * 2)
        && (most.1 * smallest).is_multiple_of(down * side * 2)
    {
        side *= 2;
    }
    let length =
        |picture: usize, factor: usize, most: usize| (picture * factor * side).div_ceil(most * BLOCK_SIDE);
    let extent = |picture: usize, factor: usize, most: usize| {
        float(picture * factor * side) / float(most * BLOCK_SIDE)
    };
    Ok(Component {
        width: length(picture.0, across, most.0),
        height: length(picture.1, down, most.1),
        extent_width: extent(picture.0, across, most.0),
        extent_height: extent(picture.1, down, most.1),
        stride: count(info.width_in_blocks)? * side,
        rows_at_once: down * side,
    })
}

fn positive(number: std::ffi::c_int) -> Result<usize, JpegError> {
    let number = usize::try_from(number).ok().filter(|number| 0 < *number);
    number.ok_or_else(|| JpegError("a sampling factor is not positive".to_owned()))
}

fn count(number: u32) -> Result<usize, JpegError> {
    usize::try_from(number).map_err(|_| JpegError("a side is too long".to_owned()))
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^52: sides have 16 bits")]
fn float(number: usize) -> f64 {
    number as f64
}
