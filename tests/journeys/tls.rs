//! A server behind TLS is asked only where an authority that is trusted vouches for it.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::login::{PASSWORD, Scene};
use crate::support::folders::fresh_folder;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

/// Ends TLS before a server, as a proxy would, and answers with the port.
async fn ending_tls(server: String) -> u16 {
    let certificate = CertificateDer::from_pem_file(fixture("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key.pem")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                // Who does not trust the certificate goes away in the middle.
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_tls_is_asked_where_its_authority_is_trusted() {
    let mut scene = Scene::open().await;
    let typed = format!("{PASSWORD}\n");
    let made =
        ["account", "create-admin", "--email", "ann@example.com", "--full-name", "Ann", "--password-stdin"];
    assert_eq!(scene.here(&made, &typed).await.code, Some(0));
    let port = ending_tls(scene.server.trim_start_matches("http://").to_owned()).await;
    scene.server = format!("https://localhost:{port}");
    let (authority, login) =
        (fixture("authority.pem"), ["login", "--email", "ann@example.com", "--password-stdin"]);
    let trusting = ["--ca-file", authority.to_str().unwrap()];
    let trusted = |arguments: &[&'static str]| [&trusting[..], arguments].concat();

    let stranger = scene.there(&login, &typed).await;
    assert!(stranger.code == Some(1) && stranger.err.contains("certificate"), "{stranger:?}");
    let logged_in = scene.there(&trusted(&login), &typed).await;
    assert_eq!(logged_in.code, Some(0), "{logged_in:?}");
    assert!(!logged_in.err.contains("caution"), "{logged_in:?}");
    let me = scene.there(&trusted(&["--json", "whoami"]), "").await.json();
    assert_eq!(me["email"], json!("ann@example.com"));

    scene.server = format!("https://127.0.0.2:{port}");
    let other = scene.there(&trusted(&login), &typed).await;
    assert_eq!(other.code, Some(1), "the certificate is of another name: {other:?}");
    let none = fresh_folder("no-authority").join("none.pem");
    let none = scene.there(&["--ca-file", none.to_str().unwrap(), "whoami"], "").await;
    assert!(none.code == Some(1) && none.err.contains("cannot be read as certificates"), "{none:?}");
}
