//! Sheets of cards and vouchers: A4 pages with cut marks, a stub with a short number, large print, and QR codes.
//!
//! The letters are the fourteen fonts that every PDF reader has: Western European ones. Codes are drawn as shapes, so
//! that they are as sharp as the printer.

use crate::failure::{Exit, Failure, Outcome};
use crate::output::Output;
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str};
use qrcode::{Color, EcLevel, QrCode};

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;
/// A4, in points.
const PAGE: (f32, f32) = (210.0 * MM, 297.0 * MM);
/// Space left and right of the pieces, and above them: where the longest cut marks stand.
const MARGIN: (f32, f32) = (10.0 * MM, 11.0 * MM);
/// What is kept in the folder, then the two faces of a card; a voucher's face takes both.
const STUB: f32 = 30.0 * MM;
const FACE: f32 = 80.0 * MM;
const ROW: f32 = 55.0 * MM;
/// So many pieces stand on a page.
pub const PER_PAGE: usize = 5;
/// Side of a QR code with its quiet zone: a camera sees each module from an arm's length.
const CODE: f32 = 48.0 * MM;
/// The quiet zone around a code, in modules (ISO/IEC 18004).
const QUIET: usize = 4;
const INSET: f32 = 3.0 * MM;

/// What is printed for one account.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The short number, on the stub and on the face.
    pub number: u64,
    /// What it is.
    pub face: Face,
}

/// The faces of a piece, with their links.
#[derive(Clone, Debug)]
pub enum Face {
    /// Folded once: outside it receives, inside it pays.
    Card {
        /// The link outside.
        outside: String,
        /// The link inside, with the secret.
        inside: String,
    },
    /// One face.
    Voucher {
        /// The link, with the secret.
        link: String,
        /// What it is worth, with the unit.
        amount: String,
        /// Until when, as people write it.
        until: Option<String>,
    },
}

/// What all pieces say.
#[derive(Clone, Debug)]
pub struct Texts {
    /// Whose they are.
    pub community: String,
    /// Large on a voucher: "Een koffie voor jou".
    pub title: Option<String>,
    /// Whom to call.
    pub phone: Option<String>,
    /// Whom to call when something is wrong: name and telephone number, on both faces of a card.
    pub trust: Option<(String, String)>,
}

/// Returns the sheets as a PDF document.
///
/// # Errors
/// When a link is too long for a code.
pub fn pdf(pieces: &[Piece], texts: &Texts, output: &Output) -> Outcome<Vec<u8>> {
    let (catalog, tree, regular, bold) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
    let mut pdf = Pdf::new();
    let language = output.language.code();
    pdf.catalog(catalog).pages(tree).lang(pdf_writer::TextStr(language));
    for (font, name) in [(regular, "Helvetica"), (bold, "Helvetica-Bold")] {
        pdf.type1_font(font).base_font(Name(name.as_bytes())).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    let mut pages = Vec::new();
    for (number, some) in (0..).zip(pieces.chunks(PER_PAGE)) {
        let (page, content) = (Ref::new(5 + 2 * number), Ref::new(6 + 2 * number));
        let mut sheet = Sheet { content: Content::new(), texts, output };
        for (row, piece) in some.iter().enumerate() {
            sheet.piece(row, piece)?;
        }
        sheet.cut_marks(some);
        pdf.stream(content, &sheet.content.finish());
        let mut written = pdf.page(page);
        written.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(content);
        written.resources().fonts().pair(Name(b"R"), regular).pair(Name(b"B"), bold);
        written.finish();
        pages.push(page);
    }
    let count = i32::try_from(pages.len()).expect("so many pages fit no printer");
    pdf.pages(tree).kids(pages).count(count);
    Ok(pdf.finish())
}

/// A page that is being drawn.
struct Sheet<'a> {
    content: Content,
    texts: &'a Texts,
    output: &'a Output,
}

/// A pictogram, for whoever does not read.
#[derive(Clone, Copy)]
enum Pictogram {
    /// Something comes in.
    Receives,
    /// Something goes out.
    Pays,
    /// A cup.
    Cup,
}

