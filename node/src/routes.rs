//! Every route, grouped by who calls it. The OpenAPI document comes from this very table.

use crate::http::{
    App, accounts, assets, audit, budgets, calendar, codes, coordination, entries, inbox, joining, log,
    operating, organisations, pages, pairings, papers, pioneers, pots, problem, promises, requests, sessions,
    succession, tasks, tills, witnesses, wrong,
};
use axum::Router;
use axum::routing::get;
use klaver_api::paths;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Klaver",
        description = "A community currency that its community can check: entries signed by those who lose credits, \
                       receipts that anybody can verify."
    ),
    components(schemas(
        klaver_api::statement::LineEvent,
        klaver_api::request::PaymentRequest,
        klaver_api::problem::Problem
    )),
    modifiers(&Sessions)
)]
struct Document;

/// Sessions are bearer tokens.
struct Sessions;

impl Modify for Sessions {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("session", SecurityScheme::Http(scheme));
    }
}

fn table() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        // Wallets: money.
        .routes(routes!(entries::submit))
        .routes(routes!(entries::entry))
        .routes(routes!(entries::receipt))
        .routes(routes!(entries::create_draft, entries::drafts))
        .routes(routes!(entries::draft))
        // Wallets: what they may see.
        .routes(routes!(sessions::create_challenge))
        .routes(routes!(sessions::create_session, sessions::end_session))
        .routes(routes!(sessions::key_accounts))
        .routes(routes!(accounts::accounts))
        .routes(routes!(accounts::account))
        .routes(routes!(accounts::statement))
        .routes(routes!(accounts::set_profile))
        .routes(routes!(accounts::account_events))
        .routes(routes!(succession::share))
        .routes(routes!(inbox::inbox))
        .routes(routes!(codes::own_code))
        .routes(routes!(pairings::start_pairing, pairings::pairing))
        .routes(routes!(pairings::answer_pairing))
        // Tills.
        .routes(routes!(requests::create_request))
        .routes(routes!(requests::request))
        .routes(routes!(requests::request_events))
        .routes(routes!(requests::decline_request))
        .routes(routes!(requests::withdraw_request))
        .routes(routes!(codes::code))
        .routes(routes!(codes::request_by_code))
        // Cards and vouchers.
        .routes(routes!(papers::create_papers, papers::papers))
        .routes(routes!(papers::paper))
        .routes(routes!(papers::set_paper_state))
        .routes(routes!(papers::pay_by_card))
        .routes(routes!(papers::choose_pin))
        .routes(routes!(papers::overview))
        .routes(routes!(papers::replace_paper))
        .routes(routes!(tills::till, tills::set_till))
        .routes(routes!(tills::till_day))
        // Tasks: anybody, those who come, and the place itself.
        .routes(routes!(tasks::tasks, tasks::bring_task))
        .routes(routes!(tasks::task))
        .routes(routes!(tasks::client_task))
        .routes(routes!(tasks::thank))
        .routes(routes!(tasks::own_session, tasks::take_place, tasks::leave_place))
        .routes(routes!(tasks::check_in))
        .routes(routes!(tasks::place_tasks, tasks::create_task))
        .routes(routes!(tasks::change_task, tasks::forget_task))
        .routes(routes!(tasks::forget_thanks))
        .routes(routes!(tasks::answer_question))
        .routes(routes!(tasks::count_by_hand))
        .routes(routes!(tasks::set_carrier))
        .routes(routes!(tasks::create_task_session))
        .routes(routes!(tasks::place_session, tasks::change_task_session))
        .routes(routes!(tasks::faces))
        .routes(routes!(tasks::keep_face, tasks::forget_face))
        .routes(routes!(pots::stock))
        .routes(routes!(pots::set_companions))
        // Pots: anybody, and shops.
        .routes(routes!(pots::pots))
        .routes(routes!(pots::shop_pots, pots::create_pot))
        .routes(routes!(pots::change_pot))
        .routes(routes!(pots::count_pot))
        .routes(routes!(pots::close_pots))
        // Is something wrong? Who tells, and who listens.
        .routes(routes!(wrong::persons_of_trust))
        .routes(routes!(wrong::told, wrong::tell))
        .routes(routes!(wrong::tell_another, wrong::take_back))
        .routes(routes!(wrong::heard))
        .routes(routes!(wrong::answer))
        // Payments without network.
        .routes(routes!(promises::promise_terms))
        .routes(routes!(promises::bear_promise))
        // Organisations.
        .routes(routes!(organisations::organisations))
        .routes(routes!(organisations::own_organisation, organisations::set_own_organisation))
        // Newcomers.
        .routes(routes!(joining::create_invitation))
        .routes(routes!(joining::join))
        // Anybody.
        .routes(routes!(accounts::community))
        .routes(routes!(accounts::directory))
        .routes(routes!(entries::consistency))
        .routes(routes!(log::checkpoint))
        .routes(routes!(log::policy))
        .routes(routes!(succession::lineage))
        .routes(routes!(succession::succession))
        .routes(routes!(succession::successor))
        .routes(routes!(succession::shares))
        .routes(routes!(succession::checkpoint_before))
        // Witnesses that cannot be reached from outside.
        .routes(routes!(witnesses::cosignatures))
        // The council.
        .routes(routes!(coordination::coordination))
        .routes(routes!(pots::council_pots))
        .routes(routes!(pots::list_hearty, pots::drop_hearty))
        .routes(routes!(wrong::council_trust, wrong::name_person))
        .routes(routes!(wrong::change_person, wrong::forget_person))
        .routes(routes!(promises::name_promise_pot))
        .routes(routes!(budgets::council_budgets))
        .routes(routes!(budgets::set_budget))
        .routes(routes!(budgets::add_contribution))
        .routes(routes!(budgets::forget_contribution))
        .routes(routes!(pioneers::growth))
        .routes(routes!(pioneers::rounds, pioneers::plan_round))
        .routes(routes!(pioneers::forget_round))
        .routes(routes!(organisations::council_organisations, organisations::name_organisation))
        .routes(routes!(organisations::change_organisation, organisations::forget_organisation))
        // Auditors.
        .routes(routes!(audit::records))
        .routes(routes!(audit::predecessor))
        // Whoever runs the node.
        .routes(routes!(operating::healthz))
        .routes(routes!(operating::readyz))
}

