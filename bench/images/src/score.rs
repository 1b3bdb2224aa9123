//! SSIMULACRA2 of variants against the photo that they were made of.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use image::{DynamicImage, Rgb32FImage};
use serde::Serialize;

use crate::decode;
use crate::reference::Original;

/// One folder and what is in it.
#[derive(Debug, Serialize)]
pub(crate) struct Folder {
    folder: PathBuf,
    variants: Vec<Scored>,
}

/// One variant.
#[derive(Debug, Serialize)]
struct Scored {
    name: String,
    width: u32,
    height: u32,
    bytes: u64,
    /// 100 is indistinguishable from the reference, about 90 is indistinguishable for people.
    ssimulacra2: f64,
}

/// Scores everything in the folders. Each reference is made once.
pub(crate) fn run(photo: &Path, folders: &[PathBuf]) -> anyhow::Result<Vec<Folder>> {
    let bytes = fs::read(photo).with_context(|| format!("could not read {}", photo.display()))?;
    let original =
        Original::decode(&bytes).with_context(|| format!("could not decode {}", photo.display()))?;
    let mut references = BTreeMap::new();
    folders.iter().map(|folder| score_folder(&original, folder, &mut references)).collect()
}

type References = BTreeMap<(u32, u32), Ssimulacra2Reference>;

fn score_folder(original: &Original, folder: &Path, references: &mut References) -> anyhow::Result<Folder> {
    let listing = fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    let mut paths = listing.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    let mut variants = Vec::new();
    for path in paths {
        let bytes = fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
        let variant =
            decode::variant(&bytes).with_context(|| format!("could not decode {}", path.display()))?;
        let size = variant.dimensions();
        let reference = match references.entry(size) {
            Entry::Occupied(made) => made.into_mut(),
            Entry::Vacant(none) => none.insert(reference(&original.shrunk(size.0, size.1)?)?),
        };
        variants.push(Scored {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            width: size.0,
            height: size.1,
            bytes: u64::try_from(bytes.len())?,
            ssimulacra2: score(reference, &variant)?,
        });
    }
    Ok(Folder { folder: folder.to_owned(), variants })
}

fn reference(picture: &Rgb32FImage) -> anyhow::Result<Ssimulacra2Reference> {
    with_slice(picture, |slice| {
        Ssimulacra2Reference::new(slice).map_err(|error| anyhow!("no reference: {error}"))
    })
}

fn score(reference: &Ssimulacra2Reference, variant: &Rgb32FImage) -> anyhow::Result<f64> {
    with_slice(variant, |slice| reference.compare(slice).map_err(|error| anyhow!("no score: {error}")))
}

/// Hands a picture over in the linear light that the metric works in.
fn with_slice<T>(
    picture: &Rgb32FImage,
    work: impl FnOnce(&PixelSlice<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let (width, height) = picture.dimensions();
    let mut linear = picture.clone();
    linear.iter_mut().for_each(|value| *value = to_linear(*value));
    let linear = DynamicImage::ImageRgb32F(linear);
    let row_bytes = usize::try_from(width)? * 3 * size_of::<f32>();
    let slice = PixelSlice::new(linear.as_bytes(), width, height, row_bytes, PixelDescriptor::RGBF32_LINEAR)
        .map_err(|error| anyhow!("the metric does not take these pixels: {error}"))?;
    work(&slice)
}

/// IEC 61966-2-1.
fn to_linear(value: f32) -> f32 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use imaging::Crew;

    use super::*;
    use crate::job::Job;
    use crate::ours;

    fn photo() -> Vec<u8> {
        imaging_sample::sample_photo_jpeg(320, 240).unwrap()
    }

    fn upright() -> Rgb32FImage {
        Original::decode(&photo()).unwrap().shrunk(320, 240).unwrap()
    }

    #[test]
    fn a_picture_is_like_itself_and_less_like_one_with_fewer_colours() {
        let picture = upright();
        let reference = reference(&picture).unwrap();
        let same = score(&reference, &picture).unwrap();
        assert!((same - 100.0).abs() < 0.01, "{same}");
        let mut scores = vec![same];
        for steps in [64.0, 16.0, 4.0] {
            let mut poor = picture.clone();
            poor.iter_mut().for_each(|value| *value = (*value * steps).round() / steps);
            scores.push(score(&reference, &poor).unwrap());
        }
        assert!(scores.is_sorted_by(|better, worse| worse + 5.0 < *better), "{scores:?}");
    }

    #[test]
    fn a_picture_of_another_size_has_no_score() {
        let reference = reference(&upright()).unwrap();
        assert!(score(&reference, &Rgb32FImage::new(240, 320)).is_err());
    }

    /// Each decoder is right about colours, range and which way is up: the nine files show the photo.
    #[test]
    fn each_variant_of_the_pipeline_looks_like_the_photo() {
        let reference = reference(&upright()).unwrap();
        let variants = ours::render(&photo(), &Job::B.specs(), &Crew::alone()).unwrap();
        assert_eq!(variants.len(), 9);
        for variant in variants {
            let decoded = decode::variant(&variant.bytes).unwrap();
            let score = score(&reference, &decoded).unwrap();
            assert!(60.0 < score && score < 99.0, "{}: {score}", variant.spec.name);
        }
    }

    #[test]
    fn folders_are_scored_file_by_file() {
        let place = tempfile::tempdir().unwrap();
        let (photo_path, folder) = (place.path().join("photo.jpg"), place.path().join("variants"));
        fs::create_dir(&folder).unwrap();
        fs::write(&photo_path, photo()).unwrap();
        for variant in ours::render(&photo(), &Job::JpegWebp.specs(), &Crew::alone()).unwrap() {
            fs::write(folder.join(variant.spec.name), variant.bytes).unwrap();
        }
        let scored = run(&photo_path, &[folder]).unwrap();
        let names: Vec<&str> =
            scored.iter().flat_map(|folder| &folder.variants).map(|scored| scored.name.as_str()).collect();
        assert_eq!(names.len(), 6);
        assert!(names.contains(&"1280x720.webp"), "{names:?}");
    }
}
