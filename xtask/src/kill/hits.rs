//! How many deaths hit an invocation in flight, by MiniStack's own word. Pure.

use super::function::DeployedNames;
use super::killer::Kills;

/// What MiniStack 1.5.33 logs when a process ends before it has answered the invocation it was given, behind the name of
/// the function.
const DIED_AT_WORK: &str = ": Runtime exited before returning a response";
/// And when the process ends while it starts, with an invocation that waits for it.
const DIED_AT_START: &str = ": bootstrap exited during init";

/// The deaths in flight by function, from MiniStack's log.
pub(super) fn in_flight(log: &str, names: &DeployedNames) -> Kills {
    let mut hits = Kills::new();
    for line in log.lines() {
        let before = line.split_once(DIED_AT_WORK).or_else(|| line.split_once(DIED_AT_START));
        let name = before.and_then(|(before, _)| before.split(' ').next_back());
        if let Some(function) = name.and_then(|name| names.get(name)) {
            *hits.entry(*function).or_default() += 1;
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::super::function::Function;
    use super::*;

    #[test]
    fn deaths_are_counted_from_the_log_and_nothing_else_is() {
        let names = DeployedNames::from([
            ("longshore-P-1".to_owned(), Function::Presign),
            ("longshore-A-1".to_owned(), Function::Assembly),
        ]);
        let log = "12:00 [ministack] WARNING: Lambda longshore-P-1: Runtime exited before returning a response\n\
            12:00 ERROR: Warm provided-runtime execution error for longshore-A-1: bootstrap exited during init with code -9\n\
            12:00 INFO: Lambda longshore-A-1 processed 1 SQS messages\n\
            12:00 WARNING: Lambda other: Runtime exited before returning a response\n";
        assert_eq!(in_flight(log, &names), Kills::from([(Function::Presign, 1), (Function::Assembly, 1)]));
    }
}
