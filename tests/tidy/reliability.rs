//! `docs/reliability.md` says what covers which fault, and the code agrees: no row is missing, no name is gone.

use std::collections::BTreeSet;

use crate::sources::{Source, expect_none, read, rust_files};

/// The groups of faults, each with the number of its last row.
const GROUPS: [(char, usize); 15] = [
    ('A', 15),
    ('B', 21),
    ('C', 11),
    ('D', 15),
    ('E', 26),
    ('F', 12),
    ('G', 22),
    ('H', 11),
    ('I', 17),
    ('J', 11),
    ('K', 11),
    ('L', 13),
    ('M', 10),
    ('N', 10),
    ('O', 9),
];

/// The invariants, and what must come about, each with the number of its last row.
const INVARIANTS: [(char, usize); 2] = [('I', 28), ('L', 5)];

/// Why a row may have no test.
const REASONS: [&str; 3] = ["not built yet", "only on AWS", "no test yet"];

/// Where the variants are declared, and under which heading they have their rows.
const ENUMS: [(&str, &str, &str); 3] = [
    ("shared/src/guard.rs", "Guard", "Guards"),
    ("tests/simulation/mishaps.rs", "Mishap", "Mishaps and blows"),
    ("tests/simulation/coverage.rs", "Blow", "Mishaps and blows"),
];

type Rule = fn(&str, &[Source]) -> Vec<String>;

/// Each rule with the sentence that a fault is reported under.
const RULES: [(&str, Rule); 5] = [
    ("every fault and invariant has one row", rows_that_are_not_there_once),
    ("a row names functions or says why there is none", rows_without_an_answer),
    ("every name is that of a function", names_that_are_gone),
    ("every guard, mishap and blow has one row", variants_without_a_row),
    ("the last line counts the rows", wrong_counts),
];

#[test]
fn the_reliability_page_is_true() {
    let (page, files) = (read("docs/reliability.md"), rust_files());
    let report = |(rule, faults_in): (&str, Rule)| {
        faults_in(&page, &files).into_iter().map(|fault| format!("{rule}: {fault}")).collect::<Vec<_>>()
    };
    expect_none("docs/reliability.md", &RULES.into_iter().flat_map(report).collect::<Vec<_>>());
}

#[test]
fn every_test_that_the_security_page_names_is_there() {
    let files = rust_files();
    let functions: BTreeSet<&str> = files.iter().flat_map(functions_in).collect();
    let page = read("SECURITY.md");
    // A name with an underscore and no other sign is that of a test; what else stands between backticks is a file.
    let is_test = |name: &&str| {
        name.contains('_') && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    };
    let named: Vec<&str> = page.lines().flat_map(names).filter(is_test).collect();
    assert!(50 < named.len(), "only {} tests are named", named.len());
    let gone = named.into_iter().filter(|name| !functions.contains(name)).map(str::to_owned);
    expect_none("SECURITY.md", &gone.collect::<Vec<_>>());
}

/// For every rule in turn: what to look for in the page, and what to put there instead.
const BREACHES: [&[(&str, &str)]; 5] = [
    &[
        ("\n| A01 | ", "\n| A00 | "),
        ("\n| O09 | ", "\n| O10 | "),
        ("\n| B02 | ", "\n| B01 | "),
        ("\n| I-28 | ", "\n| "),
        ("\n| L-05 | ", "\n| L-04 | "),
        ("\n| A01 | ", "\n| P01 | x | `y` |\n| A01 | "),
    ],
    &[
        ("| A01 | ", "| A01 | a fault | |\n| "),
        ("| A02 | ", "| A02 | a fault | no: |\n| "),
        ("| A03 | ", "| A03 | a fault | no: no time |\n| "),
        ("| A04 | ", "| A04 | a fault | a test somewhere |\n| "),
        ("| A05 | ", "| A05 | a fault |\n| "),
        ("| I-01 | ", "| I-01 | a promise | all over |\n| "),
    ],
    &[
        ("| A01 | ", "| A01 | a fault | `no_such_test` |\n| "),
        ("| I-01 | ", "| I-01 | it | `no_such_test` |\n| "),
    ],
    &[
        ("| `RecordVersion` | ", "| "),
        ("| `RecordVersion` | ", "| `RecordVersion` | x |\n| `RecordVersion` | "),
        ("| `OrphanNamed` | ", "| `NoSuchGuard` | "),
        ("| `Doubled` | ", "| `NoSuchMishap` | "),
        ("| `Frozen` | ", "| `NoSuchBlow` | "),
        ("## Guards", "## Something else"),
    ],
    &[
        (" rows: ", "1 rows: "),
        (" covered, ", "1 covered, "),
        (" only on AWS, ", "1 only on AWS, "),
        ("\n| A15 | ", "\n| "),
    ],
];

