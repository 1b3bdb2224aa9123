//! After the storm: everything comes to rest, then everything is looked at.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::judge::Sent;
use super::load::{Owner, fetch_back};
use super::pacer::{Depths, Pacer};
use super::survey::{Reconciled, Survey};

/// How long the stack may take to come to rest. What is under way after that is judged as it is.
const REST_PATIENCE: Duration = Duration::from_mins(3);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Cleanup runs until it has had nothing to remove so often in a row.
const IDLE_RUNS: u32 = 3;
/// But not more often than this.
const RUNS_MAX: u32 = 30;
/// The reason on the record of an image whose workers died too often.
const IMAGE_GIVEN_UP: &str = "image_gave_up";

/// Everything that was seen at rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Settled {
    /// Table and buckets.
    pub(super) survey: Survey,
    /// The queues.
    pub(super) depths: Depths,
    /// What `reconcile` says.
    pub(super) reconciled: Reconciled,
    /// Multipart uploads without a record that cleanup has removed.
    pub(super) orphans_aborted: u64,
}

impl Settled {
    /// Images that were given up.
    pub(super) fn images_given_up(&self) -> usize {
        let given_up =
            self.survey.records.iter().filter(|it| it.image_reason.as_deref() == Some(IMAGE_GIVEN_UP));
        given_up.count()
    }
}

/// Lets time pass and cleanup run until no queue holds a message and no record waits for work.
pub(super) fn until_rest(pacer: &mut Pacer) -> anyhow::Result<()> {
    let started = Instant::now();
    while started.elapsed() < REST_PATIENCE {
        pacer.hurry()?;
        pacer.clean_up()?;
        thread::sleep(LOOK_EVERY);
        let is_quiet = pacer.depths()?.waiting == 0;
        if is_quiet && !pacer.survey()?.records.iter().any(super::survey::Record::is_under_way) {
            return Ok(());
        }
    }
    Ok(())
}

/// Has cleanup remove what is left over, then fetches every file back and looks at all the rest.
pub(super) fn look(
    pacer: &mut Pacer,
    seed: u64,
    owners: &[Owner],
    sent: &mut [Sent],
) -> anyhow::Result<Settled> {
    let mut settled = Settled::default();
    let mut idle_runs = 0;
    for _ in 0..RUNS_MAX {
        pacer.hurry()?;
        let run = pacer.clean_up()?;
        settled.orphans_aborted += run.orphans_aborted;
        idle_runs = match run.killed || run.more || 0 < run.failures + run.orphans_aborted {
            true => 0,
            false => idle_runs + 1,
        };
        if IDLE_RUNS <= idle_runs {
            break;
        }
    }
    fetch_all_back(seed, owners, sent)?;
    settled.depths = pacer.depths()?;
    settled.survey = pacer.survey()?;
    Ok(settled)
}

/// Each file by the owner who sent it, as nobody else may see it.
fn fetch_all_back(seed: u64, owners: &[Owner], sent: &mut [Sent]) -> anyhow::Result<()> {
    let mut by_owner: Vec<Vec<&mut Sent>> = owners.iter().map(|_| Vec::new()).collect();
    for sent in sent {
        by_owner.get_mut(sent.owner).context("a file of nobody")?.push(sent);
    }
    thread::scope(|scope| {
        let fetch = |owner, files: Vec<&mut Sent>| {
            files.into_iter().try_for_each(|sent| fetch_back(seed, owner, sent))
        };
        let fetching: Vec<_> = (owners.iter().zip(by_owner))
            .map(|(owner, files)| scope.spawn(move || fetch(owner, files)))
            .collect();
        fetching.into_iter().try_for_each(|it| it.join().ok().context("a thread that fetches panicked")?)
    })
}
