//! A body that is too large for memory: into a file, piece by piece, within its limits.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use axum::body::Body;
use events::RequestId;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::http::error::ApiError;
use crate::http::state::Api;

/// What was uploaded; gone when this is dropped.
#[derive(Debug)]
pub(super) struct Upload {
    folder: PathBuf,
    file: PathBuf,
    sha256: [u8; 32],
}

impl Upload {
    /// Takes a body in as a file of this name, in a folder that nobody else can read. Each piece must come in time; the
    /// whole may take as long as it takes.
    pub async fn receive(api: &Api, name: &str, body: Body) -> Result<Self, ApiError> {
        let folder = std::env::temp_dir().join(format!("tapedeck-upload-{}", RequestId::generate()));
        DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        let mut upload = Self { file: folder.join(name), folder, sha256: [0; 32] };
        upload.sha256 = upload.write(api, body).await?;
        Ok(upload)
    }

    async fn write(&self, api: &Api, body: Body) -> Result<[u8; 32], ApiError> {
        let (limit, patience) = (api.config().import_bytes_max, api.config().body_timeout());
        let mut file = tokio::fs::File::create(&self.file).await.map_err(failed)?;
        let mut chunks = body.into_data_stream();
        let (mut length, mut hasher) = (0_usize, Sha256::new());
        loop {
            let next = tokio::time::timeout(patience, chunks.next()).await;
            let Some(chunk) = next.map_err(|_| ApiError::SlowBody(patience))? else { break };
            let chunk = chunk.map_err(ApiError::Body)?;
            length = length.saturating_add(chunk.len());
            if length > limit {
                return Err(ApiError::TooLarge { limit });
            }
            hasher.update(&chunk);
            file.write_all(&chunk).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        Ok(hasher.finalize().into())
    }

    /// Of what it holds.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.file
    }
}

fn failed(source: io::Error) -> ApiError {
    ApiError::Internal { operation: "keeping an upload", source: source.into() }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            let folder = self.folder.display();
            tracing::warn!(%error, "The upload in {folder} is not removed: {error}");
        }
    }
}
