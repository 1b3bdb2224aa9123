//! A folder of pictures, each through the real worker within a budget of memory and time, and each with the class that
//! the golden list gives it.
//!
//! `LONGSHORE_CORPUS` names the folder; `cargo xtask test` downloads one. Without it nothing here can run, and one line
//! says so: that is why this test has a `main` of its own, since the usual harness would swallow the line.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "this program only tests; a step that fails should stop it"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use imaging::{Limits, Look, VARIANTS};
use shared::ports::{Clock as _, SystemClock};
use thumbnail::render::{Ending, HardLimits, Isolated, Order, Program, Renderer as _};

const MIB: u64 = 1024 * 1024;
/// What a worker of the smallest function has.
const BUDGET: HardLimits = HardLimits { memory_bytes: 384 * MIB, cpu_seconds: 20 };
const TIME_FOR_ONE: Duration = Duration::from_secs(40);
/// As many as there are processors on a small machine: a worker uses one.
const WORKERS: usize = 2;
const UNSUPPORTED: &str = "unsupported";

/// A class and a path on each line; files that are not in it are of none of our formats.
const GOLDEN: &str = include_str!("corpus_classes.txt");

/// A file, its class, and how long it took.
type Seen = (String, &'static str, Duration);

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("LONGSHORE_CORPUS").map(PathBuf::from) else {
        println!("not run: LONGSHORE_CORPUS names no folder of pictures; `cargo xtask test` downloads one");
        return ExitCode::SUCCESS;
    };
    let mut paths = Vec::new();
    collect(&folder, &mut paths);
    paths.sort();
    let seen = see_all(&folder, &paths);
    report(&seen);
    let actual: BTreeMap<&str, &str> = seen
        .iter()
        .filter(|(_, class, _)| *class != UNSUPPORTED)
        .map(|(path, class, _)| (path.as_str(), *class))
        .collect();
    let golden: BTreeMap<&str, &str> = GOLDEN
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .map(|(class, path)| (path, class))
        .collect();
    let differences =
        golden.keys().chain(actual.keys()).filter(|path| golden.get(*path) != actual.get(*path));
    let mut differ = false;
    for path in differences {
        differ = true;
        let class = |classes: &BTreeMap<_, &'static str>| classes.get(path).copied().unwrap_or(UNSUPPORTED);
        println!("{} {path} (in the golden list: {})", class(&actual), class(&golden));
    }
    if differ || seen.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, paths),
            false => paths.push(path),
        }
    }
}

fn see_all(folder: &Path, paths: &[PathBuf]) -> Vec<Seen> {
    std::thread::scope(|scope| {
        let shares = (0..WORKERS).map(|share| {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let mine = paths.iter().skip(share).step_by(WORKERS);
                mine.map(|path| runtime.block_on(see(folder, path))).collect::<Vec<_>>()
            })
        });
        // All are begun before the first is waited for.
        let shares: Vec<_> = shares.collect();
        shares.into_iter().flat_map(|share| share.join().unwrap()).collect()
    })
}

async fn see(folder: &Path, path: &Path) -> Seen {
    let renderer = Isolated {
        program: Program::at(env!("CARGO_BIN_EXE_thumbnail")),
        hard_limits: BUDGET,
        threads: 1,
        patience: Duration::ZERO,
        clock: Arc::new(SystemClock),
    };
    let order = Order {
        file: std::fs::read(path).unwrap(),
        specs: VARIANTS[..1].to_vec(),
        wants_placeholder: true,
        limits: Limits { decode_bytes_max: 256 * MIB, ..Limits::default() },
        look: Look::default(),
        stop_at: SystemClock.now().plus_seconds(TIME_FOR_ONE.as_secs()),
    };
    let begun = Instant::now();
    let outcome = renderer.render(order).await.unwrap();
    let class = match &outcome.ending {
        Ending::Finished if outcome.variants.len() == 1 => "decoded",
        Ending::Finished => "left_out",
        Ending::Refused(reason) => match reason.code.as_str() {
            "image_unsupported" => UNSUPPORTED,
            "image_too_large" => "too_large",
            "image_damaged" if reason.message.contains("did not expect") => "panicked",
            "image_damaged" => "damaged",
            other => panic!("{other}"),
        },
        Ending::OutOfTime => "out_of_time",
        Ending::Stopped(why) => {
            println!("{}: {why}", path.display());
            "stopped"
        }
    };
    let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    (name, class, begun.elapsed())
}

fn report(seen: &[Seen]) {
    let mut counts = BTreeMap::<&str, usize>::new();
    for (_, class, _) in seen {
        *counts.entry(class).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(class, count)| format!("{count} {class}")).collect();
    let slowest = seen.iter().max_by_key(|(.., time)| *time);
    let slowest =
        slowest.map(|(path, _, time)| format!("{path} in {} ms", time.as_millis())).unwrap_or_default();
    println!("{} pictures: {}; the slowest is {slowest}", seen.len(), counts.join(", "));
}