/// Returns the router that a node serves.
pub fn router(app: App) -> Router {
    let (router, document) = parts();
    let document = axum::Json(document);
    router
        // The document cannot describe itself; tiles have slashes in their last part, which OpenAPI cannot say.
        .route(paths::OPENAPI, get(move || operating::openapi(document.clone())))
        .route("/log/tile/{*path}", get(log::tile))
        .route("/log/before/tile/{*path}", get(succession::tile_before))
        .route("/log/ended/{*path}", get(succession::file_of_ended))
        // People.
        .route(paths::HOME_PAGE, get(pages::home))
        .route(paths::WALLET_PAGE, get(pages::wallet))
        .route(paths::TILL_PAGE, get(pages::till))
        .route(paths::PLACE_PAGE, get(pages::place))
        .route(paths::WRONG_PAGE, get(pages::wrong))
        .route(paths::PROMISE_PAGE, get(pages::promise))
        .route(paths::COORDINATION_PAGE, get(pages::coordination))
        .route(paths::VERIFY_PAGE, get(pages::verify::page))
        .route(paths::VERIFY_FILE, get(pages::verify::file))
        .route(paths::TASKS_PAGE, get(pages::tasks::tasks))
        .route(paths::BRING_PAGE, get(pages::tasks::bring).post(pages::tasks::take))
        .route(paths::TASK_PAGE, get(pages::tasks::task))
        .route(paths::CALENDAR, get(calendar::calendar))
        .route(paths::CLIENT_PAGE, get(pages::tasks::client).post(pages::tasks::thank))
        .route(paths::POSTER_PAGE, get(pages::tasks::poster))
        .route(paths::TOWN_POT_PAGE, get(pages::pots::town))
        .route(paths::POT_PAGE, get(pages::pots::pot))
        .route(paths::POT_SHEET_PAGE, get(pages::pots::sheet))
        .route(paths::HEARTY_NEW_PAGE, get(pages::hearty::bring).post(pages::hearty::take))
        .route(paths::HEARTY_PAGE, get(pages::hearty::own).post(pages::hearty::act))
        .route(paths::ORGANISATIONS_PAGE, get(pages::organisations::all))
        .route(paths::ORGANISATION_PAGE, get(pages::organisations::one))
        .route(paths::ORGANISATION_CALENDAR, get(calendar::of_organisation))
        .route(paths::MEMBER_PAGE, get(pages::organisations::own).post(pages::organisations::act))
        .merge(codes())
        .route(paths::FUNDER_PAGE, get(pages::funder::funder))
        .route(paths::THANKS_PAGE, get(pages::funder::thanks))
        .route(paths::ROUND_PAGE, get(pages::pioneers::host).post(pages::pioneers::act))
        .route(paths::SCRIPT_PAGE, get(pages::pioneers::script))
        .route(paths::ROUND_SHEET_PAGE, get(pages::pioneers::sheet))
        .route(paths::SAY_PAGE, get(pages::pioneers::say).post(pages::pioneers::take))
        .route(paths::INVITE_PAGE, get(pages::invite))
        // Their scripts.
        .route("/assets/{name}", get(assets::asset))
        .route("/sw.js", get(assets::service_worker))
        .route("/manifest.webmanifest", get(pages::web_manifest))
        .fallback(pages::elsewhere)
        .method_not_allowed_fallback(|| async { problem::no_such_method() })
        .with_state(app)
}

