//! A data directory after a restart, without its anchor, exported, tampered with.

use crate::request_for;
use crate::support::World;
use axum::body::Body;
use axum::http::Request;
use klaver_api::{Reason, paths};
use klaver_ledger::account::AccountKind;
use klaver_ledger::entry::SignedEntry;
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use klaver_node::clock::{Rest, SetClock, wall_clock};
use klaver_node::config::DataDir;
use klaver_node::export::{Format, Stopped, write_log, write_records};
use klaver_node::service::{OsSalts, Service, Submitted};
use klaver_node::verify::{Exit, mend_anchor, verify};

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_a_restart_and_verify_agrees() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    world.earn(&budget, &member, 1_000).await;
    let token = world.session(Some(merchant.account), &merchant.key).await;
    let request = request_for(&world, &merchant, &token, "2.50").await;
    let paid = world.pay(&member, merchant.account, 250, Some(request));
    let receipt = world.submit(&paid).await.receipt();
    let data = world.data();
    let World { directory, service, router, .. } = world;
    drop(router);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        service.close();
        drop(service);
        let report = verify(&data, |_| {});
        assert_eq!(report.exit, Exit::Holds, "{}", report.text);

        let (service, opening) = Service::open(&data, None, Rest::Doubted).unwrap();
        assert_eq!(opening.size, 6);
        let Submitted::Known(_, again) = runtime.block_on(service.submit(paid, None)).unwrap() else {
            panic!("it was recorded before the restart")
        };
        assert_eq!((again.index, again.opening), (receipt.index, receipt.opening));
        assert_eq!(service.request(&request.id).unwrap().state, klaver_api::RequestState::Paid);
        service.close();
        drop(service);
        anchor_is_made_anew(&data);
        exported_fits_together(&data);
        tampered_is_named(&data);
    })
    .await
    .unwrap();
    drop(directory);
}

/// Without its anchor a journal that proves itself is mended; any other is left as it is.
fn anchor_is_made_anew(data: &DataDir) {
    let (anchor, key) = (data.ledger().join("anchor"), data.keys().join("log"));
    let root = |text: &str| text.lines().find(|line| line.starts_with("Root ")).map(str::to_owned);
    let before = verify(data, |_| {});
    assert_eq!(before.exit, Exit::Holds, "{}", before.text);
    let refuses = |why: &str| {
        let report = mend_anchor(data, |_| {});
        assert!(report.exit != Exit::Holds && report.text.contains(why), "{why}: {}", report.text);
    };
    refuses("the anchor is there");
    std::fs::remove_file(&anchor).unwrap();
    let said = verify(data, |_| {});
    assert_eq!(said.exit, Exit::Violation);
    assert!(said.text.contains("--mend-anchor") && !said.text.contains("earlier copy"), "{}", said.text);

    // Another log key, a journal that ends with a torn group: nothing is made.
    let whole = std::fs::read(&key).unwrap();
    std::fs::write(&key, format!("{}\n", "07".repeat(32))).unwrap();
    refuses("was not signed");
    std::fs::write(&key, &whole).unwrap();
    let files = std::fs::read_dir(data.ledger()).unwrap().flatten().map(|file| file.path());
    let segments = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("segment-"));
    let newest = segments.max().unwrap();
    let whole = std::fs::read(&newest).unwrap();
    let mut cut = whole.clone();
    // Its groups stand in older segments: it was made at the last start.
    cut[5_000] = 7;
    std::fs::write(&newest, cut).unwrap();
    refuses("bytes that are no whole group");
    assert!(!anchor.exists());

    std::fs::write(&newest, whole).unwrap();
    let mended = mend_anchor(data, |_| {});
    assert_eq!(mended.exit, Exit::Holds, "{}", mended.text);
    assert_eq!(root(&mended.text), root(&before.text));
    let after = verify(data, |_| {});
    assert_eq!((after.exit, root(&after.text)), (Exit::Holds, root(&before.text)), "{}", after.text);
}

