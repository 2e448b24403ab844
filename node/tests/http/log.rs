//! The public log, and records for auditors.

use crate::support::{URL, World};
use axum::body::Body;
use axum::http::Request;
use klaver_api::audit::AuditRecord;
use klaver_api::paths;
use klaver_ledger::account::AccountKind;
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::key::VerifierKey;
use klaver_node::clock::wall_clock;

#[tokio::test(flavor = "multi_thread")]
async fn the_public_log_follows_on_its_beat_and_fits_together() {
    let world = World::founded(1);
    for _ in 0..5 {
        world.open(AccountKind::Member, 0, None).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let community = world.get(paths::COMMUNITY, None).await;
    let vkey: VerifierKey = community.json["log"]["vkey"].as_str().unwrap().parse().unwrap();
    assert_eq!(community.json["log"]["url"], format!("{URL}/log"));
    let note = world.get(paths::LOG_CHECKPOINT, None).await;
    assert_eq!(note.headers["access-control-allow-origin"], "*");
    let checkpoint = SignedCheckpoint::open(&note.bytes, &vkey).unwrap();
    assert_eq!(checkpoint.checkpoint().size, 6);
    let tile = world.get("/log/tile/0/000.p/6", None).await;
    assert_eq!((tile.status, tile.bytes.len()), (200, 6 * 32));
    assert!(tile.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let hashes: Vec<_> =
        tile.bytes.chunks(32).map(|hash| klaver_ledger::log::hash::Hash(hash.try_into().unwrap())).collect();
    let root = klaver_ledger::log::hash::tree_head_of_hashes(hashes.iter().copied());
    assert_eq!(root, checkpoint.checkpoint().root);
    let bundle = world.get("/log/tile/entries/000.p/6", None).await;
    assert_eq!(bundle.bytes.len(), 6 * (2 + 33));
    let gzip = Request::get("/log/tile/entries/000.p/6").header("accept-encoding", "br, gzip");
    let gzip = world.call(gzip.body(Body::empty()).unwrap()).await;
    assert_eq!(gzip.headers["content-encoding"], "gzip");
    for beyond in ["/log/tile/0/000.p/7", "/log/tile/0/000", "/log/tile/entries/000", "/log/tile/1/000.p/1"] {
        assert_eq!(world.get(beyond, None).await.status, 404, "{beyond}");
    }
    let proof = world.get("/v1/proofs/consistency?from=2&to=6", None).await;
    assert_eq!(proof.status, 200, "{proof:?}");
    let beyond = world.get("/v1/proofs/consistency?from=2&to=7", None).await;
    assert_eq!(beyond.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_reads_every_record_and_is_seen_doing_so() {
    let world = World::founded(1);
    let member = world.open(AccountKind::Member, 0, None).await;
    let auditor = SigningKey::from_bytes(&[60; 32]);
    let charter = {
        let standing = world.service.reader().standing();
        let mut charter = (**standing.charter(wall_clock()).unwrap()).clone();
        charter.auditors = vec![PublicKey::of(&auditor)];
        charter
    };
    // Named, but not in force before the recovery delay: no session yet.
    let body = klaver_ledger::entry::Body::Govern(klaver_ledger::entry::Govern { base: 0, charter });
    let answer = world.submit(&world.sign(body, &[&world.council[0]])).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(world.try_session(None, &auditor).await.code(), "session_key");
    let token = world.session(Some(member.account), &member.key).await;
    assert_eq!(world.get(paths::AUDIT_RECORDS, Some(&token)).await.status, 403);
    assert!(world.service.community().accesses().is_empty(), "who is turned away reads nothing");

    // The service itself gives an auditor everything.
    let visitor = klaver_node::community::sessions::Visitor {
        key: PublicKey::of(&auditor),
        role: klaver_node::community::sessions::Role::Auditor,
    };
    world.service.begin_audit(&visitor, 0).await.unwrap();
    assert_eq!(world.service.community().accesses().len(), 1);
    let first = world.service.reader().record(0).unwrap();
    let item = AuditRecord { salt: first.salt.0, record: first.record }.encode();
    assert_eq!(AuditRecord::decode_first(&item).unwrap().1, item.len());
}
