//! A witness that logs can reach: `POST /add-checkpoint` and, for everybody, what it has seen (C2SP `tlog-witness`).

use super::keeper::{Keeper, NotCosigned};
use crate::clock::wall_clock;
use crate::http::accept::{self, Limits};
use crate::serve::{listen, told_to_stop};
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use klaver_ledger::log::witness::{ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, TREE_SIZE_MEDIA, WitnessRefusal};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long a request may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// How much of a request that is too large is read, so that whoever sends it sees the answer.
const DRAINED_BYTES_MAX: usize = 4 * ADD_CHECKPOINT_BYTES_MAX;
/// The media type of sentences and notes.
const TEXT: &str = "text/plain; charset=utf-8";

/// Serves a witness until the process is told to stop, then finishes what runs.
///
/// # Errors
/// When the address cannot be listened on.
pub fn serve(keeper: Keeper, address: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let told = told_to_stop()?;
        let listener: TcpListener = listen(address).await?;
        tracing::info!(address = %listener.local_addr()?, key = %keeper.directory().key(), "witnessing");
        let (stop, stopping) = watch::channel(false);
        let limits = Limits { connections: 256, ..Limits::default() };
        let serving = accept::serve(listener, router(Arc::new(keeper)), limits, Arc::default(), stopping);
        tokio::pin!(serving);
        tokio::select! {
            () = serving.as_mut() => {}
            told = told => {
                told?;
                let _ = stop.send(true);
                serving.await;
            }
        }
        Ok(())
    })
}

/// Returns the router of a witness.
pub fn router(keeper: Arc<Keeper>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{log}/checkpoint", get(newest))
        .route("/", get(about))
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(keeper)
}

/// Who this witness is: what a log's trust policy names.
async fn about(State(keeper): State<Arc<Keeper>>) -> String {
    format!("{}\n", keeper.directory().key())
}

async fn add_checkpoint(State(keeper): State<Arc<Keeper>>, body: Body) -> Response {
    let bytes = match tokio::time::timeout(BODY_TIME_MAX, read(body)).await {
        Ok(Some(bytes)) if bytes.len() <= ADD_CHECKPOINT_BYTES_MAX => bytes,
        Ok(Some(bytes)) => return refuse(&AddCheckpoint::refuse_large(&bytes).into()),
        Ok(None) => return say(StatusCode::BAD_REQUEST, "the request broke off: send it again"),
        Err(_) => return say(StatusCode::REQUEST_TIMEOUT, "the request came too slowly: send it again"),
    };
    // Saving waits for the disk, which must not hold up other connections.
    let judged = tokio::task::spawn_blocking(move || {
        let request = AddCheckpoint::parse(&bytes)?;
        keeper.add_checkpoint(&request, wall_clock().seconds())
    });
    match judged.await {
        Ok(Ok(line)) => ([(header::CONTENT_TYPE, TEXT)], format!("{line}\n")).into_response(),
        Ok(Err(not_cosigned)) => refuse(&not_cosigned),
        Err(_) => say(StatusCode::INTERNAL_SERVER_ERROR, "this witness has failed"),
    }
}

/// Reads a request; of one that is larger than any may be the beginning, `None` when it breaks off. The rest is read to its
/// end, up to a limit: whoever is still sending when the connection closes may never see the answer.
async fn read(mut body: Body) -> Option<Vec<u8>> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        length += data.len();
        let room = (ADD_CHECKPOINT_BYTES_MAX + 1).saturating_sub(bytes.len());
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        if DRAINED_BYTES_MAX < length {
            break;
        }
    }
    Some(bytes)
}

/// The answer to whoever is not given a signature: the status, and a sentence, or for 409 the size alone.
fn refuse(not_cosigned: &NotCosigned) -> Response {
    let status = StatusCode::from_u16(not_cosigned.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match not_cosigned {
        NotCosigned::Refused(WitnessRefusal::OtherSize { latest }) => {
            (status, [(header::CONTENT_TYPE, TREE_SIZE_MEDIA)], format!("{latest}\n")).into_response()
        }
        NotCosigned::Refused(refusal) => say(status, &refusal.to_string()),
        // Why is for those who run it, in its own log.
        NotCosigned::Failed { .. } => say(status, "this witness cannot sign now, those who run it must look"),
    }
}

async fn newest(State(keeper): State<Arc<Keeper>>, Path(log): Path<String>) -> Response {
    // It may wait for a cosignature that is being written.
    let seen = tokio::task::spawn_blocking(move || keeper.newest_at(&format!("{log}/checkpoint"))).await;
    match seen {
        Ok(Ok(Some(seen))) => {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(TEXT));
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
            (headers, seen.to_string()).into_response()
        }
        Ok(Ok(None)) => say(StatusCode::NOT_FOUND, "nothing of such a log was cosigned here"),
        Ok(Err(failed)) => refuse(&failed),
        Err(_) => say(StatusCode::INTERNAL_SERVER_ERROR, "this witness has failed"),
    }
}

fn say(status: StatusCode, sentence: &str) -> Response {
    (status, [(header::CONTENT_TYPE, TEXT)], format!("{sentence}\n")).into_response()
}
