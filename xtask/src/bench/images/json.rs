//! The object that scripts read.

use serde_json::{Map, Value, json};

use super::comparison::Comparison;
use super::results::{Compared, Photo, Results};
use super::summary::{CostRatios, Overall, Spread, Summary};
use super::targets;

/// `jobA`, `jpegWebp`, `jobBDefaults` and `jobB`: medians over the photos of the ratios ours/sharp in the warm loop, with
/// the largest of the formats' ratios as `bytes` and the smallest of their differences (ours less sharp's) as
/// `ssimulacra2Delta`. `wholeProcess` holds the same for whole processes, `spread` the least and the most over the
/// photos. `isolated` sets our way through a child for each file against sharp's warm loop, `twoCores` our two threads
/// against our one. `photos` holds all that was measured.
pub(super) fn object(results: &Results, summary: &Summary) -> Value {
    let mut object = Map::new();
    let mut isolated = Map::new();
    for (comparison, overall) in &summary.comparisons {
        object.insert(comparison.key().to_owned(), job(overall));
        if let Some(ratios) = &overall.isolated {
            isolated.insert(comparison.key().to_owned(), costs(ratios).into());
        }
        if let (Comparison::JobBDefaults, Some(ratios)) = (comparison, &overall.two_threads) {
            object.insert("twoCores".to_owned(), costs(ratios).into());
        }
    }
    object.insert("isolated".to_owned(), isolated.into());
    let verdicts = targets::verdicts(summary);
    let missed: Vec<String> =
        verdicts.into_iter().filter(|verdict| !verdict.is_met).map(|verdict| verdict.what).collect();
    object.insert("missed".to_owned(), json!(missed));
    object.insert("photos".to_owned(), results.photos.iter().map(photo).collect());
    let left_out = results.left_out.iter().map(|(name, why)| json!({ "name": name, "why": why }));
    object.insert("leftOut".to_owned(), left_out.collect());
    object.insert("sharp".to_owned(), json!(results.versions));
    object.into()
}

fn job(overall: &Overall) -> Value {
    let mut job = costs(&overall.warm);
    let formats: Map<String, Value> = overall
        .formats
        .iter()
        .map(|(name, ratios)| {
            let value = json!({
                "bytes": ratios.bytes.median,
                "ssimulacra2Delta": ratios.ssimulacra2_delta.median,
                "spread": {
                    "bytes": ends(&ratios.bytes),
                    "ssimulacra2Delta": ends(&ratios.ssimulacra2_delta),
                },
            });
            (name.clone(), value)
        })
        .collect();
    job.insert("bytes".to_owned(), json!(overall.bytes()));
    job.insert("ssimulacra2Delta".to_owned(), json!(overall.ssimulacra2_delta()));
    job.insert("formats".to_owned(), formats.into());
    job.insert("wholeProcess".to_owned(), costs(&overall.whole).into());
    job.into()
}

fn costs(ratios: &CostRatios) -> Map<String, Value> {
    let spread = json!({ "cpu": ends(&ratios.cpu), "wall": ends(&ratios.wall), "rss": ends(&ratios.rss) });
    let medians = [("cpu", ratios.cpu), ("wall", ratios.wall), ("rss", ratios.rss)]
        .map(|(name, of)| (name, json!(of.median)));
    medians.into_iter().chain([("spread", spread)]).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn ends(spread: &Spread) -> [f64; 2] {
    [spread.min, spread.max]
}

fn photo(photo: &Photo) -> Value {
    let comparisons: Map<String, Value> = photo
        .comparisons
        .iter()
        .map(|(comparison, compared)| (comparison.key().to_owned(), everything(compared)))
        .collect();
    json!({ "name": photo.name, "jobs": comparisons })
}

fn everything(compared: &Compared) -> Value {
    let variants: Map<String, Value> = compared
        .variants
        .iter()
        .map(|(name, sides)| (name.clone(), json!({ "ours": sides.ours, "sharp": sides.sharp })))
        .collect();
    json!({
        "warmLoop": { "ours": compared.warm.ours, "sharp": compared.warm.sharp },
        "wholeProcess": { "ours": compared.whole.ours, "sharp": compared.whole.sharp },
        "isolated": compared.isolated,
        "twoThreads": compared.two_threads,
        "variants": variants,
    })
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::two_photos;
    use super::*;

    #[test]
    fn each_job_has_its_medians_at_the_top() {
        let results = two_photos();
        let object = object(&results, &Summary::of(&results).unwrap());
        for job in ["jobA", "jobB", "jobBDefaults", "jpegWebp"] {
            for key in ["cpu", "wall", "rss", "bytes", "ssimulacra2Delta"] {
                assert!(object[job][key].is_f64(), "{job}.{key}");
            }
            assert!(object[job]["wholeProcess"]["cpu"].is_f64(), "{job}");
            assert!(object[job]["formats"]["jpeg"]["bytes"].is_f64(), "{job}");
            assert!(object[job]["spread"]["cpu"].is_array(), "{job}");
        }
        assert!(object["twoCores"]["wall"].is_f64());
        assert!(object["isolated"]["jobBDefaults"]["cpu"].is_f64());
    }

    #[test]
    fn what_was_left_out_is_named() {
        let mut results = two_photos();
        results.left_out.push(("odd.png".to_owned(), "sharp failed".to_owned()));
        let object = object(&results, &Summary::of(&results).unwrap());
        assert_eq!(object["leftOut"], json!([{ "name": "odd.png", "why": "sharp failed" }]));
        assert_eq!(object["photos"].as_array().map(Vec::len), Some(2));
    }
}
