//! Opens variants with decoders that share no code with the encoders, and that are not those of the pipeline where
//! there is a choice.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a variant that does not open must stop the test"
)]

use imaging::{OutputFormat, Variant};

#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) width: u32,
    pub(crate) height: u32,
    rgba: Vec<[u8; 4]>,
}

impl Decoded {
    pub(crate) fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        self.rgba[usize::try_from(y * self.width + x).unwrap()]
    }

    pub(crate) fn corners(&self) -> [[u8; 4]; 4] {
        let (right, bottom) = (self.width - 1, self.height - 1);
        [self.pixel(0, 0), self.pixel(right, 0), self.pixel(0, bottom), self.pixel(right, bottom)]
    }

    fn from_rgb(width: u32, height: u32, rgb: &[u8]) -> Self {
        let rgba = rgb.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
        Self { width, height, rgba }
    }
}

pub(crate) fn decode_again(variant: &Variant) -> Decoded {
    match variant.spec.format {
        OutputFormat::Jpeg => jpeg(&variant.bytes),
        OutputFormat::WebP => webp(&variant.bytes),
        OutputFormat::Avif => avif(&variant.bytes),
    }
}

fn jpeg(bytes: &[u8]) -> Decoded {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    let rgb = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    assert_eq!(info.pixel_format, jpeg_decoder::PixelFormat::RGB24);
    Decoded::from_rgb(u32::from(info.width), u32::from(info.height), &rgb)
}

/// libwebp wrote it, `image-webp` reads it.
fn webp(bytes: &[u8]) -> Decoded {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(bytes)).unwrap();
    assert!(decoder.is_lossy());
    let (width, height) = decoder.dimensions();
    let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut pixels).unwrap();
    if decoder.has_alpha() {
        let rgba = pixels.as_chunks::<4>().0.to_vec();
        Decoded { width, height, rgba }
    } else {
        Decoded::from_rgb(width, height, &pixels)
    }
}

fn avif(bytes: &[u8]) -> Decoded {
    let container = avif_parse::read_avif(&mut &bytes[..]).unwrap();
    let color = av1(&container.primary_item);
    let alpha = container.alpha_item.map(|item| av1(&item));
    let [luma, blue_difference, red_difference] =
        ["Y", "U", "V"].map(|name| plane(&color, name).unwrap_or_else(|| panic!("no plane {name}")));
    let alpha = alpha.map(|picture| plane(&picture, "Y").unwrap());
    let rgba = (0..luma.len())
        .map(|index| {
            let y = f32::from(luma[index]);
            let (cb, cr) =
                (f32::from(blue_difference[index]) - 128.0, f32::from(red_difference[index]) - 128.0);
            // BT.601, full range, as the encoder declares.
            let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
            let [r, g, b] = rgb.map(|value| value.round().clamp(0.0, 255.0) as u8);
            [r, g, b, alpha.as_ref().map_or(255, |alpha| alpha[index])]
        })
        .collect();
    Decoded { width: color.width(), height: color.height(), rgba }
}

fn av1(bytes: &[u8]) -> re_rav1d::dav1d::Picture {
    let mut settings = re_rav1d::dav1d::Settings::new();
    settings.set_n_threads(1);
    let mut decoder = re_rav1d::dav1d::Decoder::with_settings(&settings).unwrap();
    decoder.send_data(bytes.to_vec(), None, None, None).unwrap();
    decoder.get_picture().unwrap()
}

/// One plane of a 10-bit 4:4:4 or monochrome picture, row by row without padding, brought to 8 bits.
fn plane(picture: &re_rav1d::dav1d::Picture, name: &str) -> Option<Vec<u8>> {
    use re_rav1d::dav1d::PlanarImageComponent;
    assert_eq!(picture.bit_depth(), 10);
    let component = match name {
        "Y" => PlanarImageComponent::Y,
        "U" => PlanarImageComponent::U,
        _ => PlanarImageComponent::V,
    };
    let width = usize::try_from(picture.width()).ok()?;
    let height = usize::try_from(picture.height()).ok()?;
    let stride = usize::try_from(picture.stride(component)).ok()?;
    let bytes = picture.plane(component);
    let eight_bits = |sample: &[u8; 2]| u8::try_from(u16::from_le_bytes(*sample) >> 2).unwrap();
    let row = |row: &[u8]| row.as_chunks::<2>().0.iter().take(width).map(eight_bits).collect::<Vec<_>>();
    Some(bytes.chunks(stride).take(height).flat_map(row).collect())
}