/// What codes and links lead to. Codes in capitals are smaller, so the letter of the path is known in either case.
fn codes() -> Router<App> {
    let mut router = Router::new();
    for path in [paths::REQUEST_PAGE, "/P/{id}"] {
        router = router.route(path, get(pages::request));
    }
    for path in [paths::INVITATION_PAGE, "/I/{code}"] {
        router = router.route(path, get(pages::invitation));
    }
    for path in [paths::DRAFT_PAGE, "/D/{id}"] {
        router = router.route(path, get(pages::draft));
    }
    for path in [paths::ALIAS_PAGE, "/TO/{alias}"] {
        router = router.route(path, get(pages::alias));
    }
    for path in [paths::CHECK_IN_PAGE, "/T/{id}"] {
        router = router.route(path, get(pages::tasks::check_in));
    }
    for path in [paths::LENT_PAGE, "/L/{id}"] {
        router = router.route(path, get(pages::tasks::lent));
    }
    for path in [paths::CARD_PAGE, "/C/{id}"] {
        router = router.route(path, get(pages::paper::card));
    }
    for path in [paths::VOUCHER_PAGE, "/V/{id}"] {
        router = router.route(path, get(pages::paper::voucher));
    }
    router
}

/// Returns the router of the loopback listener for metrics.
pub fn metrics_router(app: App) -> Router {
    Router::new().route("/metrics", get(operating::metrics)).with_state(app)
}

/// Returns the description of the interface.
pub fn document() -> utoipa::openapi::OpenApi {
    parts().1
}

