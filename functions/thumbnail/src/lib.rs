//! Makes the variants of images.
//!
//! | | |
//! |---|---|
//! | trigger | SQS: our own message with a file's id and a stage, and S3's `ObjectCreated:CompleteMultipartUpload` |
//! | AWS calls | S3: read the original, write variants. DynamoDB: get, put. SQS: send to the image queue |
//! | answer | partial batch response: the messages to deliver again |
//! | a repeat | makes what is not on record yet, or finds that all is done |
//!
//! S3's event usually comes before assembly has recorded the file. It is then dropped, because assembly sends its own
//! message as soon as the file is on record; the event matters when that message is late. Files that are no images
//! end quietly. Each file is decoded in a child process ([`render`]), so that one which kills its decoder costs its own
//! message and nothing else. What time ran out for is sent again, as a message of the same stage.

mod app;
mod claim;
pub mod handler;
mod judge;
mod make_variants;
mod record_variants;
pub mod render;
mod shares;
mod stage;

pub use app::{App, AppSettings};
pub use shares::Shares;
