//! What the kill loop tells: one JSON object for programs, a few lines for people.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::function::Function;
use super::judge::Verdict;
use super::killer::Kills;

/// From this many kills on, every function must have been killed.
const KILLS_FOR_ALL: u64 = 10;
/// From this many kills on, every function must have been hit at work.
const KILLS_FOR_ALL_AT_WORK: u64 = 25;
/// How many findings are shown to a person; all of them are in the stack's folder.
const FINDINGS_SHOWN: usize = 20;

/// The figures of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    /// Draws files and kills.
    pub(super) seed: u64,
    /// Files that were sent, the cancelled ones included.
    pub(super) uploads: usize,
    /// Of these, the cancelled ones.
    pub(super) cancelled: usize,
    /// Kills by function.
    pub(super) kills: Kills,
    /// Of these, the ones that hit an invocation in flight.
    pub(super) in_flight: Kills,
    /// Multipart uploads that a death had left without a record, and that cleanup has removed.
    pub(super) orphans_aborted: u64,
    /// Images whose workers died so often that they were given up, as is the rule.
    pub(super) images_given_up: usize,
    /// Dead letters; whatever they were about was brought about by cleanup.
    pub(super) dead_letters: u64,
    /// From the first upload to the last kill.
    pub(super) killing: Duration,
    /// From the last kill to the verdict.
    pub(super) settling: Duration,
    /// What is wrong.
    pub(super) verdict: Verdict,
}

impl Report {
    /// All kills.
    fn kill_count(&self) -> u64 {
        self.kills.values().sum()
    }

    /// Why the run does not count as passed; empty when it does. A run that killed nobody at work proves nothing.
    pub(super) fn faults(&self) -> Vec<String> {
        let Verdict { lost, double, orphans } = &self.verdict;
        let mut faults = Vec::new();
        if !(lost.is_empty() && double.is_empty() && orphans.is_empty()) {
            faults.push(format!("{} lost, {} double, {} orphans", lost.len(), double.len(), orphans.len()));
        }
        for function in Function::ALL {
            let killed = of(&self.kills, function);
            let hit = of(&self.in_flight, function);
            let name = function.name();
            if killed == 0 && KILLS_FOR_ALL <= self.kill_count() {
                faults.push(format!("{name} was never killed"));
            } else if hit == 0 && KILLS_FOR_ALL_AT_WORK <= self.kill_count() {
                faults.push(format!("{name} was never killed at work"));
            }
            if killed < hit {
                faults.push(format!(
                    "{name} died {hit} times at work, though only {killed} times by this loop"
                ));
            }
        }
        faults
    }

    /// For programs.
    pub(super) fn to_json(&self) -> Value {
        let by_function: Map<String, Value> = Function::ALL
            .into_iter()
            .map(|function| {
                let counts = json!({
                    "kills": of(&self.kills, function),
                    "inFlight": of(&self.in_flight, function),
                });
                (function.name().to_owned(), counts)
            })
            .collect();
        json!({
            "kills": self.kill_count(),
            "uploads": self.uploads,
            "lost": self.verdict.lost.len(),
            "double": self.verdict.double.len(),
            "orphans": self.verdict.orphans.len(),
            "inFlight": self.in_flight.values().sum::<u64>(),
            "cancelled": self.cancelled,
            "orphansAborted": self.orphans_aborted,
            "imagesGivenUp": self.images_given_up,
            "deadLetters": self.dead_letters,
            "functions": by_function,
            "killingSeconds": self.killing.as_secs(),
            "settlingSeconds": self.settling.as_secs(),
            "seed": self.seed,
        })
    }

    /// For people.
    pub(super) fn to_text(&self) -> String {
        let Verdict { lost, double, orphans } = &self.verdict;
        let mut lines = vec![format!(
            "{} kills, {} of them at work; {} uploads, {} of them cancelled: {} lost, {} double, {} orphans",
            self.kill_count(),
            self.in_flight.values().sum::<u64>(),
            self.uploads,
            self.cancelled,
            lost.len(),
            double.len(),
            orphans.len(),
        )];
        for function in Function::ALL {
            let (killed, hit) = (of(&self.kills, function), of(&self.in_flight, function));
            lines.push(format!("  {:15} {killed:>5} killed, {hit:>5} at work", function.name()));
        }
        lines.push(format!(
            "  {} multipart uploads without a record were aborted, {} images given up, {} dead letters",
            self.orphans_aborted, self.images_given_up, self.dead_letters
        ));
        lines.push(format!(
            "  {} s of killing, {} s until all was at rest and checked; seed {}",
            self.killing.as_secs(),
            self.settling.as_secs(),
            self.seed
        ));
        let findings = self.verdict.findings().take(FINDINGS_SHOWN);
        lines.extend(findings.map(|(kind, finding)| {
            let id = finding.id.as_deref().unwrap_or("no id");
            format!("  {kind}: {id}: {}", finding.what)
        }));
        lines.join("\n")
    }
}

fn of(kills: &Kills, function: Function) -> u64 {
    kills.get(&function).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::judge::Finding;
    use super::*;

    fn report(each: u64) -> Report {
        let kills: Kills = Function::ALL.into_iter().map(|function| (function, each)).collect();
        Report { kills: kills.clone(), in_flight: kills, uploads: 40, seed: 3, ..Report::default() }
    }

    #[test]
    fn programs_get_the_five_figures_and_the_rest() {
        let json = report(5).to_json();
        let five = ["kills", "uploads", "lost", "double", "orphans"].map(|name| json[name].clone());
        assert_eq!(five, [json!(25), json!(40), json!(0), json!(0), json!(0)]);
        assert_eq!(json["functions"]["chunk-complete"], json!({"kills": 5, "inFlight": 5}));
        assert_eq!(report(5).faults(), Vec::<String>::new());
    }

    #[test]
    fn a_run_that_spared_a_function_proves_too_little() {
        let mut report = report(5);
        report.in_flight.remove(&Function::Thumbnail);
        assert_eq!(report.faults(), ["thumbnail was never killed at work"]);
        report.kills.remove(&Function::Thumbnail);
        assert_eq!(report.faults(), ["thumbnail was never killed"]);
        report.kills = Kills::from([(Function::Presign, 5)]);
        report.in_flight = Kills::new();
        assert_eq!(report.faults(), Vec::<String>::new(), "few kills cannot hit them all");
    }

    #[test]
    fn a_function_that_dies_by_itself_is_a_fault() {
        let mut report = report(5);
        report.in_flight.insert(Function::Assembly, 6);
        let text = "assembly died 6 times at work, though only 5 times by this loop";
        assert_eq!(report.faults(), [text]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_upload() {
        let mut report = report(5);
        let finding = Finding { id: Some("01abc".to_owned()), what: "7.bin is no file on record".to_owned() };
        report.verdict.lost.insert(finding);
        assert_eq!(report.faults(), ["1 lost, 0 double, 0 orphans"]);
        assert!(
            report.to_text().ends_with("  lost: 01abc: 7.bin is no file on record"),
            "{}",
            report.to_text()
        );
        assert_eq!(report.to_json()["lost"], 1);
    }
}