fn parts() -> (Router<App>, utoipa::openapi::OpenApi) {
    let (router, mut document) = table().split_for_parts();
    // The routes that the table cannot hold.
    let tiles = utoipa::openapi::PathsBuilder::new().path_from::<log::__path_tile>();
    let tiles = tiles.path_from::<succession::__path_tile_before>();
    document.paths.paths.extend(tiles.path_from::<succession::__path_file_of_ended>().build().paths);
    (router, document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_every_path_of_the_interface() {
        let document = serde_json::to_value(document()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let described = document["paths"].as_object().unwrap();
        for path in [
            paths::COMMUNITY,
            paths::DIRECTORY,
            paths::ENTRIES,
            paths::ENTRY,
            paths::RECEIPT,
            paths::CONSISTENCY,
            paths::DRAFTS,
            paths::DRAFT,
            paths::CHALLENGES,
            paths::SESSIONS,
            paths::KEY_ACCOUNTS,
            paths::ACCOUNTS,
            paths::ACCOUNT,
            paths::STATEMENT,
            paths::PROFILE,
            paths::TILL,
            paths::TILL_DAY,
            paths::ACCOUNT_EVENTS,
            paths::REQUESTS,
            paths::REQUEST,
            paths::REQUEST_EVENTS,
            paths::REQUEST_DECLINE,
            paths::REQUEST_WITHDRAW,
            paths::OWN_CODE,
            paths::INBOX,
            paths::CODE,
            paths::CODE_REQUESTS,
            paths::PAIRINGS,
            paths::PAIRING_ANSWERS,
            paths::PAPERS,
            paths::PAPER,
            paths::PAPER_STATE,
            paths::PAPER_PAYMENTS,
            paths::PAPER_PIN,
            paths::PAPER_OVERVIEW,
            paths::PAPER_REPLACEMENT,
            paths::TASKS,
            paths::TASK,
            paths::CLIENT_TASK,
            paths::CLIENT_THANKS,
            paths::TASK_SESSION,
            paths::CHECK_IN,
            paths::SESSION_ANSWER,
            paths::PLACE_SESSION_ANSWERS,
            paths::PLACE_TASKS,
            paths::PLACE_TASK,
            paths::PLACE_TASK_THANKS,
            paths::PLACE_TASK_CARRIERS,
            paths::PLACE_TASK_SESSIONS,
            paths::PLACE_TASK_SESSION,
            paths::FACES,
            paths::FACE,
            paths::POTS,
            paths::SHOP_POTS,
            paths::SHOP_POT,
            paths::SHOP_POT_COUNT,
            paths::SHOP_CLOSING,
            paths::STOCK,
            paths::COMPANIONS,
            paths::COUNCIL_POTS,
            paths::COUNCIL_HEARTY,
            paths::PERSONS_OF_TRUST,
            paths::WRONG,
            paths::WRONG_ONE,
            paths::HEARD,
            paths::HEARD_ONE,
            paths::COUNCIL_TRUST,
            paths::COUNCIL_TRUST_ONE,
            paths::PROMISES,
            paths::UNPAID_PROMISES,
            paths::COUNCIL_PROMISES,
            paths::ORGANISATIONS,
            paths::OWN_ORGANISATION,
            paths::COUNCIL_ORGANISATIONS,
            paths::COUNCIL_ORGANISATION,
            paths::INVITATIONS,
            paths::JOIN,
            paths::COORDINATION,
            paths::COUNCIL_BUDGETS,
            paths::COUNCIL_BUDGET,
            paths::COUNCIL_CONTRIBUTIONS,
            paths::COUNCIL_CONTRIBUTION,
            paths::COUNCIL_GROWTH,
            paths::COUNCIL_ROUNDS,
            paths::COUNCIL_ROUND,
            paths::AUDIT_RECORDS,
            paths::AUDIT_PREDECESSOR,
            paths::LINEAGE,
            paths::SUCCESSION,
            paths::SUCCESSOR,
            paths::SHARES,
            paths::SHARE,
            paths::LOG_BEFORE_CHECKPOINT,
            paths::LOG_CHECKPOINT,
            paths::LOG_POLICY,
            paths::WITNESS_COSIGNATURES,
            paths::HEALTHZ,
            paths::READYZ,
        ] {
            assert!(described.contains_key(path), "{path} is not described");
        }
        for schema in ["Problem", "SubmitAnswer", "EntryJson", "BodyJson", "ReceiptJson", "PaymentRequest"] {
            assert!(document["components"]["schemas"].get(schema).is_some(), "{schema} is not described");
        }
    }
}
