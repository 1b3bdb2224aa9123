//! The figures of `docs/reliability.md` that the code fixes. Those of the simulation are compared by its own run.

use crate::sources::{expect_none, read};

/// Each figure with what the code says.
fn expected() -> [(&'static str, u64); 2] {
    let kill = read("xtask/src/kill/mod.rs");
    let kills = number_after(&kill, "const SHORT: Self = Self { kills: ");
    let fuzz = read("fuzz/src/lib.rs");
    let runs = fuzz.lines().filter_map(|line| line.trim().strip_prefix("run(\"")?.split_once("\", "));
    let inputs = runs.map(|(_, rest)| number_after(rest, "")).sum();
    [
        ("processes of functions killed while uploads run", kills),
        ("damaged requests, events, messages and images from the fuzzers' seeds", inputs),
    ]
}

/// The number behind `text`, which must be there. Underscores are left out.
fn number_after(all: &str, text: &str) -> u64 {
    let rest = all.split_once(text).unwrap_or_else(|| panic!("no {text:?}")).1;
    let is_part = |letter: &char| letter.is_ascii_digit() || *letter == '_';
    let digits: String = rest.chars().take_while(is_part).filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number behind {text:?}"))
}

#[test]
fn the_figures_are_those_of_the_code() {
    let page = read("docs/reliability.md");
    let wrong = expected().into_iter().map(|(what, count)| format!("| {what} | {count} |"));
    expect_none("docs/reliability.md lacks", &wrong.filter(|row| !page.contains(row)).collect::<Vec<_>>());
}
