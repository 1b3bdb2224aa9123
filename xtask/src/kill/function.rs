//! The five functions, as the kill loop tells them apart.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;

/// One of the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Function {
    Presign,
    ChunkComplete,
    Assembly,
    Thumbnail,
    Cleanup,
}

impl Function {
    /// All of them.
    pub(super) const ALL: [Self; 5] =
        [Self::Presign, Self::ChunkComplete, Self::Assembly, Self::Thumbnail, Self::Cleanup];

    /// The name of its crate, for people and programs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Presign => "presign",
            Self::ChunkComplete => "chunk-complete",
            Self::Assembly => "assembly",
            Self::Thumbnail => "thumbnail",
            Self::Cleanup => "cleanup",
        }
    }

    /// The output of template.yaml that holds the name under which it is deployed.
    const fn output(self) -> &'static str {
        match self {
            Self::Presign => "PresignFunctionName",
            Self::ChunkComplete => "ChunkCompleteFunctionName",
            Self::Assembly => "AssemblyFunctionName",
            Self::Thumbnail => "ThumbnailFunctionName",
            Self::Cleanup => "CleanupFunctionName",
        }
    }

    /// About how long one invocation takes on the local AWS. A death that comes within this time after the work began
    /// may fall on any call of it.
    pub(super) const fn usual_work(self) -> Duration {
        match self {
            Self::Presign | Self::ChunkComplete => Duration::from_millis(20),
            Self::Assembly | Self::Cleanup => Duration::from_millis(80),
            Self::Thumbnail => Duration::from_millis(600),
        }
    }
}

/// Which deployed name means which function.
pub(super) type DeployedNames = BTreeMap<String, Function>;

/// The deployed names, from the outputs of the stack.
pub(super) fn deployed_names(outputs: &BTreeMap<String, String>) -> anyhow::Result<DeployedNames> {
    let named = |function: Function| {
        let output = function.output();
        let name = outputs.get(output).with_context(|| format!("the stack has no output {output}"))?;
        Ok((name.clone(), function))
    };
    Function::ALL.into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_found_by_its_deployed_name() {
        let outputs = Function::ALL.map(|it| (it.output().to_owned(), format!("longshore-{}-1", it.name())));
        let names = deployed_names(&BTreeMap::from(outputs)).unwrap();
        assert_eq!(names.len(), 5);
        assert_eq!(names.get("longshore-chunk-complete-1"), Some(&Function::ChunkComplete));
    }

    #[test]
    fn a_stack_that_lacks_a_function_is_refused() {
        let error = deployed_names(&BTreeMap::new()).unwrap_err();
        assert_eq!(error.to_string(), "the stack has no output PresignFunctionName");
    }
}
