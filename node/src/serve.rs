//! `serve`: the node as a process, from opening its directory to the last answer.

use crate::clock::Rest;
use crate::config::{Config, ConfigError, DataDir};
use crate::demo;
use crate::http::App;
use crate::http::accept::{self, Limits};
use crate::routes;
use crate::service::{Beat, Service};
use crate::witness::client::Asking;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How often what has ended is erased.
const SWEEP: Duration = Duration::from_secs(60);

/// What to serve, and where.
#[derive(Clone, Debug)]
pub struct Serving {
    /// The data directory.
    pub data: DataDir,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to serve metrics, on this machine alone.
    pub metrics: Option<SocketAddr>,
    /// The public address, instead of the one in the settings.
    pub public_url: Option<String>,
    /// How often a checkpoint is published, instead of the setting.
    pub beat: Option<Beat>,
    /// What is thought of a clock far beyond the newest record.
    pub rest: Rest,
    /// The limits of the listener.
    pub limits: Limits,
}

/// Serves until the process is told to stop, then finishes what runs.
///
/// # Errors
/// When the node cannot be opened, or an address cannot be listened on.
pub fn serve(serving: &Serving) -> anyhow::Result<()> {
    let mut config = serving.data.read_config()?;
    // A directory that has the mark of a demonstration is one, whatever its settings say.
    config.demo |= demo::directory::is_demo(serving.data.root());
    if let Some(url) = &serving.public_url {
        config.public_url = Config::new(url)?.public_url;
    }
    check_addresses(&config, serving)?;
    if serving.public_url.is_some() {
        serving.data.write_config(&config)?;
    }
    // Nobody loses anything in a demonstration, and it may lie for as long as it likes.
    let rest = if config.demo { Rest::Accepted } else { serving.rest };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let told = {
        let _inside = runtime.enter();
        told_to_stop()?
    };
    let (service, report) = Service::open(&serving.data, serving.beat, rest)?;
    tracing::info!(size = report.size, replayed = report.recovery.replayed, "the ledger is open");
    for note in &report.recovery.notes {
        tracing::warn!(note, "found at opening");
    }
    if let Some(why) = &report.recovery.views_rebuilt {
        tracing::warn!(why, "the views are made again from the journal");
    }
    let served = Asking::start(&service, &serving.data).map_err(Into::into).and_then(|asking| {
        let served = runtime.block_on(run(service.clone(), serving, told));
        drop(asking);
        served
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    service.close();
    served
}

/// Serves an open node until it is `told` to stop.
///
/// # Errors
/// When an address cannot be listened on.
async fn run(
    service: Arc<Service>,
    serving: &Serving,
    told: impl Future<Output = std::io::Result<()>>,
) -> anyhow::Result<()> {
    let listener = listen(serving.listen).await?;
    let (stop, stopping) = watch::channel(false);
    let app = App { service: service.clone(), stopping: stopping.clone() };
    if let Some(address) = serving.metrics {
        let metrics = listen(address).await?;
        let router = routes::metrics_router(app.clone());
        let limits = Limits { connections: 16, ..serving.limits };
        tokio::spawn(accept::serve(metrics, router, limits, Arc::default(), stopping.clone()));
    }
    tokio::spawn(sweep(service.clone(), stopping.clone()));
    let address = listener.local_addr()?;
    tracing::info!(%address, url = %service.config().public_url, "serving");
    let metrics = service.metrics().clone();
    let serving = accept::serve(listener, routes::router(app), serving.limits, metrics, stopping);
    tokio::pin!(serving);
    tokio::select! {
        () = serving.as_mut() => {}
        told = told => {
            told?;
            tracing::info!("stopping: what runs is finished first");
            let _ = stop.send(true);
            serving.await;
        }
    }
    Ok(())
}

pub(crate) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("{address} cannot be listened on: stop what uses it, or choose another address with --listen")
    })
}

fn check_addresses(config: &Config, serving: &Serving) -> anyhow::Result<()> {
    if config.demo && !serving.listen.ip().is_loopback() {
        return Err(ConfigError::DemoInPublic { address: serving.listen.to_string() }.into());
    }
    // Plain http is for the own machine alone: any other address means that somebody stands in front.
    if config.demo && !config.public_url.starts_with("http://") {
        return Err(ConfigError::DemoInPublic { address: config.public_url.clone() }.into());
    }
    if let Some(metrics) = serving.metrics.filter(|address| !address.ip().is_loopback()) {
        anyhow::bail!("metrics on {metrics}: they are for this machine alone, listen on 127.0.0.1");
    }
    Ok(())
}

async fn sweep(service: Arc<Service>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(SWEEP) => service.sweep().await,
            () = accept::stopped(&mut stopping) => return,
        }
    }
}

/// Listens for the signals that end the node, from now on: one that comes while it starts is not lost. The future ends
/// with the first of them.
pub(crate) fn told_to_stop() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => Ok(()),
                _ = terminate.recv() => Ok(()),
            }
        })
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c())
}
