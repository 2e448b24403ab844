//! Cards and vouchers, end to end: printed, read from the paper, spent at a till, put to rest, replaced, audited.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_tests::node::Node;
use klaver_tests::programs;
use klaver_tests::wallet::Wallet;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Dots of an inch: what a plain printer and a phone's camera keep of a sheet.
const DOTS_PER_INCH: &str = "200";

struct Town {
    directory: PathBuf,
    node: Node,
    council: Wallet,
}

/// A wallet with its account.
struct Person {
    wallet: Wallet,
    account: String,
}

impl Town {
    fn found(directory: &Path) -> Self {
        let mut node = Node::found(directory, "Klavers Zedelgem", &["--euro", "1", "--scale", "2"]);
        node.start();
        let council = Wallet::of(directory, "council");
        Self { directory: directory.to_owned(), node, council }
    }

    fn open(&self, kind: &str, name: &str, options: &[&str]) -> Person {
        let wallet = Wallet::init(&self.directory, name);
        let key = wallet.public_key();
        let said = self.council.json(&[&["account", "open", kind, "--key", &key], options].concat());
        let account = said["account"].as_str().unwrap().to_owned();
        wallet.json(&["join", &self.node.url(), "--existing", &account]);
        Person { wallet, account }
    }

    /// Opens a doe-plek: a budget of a new organisation, and returns its organisation too.
    fn place(&self, name: &str) -> (Person, String) {
        let place = self.open("budget", name, &["--limit", "500", "--organisation", "new"]);
        let shown = self.council.json(&["account", "show", &place.account]);
        let organisation = shown["state"]["organisation"].as_str().unwrap().to_owned();
        (place, organisation)
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a text to a file of its own: codes and PINs are never arguments.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Reads every code on the sheets, as they come out of a printer.
    fn codes(&self, sheet: &str) -> Vec<String> {
        let pages = self.path("page");
        let raster =
            programs::run(Command::new("pdftoppm").args(["-r", DOTS_PER_INCH, "-gray", sheet, &pages]), b"");
        assert!(raster.status.success(), "{}", String::from_utf8_lossy(&raster.stderr));
        let mut pictures: Vec<PathBuf> = std::fs::read_dir(&self.directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "pgm"))
            .collect();
        pictures.sort();
        let mut codes = Vec::new();
        for picture in pictures {
            let (width, height, grey) = read_pgm(&std::fs::read(&picture).unwrap());
            std::fs::remove_file(&picture).unwrap();
            // Row by row, from the left: as the pieces stand on the sheet.
            let dots = |millimetres: usize| millimetres * 2_000 / 254;
            assert!(dots(290) < height, "an upright A4 page");
            for row in 0..5 {
                for left in [40, 120] {
                    let (x, y) = (dots(left), dots(11 + 55 * row));
                    let at = |right: usize, down: usize| grey[(y + down) * width + x + right];
                    let mut face = rqrr::PreparedImage::prepare_from_greyscale(dots(80), dots(55), at);
                    codes.extend(face.detect_grids().iter().map(|grid| grid.decode().unwrap().1));
                }
            }
        }
        codes
    }
}

impl Person {
    fn balance(&self) -> String {
        self.wallet.balance()
    }

    /// Takes an amount from the paper whose code is in a file, which must be paid.
    fn takes(&self, amount: &str, code: &str, options: &[&str]) {
        let end = self.wallet.json(&[&["request", amount, "--paper", code], options].concat());
        assert_eq!(end["state"], "paid", "{end}");
    }

    /// Tries to; returns what is said instead.
    fn cannot_take(&self, status: i32, amount: &str, code: &str, options: &[&str]) -> Value {
        self.wallet.refused(status, &[&["request", amount, "--paper", code], options].concat())
    }
}

/// Reads a picture of grey dots: `P5`, width, height, 255, dots.
fn read_pgm(file: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut fields = file.splitn(4, |byte| byte.is_ascii_whitespace());
    assert_eq!(fields.next(), Some(&b"P5"[..]));
    let number = |text: &[u8]| std::str::from_utf8(text).unwrap().parse::<usize>().unwrap();
    let (width, height) = (number(fields.next().unwrap()), number(fields.next().unwrap()));
    let rest = fields.next().unwrap().strip_prefix(b"255\n").unwrap();
    assert_eq!(rest.len(), width * height);
    (width, height, rest.to_vec())
}