impl Sheet<'_> {
    fn piece(&mut self, row: usize, piece: &Piece) -> Outcome<()> {
        let bottom = bottom_of(row);
        let (stub, first, second) = (MARGIN.0, MARGIN.0 + STUB, MARGIN.0 + STUB + FACE);
        self.stub(stub, bottom, piece);
        let number = piece.number.to_string();
        let say = |key: &str| self.output.words(key, &[("number", &number)]);
        match &piece.face {
            Face::Card { outside, inside } => {
                let (name, number) = (self.texts.community.clone(), say("sheet.number"));
                let receives = [say("sheet.receives"), say("sheet.receives_how"), number];
                let [title, how, number] = receives;
                let (pays, keep) = (say("sheet.pays"), say("sheet.pays_how"));
                let lost = self.lost();
                self.face(first, bottom, Pictogram::Receives, outside, &[&name, &title, &how, &number])?;
                self.face(second, bottom, Pictogram::Pays, inside, &["", &pays, &keep, &lost])?;
                for left in [first, second] {
                    self.trust(left, bottom);
                }
                self.fold(second, bottom);
            }
            Face::Voucher { link, amount, until } => {
                let title = self.texts.title.clone().unwrap_or_else(|| say("sheet.voucher"));
                let how = say("sheet.voucher_how");
                let until = until.as_ref().map(|until| self.output.words("sheet.until", &[("until", until)]));
                let until = until.unwrap_or_default();
                let name = self.texts.community.clone();
                self.face(second, bottom, Pictogram::Cup, link, &["", amount, &until, &number])?;
                let width = FACE - INSET;
                let top = bottom + ROW - INSET;
                let top = self.text(first + INSET, top, width, (b"R", 11.0), &name);
                let top = self.text(first + INSET, top - 4.0 * MM, width, (b"B", 22.0), &title);
                self.text(first + INSET, top - 4.0 * MM, width, (b"R", 13.0), &how);
            }
        }
        Ok(())
    }

    fn lost(&self) -> String {
        match &self.texts.phone {
            Some(phone) => self.output.words("sheet.lost_call", &[("phone", phone)]),
            None => self.output.words("sheet.lost", &[]),
        }
    }

    /// Whom to call when something is wrong: one line along the lower edge of a face, below its code.
    fn trust(&mut self, left: f32, bottom: f32) {
        let Some((name, phone)) = &self.texts.trust else { return };
        let words = self.output.words("sheet.wrong", &[("name", name), ("phone", phone)]);
        let width = FACE - 2.0 * INSET;
        // A long name makes smaller letters, so that the number stands on the card whole.
        let size = (width / width_of(&words)).clamp(5.0, 8.0);
        self.text(left + INSET, bottom + 1.0 * MM + size * 1.15, width, (b"B", size), &words);
    }

    /// What stays in the folder of the place: a number, and room for a name.
    fn stub(&mut self, left: f32, bottom: f32, piece: &Piece) {
        let top = bottom + ROW - INSET;
        let width = STUB - INSET;
        let key = match piece.face {
            Face::Card { .. } => "sheet.stub_card",
            Face::Voucher { .. } => "sheet.stub_voucher",
        };
        let top = self.text(left, top, width, (b"R", 9.0), &self.texts.community.clone());
        let top = self.text(left, top - 2.0 * MM, width, (b"R", 11.0), &self.output.words(key, &[]));
        self.text(left, top - 4.0 * MM, width, (b"B", 26.0), &piece.number.to_string());
        self.content.set_stroke_gray(0.5).set_line_width(0.5);
        self.content.move_to(left, bottom + 8.0 * MM).line_to(left + width, bottom + 8.0 * MM).stroke();
        self.text(left, bottom + 7.0 * MM, width, (b"R", 8.0), &self.output.words("sheet.stub_for", &[]));
    }

    /// A face: words and pictogram to the left, the code to the right.
    fn face(
        &mut self,
        left: f32,
        bottom: f32,
        pictogram: Pictogram,
        link: &str,
        [name, title, how, foot]: &[&str; 4],
    ) -> Outcome<()> {
        self.code(left + FACE - CODE - 1.0 * MM, bottom + (ROW - CODE) / 2.0, link)?;
        let (left, width) = (left + INSET, FACE - CODE - INSET - 2.0 * MM);
        let top = bottom + ROW - INSET;
        self.pictogram(pictogram, left, top - 9.0 * MM);
        let top = self.text(left, top - 11.0 * MM, width, (b"R", 8.0), name);
        let top = self.text(left, top - 1.0 * MM, width, (b"B", 14.0), title);
        self.text(left, top - 1.5 * MM, width, (b"R", 10.0), how);
        // Two lines of it end above whom to call.
        let above = if matches!(pictogram, Pictogram::Pays) { 11.0 } else { 9.0 };
        self.text(left, bottom + above * MM, width, (b"R", 8.0), foot);
        Ok(())
    }

    /// Draws a code, with its quiet zone, from its lower left corner.
    fn code(&mut self, left: f32, bottom: f32, link: &str) -> Outcome<()> {
        let code = QrCode::with_error_correction_level(link, EcLevel::M)
            .map_err(|error| Failure::text(Exit::Failed, "qr_too_long", error))?;
        let side = CODE / (code.width() + 2 * QUIET) as f32;
        self.content.set_fill_gray(0.0);
        for y in 0..code.width() {
            // Dark modules beside each other are one shape: no hair of white between them.
            let mut x = 0;
            while x < code.width() {
                let length = (x..code.width()).take_while(|x| code[(*x, y)] == Color::Dark).count();
                if 0 < length {
                    let at =
                        (left + (x + QUIET) as f32 * side, bottom + CODE - (y + QUIET + 1) as f32 * side);
                    self.content.rect(at.0, at.1, length as f32 * side, side * 1.02);
                }
                x += length.max(1);
            }
        }
        self.content.fill_nonzero();
        Ok(())
    }

    /// Writes a text, broken into lines of at most `width`, below `top`; returns where its last line stands.
    fn text(&mut self, left: f32, top: f32, width: f32, (font, size): (&[u8], f32), text: &str) -> f32 {
        let mut baseline = top;
        self.content.set_fill_gray(0.0);
        for line in lines(text, width / size) {
            baseline -= size * 1.15;
            self.content.begin_text().set_font(Name(font), size).next_line(left, baseline);
            self.content.show(Str(&letters(&line))).end_text();
        }
        baseline
    }

    fn pictogram(&mut self, which: Pictogram, left: f32, bottom: f32) {
        let at = |x: f32, y: f32| (left + x * MM, bottom + y * MM);
        let strokes: &[&[(f32, f32)]] = match which {
            Pictogram::Receives => &[
                &[(4.5, 9.0), (4.5, 3.0)],
                &[(2.0, 5.5), (4.5, 3.0), (7.0, 5.5)],
                &[(0.5, 4.0), (0.5, 0.5), (8.5, 0.5), (8.5, 4.0)],
            ],
            Pictogram::Pays => &[
                &[(4.5, 3.0), (4.5, 9.0)],
                &[(2.0, 6.5), (4.5, 9.0), (7.0, 6.5)],
                &[(0.5, 4.0), (0.5, 0.5), (8.5, 0.5), (8.5, 4.0)],
            ],
            Pictogram::Cup => &[
                &[(0.5, 6.5), (1.2, 0.5), (6.3, 0.5), (7.0, 6.5), (0.5, 6.5)],
                &[(6.9, 5.5), (8.8, 5.0), (8.6, 2.8), (6.6, 2.2)],
                &[(2.5, 8.0), (2.5, 9.0)],
                &[(5.0, 8.0), (5.0, 9.0)],
            ],
        };
        self.content.set_stroke_gray(0.0).set_line_width(1.6);
        for stroke in strokes {
            for (number, (x, y)) in stroke.iter().enumerate() {
                let (x, y) = at(*x, *y);
                if number == 0 {
                    self.content.move_to(x, y)
                } else {
                    self.content.line_to(x, y)
                };
            }
            self.content.stroke();
        }
    }

    /// The dashed line along which a card is folded.
    fn fold(&mut self, left: f32, bottom: f32) {
        self.content.save_state().set_stroke_gray(0.6).set_line_width(0.4).set_dash_pattern([3.0, 3.0], 0.0);
        self.content.move_to(left, bottom).line_to(left, bottom + ROW).stroke().restore_state();
    }

    /// Marks in the margins, and small crosses where four pieces meet.
    fn cut_marks(&mut self, pieces: &[Piece]) {
        let right = PAGE.0 - MARGIN.0;
        let columns = [MARGIN.0, MARGIN.0 + STUB - INSET / 2.0, right];
        self.content.set_stroke_gray(0.0).set_line_width(0.3);
        let mut mark = |from: (f32, f32), to: (f32, f32)| {
            self.content.move_to(from.0, from.1).line_to(to.0, to.1).stroke();
        };
        let arm = 2.0 * MM;
        for row in 0..=pieces.len() {
            let y = bottom_of(row) + ROW;
            mark((3.0 * MM, y), (8.0 * MM, y));
            mark((PAGE.0 - 8.0 * MM, y), (PAGE.0 - 3.0 * MM, y));
            for x in columns {
                mark((x - arm, y), (x + arm, y));
                mark((x, y - arm), (x, y + arm));
            }
        }
    }
}

