//! Every bomb there is, through the real worker under a hard limit of memory.

use imaging::VARIANTS;
use imaging_hostile::{CANARY, Class};
use thumbnail::render::{Ending, Renderer as _};

use crate::{SMALLEST, order, worker};

#[tokio::test]
async fn every_hostile_image_gets_its_class_under_a_hard_limit_of_memory_and_time() {
    for hostile in imaging_hostile::all() {
        let mut order = order(hostile.file.clone(), &VARIANTS[..2]);
        // Half of what the smallest function has, as it is set there.
        order.limits.decode_bytes_max = 256 * crate::MIB;
        let rendered = worker(SMALLEST).render(order).await.unwrap();
        let class = match &rendered.ending {
            Ending::Finished => Class::Decoded,
            Ending::Refused(reason) => match reason.code.as_str() {
                "image_too_large" => Class::TooLarge,
                "image_damaged" => Class::Damaged,
                _ => Class::Unsupported,
            },
            Ending::Stopped(why) => panic!("{hostile:?} was stopped: {why}"),
            Ending::OutOfTime => panic!("{hostile:?} took too long"),
        };
        assert_eq!(class, hostile.class, "{hostile:?}: {:?}", rendered.ending);
        for variant in rendered.variants {
            let leaks = variant.bytes.windows(CANARY.len()).any(|window| window == CANARY);
            assert!(!leaks, "{hostile:?}: its tail is in {}", variant.spec.name);
        }
    }
}