#[test]
fn every_rule_of_the_reliability_page_sees_every_way_to_break_it() {
    let (page, files) = (read("docs/reliability.md"), rust_files());
    for ((rule, faults_in), breaches) in RULES.into_iter().zip(BREACHES) {
        for (good, bad) in breaches {
            assert!(page.contains(good), "{rule}: the page no longer has {good:?}");
            let seen = faults_in(&page.replacen(good, bad, 1), &files);
            assert!(!seen.is_empty(), "{rule}: {bad:?} is not seen");
        }
    }
}

#[test]
fn a_variant_that_is_new_needs_a_row() {
    let page = read("docs/reliability.md");
    for (path, name, _) in ENUMS {
        let mut files = rust_files();
        let file = files.iter_mut().find(|file| file.path == path).expect("the file of the variants");
        let declaration = format!("pub enum {name} {{\n");
        file.text = file.text.replace(&declaration, &format!("{declaration}    /// New.\n    BrandNew,\n"));
        assert_eq!(variants_without_a_row(&page, &files).len(), 1, "{name}");
    }
}

#[test]
fn only_declarations_are_functions() {
    let text = "fn plain() {}\n    pub(crate) async fn within<T>() {}\n// fn of_a_comment()\nlet x = \"fn of_a_text()\";\n";
    let file = Source::made_up("x.rs", text);
    assert_eq!(functions_in(&file).collect::<Vec<_>>(), ["plain", "within"]);
}

/// The cells of every row of a table, without the line under the heads.
fn cells(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect())
}

/// `A01` and `I-01`; a head such as `Row` is none.
fn is_id(cell: &str) -> bool {
    let digits = cell.trim_start_matches(|letter: char| letter.is_ascii_uppercase()).trim_start_matches('-');
    digits.len() == 2 && digits.len() < cell.len() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The rows that have an id, those of the invariants included.
fn rows_with_id(page: &str) -> impl Iterator<Item = Vec<&str>> {
    cells(page).filter(|row| is_id(row[0]))
}

fn ids(groups: &[(char, usize)], between: &str) -> Vec<String> {
    let of_group = |(letter, last): &(char, usize)| {
        let letter = *letter;
        (1..=*last).map(move |number| format!("{letter}{between}{number:02}")).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of_group).collect()
}

fn rows_that_are_not_there_once(page: &str, _: &[Source]) -> Vec<String> {
    let expected: Vec<String> = [ids(&INVARIANTS, "-"), ids(&GROUPS, "")].concat();
    let found: Vec<&str> = rows_with_id(page).map(|row| row[0]).collect();
    differences(&expected.iter().map(String::as_str).collect::<Vec<_>>(), &found)
}

/// What is not in both lists exactly once.
fn differences(expected: &[&str], found: &[&str]) -> Vec<String> {
    let all: BTreeSet<&str> = expected.iter().chain(found).copied().collect();
    let times = |list: &[&str], what: &str| list.iter().filter(|one| **one == what).count();
    let differs = |what: &&str| times(expected, what) != 1 || times(found, what) != 1;
    let say = |what: &str| {
        format!("{what}: expected {} times, found {} times", times(expected, what), times(found, what))
    };
    all.into_iter().filter(differs).map(say).collect()
}

/// The names between backticks.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Why a row has no test.
fn reason(row: &[&str]) -> Option<&'static str> {
    let said = row.get(2)?.strip_prefix("no: ")?;
    REASONS.into_iter().find(|reason| {
        said.strip_prefix(reason).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
    })
}

