//! AVIF: the container by `avif-parse`, the picture by `re_rav1d`, and from there to RGB by hand.

use anyhow::{Context as _, anyhow, bail};
use image::{DynamicImage, Rgba, Rgba32FImage};
use re_rav1d::dav1d::pixel::{MatrixCoefficients, YUVRange};
use re_rav1d::dav1d::{self, PixelLayout, PlanarImageComponent};

/// Decodes the one picture of a file.
pub(super) fn decode(bytes: &[u8]) -> anyhow::Result<DynamicImage> {
    let mut input = bytes;
    let container = avif_parse::read_avif(&mut input).map_err(|error| anyhow!("{error}"))?;
    let color = av1(&container.primary_item)?;
    let alpha = match &container.alpha_item {
        Some(item) => {
            let picture = av1(item)?;
            let range = Range::of(&picture)?;
            Some(plane(&picture, PlanarImageComponent::Y, &range)?.values)
        }
        None => None,
    };
    let mut pixels = to_rgb(&color)?;
    if let Some(alpha) = alpha {
        pixels.pixels_mut().zip(alpha).for_each(|(pixel, alpha)| pixel.0[3] = on_screen(alpha));
    }
    Ok(DynamicImage::ImageRgba32F(pixels))
}

fn av1(bytes: &[u8]) -> anyhow::Result<dav1d::Picture> {
    let failed = |error: dav1d::Error| anyhow!("the AV1 decoder failed: {error}");
    let mut settings = dav1d::Settings::new();
    settings.set_n_threads(1);
    let mut decoder = dav1d::Decoder::with_settings(&settings).map_err(failed)?;
    decoder.send_data(bytes.to_vec(), None, None, None).map_err(failed)?;
    decoder.get_picture().map_err(failed)
}

/// How numbers stand for luma and chroma (AV1, section 6.4.2, `color_range`).
struct Range {
    luma_zero: f32,
    luma_span: f32,
    chroma_zero: f32,
    chroma_span: f32,
}

impl Range {
    fn of(picture: &dav1d::Picture) -> anyhow::Result<Self> {
        let bits = u16::try_from(picture.bit_depth())?;
        let unit = f32::from(1_u16.checked_shl(u32::from(bits.saturating_sub(8))).context("too many bits")?);
        let largest = unit * 256.0 - 1.0;
        let chroma_zero = unit * 128.0;
        Ok(match picture.color_range() {
            YUVRange::Full => Self { luma_zero: 0.0, luma_span: largest, chroma_zero, chroma_span: largest },
            YUVRange::Limited => Self {
                luma_zero: 16.0 * unit,
                luma_span: 219.0 * unit,
                chroma_zero,
                chroma_span: 224.0 * unit,
            },
        })
    }
}

/// One plane: luma from 0 to 1, chroma from -0.5 to 0.5.
struct Plane {
    width: usize,
    values: Vec<f32>,
}

fn plane(picture: &dav1d::Picture, component: PlanarImageComponent, range: &Range) -> anyhow::Result<Plane> {
    let (width, height) = (usize::try_from(picture.width())?, usize::try_from(picture.height())?);
    let is_luma = component == PlanarImageComponent::Y;
    let (zero, span) =
        if is_luma { (range.luma_zero, range.luma_span) } else { (range.chroma_zero, range.chroma_span) };
    let (width, height) = match picture.pixel_layout() {
        _ if is_luma => (width, height),
        PixelLayout::I420 => (width.div_ceil(2), height.div_ceil(2)),
        PixelLayout::I422 => (width.div_ceil(2), height),
        _ => (width, height),
    };
    let stride = usize::try_from(picture.stride(component))?;
    let samples = picture.plane(component);
    let mut values = Vec::with_capacity(width * height);
    let mut push = |sample: u16| values.push((f32::from(sample) - zero) / span);
    for row in samples.chunks(stride).take(height) {
        match picture.bit_depth() {
            8 => row.iter().take(width).for_each(|sample| push(u16::from(*sample))),
            _ => {
                let row = row.as_chunks::<2>().0.iter().take(width);
                row.for_each(|sample| push(u16::from_ne_bytes(*sample)));
            }
        }
    }
    Ok(Plane { width, values })
}

