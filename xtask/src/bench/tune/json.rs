//! The object that scripts read.

use serde_json::{Value, json};

use super::Tuning;
use super::choice::{
    GIGABYTE_SECOND_USD, REQUEST_USD, Row, STAGE_SECONDS_MAX, cheapest, fastest, recommended,
};

/// `sizes` from small to large; `cheapest`, `fastest`, `recommended` and `default` are sizes in megabytes, null where no size
/// will do. `photos` holds what was measured.
pub(super) fn object(tuning: &Tuning) -> Value {
    let rows = &tuning.rows;
    let megabytes = |row: Option<&Row>| row.map(|row| row.megabytes);
    json!({
        "sizes": rows.iter().map(size).collect::<Vec<_>>(),
        "cheapest": megabytes(cheapest(rows)),
        "fastest": megabytes(fastest(rows)),
        "recommended": megabytes(recommended(rows)),
        "default": tuning.default_megabytes,
        "photos": tuning.photos,
        "gigabyteSecondUsd": GIGABYTE_SECOND_USD,
        "requestUsd": REQUEST_USD,
        "stageSecondsMax": STAGE_SECONDS_MAX,
    })
}

fn size(row: &Row) -> Value {
    json!({
        "megabytes": row.megabytes,
        "threads": row.threads,
        "source": row.source,
        "medianSeconds": row.median_seconds,
        "slowestSeconds": row.slowest_seconds,
        "slowestStageSeconds": row.slowest_stage_seconds,
        "usdPerMillionImages": row.image_usd * 1e6,
        "rssBytes": row.rss_bytes,
        "fits": row.fits(),
        "lacks": row.lacks,
    })
}

#[cfg(test)]
mod tests {
    use super::super::choice::tests::row;
    use super::*;

    #[test]
    fn sizes_are_named_by_their_megabytes() {
        let rows = vec![row(1769, 2.0, 1.0), row(3538, 1.5, 2.0)];
        let object = object(&Tuning { photos: Vec::new(), rows, default_megabytes: 1769 });
        let chosen = ["cheapest", "fastest", "recommended", "default"].map(|key| object[key].as_u64());
        assert_eq!(chosen, [Some(1769), Some(3538), Some(1769), Some(1769)]);
        assert_eq!(object["sizes"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn where_no_size_will_do_there_is_null() {
        let object = object(&Tuning { photos: Vec::new(), rows: Vec::new(), default_megabytes: 2048 });
        assert!(object["recommended"].is_null() && object["cheapest"].is_null());
    }
}