/// Whether a row begins with the name of a function.
fn is_covered(row: &[&str]) -> bool {
    row.get(2).is_some_and(|cell| cell.starts_with('`') && names(cell).next().is_some())
}

fn rows_without_an_answer(page: &str, _: &[Source]) -> Vec<String> {
    let is_fine =
        |row: &[&str]| row.len() == 3 && !row[1].is_empty() && (is_covered(row) || reason(row).is_some());
    rows_with_id(page).filter(|row| !is_fine(row)).map(|row| row.join(" | ")).collect()
}

fn names_that_are_gone(page: &str, files: &[Source]) -> Vec<String> {
    let functions: BTreeSet<&str> = files.iter().flat_map(functions_in).collect();
    let gone = |row: Vec<&str>| {
        let named: Vec<&str> = row.get(2).copied().map(names).into_iter().flatten().collect();
        let gone = named.into_iter().filter(|name| !functions.contains(name));
        gone.map(|name| format!("{}: {name}", row[0])).collect::<Vec<_>>()
    };
    rows_with_id(page).flat_map(gone).collect()
}

/// The names after `fn`, where nothing but words such as `pub(crate) async` stands before it.
fn functions_in(file: &Source) -> impl Iterator<Item = &str> {
    let is_word = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
    file.code().filter_map(move |(_, line)| {
        let (before, rest) = line.split_once("fn ")?;
        let is_declaration =
            before.chars().all(|letter| is_word(letter) || matches!(letter, ' ' | '(' | ')'));
        let end = rest.find(|letter| !is_word(letter))?;
        is_declaration.then_some(&rest[..end])
    })
}

/// What stands between this heading and the next of its rank.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let after = page.split_once(&format!("\n## {heading}\n")).map(|(_, after)| after).unwrap_or_default();
    after.split("\n## ").next().unwrap_or_default()
}

/// The variants of an enum without fields, in the order of the file.
fn variants<'a>(files: &'a [Source], path: &str, name: &str) -> Vec<&'a str> {
    let file = files.iter().find(|file| file.path == path).expect("the file of the variants");
    let declaration = format!("pub enum {name} {{\n");
    let body = file.text.split_once(&declaration).expect("the declaration").1;
    let lines = body.split("\n}").next().unwrap_or_default().lines().map(str::trim);
    lines.filter(|line| !line.starts_with("//")).filter_map(|line| line.strip_suffix(',')).collect()
}

fn variants_without_a_row(page: &str, files: &[Source]) -> Vec<String> {
    let headings: BTreeSet<&str> = ENUMS.iter().map(|(.., heading)| *heading).collect();
    let faults_under = |heading: &str| {
        let declared = ENUMS.iter().filter(|(.., under)| *under == heading);
        let expected: Vec<&str> = declared.flat_map(|(path, name, _)| variants(files, path, name)).collect();
        assert!(expected.len() > 4, "{heading}: there are variants");
        let rows = cells(section(page, heading));
        let found: Vec<&str> =
            rows.filter_map(|row| row[0].strip_prefix('`').and_then(|name| name.strip_suffix('`'))).collect();
        differences(&expected, &found)
    };
    headings.into_iter().flat_map(faults_under).collect()
}

fn wrong_counts(page: &str, _: &[Source]) -> Vec<String> {
    let rows: Vec<Vec<&str>> = rows_with_id(page).filter(|row| !row[0].contains('-')).collect();
    let covered = rows.iter().filter(|row| is_covered(row)).count();
    let because = REASONS.map(|why| {
        let count = rows.iter().filter(|row| reason(row) == Some(why)).count();
        format!("{count} {why}")
    });
    let expected = format!("{} rows: {covered} covered, {}.", rows.len(), because.join(", "));
    let found = page.lines().last().unwrap_or_default();
    if found == expected { Vec::new() } else { vec![format!("{found:?}, not {expected:?}")] }
}
