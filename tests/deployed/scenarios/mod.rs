//! The scenarios, a file for each subject.

mod bad_requests;
mod duplicates;
mod endings;
mod forged_urls;
mod large_file;
mod listing;
mod logs;
mod owners;
mod photo;
mod races;

use crate::stack::Stack;

/// One scenario; panics when something is not as it should be.
pub(crate) type Scenario = fn(&Stack);

macro_rules! named {
    ($($module:ident :: $scenario:ident),* $(,)?) => { &[$((stringify!($scenario), $module::$scenario)),*] };
}

/// Scenarios that do not mind each other.
pub(crate) const SIDE_BY_SIDE: &[(&str, Scenario)] = named![
    photo::a_photo_becomes_ten_variants_that_open_with_their_recorded_sizes,
    large_file::parts_in_any_order_and_twice_become_one_proved_file,
    large_file::a_part_that_is_replaced_after_its_report_is_asked_for_again,
    large_file::a_client_that_knows_nothing_but_the_id_resumes,
    listing::a_part_on_the_second_page_of_the_listing_is_seen,
    forged_urls::a_forged_url_stores_no_part,
    forged_urls::a_forged_put_of_a_whole_file_stores_nothing,
    forged_urls::an_expired_url_stores_nothing,
    endings::a_cancelled_upload_leaves_nothing_behind,
    endings::an_expired_upload_leaves_nothing_behind,
    races::two_callers_who_complete_at_once_make_one_file,
    races::two_callers_who_report_the_last_parts_at_once_make_one_file,
    races::one_idempotency_key_is_one_upload_however_many_ask_at_once,
    owners::somebody_elses_id_is_answered_like_one_that_does_not_exist,
    owners::nobody_gets_past_the_gate_without_a_good_token,
    bad_requests::every_bad_request_gets_its_own_clear_refusal,
];

/// Scenarios that are alone with the stack.
pub(crate) const ALONE: &[(&str, Scenario)] = named![
    endings::a_file_past_its_end_is_gone_with_its_variants,
    duplicates::messages_that_come_again_change_nothing,
    // Reads what all of the others have made the functions write.
    logs::the_logs_hold_no_secret_and_no_panic,
];
