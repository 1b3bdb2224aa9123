//! The uploads, the kills and the pace of time, all at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::judge::Sent;
use super::killer::{self, Kills, Plan};
use super::load::{Load, Owner};
use super::pacer::Pacer;
use super::processes::Processes;

/// Cleanup rests this long between two runs: it is to be at work often enough to be killed there.
const CLEANUP_EVERY: Duration = Duration::from_millis(150);
/// How often what waits for time to pass need wait no more.
const HURRY_EVERY: Duration = Duration::from_secs(3);

/// Everything that takes part.
#[derive(Debug)]
pub(super) struct Storm {
    /// Who can be killed.
    pub(super) processes: Processes,
    /// Who uploads.
    pub(super) owners: Vec<Owner>,
    /// What is uploaded.
    pub(super) load: Load,
    /// Time.
    pub(super) pacer: Pacer,
    /// The kills.
    pub(super) plan: Plan,
}

/// What is there when the last kill and the last upload are over.
#[derive(Debug)]
pub(super) struct Calm {
    /// As they were.
    pub(super) owners: Vec<Owner>,
    /// As it was.
    pub(super) pacer: Pacer,
    /// Every file that was sent.
    pub(super) sent: Vec<Sent>,
    /// Every process that was killed.
    pub(super) kills: Kills,
}

impl Storm {
    /// Runs until all kills are done and every owner has ended what was begun.
    pub(super) fn rage(self) -> anyhow::Result<Calm> {
        let Self { processes, owners, load, mut pacer, plan } = self;
        let is_over = AtomicBool::new(false);
        let kills = thread::scope(|scope| {
            let load = &load;
            let uploading: Vec<_> =
                owners.iter().map(|owner| scope.spawn(move || load.work(owner))).collect();
            let pacing = scope.spawn(|| pace(&mut pacer, &is_over));
            let kills = killer::run(&processes, plan, &|| load.begun());
            load.kills_are_done();
            let uploaded: Vec<_> = uploading.into_iter().map(thread::ScopedJoinHandle::join).collect();
            is_over.store(true, Ordering::SeqCst);
            pacing.join().ok().context("the pace of time panicked")??;
            for outcome in uploaded {
                outcome.ok().context("an owner panicked")??;
            }
            kills
        })?;
        Ok(Calm { owners, pacer, sent: load.into_sent(), kills })
    }
}

/// Runs cleanup again and again, and lets time pass in between.
fn pace(pacer: &mut Pacer, is_over: &AtomicBool) -> anyhow::Result<()> {
    let mut hurried_at = Instant::now();
    while !is_over.load(Ordering::SeqCst) {
        pacer.clean_up()?;
        if HURRY_EVERY < hurried_at.elapsed() {
            pacer.hurry()?;
            hurried_at = Instant::now();
        }
        thread::sleep(CLEANUP_EVERY);
    }
    Ok(())
}