/// The static files are what a web server would answer, and the records are all there.
fn exported_fits_together(data: &DataDir) {
    let stopped = Stopped::open(data).unwrap();
    let (reader, target) = (stopped.reader(), tempfile::tempdir().unwrap());
    assert_eq!(write_log(&reader, &reader.checkpoint(), target.path()).unwrap(), 6);
    let note = std::fs::read_to_string(target.path().join("checkpoint")).unwrap();
    let root = note.lines().nth(2).unwrap();
    let tile = std::fs::read(target.path().join("tile/0/000.p/6")).unwrap();
    let hashes = tile.chunks(32).map(|hash| klaver_ledger::log::hash::Hash(hash.try_into().unwrap()));
    assert_eq!(klaver_ledger::log::hash::tree_head_of_hashes(hashes).to_base64(), root);
    assert!(target.path().join("tile/entries/000.p/6").is_file());
    let mut csv = Vec::new();
    assert_eq!(write_records(&stopped.reader(), Format::Csv, &mut csv).unwrap(), 6);
    let csv = String::from_utf8(csv).unwrap();
    // A head, founding, three opens, an earn and a payment of two lines each.
    assert_eq!(csv.lines().count(), 1 + 1 + 3 + 2 + 2, "{csv}");
    let mut json = Vec::new();
    assert_eq!(write_records(&stopped.reader(), Format::Json, &mut json).unwrap(), 6);
    let kinds: Vec<_> = String::from_utf8(json)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["entry"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["found", "open", "open", "open", "earn", "pay"]);
}

/// Changes one byte in the middle of a segment: `verify` names a record, and says that it is a violation.
fn tampered_is_named(data: &DataDir) {
    let segment = std::fs::read_dir(data.ledger())
        .unwrap()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            let bytes = std::fs::read(path).unwrap_or_default();
            bytes.len() > 4_096 && bytes[4_096..].windows(10).any(|window| window == b"Klaverdorp")
        })
        .min()
        .expect("the founding record stands in some segment");
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(10).position(|window| window == b"Klaverdorp").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let report = verify(data, |_| {});
    assert_eq!(report.exit, Exit::Violation, "{}", report.text);
    assert!(report.text.contains("record 0"), "{}", report.text);
    assert_eq!(verify(&DataDir::at("/nowhere"), |_| {}).exit, Exit::Unreadable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_must_not_record_says_why_and_goes_on_showing() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let size = world.get(paths::COMMUNITY, None).await.json["size"].clone();
    assert!(
        world.service.turn_read_only(Reason::new("disk", "two histories were signed: stop the other node"))
    );
    assert!(!world.service.turn_read_only(Reason::new("disk", "another reason")), "the first reason stays");
    let refused = world.earn(&budget, &member, 1_000).await;
    assert_eq!((refused.status, refused.code()), (503, "read_only"), "{refused:?}");
    let ready = world.get(paths::READYZ, None).await;
    assert_eq!(ready.status, 503);
    assert!(ready.json["detail"].as_str().unwrap().contains("two histories were signed"), "{ready:?}");
    let said = world.get(paths::COMMUNITY, None).await.json;
    assert_eq!(said["read_only"]["detail"], "two histories were signed: stop the other node");
    assert_eq!(said["size"], size);
    assert_eq!(world.get(paths::LOG_CHECKPOINT, None).await.status, 200);
    // Without witnesses there is no policy, and nobody's cosignature counts.
    assert_eq!(world.get(paths::LOG_POLICY, None).await.status, 404);
    let note = world.get(paths::LOG_CHECKPOINT, None).await.bytes;
    let brought = Request::post(paths::WITNESS_COSIGNATURES).body(Body::from(note)).unwrap();
    assert_eq!(world.call(brought).await.code(), "no_witness");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_doubted_at_start_is_said_to_need_a_new_start() {
    let later = Timestamp::from_millis(wall_clock().millis() + 600_000).unwrap();
    let world = World::founded_by(1, |_| Box::new(SetClock::at(later)), OsSalts);
    let mut entry = world.impact_report();
    entry.expires_at = Deadline::after(later, Seconds(300));
    let signed = SignedEntry::sign(entry, &world.ledger, &[&world.council[0]]);
    assert_eq!(world.submit(&signed).await.status, 201);
    let World { directory, service, router, .. } = world;
    drop(router);
    let data = DataDir::at(directory.path().join("node"));
    let (service, _) = tokio::task::spawn_blocking(move || {
        service.close();
        drop(service);
        Service::open(&data, None, Rest::Doubted).unwrap()
    })
    .await
    .unwrap();
    let (router, _stop) = crate::support::router(&service);
    let answer =
        crate::support::call(&router, Request::get(paths::READYZ).body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, &answer.json["transient"]), (503, &false.into()), "{answer:?}");
    assert_eq!(answer.json["reason"]["code"], "clock_early");
    assert_eq!(
        answer.json["reason"]["values"]["earliest"],
        Timestamp::from_millis(later.millis() - 300_000).unwrap().to_string()
    );
    assert!(answer.json["advice"].as_str().unwrap().contains("start the node again"), "{answer:?}");
    assert_eq!(answer.headers.get("retry-after"), None);
}
