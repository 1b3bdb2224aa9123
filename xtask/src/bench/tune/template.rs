//! The defaults of `template.yaml`.

use anyhow::Context as _;

/// The default of a parameter that is a number.
pub(super) fn default_of(template: &str, parameter: &str) -> anyhow::Result<u32> {
    let heading = format!("  {parameter}:");
    let body = template.lines().skip_while(|line| *line != heading).skip(1);
    // A parameter's own lines are indented deeper than its name.
    let mut own = body.take_while(|line| line.starts_with("    "));
    let text = own
        .find_map(|line| line.trim().strip_prefix("Default:"))
        .with_context(|| format!("template.yaml has no default for {parameter}"))?;
    text.trim().parse().with_context(|| format!("the default of {parameter} is no whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "Parameters:\n  Empty:\n    Type: String\n  Memory:\n    Type: Number\n    Default: 2048\n  \
                            Other:\n    Default: 7\n";

    #[test]
    fn the_default_of_a_parameter_is_its_own() {
        assert_eq!(default_of(TEMPLATE, "Memory").unwrap(), 2048);
        assert_eq!(default_of(TEMPLATE, "Other").unwrap(), 7);
    }

    #[test]
    fn a_parameter_without_default_is_named() {
        let error = default_of(TEMPLATE, "Empty").unwrap_err().to_string();
        assert_eq!(error, "template.yaml has no default for Empty");
    }
}
