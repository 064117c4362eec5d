//! TLS as a client: one provider of its algorithms for the whole program, and who is trusted to vouch for servers.

use std::path::{Path, PathBuf};

use reqwest::ClientBuilder;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};

/// Why nobody can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file of certificates cannot be read.
    #[error("{} cannot be read as certificates in PEM", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// A certificate in the file is none of an authority.
    #[error("{} holds what is no certificate of an authority", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// The file holds no certificate.
    #[error("{} holds no certificate", .0.display())]
    Empty(PathBuf),
}

/// Makes ring the provider of the process. Whatever speaks TLS asks for it; doing it twice is doing it once.
pub fn install() {
    // Refused where there is one already, which is this one: no other is built in.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Builds HTTP clients that trust whom `tls` says, or speak no TLS at all. Those go through no proxy, whatever the
/// environment names: it would read what is meant for the server alone, keys among it.
pub fn http_client(tls: Option<&ClientConfig>) -> ClientBuilder {
    let builder = reqwest::Client::builder().user_agent(concat!("tapedeck/", env!("CARGO_PKG_VERSION")));
    match tls {
        Some(tls) => builder.tls_backend_preconfigured(tls.clone()),
        None => {
            // It is built in all the same, and wants its provider.
            install();
            builder.tls_certs_only([]).no_proxy()
        }
    }
}

/// Trust in the authorities that the system trusts, or, where it names none, in those that Mozilla does; and in those of
/// `ca_file`, certificates in PEM.
///
/// # Errors
/// The file cannot be read, or holds anything but certificates of authorities, or none.
pub fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, TrustError> {
    install();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(file) = ca_file {
        let unreadable = |source| TrustError::Unreadable { file: file.to_owned(), source };
        let certificates = CertificateDer::pem_file_iter(file).map_err(unreadable)?;
        let before = roots.len();
        for certificate in certificates {
            let added = roots.add(certificate.map_err(unreadable)?);
            added.map_err(|source| TrustError::Unusable { file: file.to_owned(), source })?;
        }
        if roots.len() == before {
            return Err(TrustError::Empty(file.to_owned()));
        }
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}
