//! Figures, the table, and the two files.

use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// A goal of the table of goals.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// The figure is at least so many times its limit.
    RatioAtLeast(f64),
    /// The figure is at most so many times its limit.
    RatioAtMost(f64),
    /// The figure itself is at most this.
    AtMost(f64),
    /// It is shown for comparison.
    None,
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its number among the goals.
    pub id: &'static str,
    /// What was measured, with its sizes.
    pub what: String,
    /// The median; `None` when it cannot be measured yet.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: &'static str,
    /// The median of the limit that was measured beside it, and what that is.
    pub limit: Option<(f64, String)>,
    /// Median, least and most of the ratios of the pairs.
    pub ratio: Option<Spread>,
    /// What is asked.
    pub goal: Goal,
    /// The share of the machine that others used meanwhile.
    pub others: Option<f64>,
    /// Why there is no value, or what should be known about it.
    pub remark: String,
    /// The command that gives it.
    pub command: String,
}

/// Median and range.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The one in the middle.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Spread {
    /// Returns median and range of `values`; there is at least one.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        let middle = sorted.len() / 2;
        let median =
            if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 };
        Self { median, least, most }
    }
}

impl Figure {
    /// Returns a figure that nobody can measure yet, and why.
    pub fn not_yet(id: &'static str, what: &str, unit: &'static str, goal: Goal, why: &str) -> Self {
        let (value, limit, ratio, others) = (None, None, None, None);
        let (what, remark, command) = (what.to_owned(), why.to_owned(), String::new());
        Self { id, what, value, unit, limit, ratio, goal, others, remark, command }
    }

    /// Returns whether it reaches its goal; `None` without a goal or a value.
    pub fn holds(&self) -> Option<bool> {
        match self.goal {
            Goal::RatioAtLeast(least) => self.ratio.map(|ratio| ratio.median >= least),
            Goal::RatioAtMost(most) => self.ratio.map(|ratio| ratio.median <= most),
            Goal::AtMost(most) => self.value.map(|value| value <= most),
            Goal::None => None,
        }
    }

    fn goal_text(&self) -> String {
        match self.goal {
            Goal::RatioAtLeast(least) => format!("ratio >= {least}"),
            Goal::RatioAtMost(most) => format!("ratio <= {most}"),
            Goal::AtMost(most) => format!("<= {most} {}", self.unit),
            Goal::None => String::new(),
        }
    }

    fn verdict(&self) -> &'static str {
        match self.holds() {
            Some(true) => "reached",
            Some(false) => "missed",
            None => "",
        }
    }

    fn json(&self, indicative: bool) -> Value {
        json!({
            "id": self.id,
            "what": self.what,
            "value": self.value.map(rounded),
            "unit": self.unit,
            "limit": self.limit.as_ref().map(|(limit, _)| rounded(*limit)),
            "ratio": self.ratio.map(|ratio| rounded(ratio.median)),
            "goal": self.goal_text(),
            "ratio_range": self.ratio.map(|ratio| [rounded(ratio.least), rounded(ratio.most)]),
            "limit_is": self.limit.as_ref().map(|(_, what)| what),
            "reached": self.holds(),
            "indicative": indicative,
            "used_by_others": self.others.map(rounded),
            "remark": self.remark,
            "command": self.command,
        })
    }
}

/// Rounds to four digits: more of them say nothing.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10f64.powi(digits);
    let rounded = (value * scale).round() / scale;
    if digits <= 0 { rounded.round() } else { rounded }
}