#[test]
fn a_card_pays_rests_and_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let town = Town::found(directory.path());
    let (molen, organisation) = town.place("molen");
    let (other, _) = town.place("kerkplein");
    let bakker = town.open("merchant", "bakker", &[]);

    // Six cards: two sheets, a code outside and one inside for each, and all of them are read.
    let sheet = town.path("cards.pdf");
    let made =
        molen.wallet.json(&["card", "new", "--count", "6", "--sheet", &sheet, "--phone", "050 12 34 56"]);
    let card = made["papers"][0]["account"].as_str().unwrap();
    assert_eq!(made["papers"].as_array().unwrap().len(), 6);
    let codes = town.codes(&sheet);
    assert_eq!(codes.len(), 12, "{codes:?}");
    let (outside, inside) = (&codes[0], &codes[1]);
    assert!(inside.starts_with(&format!("{outside}#")), "{codes:?}");
    assert_eq!(molen.wallet.refused(2, &["card", "new", "--sheet", &sheet])["code"], "sheet_exists");
    assert_eq!(
        bakker.wallet.refused(4, &["card", "new", "--sheet", &town.path("no.pdf")])["code"],
        "forbidden"
    );
    assert!(!Path::new(&town.path("no.pdf")).exists());

    // The card receives, and pays a small amount without anything typed.
    molen.wallet.json(&["earn", &format!("{card}=40")]);
    let code = town.file("inside.txt", inside);
    bakker.takes("4", &code, &[]);
    assert_eq!(bakker.balance(), "4.00");
    let outside = town.file("outside.txt", outside);
    assert_eq!(bakker.cannot_take(2, "1", &outside, &[])["code"], "card_outside");

    // Above the day amount it needs a PIN, which only whoever handed it out lets its holder choose.
    assert_eq!(bakker.cannot_take(5, "6,01", &code, &[])["code"], "no_pin");
    let (pin, simple) = (town.file("pin", "2583\n"), town.file("simple", "1234\n"));
    let choose = ["card", "pin", &code, "--new-file"];
    assert_eq!(other.wallet.refused(4, &[&choose[..], &[&pin]].concat())["code"], "forbidden");
    assert_eq!(molen.wallet.refused(1, &[&choose[..], &[&simple]].concat())["code"], "pin_simple");
    molen.wallet.json(&[&choose[..], &[&pin]].concat());
    assert_eq!(bakker.cannot_take(4, "6,01", &code, &[])["code"], "pin_needed");
    bakker.takes("6", &code, &[]);
    let wrong = town.file("wrong", "3852");
    let said = bakker.cannot_take(4, "1", &code, &["--pin-file", &wrong]);
    assert_eq!((&said["code"], &said["limit"]), (&json!("wrong_pin"), &json!("4")));
    bakker.takes("1", &code, &["--pin-file", &pin]);

    // What it holds is not the merchant's to know: not by a refusal, not by the key on the card.
    let too_much = bakker.cannot_take(5, "35", &code, &["--pin-file", &pin]);
    assert_eq!(too_much["code"], "card_short");
    assert!(!too_much.to_string().contains("29"), "{too_much}");
    assert_eq!(bakker.cannot_take(5, "50,01", &code, &["--pin-file", &pin])["code"], "card_day_cap");
    assert_eq!(bakker.wallet.refused(1, &["card", "overview", &code])["code"], "malformed_field");
    assert_eq!(other.wallet.json(&["card", "overview", &code])["statement"]["balance"], "29.00");
    assert_eq!(bakker.wallet.refused(4, &["card", "list"])["code"], "forbidden");

    // After five wrong PINs it rests, also for the right one; any key of its place wakes it, no other.
    let left = |said: &Value| said["limit"].as_str().unwrap_or_default().to_owned();
    for tries in ["4", "3", "2", "1"] {
        assert_eq!(left(&bakker.cannot_take(4, "1", &code, &["--pin-file", &wrong])), tries);
    }
    for tried in [&wrong, &pin] {
        assert_eq!(bakker.cannot_take(5, "1", &code, &["--pin-file", tried])["code"], "card_rests");
    }
    let number = made["papers"][0]["number"].to_string();
    assert_eq!(other.wallet.refused(2, &["card", "wake", &number])["code"], "no_such_stub");
    assert_eq!(other.wallet.refused(4, &["card", "wake", &outside])["code"], "forbidden");
    assert_eq!(molen.wallet.json(&["card", "wake", &number])["paper"]["state"], "usable");
    bakker.takes("1", &code, &["--pin-file", &pin]);
    molen.wallet.json(&["card", "rest", &number]);
    assert_eq!(bakker.cannot_take(5, "1", &code, &["--pin-file", &pin])["code"], "card_rests");

    // Lost: a new card at once with the PIN; it holds what the old one held, and the old one is just paper.
    let sheet = town.path("new.pdf");
    let replaced = molen.wallet.json(&["card", "replace", &number, "--sheet", &sheet, "--pin-file", &pin]);
    assert_eq!(replaced["effective_at"], Value::Null);
    let new = town.file("new.txt", &town.codes(&sheet)[1]);
    bakker.takes("2", &new, &["--pin-file", &pin]);
    assert_eq!(bakker.cannot_take(5, "1", &code, &["--pin-file", &pin])["code"], "paper_replaced");
    assert_eq!(molen.wallet.json(&["card", "overview", &new])["statement"]["balance"], "26.00");

    // Without the PIN the new one waits for a day, and so long nothing pays.
    let sheet = town.path("later.pdf");
    let waits = molen.wallet.json(&["card", "replace", &number, "--sheet", &sheet, "--without-pin"]);
    assert!(waits["effective_at"].is_string(), "{waits}");
    let later = town.file("later.txt", &town.codes(&sheet)[1]);
    assert_eq!(bakker.cannot_take(5, "1", &later, &[])["code"], "paper_waits");

    // The council hands out for a place, too; and everything is there after a restart, and audited.
    let sheet = town.path("council.pdf");
    town.council.json(&["card", "new", "--count", "1", "--sheet", &sheet, "--organisation", &organisation]);
    let mut node = town.node;
    node.stop();
    node.start();
    let listed = molen.wallet.json(&["card", "list"]);
    let states: Vec<_> = listed["papers"].as_array().unwrap().iter().map(|paper| &paper["state"]).collect();
    assert_eq!(states.len(), 7);
    assert_eq!((states[0], states[1]), (&json!("waiting"), &json!("usable")));
    assert_eq!(bakker.balance(), "14.00");
    node.stop();
    let verified = node.verify();
    assert_eq!(verified.status, 0, "{}{}", verified.out, verified.err);
}