/// The weights of red and blue in luma (ITU-T H.273, table 4).
fn weights(matrix: MatrixCoefficients) -> anyhow::Result<(f32, f32)> {
    match matrix {
        MatrixCoefficients::BT709 => Ok((0.2126, 0.0722)),
        // What browsers take for a file that does not say.
        MatrixCoefficients::BT470BG | MatrixCoefficients::ST170M | MatrixCoefficients::Unspecified => {
            Ok((0.299, 0.114))
        }
        other => bail!("matrix coefficients {other:?} are not expected in a variant"),
    }
}

fn to_rgb(picture: &dav1d::Picture) -> anyhow::Result<Rgba32FImage> {
    let range = Range::of(picture)?;
    let luma = plane(picture, PlanarImageComponent::Y, &range)?;
    let (blues, reds) = match picture.pixel_layout() {
        PixelLayout::I400 => (vec![0.0; luma.values.len()], vec![0.0; luma.values.len()]),
        _ => (
            chroma(picture, PlanarImageComponent::U, &range, luma.width)?,
            chroma(picture, PlanarImageComponent::V, &range, luma.width)?,
        ),
    };
    let (red_weight, blue_weight) = weights(picture.matrix_coefficients())?;
    let green_weight = 1.0 - red_weight - blue_weight;
    let mut target = Rgba32FImage::new(picture.width(), picture.height());
    let sources = luma.values.iter().zip(blues).zip(reds);
    for (pixel, ((luma, blue), red)) in target.pixels_mut().zip(sources) {
        let red = luma + 2.0 * (1.0 - red_weight) * red;
        let blue = luma + 2.0 * (1.0 - blue_weight) * blue;
        let green = (luma - red_weight * red - blue_weight * blue) / green_weight;
        *pixel = Rgba([on_screen(red), on_screen(green), on_screen(blue), 1.0]);
    }
    Ok(target)
}

/// As one of the 256 steps of a screen.
fn on_screen(value: f32) -> f32 {
    (value * 255.0).round().clamp(0.0, 255.0) / 255.0
}

/// A chroma plane in the size of the luma plane.
fn chroma(
    picture: &dav1d::Picture,
    component: PlanarImageComponent,
    range: &Range,
    luma_width: usize,
) -> anyhow::Result<Vec<f32>> {
    let plane = plane(picture, component, range)?;
    let rows: Vec<&[f32]> = plane.values.chunks(plane.width.max(1)).collect();
    let height = usize::try_from(picture.height())?;
    let (is_wide, is_high) = match picture.pixel_layout() {
        PixelLayout::I420 => (false, false),
        PixelLayout::I422 => (false, true),
        _ => (true, true),
    };
    let mut values = Vec::with_capacity(luma_width * height);
    for y in 0..height {
        let row: Vec<f32> = if is_high {
            rows.get(y).context("a row is missing")?.to_vec()
        } else {
            let (near, far) = neighbours(y, rows.len());
            let (near, far) = (rows.get(near).context("no row")?, rows.get(far).context("no row")?);
            near.iter().zip(far.iter()).map(|(near, far)| near * 0.75 + far * 0.25).collect()
        };
        if is_wide {
            values.extend(row);
            continue;
        }
        for x in 0..luma_width {
            let (near, far) = neighbours(x, row.len());
            let (near, far) = (row.get(near).context("no sample")?, row.get(far).context("no sample")?);
            values.push(near * 0.75 + far * 0.25);
        }
    }
    Ok(values)
}

/// The two halved samples between whose centres a full one lies, the nearer first. Chroma is taken to lie in the middle
/// of its pixels, as browsers do for AVIF.
fn neighbours(place: usize, count: usize) -> (usize, usize) {
    let near = place / 2;
    let far = if place.is_multiple_of(2) { near.saturating_sub(1) } else { near + 1 };
    (near, far.min(count.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_sample_lies_between_the_two_nearest_halved_ones() {
        assert_eq!(
            [0, 1, 2, 3, 4].map(|place| neighbours(place, 3)),
            [(0, 0), (0, 1), (1, 0), (1, 2), (2, 1)]
        );
        // The last one of an odd or an even row has nothing behind it.
        assert_eq!(neighbours(5, 3), (2, 2));
    }

    #[test]
    fn what_is_no_avif_is_an_error() {
        assert!(decode(b"\0\0\0\x18ftypavif").is_err());
    }
}
