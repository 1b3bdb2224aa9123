//! Writes a layer in one of the output formats, without any metadata.

mod avif;
mod jpeg;
mod webp;

use std::sync::Arc;

use imaging_codecs::{PlaneRef, Planes};

use crate::error::ImageError;
use crate::format::OutputFormat;
use crate::guard::without_panic;
use crate::layer::Layer;
use crate::options::Look;
use crate::plane::Plane;

/// Encodes at a quality of 1 to 100. A layer that nobody else holds is used up.
pub(crate) fn encode(
    layer: Arc<Layer>,
    format: OutputFormat,
    quality: u8,
    look: Look,
) -> Result<Vec<u8>, ImageError> {
    without_panic(ImageError::Encode, || {
        let result = match format {
            OutputFormat::Jpeg => jpeg::encode(&layer, quality, look),
            OutputFormat::WebP => webp::encode(&layer, quality),
            OutputFormat::Avif => avif::encode(layer, quality),
        };
        result.map_err(ImageError::Encode)
    })
}

/// One frame of an animation.
pub(crate) fn encode_webp(layer: &Layer, quality: u8) -> Result<Vec<u8>, ImageError> {
    without_panic(ImageError::Encode, || webp::encode(layer, quality).map_err(ImageError::Encode))
}

/// Three planes with the samples that a format wants.
struct Samples<T> {
    y: Vec<T>,
    cb: Vec<T>,
    cr: Vec<T>,
}

impl<T> Samples<T> {
    fn of(y: &Plane, [cb, cr]: &[Plane; 2], brightness: impl Fn(u16) -> T, color: impl Fn(u16) -> T) -> Self {
        Self { y: y.map(brightness), cb: cb.map(&color), cr: cr.map(&color) }
    }

    fn planes(&self, y: &Plane, [cb, cr]: &[Plane; 2]) -> Result<Planes<'_, T>, String> {
        Ok(Planes { y: plane_ref(&self.y, y)?, cb: plane_ref(&self.cb, cb)?, cr: plane_ref(&self.cr, cr)? })
    }
}

fn plane_ref<'a, T>(samples: &'a [T], plane: &Plane) -> Result<PlaneRef<'a, T>, String> {
    PlaneRef::new(samples, plane.width(), plane.height()).ok_or_else(|| "a plane is empty".to_owned())
}