/// Returns the words of a sheet.
fn words_of(sheet: &str) -> String {
    let read = programs::run(Command::new("pdftotext").args(["-layout", sheet, "-"]), b"");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    String::from_utf8(read.stdout).unwrap()
}

#[test]
fn something_wrong_is_told_and_a_card_says_whom_to_call() {
    let directory = tempfile::tempdir().unwrap();
    let town = Town::found(directory.path());
    let (molen, organisation) = town.place("molen");
    let (an, mia, lou) =
        (town.open("member", "an", &[]), town.open("member", "mia", &[]), town.open("member", "lou", &[]));
    let given = molen.wallet.json(&["earn", &format!("{}=4", an.account)]);
    let index = given["index"].to_string();
    assert_eq!(
        an.wallet.refused(5, &["wrong", "tell", "missing", "--number", &index])["code"],
        "nobody_listens"
    );

    // The council names who listens: for all, and for one place.
    let name = |who: &Person, name: &str, more: &[&str]| {
        let asked = ["wrong", "name", &who.account, "--name", name, "--phone", "050 12 34 56"];
        town.council.json(&[&asked[..], more].concat())
    };
    name(&mia, "Mia", &[]);
    name(&lou, "Lou", &["--organisation", &organisation]);
    let refused = an.wallet.refused(2, &["wrong", "tell", "missing", "--number", &index, "--to", "Piet"]);
    assert_eq!(refused["code"], "no_such_person", "{refused}");
    let told = an.wallet.json(&[
        "wrong",
        "tell",
        "missing",
        "--number",
        &index,
        "--to",
        "mia",
        "--words",
        "Een uur te weinig",
    ]);
    assert_eq!((&told["person"]["name"], &told["about"]["index"]), (&json!("Mia"), &given["index"]));
    assert_eq!(an.wallet.json(&["wrong", "list"])["told"][0]["words"], "Een uur te weinig");
    assert_eq!(mia.wallet.json(&["wrong", "list"])["told"], json!([]));

    // Mia reads and answers it; nobody else can.
    let heard = mia.wallet.json(&["wrong", "heard"]);
    let id = heard["heard"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(heard["heard"][0]["words"], "Een uur te weinig");
    let shown = mia.wallet.in_words("nl_BE.UTF-8", &["wrong", "heard"]);
    assert!(shown.out.contains(&id[..8]) && shown.out.contains("Een uur te weinig"), "{shown:?}");
    assert_eq!(an.wallet.refused(4, &["wrong", "answer", &id[..8]])["code"], "forbidden");
    assert_eq!(mia.wallet.refused(2, &["wrong", "answer", "abc"])["code"], "no_such_matter");
    mia.wallet.json(&["wrong", "answer", &id[..8], "--words", "Ik vraag het na"]);
    let told = &an.wallet.json(&["wrong", "list"])["told"][0];
    assert_eq!((&told["state"], &told["answer"]), (&json!("talking"), &json!("Ik vraag het na")));
    mia.wallet.json(&[
        "wrong",
        "answer",
        &id,
        "--words",
        "Rechtgezet",
        "--outcome",
        "credit",
        "--number",
        &index,
    ]);
    let told = &an.wallet.json(&["wrong", "list"])["told"][0];
    assert_eq!((&told["state"], &told["outcome"]), (&json!("done"), &json!("credit")), "{told}");
    // Who told it takes it back.
    an.wallet.json(&["wrong", "back", &id[..8]]);
    assert_eq!(an.wallet.json(&["wrong", "list"])["told"], json!([]));
    assert_eq!(mia.wallet.json(&["wrong", "heard"])["heard"], json!([]));

    // Both faces of a card say whom to call: of its place, where somebody listens for it.
    let sheet = town.path("trust.pdf");
    let code = {
        molen.wallet.json(&["card", "new", "--count", "1", "--sheet", &sheet]);
        town.codes(&sheet)
    };
    assert_eq!(code.len(), 2, "the codes are still read");
    assert_eq!(words_of(&sheet).matches("Call Lou: 050 12 34 56").count(), 2, "{}", words_of(&sheet));
    // The council prints for a place, too, and for one of which nobody in particular listens.
    let (_, other) = town.place("bakkerij");
    for (place, called) in [(&organisation, "Lou"), (&other, "Mia")] {
        let sheet = town.path(&format!("of-council-{called}.pdf"));
        town.council.json(&["card", "new", "--count", "1", "--sheet", &sheet, "--organisation", place]);
        let line = format!("Call {called}: 050 12 34 56");
        assert_eq!(words_of(&sheet).matches(&line).count(), 2, "{}", words_of(&sheet));
    }
}

#[test]
fn vouchers_are_spent_in_parts_and_go_home() {
    let directory = tempfile::tempdir().unwrap();
    let town = Town::found(directory.path());
    let (molen, organisation) = town.place("molen");
    let pot = town.open("fund", "pot", &["--organisation", &organisation]);
    let bakker = town.open("merchant", "bakker", &[]);
    molen.wallet.json(&["earn", &format!("{}=20", pot.account)]);

    let sheet = town.path("vouchers.pdf");
    let batch = |count: &'static str| {
        [
            "voucher",
            "new",
            "--count",
            count,
            "--each",
            "4",
            "--until",
            "2037-12-31",
            "--title",
            "Een koffie voor jou",
        ]
    };
    let too_many = pot.wallet.refused(5, &[&batch("6")[..], &["--sheet", &sheet]].concat());
    assert_eq!(too_many["code"], "pot_too_small");
    assert!(!Path::new(&sheet).exists());
    let made = pot.wallet.json(&[&batch("3")[..], &["--sheet", &sheet]].concat());
    assert_eq!((&made["outcome"], pot.balance().as_str()), (&json!("recorded"), "8.00"));
    let codes = town.codes(&sheet);
    assert_eq!(codes.len(), 3, "{codes:?}");

    // Partial spending; whoever holds it hears what is left, and a used one says so kindly.
    let voucher = town.file("voucher.txt", &codes[0]);
    bakker.takes("1,50", &voucher, &[]);
    assert_eq!(bakker.cannot_take(5, "4", &voucher, &[])["code"], "voucher_holds_less");
    let told = bakker.wallet.in_words("nl_BE.UTF-8", &["request", "2,50", "--paper", &voucher]);
    assert!(told.out.contains("Op de bon staat nu nog 0"), "{}{}", told.out, told.err);
    assert_eq!(bakker.cannot_take(5, "1", &voucher, &[])["code"], "voucher_empty");
    assert_eq!(bakker.balance(), "4.00");

    // What is not spent goes back to the pot that paid.
    let second = town.file("second.txt", &codes[1]);
    assert_eq!(bakker.wallet.json(&["voucher", "return", &second])["to"], pot.account.as_str());
    assert_eq!(pot.balance(), "12.00");

    // A lost one is stopped at once; new paper in its place waits for a day.
    let number = made["papers"][2]["number"].to_string();
    let third = town.file("third.txt", &codes[2]);
    assert_eq!(molen.wallet.json(&["voucher", "lost", &number])["paper"]["state"], "lost");
    assert_eq!(bakker.cannot_take(5, "1", &third, &[])["code"], "at_rest");
    let replaced = molen.wallet.json(&["voucher", "replace", &number, "--sheet", &town.path("again.pdf")]);
    assert!(replaced["effective_at"].is_string(), "{replaced}");

    // A place gives vouchers at the door from its budget.
    let door = town.path("door.pdf");
    molen.wallet.json(&["voucher", "new", "--count", "2", "--each", "1", "--sheet", &door]);
    assert_eq!(town.codes(&door).len(), 2);
    let mut node = town.node;
    node.stop();
    assert_eq!(node.verify().status, 0);
}

