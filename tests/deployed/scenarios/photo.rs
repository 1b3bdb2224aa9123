//! The way of a photo.

use imaging::{VARIANTS, fit_inside};
use serde_json::{Value, json};

use crate::api::Api;
use crate::stack::Stack;
use crate::waiting::eventually;

const WIDTH: u16 = 1200;
const HEIGHT: u16 = 900;

pub(crate) fn a_photo_becomes_ten_variants_that_open_with_their_recorded_sizes(stack: &Stack) {
    let alice = stack.owner();
    // Stored sideways, with the orientation in its EXIF: a variant that lies on its side would fail below.
    let photo = imaging_sample::sample_photo_jpeg(WIDTH, HEIGHT).unwrap();
    let body = json!({ "filename": "Käse & \"Brot\" 2026.jpg", "size": photo.len(), "contentType": "image/jpeg",
        "metadata": { "album": "summer" } });
    let created = alice.create(&body);
    assert_eq!((created.text("/strategy"), created.text("/state")), ("single", "active"));
    let id = created.text("/id");
    let put = created.signed_parts().remove(0);
    let early = alice.post_nothing(&format!("/uploads/{id}/complete"));
    assert_eq!(early.refusal(), "409 parts_missing");
    assert_eq!(alice.put(&put, &photo).status, 200);
    // The same PUT again is refused, since the object is there.
    let again = alice.put(&put, &photo);
    assert_eq!((again.status, again.code.as_str()), (412, "PreconditionFailed"));
    assert!(matches!(alice.post_nothing(&format!("/uploads/{id}/complete")).status, 200 | 202));
    alice.completed_file(id);

    let file = file_with_all_variants(&alice, id);
    assert_eq!(file["size"], photo.len());
    assert_eq!((&file["detectedType"], &file["contentType"]), (&json!("image/jpeg"), &json!("image/jpeg")));
    assert_eq!((&file["width"], &file["height"]), (&json!(WIDTH), &json!(HEIGHT)));
    assert_eq!(file["metadata"], json!({ "album": "summer" }));
    assert!(file["placeholder"]["dominantColor"].as_str().unwrap().starts_with('#'), "{file}");

    let original = alice.download(file["url"].as_str().unwrap());
    assert_eq!(original.status, 200);
    assert_eq!(
        original.disposition,
        "attachment; filename=\"K_se & _Brot_ 2026.jpg\"; filename*=UTF-8''K%C3%A4se%20&%20%22Brot%22%202026.jpg"
    );
    // No browser may take for a page what somebody uploaded.
    assert_eq!(original.content_type, "application/octet-stream");
    assert!(original.bytes == photo, "the original came back changed");
    file["variants"].as_array().unwrap().iter().for_each(|variant| check_variant(&alice, variant));
    // Without the signature nobody gets any of it, whoever guesses its name.
    let variants = file["variants"].as_array().unwrap().iter();
    for url in variants.chain([&file]).map(|held| held["url"].as_str().unwrap()) {
        assert_eq!(alice.download(url.split('?').next().unwrap()).status, 403, "{url}");
    }
    assert_eq!(stack.stored_variants(id).len(), VARIANTS.len());
    assert_eq!(stack.versions_of_original(id).len(), 1);
}

fn file_with_all_variants(api: &Api, id: &str) -> Value {
    let file = eventually("the image work is done", || {
        let file = api.get(&format!("/files/{id}"));
        match file.text("/imageState") {
            "done" => Ok(file.body),
            "failed" => panic!("the image work failed: {file:?}"),
            state => Err(state.to_owned()),
        }
    });
    let mut names: Vec<&str> = file["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| variant["name"].as_str().unwrap())
        .collect();
    let mut expected = VARIANTS.map(|spec| spec.name);
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected, "{file}");
    file
}

fn check_variant(api: &Api, variant: &Value) {
    let name = variant["name"].as_str().unwrap();
    let spec = VARIANTS.iter().find(|spec| spec.name == name).unwrap();
    let size = fit_inside(u32::from(WIDTH), u32::from(HEIGHT), spec.max_width, spec.max_height);
    assert_eq!((&variant["width"], &variant["height"]), (&json!(size.0), &json!(size.1)), "{name}");

    let download = api.download(variant["url"].as_str().unwrap());
    assert_eq!(download.status, 200, "{name}");
    assert_eq!(json!(download.content_type), variant["contentType"], "{name}");
    assert_eq!(download.content_type, format!("image/{}", variant["format"].as_str().unwrap()));
    assert_eq!(json!(download.bytes.len()), variant["bytes"], "{name}");
    let decoded = match download.content_type.as_str() {
        "image/avif" => decoded_avif_size(&download.bytes),
        _ => {
            let picture = imaging::decode(
                &download.bytes,
                &VARIANTS,
                &imaging::Limits::default(),
                imaging::Look::default(),
            )
            .unwrap();
            picture.working_size()
        }
    };
    assert_eq!(decoded, size, "{name}");
}

/// Decodes all pixels with a decoder that the functions do not use.
fn decoded_avif_size(bytes: &[u8]) -> (u32, u32) {
    let container = avif_parse::read_avif(&mut &bytes[..]).unwrap();
    let mut settings = re_rav1d::dav1d::Settings::new();
    // With one thread the picture is there as soon as its data is.
    settings.set_n_threads(1);
    let mut decoder = re_rav1d::dav1d::Decoder::with_settings(&settings).unwrap();
    decoder.send_data(container.primary_item.to_vec(), None, None, None).unwrap();
    let picture = decoder.get_picture().unwrap();
    (picture.width(), picture.height())
}