fn bottom_of(row: usize) -> f32 {
    PAGE.1 - MARGIN.1 - (row + 1) as f32 * ROW
}

/// Breaks a text into lines of at most `width`, in units of the size of its letters.
fn lines(text: &str, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width_of(line) + width_of(" ") + width_of(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// About how wide a text is in Helvetica: rather too wide, so that it never leaves its place.
fn width_of(text: &str) -> f32 {
    let of = |letter: char| match letter {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '!' | '|' | ' ' => 0.3,
        'f' | 't' | 'r' | '(' | ')' | '-' => 0.37,
        'm' | 'M' | 'w' | 'W' => 0.92,
        letter if letter.is_uppercase() => 0.75,
        _ => 0.6,
    };
    text.chars().map(of).sum()
}

/// Returns a text in the encoding of the built-in fonts (Windows-1252); what they have no letter for is a question mark.
fn letters(text: &str) -> Vec<u8> {
    let one = |letter: char| match letter {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(letter as u32).unwrap_or(b'?'),
        '€' => 0x80,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '–' => 0x96,
        '—' => 0x97,
        'œ' => 0x9c,
        'Œ' => 0x8c,
        '\u{202f}' | '\u{2009}' => b' ',
        _ => b'?',
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_within_their_width_and_lose_no_word() {
        let text = "Toon deze code aan wie jou klavers geeft, en bewaar de kaart goed.";
        let broken = lines(text, 12.0);
        assert!(broken.iter().all(|line| width_of(line) <= 12.0), "{broken:?}");
        assert_eq!(broken.join(" "), text);
    }

    #[test]
    fn letters_of_western_europe_are_printed_as_they_are() {
        assert_eq!(letters("café €5 ’t"), b"caf\xe9 \x805 \x92t");
        assert_eq!(letters("Łódź"), b"?\xf3d?");
    }
}
