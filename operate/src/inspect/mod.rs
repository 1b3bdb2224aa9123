//! `inspect`: one upload's whole history, and what happens next.

mod facts;
mod next_step;
mod parts;
mod show;

use shared::ids::UploadId;

use crate::stack::Stack;

/// What there is to show, for programs and for people.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// One object.
    pub(crate) json: serde_json::Value,
    /// The same as lines.
    pub(crate) text: String,
}

/// Looks at one upload.
pub(crate) async fn run(stack: &Stack, id: &UploadId) -> anyhow::Result<Report> {
    let facts = facts::gather(stack, id).await?;
    let next = next_step::next_step(&facts);
    Ok(Report { json: show::json_of(&facts, &next), text: show::text_of(&facts, &next) })
}
