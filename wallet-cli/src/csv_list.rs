//! A list of who receives how much, as a CSV file; what is wrong is said line by line.

use crate::failure::{Exit, Failure, Outcome};
use crate::money::Unit;
use crate::output::{Output, harmless};
use klaver_ledger::amount::Amount;
use klaver_ledger::id::AccountId;
use std::collections::HashMap;
use std::io::Read;

/// Most bytes of a list: what one entry can hold is far less.
const LIST_BYTES_MAX: u64 = 1 << 20;

/// How many mistakes are named; the others are counted.
const MISTAKES_SHOWN: usize = 20;

/// Reads `account,amount[,remark]` lines; comma, semicolon or tab between fields, a header line is passed over.
///
/// Without an amount, a line counts for `usual`, if there is one.
///
/// # Errors
/// One failure that lists every line with a mistake.
pub fn read(
    source: impl Read,
    usual: Option<Amount>,
    unit: &Unit,
    output: &Output,
) -> Outcome<Vec<(AccountId, Amount)>> {
    let text = text_of(source)?;
    let mut list = Vec::new();
    let mut seen: HashMap<AccountId, u64> = HashMap::new();
    let mut mistakes = Vec::new();
    for (number, Row { line, cells }) in rows(&text).into_iter().enumerate() {
        let Some(record) = cells else {
            mistakes.push(output.words("list.broken", &[("line", &line.to_string())]));
            continue;
        };
        let first = record.get(0).unwrap_or("");
        let mut mistake = |key: &str, value: &str| {
            let (line, value) = (line.to_string(), harmless(&value.chars().take(120).collect::<String>()));
            mistakes.push(output.words(key, &[("line", &line), ("value", &value)]));
        };
        let Ok(account) = AccountId::parse(first) else {
            // A first line of words is a header.
            if number > 0 || first.starts_with("klv1") {
                mistake(&format!("list.{}", crate::commands::fault_of_account(first).0), first);
            }
            continue;
        };
        let amount = match (record.get(1).filter(|amount| !amount.is_empty()), usual) {
            (Some(typed), _) => unit.parse(typed).map_err(Failure::from),
            (None, Some(usual)) => Ok(usual),
            (None, None) => Err(Failure::new(Exit::Usage, "amount_missing")),
        };
        match (amount, seen.insert(account, line)) {
            (Err(failure), _) => mistake("list.mistake", &failure.sentences(output.language).0),
            (_, Some(earlier)) => mistake("list.twice", &earlier.to_string()),
            (Ok(amount), None) => list.push((account, amount)),
        }
    }
    if !mistakes.is_empty() {
        return Err(self::mistakes(mistakes, output));
    }
    if list.is_empty() {
        return Err(Failure::new(Exit::Usage, "list_empty"));
    }
    Ok(list)
}

/// A line of a list that says something.
pub struct Row {
    /// Its number, as a person counts.
    pub line: u64,
    /// Its cells; `None` when it cannot be read.
    pub cells: Option<csv::StringRecord>,
}

/// Reads the text of a list.
///
/// # Errors
/// When it is no text, or too long.
pub fn text_of(source: impl Read) -> Outcome<String> {
    let mut text = String::new();
    source
        .take(LIST_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::text(Exit::Usage, "list_unreadable", error))?;
    if text.len() as u64 > LIST_BYTES_MAX {
        return Err(Failure::new(Exit::Usage, "list_too_long").with("limit", LIST_BYTES_MAX));
    }
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Splits a list into its lines; those that say nothing, and remarks (#), are passed over.
pub fn rows(text: &str) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter_of(text))
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let row = |(number, record): (usize, csv::Result<csv::StringRecord>)| match record {
        Ok(cells) => {
            let line = cells.position().map_or(number as u64 + 1, |at| line_of(text, at.byte() as usize));
            Row { line, cells: Some(cells) }
        }
        Err(error) => {
            let at = error.position().map_or(0, |at| at.byte() as usize);
            Row { line: line_of(text, at), cells: None }
        }
    };
    let says = |row: &Row| row.cells.as_ref().is_none_or(|cells| !cells.iter().all(str::is_empty));
    reader.records().enumerate().map(row).filter(says).collect()
}

/// Returns the failure that names the first of these mistakes, and counts the others.
pub fn mistakes(mut mistakes: Vec<String>, output: &Output) -> Failure {
    let count = mistakes.len();
    if count > MISTAKES_SHOWN {
        mistakes.truncate(MISTAKES_SHOWN);
        let more = (count - MISTAKES_SHOWN).to_string();
        mistakes.push(output.words("list.more", &[("count", &more)]));
    }
    Failure::new(Exit::Usage, "list_mistakes").with("count", count).with_lines(mistakes)
}