#[test]
fn a_pot_is_offered_opened_given_to_handed_out_and_paid_by_one_sum() {
    let directory = tempfile::tempdir().unwrap();
    let town = Town::found(directory.path());
    let (place, _) = town.place("plek");
    let shop = town.open("merchant", "linde", &[]);
    let giver = town.open("member", "giver", &[]);
    place.wallet.json(&["earn", "--each", "20", &giver.account]);
    shop.wallet.json(&["account", "name", "De Linde", "--listed"]);
    let offered = shop.wallet.json(&["pot", "offer", "Koffie", "2,50", "--picture", "coffee"]);
    assert_eq!((&offered["opened"], &offered["ready"]), (&json!(false), &json!(0)));
    assert_eq!(shop.wallet.json(&["pot", "given", "koffie"])["ready"], 1);
    town.council.json(&["pot", "open", "Koffie"]);
    let pot = offered["account"].as_str().unwrap();
    giver.wallet.json(&["pay", pot, "5"]);
    // Three are handed out: one was given in euro, two are the pot's.
    assert_eq!(shop.wallet.json(&["pot", "out", "koffie", "4"])["waiting"], 3);
    assert_eq!(shop.wallet.json(&["pot", "out", "koffie", "-1"])["waiting"], 2);
    let closed = shop.wallet.json(&["pot", "close"]);
    assert_eq!((closed["payments"].as_array().unwrap().len(), &closed["later"]), (1, &json!(0)), "{closed}");
    assert_eq!(shop.wallet.json(&["balance"])["balance"], "5.00");
    assert_eq!(shop.wallet.json(&["pot", "close"])["payments"], json!([]));
    let mine = shop.wallet.json(&["pot", "mine"]);
    assert_eq!((&mine["pots"][0]["waiting"], &mine["pots"][0]["ready"]), (&json!(0), &json!(0)));
    let seen = giver.wallet.json(&["pot", "list"]);
    assert_eq!((&seen["pots"][0]["item"], &seen["pots"][0]["ready"]), (&json!("Koffie"), &Value::Null));
}
