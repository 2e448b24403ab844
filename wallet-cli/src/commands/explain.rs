//! `klaver explain`: the questions of your last audit, and what was explained about them.

use super::audit::sentence;
use crate::app::App;
use crate::community::Community;
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use crate::output::harmless;
use crate::questions::{Questions, TEXT_MAX};
use clap::Args;
use klaver_ledger::audit::questions::Question;

/// Show the questions of your last audit, or keep what explains one.
#[derive(Args, Debug)]
pub struct Explain {
    /// Number of the question in your last audit, or its mark
    pub question: Option<String>,
    /// What explains it, and who said so
    #[arg(requires = "question")]
    pub text: Option<String>,
    /// Forget what was explained: the question is open again
    #[arg(long, requires = "question", conflicts_with = "text")]
    pub withdraw: bool,
}

impl Explain {
    /// Runs the command. It needs no network.
    ///
    /// # Errors
    /// When the last audit asked no such question, or the text is empty or too long.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let community = app.community_of(&app.hat()?)?;
        let mut questions = Questions::load(&app.places, &community.ledger)?;
        let Some(which) = &self.question else {
            return show(app, &community, &questions, questions.asked().enumerate());
        };
        let unknown = || Failure::new(Exit::Usage, "no_such_question").with("value", harmless(which));
        let (at, question) = questions.find(which).ok_or_else(unknown)?;
        match &self.text {
            Some(text) => {
                let (text, characters) = (text.trim(), text.trim().chars().count());
                if text.is_empty() || characters > TEXT_MAX {
                    let wrong = Failure::new(Exit::Usage, "explanation_length");
                    return Err(wrong.with("value", characters).with("limit", TEXT_MAX));
                }
                questions.explain(&question, text, &moment::now().to_string());
            }
            None if self.withdraw => questions.withdraw(&question),
            None => return show(app, &community, &questions, [(at, question)].into_iter()),
        }
        questions.save(&app.places, &community.ledger)?;
        let done = if self.withdraw { "explain.withdrawn" } else { "explain.kept" };
        app.output.note(done, &[]);
        show(app, &community, &questions, [(at, question)].into_iter())
    }
}

/// Shows questions, each with what was explained.
fn show(
    app: &App<'_>,
    community: &Community,
    questions: &Questions,
    asked: impl Iterator<Item = (usize, Question)>,
) -> Outcome {
    let mut shown = Vec::new();
    for (at, question) in asked {
        let number = at + 1;
        let words = sentence(app, community, &question);
        app.output.line(&format!("{number}. {words}"));
        let said = questions.explained(&question);
        match said {
            Some((said, whole)) => {
                let key = if whole { "explain.said" } else { "explain.said.part" };
                let at = moment::show_text(&said.at, app.output.language);
                let text = harmless(&said.text);
                let said = app.output.words(key, &[("at", &at), ("text", &text)]);
                app.output.line(&format!("   {said}"));
            }
            None => app.output.line(&format!("   {}", app.output.words("explain.open", &[]))),
        }
        shown.push(serde_json::json!({
            "number": number, "code": question.code.word(), "mark": question.mark(), "entries": question.entries,
            "account": question.account.map(|account| account.to_string()), "amount_minor": question.amount,
            "question": words,
            "explained": said.is_some_and(|(_, whole)| whole), "text": said.map(|(said, _)| &said.text),
        }));
    }
    if shown.is_empty() {
        app.output.say("explain.none", &[]);
    }
    app.output.json(&serde_json::json!({ "questions": shown }));
    Ok(Exit::Ok)
}
