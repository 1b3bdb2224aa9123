//! The adapters against a server that says what a test tells it to: lost replies, cut bodies, errors in a 200.

#[cfg(feature = "cloudwatch")]
mod cloudwatch;
mod dynamodb;
#[cfg(feature = "testing")]
mod longest_answer;
mod measured;
mod places;
mod s3;
mod scripted_server;
mod url_signer;
