//! Power cuts, failures and bit flips at every place; and the same harnesses against mistakes made on purpose.
//!
//! `KLAVER_ROUNDS` makes the sweeps longer.

use crate::store::embedded::journal::Bug;
use crate::store::embedded::sim::sweep::{bit_flips, faults, power_cuts};

fn rounds(usual: u64) -> u64 {
    std::env::var("KLAVER_ROUNDS").map_or(usual, |rounds| rounds.parse().expect("KLAVER_ROUNDS is a number"))
}

#[test]
fn a_power_cut_at_any_write_loses_nothing_acknowledged() {
    let tally = power_cuts(1, rounds(4000), None).unwrap();
    println!("{tally:?}");
    // Nearly every round cuts within the workload: later cuts of the same seed are of the same length.
    assert!(tally.cuts.0 > tally.rounds * 9 / 10, "{tally:?}");
    assert!(tally.cuts.1 > tally.rounds / 2, "{tally:?}");
    assert!(tally.pieces.0 > 1000 && tally.pieces.1 > 1000 && tally.names_lost > 100, "{tally:?}");
    assert!(tally.torn > 50 && tally.unanswered.0 > 50 && tally.unanswered.1 > 50, "{tally:?}");
    assert!(tally.groups_checked > tally.rounds * 5, "{tally:?}");
}

#[test]
fn a_failure_of_any_operation_ends_acknowledgements_and_the_restart_is_clean() {
    let tally = faults(1, rounds(400).div_ceil(400), None).unwrap();
    println!("{tally:?}");
    for what in [
        "(Io, Sync)",
        "(Io, Write)",
        "(Io, SyncDirectory)",
        "(Io, Create)",
        "(Io, Open)",
        "(Io, Read)",
        "(Io, Name)",
        "(NoSpace, Write)",
        "(NoSpace, Create)",
        "(ShortWrite, Write)",
        "(TooManyFiles, Open)",
    ] {
        assert!(tally.failures.contains_key(what), "{what} never happened: {tally:?}");
    }
    assert!(tally.lying_caches > 10, "{tally:?}");
}

#[test]
fn a_flipped_bit_is_refused_or_reported_or_without_meaning() {
    let tally = bit_flips(1, rounds(400), None).unwrap();
    println!("{tally:?}");
    assert!(tally.flips.0 > tally.rounds / 4 && tally.flips.1 > 10, "{tally:?}");
}

#[test]
fn the_power_cuts_find_a_journal_that_does_not_sync() {
    power_cuts(1, 4000, Some(Bug::SkipSync)).unwrap_err();
    power_cuts(1, 4000, Some(Bug::SkipDirectorySync)).unwrap_err();
}

#[test]
fn the_power_cuts_find_an_anchor_with_one_slot() {
    power_cuts(1, 4000, Some(Bug::OneAnchorSlot)).unwrap_err();
}

#[test]
fn the_failures_find_a_journal_that_goes_on_or_trusts_the_page_cache() {
    let goes_on = faults(1, 1, Some(Bug::GoOnAfterFault)).unwrap_err();
    assert!(goes_on.contains("goes on"), "{goes_on}");
    faults(1, 3, Some(Bug::TrustPageCache)).unwrap_err();
}

#[test]
fn the_bit_flips_find_a_journal_without_checksums_or_a_look_behind() {
    bit_flips(1, 400, Some(Bug::IgnoreChecksum)).unwrap_err();
    bit_flips(1, 2000, Some(Bug::IgnoreLaterGroups)).unwrap_err();
}
