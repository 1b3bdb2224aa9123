//! One photo through all comparisons, in turns.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::comparison::Comparison;
use super::programs::{Programs, Runner, name_of};
use super::results::{Compared, Photo, Sides, Variant};

/// Fails when one of the sides fails: then there is nothing to compare.
pub(super) fn photo(programs: &Programs, path: &Path) -> anyhow::Result<Photo> {
    let mut comparisons = BTreeMap::new();
    for comparison in Comparison::ALL {
        eprintln!("  {}", comparison.title());
        comparisons.insert(comparison, compare(programs, comparison, path)?);
    }
    eprintln!("  scores");
    score(programs, path, &mut comparisons)?;
    Ok(Photo { name: name_of(path), comparisons })
}

fn compare(programs: &Programs, comparison: Comparison, photo: &Path) -> anyhow::Result<Compared> {
    let folders = programs.variants_of(&name_of(photo), comparison);
    for folder in [folders.ours, folders.sharp] {
        // Those of an earlier run must not be taken for this one's.
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("could not empty {}", folder.display()))?;
        }
    }
    let plan = comparison.plan();
    let mut compared = Compared::default();
    for turn in 0..plan.turns {
        for runner in order(turn) {
            let costs = match runner {
                Runner::Ours => &mut compared.warm.ours,
                Runner::Sharp => &mut compared.warm.sharp,
                Runner::Isolated => &mut compared.isolated,
                Runner::TwoThreads => &mut compared.two_threads,
            };
            if plan.has_variations || matches!(runner, Runner::Ours | Runner::Sharp) {
                costs.push(programs.warm(comparison, runner, photo)?);
            }
        }
    }
    for turn in 0..plan.whole_turns {
        for runner in order(turn) {
            let costs = match runner {
                Runner::Ours => &mut compared.whole.ours,
                Runner::Sharp => &mut compared.whole.sharp,
                Runner::Isolated | Runner::TwoThreads => continue,
            };
            costs.push(programs.whole(comparison, runner, photo)?);
        }
    }
    Ok(compared)
}

/// Each side goes first as often as the other.
fn order(turn: usize) -> [Runner; 4] {
    match turn % 2 {
        0 => [Runner::Ours, Runner::Sharp, Runner::Isolated, Runner::TwoThreads],
        _ => [Runner::Sharp, Runner::Ours, Runner::TwoThreads, Runner::Isolated],
    }
}

/// All folders at once, so that the photo is decoded once for all its references.
fn score(
    programs: &Programs,
    photo: &Path,
    comparisons: &mut BTreeMap<Comparison, Compared>,
) -> anyhow::Result<()> {
    let folders: Vec<_> = Comparison::ALL
        .into_iter()
        .flat_map(|comparison| {
            let Sides { ours, sharp } = programs.variants_of(&name_of(photo), comparison);
            [ours, sharp]
        })
        .collect();
    let mut scored = programs.score(photo, &folders)?.into_iter();
    for comparison in Comparison::ALL {
        let (ours, sharp) =
            scored.next().zip(scored.next()).context("bench-images score left a folder out")?;
        let compared = comparisons.get_mut(&comparison).context("the comparison is missing")?;
        compared.variants = side_by_side(ours, sharp)?;
    }
    Ok(())
}

/// Both sides have to make the same variants in the same sizes, or else bytes and scores mean nothing.
fn side_by_side(ours: Vec<Variant>, sharp: Vec<Variant>) -> anyhow::Result<BTreeMap<String, Sides<Variant>>> {
    let mut of_sharp: BTreeMap<String, Variant> =
        sharp.into_iter().map(|variant| (variant.name.clone(), variant)).collect();
    let mut variants = BTreeMap::new();
    for ours in ours {
        let sharp = of_sharp.remove(&ours.name).with_context(|| format!("sharp made no {}", ours.name))?;
        // Where a side falls on half a pixel the two round it differently.
        if 1 < ours.width.abs_diff(sharp.width) || 1 < ours.height.abs_diff(sharp.height) {
            bail!(
                "{}: ours is {}x{}, sharp's {}x{}",
                ours.name,
                ours.width,
                ours.height,
                sharp.width,
                sharp.height
            );
        }
        variants.insert(ours.name.clone(), Sides { ours, sharp });
    }
    match of_sharp.into_keys().next() {
        Some(name) => bail!("our pipeline made no {name}"),
        None => Ok(variants),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(name: &str, width: u32) -> Variant {
        Variant { name: name.to_owned(), width, height: 480, bytes: 1.0, ssimulacra2: 80.0 }
    }

    #[test]
    fn what_only_one_side_made_is_an_error() {
        let missing = side_by_side(vec![variant("640x480.webp", 640)], Vec::new()).unwrap_err();
        assert_eq!(missing.to_string(), "sharp made no 640x480.webp");
        let missing = side_by_side(Vec::new(), vec![variant("640x480.webp", 640)]).unwrap_err();
        assert_eq!(missing.to_string(), "our pipeline made no 640x480.webp");
    }

    #[test]
    fn sizes_may_differ_by_the_rounding_of_a_pixel_and_no_more() {
        let pair = |width| side_by_side(vec![variant("a.jpeg", 640)], vec![variant("a.jpeg", width)]);
        assert_eq!(pair(641).unwrap().len(), 1);
        assert_eq!(pair(642).unwrap_err().to_string(), "a.jpeg: ours is 640x480, sharp's 642x480");
    }

    #[test]
    fn each_side_goes_first_as_often_as_the_other() {
        let first = |turn| order(turn).into_iter().next();
        assert_eq!([first(0), first(1)], [Some(Runner::Ours), Some(Runner::Sharp)]);
    }
}
