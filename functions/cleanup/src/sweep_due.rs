//! Everything that is due, the longest due first, in bounded work.

use shared::error::Error;
use shared::ports::DUE_SHARDS;
use shared::timestamp::Timestamp;

use crate::App;
use crate::attend_upload;
use crate::report::Report;

/// Attends to due records until none is left, the limit is reached, or time is up. A record that cannot be attended
/// to is counted and left due; it does not keep the others waiting.
pub(crate) async fn run(app: &App, stop_at: Timestamp, report: &mut Report) -> Result<(), Error> {
    let now = app.clock.now();
    let per_shard = u16::try_from(app.sweep_items_max / u64::from(DUE_SHARDS)).unwrap_or(u16::MAX);
    for shard in 0..DUE_SHARDS {
        let due = app.table.due(shard, now, per_shard).await?;
        report.more |= due.len() >= usize::from(per_shard);
        for id in due {
            if app.clock.now() >= stop_at {
                report.more = true;
                return Ok(());
            }
            report.attended += 1;
            if let Err(err) = attend_upload::run(app, &id, report).await {
                report.failures += 1;
                tracing::error!(upload.id = %id, error.code = err.kind().code(), "could not attend to an upload: {}", err.chain());
            }
        }
    }
    Ok(())
}