/// Returns the mark that stands most often in the text: a spreadsheet in Dutch writes semicolons.
///
/// A comma loses against another mark, because it also stands in amounts.
fn delimiter_of(text: &str) -> u8 {
    [b';', b'\t'].into_iter().find(|mark| text.as_bytes().contains(mark)).unwrap_or(b',')
}

/// Returns the number of the line, as a person counts, of the record that the reader found from `start` on.
///
/// The reader begins where the record before ended: its line feed, blank lines and remarks come first.
fn line_of(text: &str, start: usize) -> u64 {
    let mut at = start.min(text.len());
    while let Some(line) = text[at..].split_inclusive('\n').next() {
        let content = line.trim();
        if !content.is_empty() && !content.starts_with('#') {
            break;
        }
        at += line.len();
    }
    1 + text[..at].bytes().filter(|byte| *byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::amount::Scale;
    use klaver_locales::Language;

    fn parse(text: &str, usual: Option<u64>) -> Outcome<Vec<(AccountId, Amount)>> {
        let unit = Unit {
            one: "klaver".into(),
            many: "klavers".into(),
            scale: Scale::new(2).unwrap(),
            language: Language::Dutch,
        };
        let output = Output::for_json(Language::Dutch);
        read(text.as_bytes(), usual.map(|minor| Amount::new(minor).unwrap()), &unit, &output)
    }

    fn account(byte: u8) -> AccountId {
        AccountId([byte; 16])
    }

    #[test]
    fn lists_of_every_spreadsheet_are_read() {
        let (a, b) = (account(1), account(2));
        let expected = vec![(a, Amount::new(250).unwrap()), (b, Amount::new(100).unwrap())];
        for text in [
            format!("{a};2,50\n{b};1\n"),
            format!("rekening;aantal;naam\r\n{a};2,50;Jan\r\n{b};1;\r\n"),
            format!("\u{feff}account,amount\n{a},2.50\n\n# late\n{b},1.00\n"),
            format!("{a}\t2,5\n{b}\t1\t\"a\"\"b\"\n"),
            format!("{a},\"2,50\"\n{b},1\n"),
        ] {
            assert_eq!(parse(&text, None).unwrap(), expected, "{text}");
        }
        assert_eq!(parse(&format!("{a}\n{b}\n"), Some(100)).unwrap()[1], expected[1]);
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let (a, b) = (account(1), account(2));
        let text = format!("rekening;aantal\n{a};2,505\nklv1fout;1\n{b};0\n{b};1\n{a};\n");
        let failure = parse(&text, None).unwrap_err();
        let (message, advice) = failure.sentences(Language::Dutch);
        insta::assert_snapshot!(format!("{message}\n{}", advice.unwrap()), @r#"
        Fouten in de lijst: 5. Er is niets getekend.
        Lijn 2: "2,505" heeft te veel cijfers na de komma, hoogstens 2.
        Lijn 3: klv1fout heeft geen 36 tekens.
        Lijn 4: Nul verplaatst niets.
        Lijn 5: deze rekening staat al op lijn 4.
        Lijn 6: Hoeveel?
        Verbeter deze lijnen en probeer opnieuw.
        "#);
        assert_eq!(failure.exit, Exit::Usage);
    }

    #[test]
    fn of_many_mistakes_the_first_are_named_and_the_others_counted() {
        for (lines, more) in [(20, None), (21, Some("En nog 1 lijnen")), (1_099, Some("En nog 1079 lijnen"))]
        {
            let (message, _) =
                parse(&"klv1fout;1\n".repeat(lines), None).unwrap_err().sentences(Language::Dutch);
            assert_eq!(message.lines().count(), 21 + usize::from(more.is_some()), "{message}");
            assert!(more.is_none_or(|more| message.contains(more)), "{message}");
            assert!(message.starts_with(&format!("Fouten in de lijst: {lines}.")), "{message}");
        }
    }

    #[test]
    fn lines_are_counted_as_a_person_sees_them() {
        let (a, b) = (account(1), account(2));
        for (text, line) in [
            (format!("{a};1\r\nklv1fout;1\r\n{b};1\r\n"), 2),
            (format!("{a};1\n\n# late\n\nklv1fout;1\n"), 5),
            (format!("\n{a};1\r\n\r\nklv1fout;1"), 4),
        ] {
            let (message, _) = parse(&text, None).unwrap_err().sentences(Language::Dutch);
            assert!(message.contains(&format!("Lijn {line}:")), "{text:?}: {message}");
        }
    }

    #[test]
    fn an_empty_list_is_no_list() {
        assert_eq!(parse("rekening;aantal\n", None).unwrap_err().code, "list_empty");
    }
}
