//! Taking connections: bounded in number, slow ones given up, and none cut off in the middle of an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::state::Api;

/// Connections open at once; further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 4_096;
/// Largest head of a request that is read at all. One below it that is over the configured limits gets an answer.
const HEAD_BYTES_MAX: usize = 128 << 10;
/// Most headers that are read at all, likewise.
const HEADERS_MAX: usize = 1_000;
/// Most requests at once on one connection of HTTP/2.
const REQUESTS_AT_ONCE: u32 = 128;
/// How long answers on their way may take once the server stops.
const LEAVING_PATIENCE: Duration = Duration::from_secs(10);
/// Pause after a connection could not be taken: out of file descriptors, usually.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `api` on `listener` until `shutdown`; then event streams end, answers on their way are finished, and the
/// function returns.
pub async fn serve(api: Api, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
    serve_router(super::router(api.clone()), api, listener, shutdown).await
}

/// The same for other routes than the API's.
pub async fn serve_router(
    router: axum::Router,
    api: Api,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(http.listen = %address, "Serving http://{address}");
    let mut builder = Builder::new(TokioExecutor::new());
    let patience = api.config().header_timeout();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_concurrent_streams(REQUESTS_AT_ONCE);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut leaving = pin!(shutdown.cancelled());
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, (stream, peer)) = tokio::select! {
            () = &mut leaving => break,
            (place, accepted) = accepted => match accepted {
                Ok(connection) => (place, connection),
                Err(error) => {
                    tracing::warn!(error = %error, "A connection could not be taken: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        at_once(&stream);
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "A connection ended: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    leave(&api, connections, address).await;
    Ok(())
}

/// Small answers and events leave without waiting for more.
fn at_once(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "A connection stays buffered: {error}");
    }
}

async fn leave(api: &Api, connections: GracefulShutdown, address: SocketAddr) {
    api.stopping().cancel();
    if tokio::time::timeout(LEAVING_PATIENCE, connections.shutdown()).await.is_err() {
        let seconds = LEAVING_PATIENCE.as_secs();
        tracing::warn!(http.listen = %address, "Some answers took longer than {seconds} s and were cut off");
    }
}
