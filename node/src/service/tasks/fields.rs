//! What the fields of tasks and sessions may hold.

use super::PICTURES;
use crate::community::directory::fault_of_name;
use crate::community::tasks::TaskState;
use crate::community::{TaskRow, TaskSessionRow};
use klaver_api::text::{FieldError, timestamp};
use klaver_api::{EditTask, EditTaskSession, TaskStateJson};
use std::ops::RangeInclusive;

/// How long a session may last, in minutes.
const MINUTES: RangeInclusive<u16> = 5..=1_440;
/// For how many people it may be.
const PLACES: RangeInclusive<u16> = 1..=500;

pub(super) fn edit(row: &mut TaskRow, asked: &EditTask) -> Result<(), FieldError> {
    row.picture = picture_of(&asked.picture)?;
    row.for_whom = line_of("for_whom", &asked.for_whom)?;
    row.how_many = line_of("how_many", &asked.how_many)?;
    row.brought_by = line_of("brought_by", &asked.brought_by)?;
    row.ready_by = asked.ready_by.as_deref().map(|day| day_of("ready_by", day)).transpose()?;
    row.state = state_of(asked)?;
    if row.state == TaskState::Open && !asked.replaces_nobody {
        let expected = "an open task replaces nobody's paid work: say so, or choose not_feasible";
        return Err(FieldError::new("replaces_nobody", "false", expected));
    }
    (row.has_names, row.replaces_nobody) = (asked.has_names, asked.replaces_nobody);
    row.posture = [asked.sitting, asked.standing, asked.lifting];
    row.insured = lines_of([&asked.responsible, &asked.insurer, &asked.policy])?;
    if asked.progress > 100 {
        return Err(FieldError::new("progress", asked.progress, "a number from 0 to 100 belongs here"));
    }
    (row.progress, row.reason) = (asked.progress, asked.reason);
    Ok(())
}

/// Returns who answers for people, their insurer and policy, each where it is said.
pub(in crate::service) fn lines_of(asked: [&Option<String>; 3]) -> Result<[Option<String>; 3], FieldError> {
    let mut lines = [None, None, None];
    let named = ["responsible", "insurer", "policy"].into_iter().zip(asked);
    for (kept, (field, value)) in lines.iter_mut().zip(named) {
        let said = value.as_deref().filter(|value| !value.is_empty());
        *kept = said.map(|value| line_of(field, value)).transpose()?;
    }
    Ok(lines)
}

pub(super) fn session_of(
    asked: &EditTaskSession,
    task: [u8; 16],
    code: [u8; 16],
) -> Result<TaskSessionRow, FieldError> {
    let starts_at = timestamp("starts_at", &asked.starts_at)?.seconds();
    let between = |field, value: u16, range: RangeInclusive<u16>| {
        let expected = format!("a number from {} to {} belongs here", range.start(), range.end());
        if range.contains(&value) { Ok(value) } else { Err(FieldError::new(field, value, expected)) }
    };
    let difficulty = between("difficulty", asked.difficulty.into(), 1..=3)?;
    let approval = asked.approval.as_deref().filter(|text| !text.is_empty());
    Ok(TaskSessionRow {
        task,
        starts_at,
        minutes: between("minutes", asked.minutes, MINUTES)?,
        places: between("places", asked.places, PLACES)?,
        difficulty: u8::try_from(difficulty).unwrap_or(1),
        approval: approval.map(|text| line_of("approval", text)).transpose()?,
        cancelled: asked.cancelled,
        code,
        question: asked
            .question
            .as_deref()
            .filter(|text| !text.is_empty())
            .map(|text| line_of("question", text))
            .transpose()?,
        answers: [[0; 2]; 2],
    })
}

fn state_of(asked: &EditTask) -> Result<TaskState, FieldError> {
    match (asked.state, asked.why_not) {
        (TaskStateJson::Open, None) => Ok(TaskState::Open),
        (TaskStateJson::Done, None) => Ok(TaskState::Done),
        (TaskStateJson::NotFeasible, Some(why)) => Ok(TaskState::NotFeasible(why)),
        (TaskStateJson::Proposed, _) => {
            Err(FieldError::new("state", "proposed", "open, not_feasible or done belongs here"))
        }
        (_, _) => {
            Err(FieldError::new("why_not", "", "a reason belongs to not_feasible, and to nothing else"))
        }
    }
}

pub(super) fn picture_of(name: &str) -> Result<String, FieldError> {
    let wrong = || FieldError::new("picture", name, "the name of a picture belongs here, such as letters");
    PICTURES.get_key_value(name).map(|(name, _)| name.clone()).ok_or_else(wrong)
}

pub(super) fn line_of(field: &'static str, text: &str) -> Result<String, FieldError> {
    match fault_of_name(text) {
        Some(fault) => Err(FieldError::new(field, text, fault)),
        None => Ok(text.to_owned()),
    }
}

/// Returns words that others read, of at most `bytes_max` bytes.
pub(in crate::service) fn text_of(
    field: &'static str,
    text: &str,
    bytes_max: usize,
) -> Result<String, FieldError> {
    let bad = text.chars().any(klaver_ledger::entry::cbor::is_invisible);
    if text.trim().is_empty() || text.len() > bytes_max || bad {
        return Err(FieldError::new(
            field,
            text,
            format!("1 to {bytes_max} bytes that can be seen belong here"),
        ));
    }
    Ok(text.to_owned())
}

pub(in super::super) fn day_of(field: &'static str, text: &str) -> Result<String, FieldError> {
    let is_day = text.len() == 10 && timestamp(field, &format!("{text}T00:00:00Z")).is_ok();
    let wrong = || FieldError::new(field, text, "a day belongs here, such as 2026-11-28");
    is_day.then(|| text.to_owned()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_the_calendar() {
        assert!(day_of("ready_by", "2026-11-28").is_ok());
        for wrong in ["2026-02-30", "28/11/2026", "", "2026-11-28T", "2026-1-28x"] {
            assert!(day_of("ready_by", wrong).is_err(), "{wrong}");
        }
    }
}