fn number(value: f64) -> String {
    let rounded = rounded(value);
    if rounded.abs() < 10_000.0 {
        return rounded.to_string();
    }
    let digits = format!("{rounded:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// What was measured, where, and with which sizes.
pub struct Report {
    /// The figures in the order of the goals.
    pub figures: Vec<Figure>,
    /// Whether sizes were smaller than the goals name.
    pub indicative: bool,
    /// Machine, kernel, compiler, commit: a line each.
    pub machine: Vec<(String, String)>,
}

impl Report {
    /// Returns the table for a terminal.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for figure in &self.figures {
            let value = figure
                .value
                .map_or("not yet".to_owned(), |value| format!("{} {}", number(value), figure.unit));
            let limit = figure.limit.as_ref().map_or(String::new(), |(limit, _)| number(*limit));
            let ratio = figure
                .ratio
                .map_or(String::new(), |r| format!("{:.3} ({:.3}-{:.3})", r.median, r.least, r.most));
            let (what, goal, verdict) = (&figure.what, figure.goal_text(), figure.verdict());
            let _ = writeln!(
                text,
                "{:<3} {what:<64} {value:>20} {limit:>9} {ratio:>21}  {goal} {verdict}",
                figure.id
            );
        }
        text
    }

    /// Writes `benchmarks.md` and `benchmarks.json` into `directory`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let rows: Vec<Value> = self.figures.iter().map(|figure| figure.json(self.indicative)).collect();
        let json = serde_json::to_string_pretty(&rows)?;
        std::fs::write(directory.join("benchmarks.json"), json + "\n")?;
        std::fs::write(directory.join("benchmarks.md"), self.page())?;
        Ok(())
    }

    fn page(&self) -> String {
        let mut page = String::from("# Speed and size\n\n");
        page.push_str(if self.indicative {
            "Written by `make bench`: a quick run with smaller sizes than the goals name, so **indicative**; \
             `BENCH=full make bench` measures the goals at their sizes.\n\n"
        } else {
            "Written by `BENCH=full make bench`, at the sizes that the goals name.\n\n"
        });
        page.push_str(
            "Each figure stands beside a limit that was measured in the same run, in alternation with it (P3 and the \
             p99 of P6 once, after it; where no limit stands there is none): the ratio is what counts, as median and range over the pairs. *Others* is the share of the machine's processor time \
             that went to other programs meanwhile; above a tenth the figure says more about them than about us.\n\n",
        );
        for (name, value) in &self.machine {
            let _ = writeln!(page, "- {name}: {value}");
        }
        page.push_str(
            "\n| # | what | figure | limit | ratio | goal | | others |\n|---|---|---|---|---|---|---|---|\n",
        );
        for figure in &self.figures {
            let value = figure
                .value
                .map_or("not yet".to_owned(), |value| format!("{} {}", number(value), figure.unit));
            let limit = figure
                .limit
                .as_ref()
                .map_or(String::new(), |(limit, what)| format!("{} ({what})", number(*limit)));
            let ratio = figure.ratio.map_or(String::new(), |ratio| {
                format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.least, ratio.most)
            });
            let others = figure.others.map_or(String::new(), |others| format!("{:.0} %", others * 100.0));
            let (goal, verdict) = (figure.goal_text(), figure.verdict());
            let _ = writeln!(
                page,
                "| {} | {} | {value} | {limit} | {ratio} | {goal} | {verdict} | {others} |",
                figure.id, figure.what
            );
        }
        page.push_str("\n## How, and what to know\n\n");
        for figure in
            self.figures.iter().filter(|figure| !figure.remark.is_empty() || !figure.command.is_empty())
        {
            let _ = write!(page, "- **{}**, {}", figure.id, figure.what);
            if !figure.command.is_empty() {
                let _ = write!(page, ": `{}`", figure.command);
            }
            let _ = writeln!(page, ". {}", figure.remark);
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        let odd = Spread::of(&[3.0, 1.0, 2.0]);
        assert_eq!((odd.median, odd.least, odd.most), (2.0, 1.0, 3.0));
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
    }

    #[test]
    fn numbers_keep_four_digits() {
        for (value, shown) in [(0.0, "0"), (0.123_456, "0.1235"), (9.876_54, "9.877"), (123.456, "123.5")] {
            assert_eq!(number(value), shown);
        }
        assert_eq!(number(41_239.0), "41,240");
        assert_eq!(number(1_234_567.0), "1,235,000");
    }

    #[test]
    fn a_goal_is_judged_by_what_it_speaks_of() {
        let figure = |goal, value, ratio: Option<f64>| Figure {
            value,
            ratio: ratio.map(|ratio| Spread::of(&[ratio])),
            ..Figure::not_yet("P1", "something", "s", goal, "")
        };
        assert_eq!(figure(Goal::RatioAtLeast(0.85), Some(1.0), Some(0.85)).holds(), Some(true));
        assert_eq!(figure(Goal::RatioAtLeast(0.85), Some(1.0), Some(0.84)).holds(), Some(false));
        assert_eq!(figure(Goal::RatioAtMost(4.0), Some(1.0), Some(4.1)).holds(), Some(false));
        assert_eq!(figure(Goal::AtMost(1.0), Some(0.9), None).holds(), Some(true));
        assert_eq!(figure(Goal::AtMost(1.0), Some(1.1), None).holds(), Some(false));
        assert_eq!(
            figure(Goal::AtMost(1.0), None, None).holds(),
            None,
            "what was not measured reaches no goal"
        );
        assert_eq!(figure(Goal::None, Some(1.0), Some(1.0)).holds(), None);
    }
}
